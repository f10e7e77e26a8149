package dev.jackdaw.train.chat;

import dev.jackdaw.model.token.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntUnaryOperator;

/// Encoded conversations in one piece of memory, four bytes a token: the id, and in the highest bit whether it is learned.
public final class AnswerSet {
    private static final int TRAINED = 1 << 31;

    private final int[] tokens;
    private final int[] starts;              // of each sequence in `tokens`, and one more for the end
    private final int conversations;
    private final long trainedTokens;
    private final long answerBytes;

    private AnswerSet(int[] tokens, int[] starts, int conversations, long trainedTokens, long answerBytes) {
        this.tokens = tokens;
        this.starts = starts;
        this.conversations = conversations;
        this.trainedTokens = trainedTokens;
        this.answerBytes = answerBytes;
    }

    /// Collects the sequences of conversations.
    public static final class Builder {
        private final IntUnaryOperator bytes;
        private int[] tokens = new int[1 << 12];
        private int[] starts = new int[1 << 8];
        private int sequences;
        private int conversations;
        private long trainedTokens;
        private long answerBytes;

        public Builder(Tokenizer tokenizer) {
            this(id -> tokenizer.isSpecial(id) ? 0 : tokenizer.bytes(id).length);
        }

        /// @param bytes of text that each id stands for
        public Builder(IntUnaryOperator bytes) {
            this.bytes = bytes;
        }

        /// Adds one conversation.
        public void add(List<AnswerEncoder.Sequence> conversation) {
            for (AnswerEncoder.Sequence sequence : conversation) {
                int from = starts[sequences], to = Math.addExact(from, sequence.ids().length);
                tokens = to > tokens.length ? Arrays.copyOf(tokens, Math.max(to, (int) Math.min(Integer.MAX_VALUE - 8, 2L * tokens.length))) : tokens;
                starts = sequences + 2 > starts.length ? Arrays.copyOf(starts, 2 * starts.length) : starts;
                for (int i = 0; i < sequence.ids().length; i++) {
                    int id = sequence.ids()[i];
                    boolean isTrained = i > 0 && sequence.trained().get(i);          // nothing predicts the first
                    tokens[from + i] = isTrained ? id | TRAINED : id;
                    trainedTokens += isTrained ? 1 : 0;
                    answerBytes += isTrained ? bytes.applyAsInt(id) : 0;
                }
                starts[++sequences] = to;
            }
            conversations++;
        }

        public AnswerSet build() {
            return new AnswerSet(Arrays.copyOf(tokens, starts[sequences]), Arrays.copyOf(starts, sequences + 1), conversations, trainedTokens, answerBytes);
        }
    }

    public int sequences() {
        return starts.length - 1;
    }

    public int conversations() {
        return conversations;
    }

    /// All ids, answers or not.
    public long tokens() {
        return tokens.length;
    }

    /// Ids that are learned.
    public long trainedTokens() {
        return trainedTokens;
    }

    /// Bytes of text that these stand for; the token that ends an answer stands for none.
    public long answerBytes() {
        return answerBytes;
    }

    public double bytesPerToken() {
        return trainedTokens == 0 ? Double.NaN : (double) answerBytes / trainedTokens;
    }

    /// Ids of a sequence.
    int length(int sequence) {
        return starts[sequence + 1] - starts[sequence];
    }

    int id(int sequence, int index) {
        return tokens[starts[sequence] + index] & ~TRAINED;
    }

    boolean isTrained(int sequence, int index) {
        return tokens[starts[sequence] + index] < 0;
    }

    /// Places that each sequence takes in a row: all of its ids but the last, which is only a target.
    public int[] places() {
        int[] places = new int[sequences()];
        for (int i = 0; i < places.length; i++) {
            places[i] = length(i) - 1;
        }
        return places;
    }

    /// The same for the same sequences in the same order with the same answers: the first 128 bits of a SHA-256.
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer bytes = ByteBuffer.allocate(1 << 14).order(ByteOrder.LITTLE_ENDIAN);
            for (int[] values : new int[][] {starts, tokens}) {
                for (int value : values) {
                    if (bytes.remaining() < 4) {
                        digest.update(bytes.flip());
                        bytes.clear();
                    }
                    bytes.putInt(value);
                }
            }
            digest.update(bytes.flip());
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);                // every JDK has it
        }
    }
}
