package dev.jackdaw.model.token;

import java.util.Arrays;

/// Unigram language model tokens (Kudo, *Subword Regularization*, 2018, section 3.2): every piece has a log-probability, and of all ways to
/// write a word as pieces the likeliest is taken, found by dynamic programming over its bytes (Viterbi).
///
/// Two ways may be equally likely (`--` `-` or `-` `--`), and then rounding decides. SentencePiece adds up 32-bit numbers from the beginning of the
/// text; to be right to the token, its own files are read so (`exact`). `tokenizers` and llama.cpp add in double precision; there each word is
/// worked out for itself, so words can be remembered.
final class Unigram implements PieceModel {
    /// How much worse than the worst piece an unknown character is; the constant of SentencePiece.
    private static final double UNKNOWN_PENALTY = 10;

    private final Pieces pieces;
    private final float[] scores;
    private final int[] types;                // null: every piece may stand in text
    private final int unknown;
    private final boolean byteFallback;
    private final ByteTrie trie;
    private final double[] scoreOf;
    private final double unknownScore;
    private final boolean cutAtSpaces;
    private final boolean exact;

    /// @param types as [GgufTokenizer#NORMAL] and its siblings; null where the file does not know them, as `tokenizer.json`
    /// @param exact round as SentencePiece does
    Unigram(String[] written, float[] scores, int[] types, int unknown, boolean byteFallback, boolean exact) {
        this.exact = exact;
        pieces = new Pieces(written);
        this.scores = scores;
        this.types = types;
        this.unknown = unknown;
        this.byteFallback = byteFallback;
        cutAtSpaces = pieces.spaceBeginsWords();
        trie = new ByteTrie(written.length);
        scoreOf = new double[written.length];
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int id = 0; id < written.length; id++) {
            if (written[id] != null && (types == null || types[id] == GgufTokenizer.NORMAL)) {
                least = Math.min(least, scores[id]);
                most = Math.max(most, scores[id]);
            }
        }
        unknownScore = (least == Double.POSITIVE_INFINITY ? 0 : least) - UNKNOWN_PENALTY;
        for (int id = 0; id < written.length; id++) {
            if (written[id] == null || written[id].isEmpty()) {
                continue;
            }
            byte[] bytes = Utf8.bytes(written[id]);
            int type = types == null ? GgufTokenizer.NORMAL : types[id];
            if (type == GgufTokenizer.NORMAL || type == GgufTokenizer.USER_DEFINED) {
                // What the user defined is always taken: it scores as a run of the best piece.
                scoreOf[id] = type == GgufTokenizer.NORMAL ? scores[id] : bytes.length * most - 0.1;
                trie.put(bytes, id);
            }
        }
    }

    @Override
    public Pieces pieces() {
        return pieces;
    }

    @Override
    public int unknown() {
        return unknown;
    }

    float[] scores() {
        return scores;
    }

    int[] types() {
        return types;
    }

    boolean byteFallback() {
        return byteFallback;
    }

    @Override
    public Worker worker() {
        return exact ? new OneWord() : new WordByWord(new OneWord(), cutAtSpaces, byteFallback ? -1 : unknown);
    }

    private final class OneWord implements Worker {
        private double[] best = new double[64];
        private int[] begin = new int[64];       // of the last piece on the best way to here; -1: no way yet
        private int[] id = new int[64];

        @Override
        public void encode(byte[] text, int from, int to, TokenList ids) {
            int n = to - from;
            if (best.length <= n) {
                best = new double[n + 1];
                begin = new int[n + 1];
                id = new int[n + 1];
            }
            Arrays.fill(begin, 0, n + 1, -1);
            best[0] = 0;
            for (int at = 0; at < n; ) {
                int character = Utf8.at(text, from + at, to);
                int next = at + (character < 0 ? 1 : character & 0xFF);
                boolean single = false;
                int node = 0;
                for (int end = at; end < n; ) {
                    node = trie.child(node, text[from + end++]);
                    if (node < 0) {
                        break;
                    }
                    int piece = trie.value(node);
                    if (piece >= 0) {
                        offer(at, end, best[at] + scoreOf[piece], piece);
                        single |= end == next;
                    }
                }
                if (!single) {
                    offer(at, next, best[at] + unknownScore, unknown);
                }
                at = next;
            }
            collect(text, from, n, ids);
            if (n > 1 << 16) {                   // do not keep the memory of a monster
                best = new double[64];
                begin = new int[64];
                id = new int[64];
            }
        }

        private void offer(int at, int end, double sum, int piece) {
            double score = exact ? (float) sum : sum;
            if (begin[end] < 0 || score > best[end]) {
                best[end] = score;
                begin[end] = at;
                id[end] = piece;
            }
        }

        /// Walks back over the best way, turning the links around, then forward.
        private void collect(byte[] text, int from, int n, TokenList ids) {
            int end = n;
            int after = -1;
            while (end > 0) {
                int start = begin[end];
                begin[end] = after;              // from now on: the end of the piece that follows
                after = end;
                end = start;
            }
            int start = 0;
            int unknownFrom = -1;
            for (int at = after; at >= 0; at = begin[at]) {
                if (id[at] == unknown) {
                    unknownFrom = unknownFrom < 0 ? start : unknownFrom;
                } else {
                    unknown(text, from + unknownFrom, from + start, unknownFrom >= 0, ids);
                    unknownFrom = -1;
                    ids.add(id[at]);
                }
                start = at;
            }
            unknown(text, from + unknownFrom, from + n, unknownFrom >= 0, ids);
        }

        private void unknown(byte[] text, int from, int to, boolean any, TokenList ids) {
            if (any && !(byteFallback && pieces.appendBytes(text, from, to, ids)) && unknown >= 0) {
                ids.add(unknown);
            }
        }
    }
}
