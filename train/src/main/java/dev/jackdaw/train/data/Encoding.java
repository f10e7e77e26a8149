package dev.jackdaw.train.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.SequenceInputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Bytes of unknown origin to valid UTF-8 with `\n` line ends.
///
/// UTF-16 is recognised by its byte order mark or by the zeros that ASCII leaves in every other byte. Everything else is read as UTF-8.
/// A byte that cannot be UTF-8 is taken for Windows-1252, which old European files are written in, so `caf\xE9` becomes `café`; a text
/// where more than a tenth of the bytes are like that is in some other encoding, and is better dropped than guessed.
final class Encoding {
    private static final double MOST_INVALID = 0.10;
    private static final double MOST_CONTROLS = 0.01;

    /// What Windows-1252 has at 0x80 to 0x9F; the rest of its upper half is Latin-1.
    private static final String WINDOWS_1252 = "\u20ac\ufffd\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\ufffd\u017d\ufffd"
        + "\ufffd\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\ufffd\u017e\u0178";

    /// @param bytes    the text, or null if it was refused
    /// @param refused  why, or null
    /// @param repaired bytes that were not UTF-8 and were read as Windows-1252
    record Decoded(byte[] bytes, Reason refused, int repaired) {
    }

    private Encoding() {
    }

    /// Whether a file that begins like this is no text at all: it has zeros, and not in the places where UTF-16 has them.
    static boolean isBinary(byte[] head, int length) {
        return utf16(head, length) == null && contains(head, length, (byte) 0);
    }

    /// The same text as UTF-8 if it was UTF-16, otherwise unchanged. `head` has been read from `rest` already.
    static InputStream utf8(byte[] head, int length, InputStream rest) {
        InputStream all = new SequenceInputStream(new ByteArrayInputStream(head, 0, length), rest);
        Charset charset = utf16(head, length);
        return charset == null ? all : new Transcoded(new InputStreamReader(all, charset));
    }

    private static Charset utf16(byte[] head, int length) {
        if (length >= 2 && head[0] == (byte) 0xFF && head[1] == (byte) 0xFE) {
            return StandardCharsets.UTF_16LE;
        }
        if (length >= 2 && head[0] == (byte) 0xFE && head[1] == (byte) 0xFF) {
            return StandardCharsets.UTF_16BE;
        }
        int even = 0;
        int odd = 0;
        for (int i = 0; i < length; i++) {
            if (head[i] == 0) {
                if ((i & 1) == 0) {
                    even++;
                } else {
                    odd++;
                }
            }
        }
        int half = length / 2;
        if (half >= 8 && odd > 0.7 * half && even == 0) {
            return StandardCharsets.UTF_16LE;
        }
        return half >= 8 && even > 0.7 * half && odd == 0 ? StandardCharsets.UTF_16BE : null;
    }

    private static boolean contains(byte[] bytes, int length, byte wanted) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] == wanted) {
                return true;
            }
        }
        return false;
    }

    /// Valid UTF-8, `\n` line ends, no control characters but tab and newline, no byte order mark.
    static Decoded decode(byte[] raw) {
        int n = raw.length;
        byte[] out = new byte[n + 16];
        int o = 0;
        int invalid = 0;
        int controls = 0;
        int i = n >= 3 && raw[0] == (byte) 0xEF && raw[1] == (byte) 0xBB && raw[2] == (byte) 0xBF ? 3 : 0;
        while (i < n) {
            int b = raw[i];
            if (b >= 0x20 && b != 0x7F || b == '\n' || b == '\t') {
                out[o++] = (byte) b;
                i++;
            } else if (b == '\r') {
                out[o++] = '\n';
                i += i + 1 < n && raw[i + 1] == '\n' ? 2 : 1;
            } else if (b >= 0) {
                controls += b == '\f' ? 0 : 1;
                i++;
            } else {
                if (o + 4 > out.length - (n - i)) {                       // a repaired byte takes up to three
                    out = Arrays.copyOf(out, out.length + out.length / 4 + 64);
                }
                int length = sequence(raw, i, n);
                if (length > 0) {
                    System.arraycopy(raw, i, out, o, length);
                    o += length;
                    i += length;
                } else {
                    int c = (b & 0xFF) < 0xA0 ? WINDOWS_1252.charAt((b & 0xFF) - 0x80) : b & 0xFF;
                    if (c < 0x800) {
                        out[o++] = (byte) (0xC0 | c >> 6);
                    } else {
                        out[o++] = (byte) (0xE0 | c >> 12);
                        out[o++] = (byte) (0x80 | c >> 6 & 0x3F);
                    }
                    out[o++] = (byte) (0x80 | c & 0x3F);
                    invalid++;
                    i++;
                }
            }
        }
        if (controls > 4 && controls > MOST_CONTROLS * n) {
            return new Decoded(null, Reason.BINARY, invalid);
        }
        if (invalid > MOST_INVALID * n) {
            return new Decoded(null, Reason.ENCODING, invalid);
        }
        return new Decoded(Arrays.copyOf(out, o), null, invalid);
    }

    /// The length of the well-formed sequence of two to four bytes at `i`, or 0. (Unicode, table 3-7)
    private static int sequence(byte[] raw, int i, int n) {
        int b = raw[i] & 0xFF;
        int length = b >= 0xC2 && b <= 0xDF ? 2 : b >= 0xE0 && b <= 0xEF ? 3 : b >= 0xF0 && b <= 0xF4 ? 4 : 0;
        if (length == 0 || i + length > n) {
            return 0;
        }
        for (int k = 1; k < length; k++) {
            if ((raw[i + k] & 0xC0) != 0x80) {
                return 0;
            }
        }
        int second = raw[i + 1] & 0xFF;
        boolean wellFormed = switch (b) {
            case 0xE0 -> second >= 0xA0;          // not overlong
            case 0xED -> second <= 0x9F;          // no surrogates
            case 0xF0 -> second >= 0x90;
            case 0xF4 -> second <= 0x8F;          // not above U+10FFFF
            default -> true;
        };
        return wellFormed ? length : 0;
    }

    /// A reader's characters as UTF-8 bytes.
    private static final class Transcoded extends InputStream {
        private final Reader reader;
        private final char[] chars = new char[8192];
        private byte[] bytes = new byte[0];
        private int at;

        Transcoded(Reader reader) {
            this.reader = reader;
        }

        private boolean fill() throws IOException {
            while (at == bytes.length) {
                int n = reader.read(chars, 0, chars.length - 1);
                if (n < 0) {
                    return false;
                }
                if (n > 0 && Character.isHighSurrogate(chars[n - 1])) {   // its other half belongs to the same character
                    int low = reader.read();
                    if (low >= 0) {
                        chars[n++] = (char) low;
                    }
                }
                bytes = new String(chars, 0, n).getBytes(StandardCharsets.UTF_8);
                at = 0;
            }
            return true;
        }

        @Override
        public int read() throws IOException {
            return fill() ? bytes[at++] & 0xFF : -1;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (!fill()) {
                return -1;
            }
            int n = Math.min(length, bytes.length - at);
            System.arraycopy(bytes, at, to, offset, n);
            at += n;
            return n;
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }
}
