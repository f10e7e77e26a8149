package dev.jackdaw.train.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;

import dev.jackdaw.tensor.Memory;

/// Documents as token ids in one memory-mapped file: what training reads.
///
/// ```text
/// header  128 bytes   JDTOKENS, version 4, bytes per id 4, vocabulary 4, end-of-text id 4, documents 8, ids 8, text bytes 8,
///                     fingerprint 32, CRC-32C of the ids 4, CRC-32C of the index 4
/// ids                 of 2 bytes (vocabulary up to 65,536) or 4: for each document the end-of-text id, then its tokens; at the very end
///                     once more the end-of-text id
/// index               where each document begins, and the end: documents + 1 numbers of 8 bytes
/// ```
/// Every document is preceded by the end-of-text id, so the token that follows a document is that id too: whatever stretch of ids is
/// given to a model as input, the same stretch shifted by one is the right answer, also across documents.
public final class TokenShard implements AutoCloseable {
    private static final String WHAT = "token shard";
    private static final String MAGIC = "JDTOKENS";
    private static final int VERSION = 1;
    private static final int LARGEST_SHORT_VOCABULARY = 1 << 16;

    /// A tokenizer, as far as this package needs one. Called by several threads at once.
    @FunctionalInterface
    public interface Encoder {
        /// Ids of a valid UTF-8 text. Special tokens written out in the text are taken as ordinary text.
        int[] encode(byte[] utf8);
    }

    private final MappedFile file;
    private final int width;
    private final int vocabulary;
    private final int endOfText;
    private final int documents;
    private final long tokens;
    private final long textBytes;
    private final String fingerprint;
    private final long index;
    private final long address;

    private TokenShard(MappedFile file) {
        this.file = file;
        width = file.getInt(12);
        vocabulary = file.getInt(16);
        endOfText = file.getInt(20);
        long documentCount = file.getLong(24);
        tokens = file.getLong(32);
        textBytes = file.getLong(40);
        fingerprint = HexFormat.of().formatHex(file.bytes(48, 32));
        file.require((width == 2 || width == 4) && vocabulary > 0 && endOfText >= 0 && endOfText < vocabulary && documentCount > 0
            && documentCount < Integer.MAX_VALUE && tokens >= documentCount && tokens < Long.MAX_VALUE / 8, "its header tells of " + documentCount
            + " documents, " + tokens + " ids of " + width + " bytes, vocabulary " + vocabulary + ", end-of-text id " + endOfText);
        documents = (int) documentCount;
        index = indexStart(tokens, width);
        long expected = index + 8 * (documentCount + 1);
        file.require(file.size() == expected, "it has " + file.size() + " bytes, its header tells of " + expected);
        file.require(file.checksum(index, 8 * (documentCount + 1)) == file.getInt(84), "the checksum of its index does not match");
        long previous = -1;
        for (int i = 0; i <= documents; i++) {
            long start = file.getLong(index + 8L * i);
            file.require(start > previous, "document " + i + " begins at id " + start + ", the one before at " + previous);
            previous = start;
        }
        file.require(start(0) == 0 && start(documents) == tokens, "its index does not cover ids 0 to " + tokens);
        address = file.segment().address() + MappedFile.HEADER;
    }

    private static long indexStart(long tokens, int width) {
        return MappedFile.HEADER + ((tokens + 1) * width + 7) / 8 * 8;
    }

