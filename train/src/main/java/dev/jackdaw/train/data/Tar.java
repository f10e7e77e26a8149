package dev.jackdaw.train.data;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/// Tar streams (POSIX ustar, with the long names of GNU tar and of pax): headers of 512 bytes, each followed by its file.
final class Tar {
    private static final int BLOCK = 512;
    private static final int LONGEST_NAME = 1 << 16;

    private Tar() {
    }

    static void read(Guarded in, String prefix, Documents.Reading reading, int depth) throws IOException {
        String longName = null;
        int headers = 0;
        for (byte[] header = in.readNBytes(BLOCK); header.length > 0; header = in.readNBytes(BLOCK)) {
            if (header.length < BLOCK) {
                throw new EOFException("tar: a header of " + header.length + " bytes");
            }
            if (header[0] == 0) {
                break;                                             // two blocks of zeros end the archive
            }
            requireChecksum(header);
            headers++;
            long size = number(header, 124, 12);
            char type = (char) header[156];
            String name = longName != null ? longName : name(header);
            longName = null;
            Entry entry = new Entry(in, size);
            switch (type) {
                case 'L' -> longName = text(entry.readNBytes(LONGEST_NAME));
                case 'x' -> longName = paxPath(new String(entry.readNBytes(LONGEST_NAME), StandardCharsets.UTF_8));
                case '0', '\0' -> {
                    if (!Archives.isUnwanted(name, prefix + name, size, reading)) {
                        reading.stream(prefix + name, Guarded.counting(entry, _ -> { }), depth);
                    }
                }
                default -> {
                    // folders, links, devices: nothing to read
                }
            }
            entry.skipRest();
            in.skipNBytes((BLOCK - size % BLOCK) % BLOCK);
        }
        if (headers == 0) {
            throw new EOFException("tar: no entry");
        }
    }

    private static void requireChecksum(byte[] header) throws IOException {
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xFF;
        }
        if (number(header, 148, 8) != sum) {
            throw new IOException("tar: a header's checksum does not match");
        }
    }

    private static String name(byte[] header) {
        String name = text(java.util.Arrays.copyOf(header, 100));
        boolean posix = new String(header, 257, 6, StandardCharsets.ISO_8859_1).equals("ustar\0");
        String folder = posix ? text(java.util.Arrays.copyOfRange(header, 345, 500)) : "";
        return folder.isEmpty() ? name : folder + "/" + name;
    }

    private static String text(byte[] bytes) {
        int n = 0;
        while (n < bytes.length && bytes[n] != 0) {
            n++;
        }
        return new String(bytes, 0, n, StandardCharsets.UTF_8);
    }

    /// Octal digits; or, with the top bit set, base 256 (GNU, for files above 8 GiB).
    private static long number(byte[] header, int at, int length) throws IOException {
        long value = 0;
        if (header[at] < 0) {
            for (int i = 1; i < length; i++) {
                value = value << 8 | header[at + i] & 0xFF;
            }
        } else {
            for (int i = 0; i < length && header[at + i] != 0; i++) {
                if (header[at + i] >= '0' && header[at + i] <= '7') {
                    value = value << 3 | header[at + i] - '0';
                } else if (header[at + i] != ' ') {
                    throw new IOException("tar: a number that is not octal");
                }
            }
        }
        if (value < 0) {
            throw new IOException("tar: a negative size");
        }
        return value;
    }

    /// From records `length key=value\n`.
    private static String paxPath(String records) {
        int at = records.startsWith("path=") ? 0 : records.indexOf(" path=");
        if (at < 0) {
            return null;
        }
        int from = records.indexOf('=', at) + 1;
        int to = records.indexOf('\n', from);
        return records.substring(from, to < 0 ? records.length() : to);
    }

    /// The bytes of one file.
    private static final class Entry extends FilterInputStream {
        private long left;

        Entry(InputStream in, long size) {
            super(in);
            left = size;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int n = in.read(to, offset, (int) Math.min(length, left));
            if (n < 0) {
                throw new EOFException("tar: ends inside a file, " + left + " bytes are missing");
            }
            left -= n;
            return n;
        }

        void skipRest() throws IOException {
            in.skipNBytes(left);
            left = 0;
        }

        @Override
        public void close() {
            // the archive goes on
        }
    }
}
