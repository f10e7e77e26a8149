package dev.jackdaw.train.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The file of a [Corpus]: all texts, then what is known of each.
///
/// ```text
/// header  128 bytes   JDCORPUS, version 4, documents 4, text bytes 8, index bytes 8, CRC-32C of the index 4, of the texts 4
/// texts               UTF-8, one after the other
/// index               for each document: length 4, held out 1, kind 1, fingerprint 16, length of id 2, id
///                     names of the kinds: count 1, for each length 1 and name; statistics: length 4, JSON
/// ```
final class CorpusFile implements AutoCloseable {
    private static final String WHAT = "corpus";
    private static final String MAGIC = "JDCORPUS";
    private static final int VERSION = 1;
    private static final int ENTRY = 24;
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final MappedFile file;
    private final long[] starts;             // of the texts, and the end
    private final long[] entries;            // of the index
    private final boolean[] heldOut;
    private final Kind[] kinds;
    private final CorpusStats stats;

    private CorpusFile(MappedFile file) {
        this.file = file;
        int documents = file.getInt(12);
        long textBytes = file.getLong(16);
        long indexBytes = file.getLong(24);
        long index = MappedFile.HEADER + textBytes;
        file.require(documents > 0 && textBytes > 0 && indexBytes > 0 && index + indexBytes == file.size(), "its header tells of "
            + documents + " documents, " + textBytes + " bytes of text and " + indexBytes + " of index, it has " + file.size() + " bytes");
        file.require(file.checksum(index, indexBytes) == file.getInt(32), "the checksum of its index does not match");
        starts = new long[documents + 1];
        entries = new long[documents];
        heldOut = new boolean[documents];
        byte[] kindNumbers = new byte[documents];
        long at = index;
        starts[0] = MappedFile.HEADER;
        for (int i = 0; i < documents; i++) {
            entries[i] = at;
            starts[i + 1] = starts[i] + file.getInt(at);
            heldOut[i] = file.getByte(at + 4) != 0;
            kindNumbers[i] = (byte) file.getByte(at + 5);
            at += ENTRY + file.getShort(at + 22);
        }
        file.require(starts[documents] == index, "its documents have " + (starts[documents] - MappedFile.HEADER) + " bytes, not " + textBytes);
        Kind[] table = new Kind[file.getByte(at++)];
        for (int i = 0; i < table.length; i++) {
            int length = file.getByte(at);
            table[i] = Kind.ofLabel(new String(file.bytes(at + 1, length), StandardCharsets.US_ASCII));
            at += 1 + length;
        }
        kinds = IntStream.range(0, documents).mapToObj(i -> table[kindNumbers[i]]).toArray(Kind[]::new);
        try {
            stats = MAPPER.readValue(file.bytes(at + 4, file.getInt(at)), CorpusStats.class);
        } catch (JacksonException e) {
            throw file.damaged("its statistics cannot be read");
        }
    }

    static CorpusFile open(Path path) {
        MappedFile file = MappedFile.open(path, WHAT, MAGIC, VERSION);
        try {
            return new CorpusFile(file);
        } catch (DataException e) {
            file.close();
            throw e;
        } catch (IndexOutOfBoundsException e) {
            file.close();
            throw file.damaged("its index does not fit");
        }
    }

    static Writer create(Path path) {
        return new Writer(AsideFile.create(path, WHAT));
    }

    CorpusStats stats() {
        return stats;
    }

    void verify() {
        file.require(file.checksum(MappedFile.HEADER, starts[starts.length - 1] - MappedFile.HEADER) == file.getInt(36), "the checksum of its texts does not match");
    }

    /// The documents of one side of the split, in order.
    DocumentSet subset(boolean wantHeldOut) {
        int[] members = IntStream.range(0, heldOut.length).filter(i -> heldOut[i] == wantHeldOut).toArray();
        return new Subset(members, wantHeldOut ? stats.heldOutFingerprint() : stats.trainFingerprint());
    }

    @Override
    public void close() {
        file.close();
    }

    private final class Subset implements DocumentSet {
        private final int[] members;
        private final String fingerprint;
        private final long bytes;

        Subset(int[] members, String fingerprint) {
            this.members = members;
            this.fingerprint = fingerprint;
            this.bytes = Arrays.stream(members).mapToLong(i -> starts[i + 1] - starts[i]).sum();
        }

        @Override
        public int size() {
            return members.length;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public byte[] text(int i) {
            return file.bytes(starts[members[i]], length(i));
        }

        @Override
        public int length(int i) {
            return (int) (starts[members[i] + 1] - starts[members[i]]);
        }

        @Override
        public String id(int i) {
            long entry = entries[members[i]];
            return new String(file.bytes(entry + ENTRY, file.getShort(entry + 22)), StandardCharsets.UTF_8);
        }

        @Override
        public Kind kind(int i) {
            return kinds[members[i]];
        }

        @Override
        public String fingerprint() {
            return fingerprint;
        }
    }

    /// Texts first, in order, then everything else.
    static final class Writer implements AutoCloseable {
        private static final int LONGEST_ID = 4096;

        private final AsideFile file;
        private final List<Fingerprint> fingerprints = new ArrayList<>();
        private final List<byte[]> ids = new ArrayList<>();
        private final List<Kind> kinds = new ArrayList<>();
        private int[] lengths = new int[1024];
        private long bytes;

        private Writer(AsideFile file) {
            this.file = file;
            file.write(new byte[MappedFile.HEADER]);
            file.checksum();
        }

        void add(Document document, Fingerprint fingerprint) {
            if (documents() == lengths.length) {
                lengths = Arrays.copyOf(lengths, 2 * lengths.length);
            }
            lengths[documents()] = document.bytes().length;
            fingerprints.add(fingerprint);
            kinds.add(document.kind());
            byte[] id = document.id().getBytes(StandardCharsets.UTF_8);
            ids.add(id.length <= LONGEST_ID ? id : Arrays.copyOf(id, LONGEST_ID));
            file.write(document.bytes());
            bytes += document.bytes().length;
        }

        int documents() {
            return fingerprints.size();
        }

        long bytes() {
            return bytes;
        }

        List<Fingerprint> fingerprints() {
            return fingerprints;
        }

        long[] lengths() {
            return IntStream.range(0, documents()).mapToLong(i -> lengths[i]).toArray();
        }

        void finish(boolean[] heldOut, CorpusStats stats) {
            int textChecksum = file.checksum();
            long index = file.position();
            for (int i = 0; i < documents(); i++) {
                file.writeInt(lengths[i]);
                file.writeByte(heldOut[i] ? 1 : 0);
                file.writeByte(kinds.get(i).ordinal());
                file.writeLong(fingerprints.get(i).high());
                file.writeLong(fingerprints.get(i).low());
                file.writeShort(ids.get(i).length);
                file.write(ids.get(i));
            }
            file.writeByte(Kind.values().length);
            for (Kind kind : Kind.values()) {
                file.writeByte(kind.label().length());
                file.write(kind.label().getBytes(StandardCharsets.US_ASCII));
            }
            byte[] json = MAPPER.writeValueAsBytes(stats);
            file.writeInt(json.length);
            file.write(json);
            long indexBytes = file.position() - index;
            ByteBuffer header = ByteBuffer.allocate(MappedFile.HEADER).order(ByteOrder.LITTLE_ENDIAN);
            header.put(MappedFile.magic(MAGIC)).putInt(VERSION).putInt(documents()).putLong(bytes).putLong(indexBytes).putInt(file.checksum()).putInt(textChecksum);
            file.writeFirst(MappedFile.sealed(header.array()));
            file.commit();
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