    /// A shard written before. Refuses a file that is truncated or whose header or index is damaged; see also [#verify()].
    public static TokenShard open(Path path) {
        MappedFile file = MappedFile.open(path, WHAT, MAGIC, VERSION);
        try {
            return new TokenShard(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// Tokenizes `documents` with several threads and writes `path`, the same bytes at any number of threads.
    ///
    /// @param vocabulary size; ids are 0 to vocabulary - 1
    /// @param endOfText  the id put before every document
    /// @param tokenizer  fingerprint of the tokenizer; any text that differs between tokenizers
    public static TokenShard write(Path path, DocumentSet documents, Encoder encoder, int vocabulary, int endOfText, String tokenizer,
                                   int threads, Progress progress) {
        if (vocabulary < 1 || endOfText < 0 || endOfText >= vocabulary) {
            throw new IllegalArgumentException("token shard: end-of-text id " + endOfText + " is not in a vocabulary of " + vocabulary);
        }
        if (documents.size() == 0) {
            throw new DataException("token shard: no document to tokenize for " + path);
        }
        try (AsideFile file = AsideFile.create(path, WHAT)) {
            new Writer(file, documents, vocabulary, endOfText, progress).write(encoder, tokenizer, threads);
        }
        return open(path);
    }

    public int vocabulary() {
        return vocabulary;
    }

    public int endOfText() {
        return endOfText;
    }

    public int documents() {
        return documents;
    }

    /// Ids, one end-of-text id for each document among them.
    public long tokens() {
        return tokens;
    }

    /// Length of the text these tokens stand for; bits per byte are counted against it.
    public long textBytes() {
        return textBytes;
    }

    /// Tokens of text only.
    public double bytesPerToken() {
        return (double) textBytes / Math.max(1, tokens - documents);
    }

    /// The same for the same texts, tokenizer and end-of-text id; 64 hexadecimal digits.
    public String fingerprint() {
        return fingerprint;
    }

    public Path path() {
        return file.path();
    }

    /// Where document `i` begins (its end-of-text id); for `i = documents` the end.
    public long start(int i) {
        return file.getLong(index + 8L * i);
    }

    /// The id at `position`, 0 to [#tokens()] inclusive.
    public int token(long position) {
        if (position < 0 || position > tokens) {
            throw new IndexOutOfBoundsException("token shard: position " + position + " of " + tokens);
        }
        return width == 2 ? file.getShort(MappedFile.HEADER + 2 * position) : file.getInt(MappedFile.HEADER + 4 * position);
    }

    /// Copies `count` ids from `position` as int32 to memory. An id outside the vocabulary, which would lead a kernel astray, is refused.
    void copy(long position, int count, long to) {
        if (position < 0 || count < 0 || position + count > tokens + 1 || !file.segment().scope().isAlive()) {
            throw new IndexOutOfBoundsException("token shard: positions " + position + " to " + (position + count) + " of " + tokens
                + (file.segment().scope().isAlive() ? "" : ", after it was closed"));
        }
        for (int i = 0; i < count; i++) {
            int id = width == 2 ? Memory.getShort(address + 2 * (position + i)) & 0xFFFF : Memory.getInt(address + 4 * (position + i));
            if (id < 0 || id >= vocabulary) {
                throw file.damaged("id " + id + " at position " + (position + i) + " is outside its vocabulary of " + vocabulary);
            }
            Memory.putInt(to + 4L * i, id);
        }
    }

    /// Reads everything once and compares the checksum of the ids.
    public void verify() {
        file.require(file.checksum(MappedFile.HEADER, index - MappedFile.HEADER) == file.getInt(80), "the checksum of its ids does not match");
    }

    @Override
    public void close() {
        file.close();
    }

    private static final class Writer {
        private final AsideFile file;
        private final DocumentSet documents;
        private final int vocabulary;
        private final int endOfText;
        private final Progress progress;
        private final long[] starts;
        private int written;
        private long tokens;
        private long textBytes;

        Writer(AsideFile file, DocumentSet documents, int vocabulary, int endOfText, Progress progress) {
            this.file = file;
            this.documents = documents;
            this.vocabulary = vocabulary;
            this.endOfText = endOfText;
            this.progress = progress;
            this.starts = new long[documents.size() + 1];
        }

        private int width() {
            return vocabulary <= LARGEST_SHORT_VOCABULARY ? 2 : 4;
        }

        void write(Encoder encoder, String tokenizer, int threads) {
            file.write(new byte[MappedFile.HEADER]);
            file.checksum();
            try (Ordered<Integer, int[]> conveyor = new Ordered<>(threads, documents::length, i -> encoder.encode(documents.text(i)), this::receive)) {
                for (int i = 0; i < documents.size(); i++) {
                    conveyor.add(i);
                }
                conveyor.finish();
            }
            id(endOfText);
            file.pad(8);
            int idsChecksum = file.checksum();
            starts[written] = tokens;
            for (long start : starts) {
                file.writeLong(start);
            }
            int indexChecksum = file.checksum();
            ByteBuffer header = ByteBuffer.allocate(MappedFile.HEADER).order(ByteOrder.LITTLE_ENDIAN);
            header.put(MappedFile.magic(MAGIC)).putInt(VERSION).putInt(width()).putInt(vocabulary).putInt(endOfText).putLong(documents.size())
                .putLong(tokens).putLong(textBytes).put(fingerprint(tokenizer)).putInt(idsChecksum).putInt(indexChecksum);
            file.writeFirst(MappedFile.sealed(header.array()));
            file.commit();
        }

        private byte[] fingerprint(String tokenizer) {
            String all = "jackdaw tokens " + VERSION + "\n" + tokenizer + "\n" + documents.fingerprint() + "\n" + vocabulary + " " + endOfText;
            return Fingerprint.sha256().digest(all.getBytes(StandardCharsets.UTF_8));
        }

        private void receive(int[] ids) {
            int document = written++;
            starts[document] = tokens;
            id(endOfText);
            for (int id : ids) {
                if (id < 0 || id >= vocabulary) {
                    throw new DataException("token shard: the tokenizer gave id " + id + " for " + documents.id(document) + ", the vocabulary has "
                        + vocabulary + "; give the tokenizer's own vocabulary size");
                }
                id(id);
            }
            tokens += 1 + ids.length;
            textBytes += documents.length(document);
            progress.update("tokenize", written, textBytes, (double) textBytes / Math.max(1, documents.bytes()));
        }

        private void id(int id) {
            if (width() == 2) {
                file.writeShort(id);
            } else {
                file.writeInt(id);
            }
        }
    }
}
