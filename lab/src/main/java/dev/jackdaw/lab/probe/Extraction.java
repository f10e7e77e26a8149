package dev.jackdaw.lab.probe;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.Share;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleConsumer;

/// How much of given documents a model recites: of each a piece is taken, the model is given the tokens before it, and recites if what it says
/// next is the piece, token for token (Carlini et al. 2023, arXiv:2202.07646). With more given tokens the pieces stay the same.
///
/// The number means little without that of documents the model cannot have seen: anybody recites a licence.
public final class Extraction {
    /// @param documents   what they are called
    /// @param prefix      tokens given
    /// @param asked       tokens that follow
    /// @param tokensRight mean share of them before the first error
    /// @param tooShort    documents that have not so many tokens
    public record Rate(String documents, int prefix, int asked, Share recited, double tokensRight, int tooShort) {
    }

    /// A piece of a document with all that can be given before it.
    private record Piece(int[] before, int[] asked) {
    }

    private final Forward forward;
    private final int[] start;
    private final int[] prefixes;
    private final int asked;
    private final int most;
    private final long seed;

    /// @param start    ids before every text, see `Tokenizer.idsBefore`
    /// @param prefixes how many tokens are given
    /// @param asked    how many are asked for
    /// @param most     documents that are tried
    /// @param seed     of which documents, and which piece of each
    public Extraction(Forward forward, int[] start, int[] prefixes, int asked, int most, long seed) {
        int longest = Arrays.stream(prefixes).max().orElse(0), context = forward.spec().context();
        if (prefixes.length == 0 || Arrays.stream(prefixes).min().getAsInt() < 1 || asked < 1 || most < 1 || start.length + (long) longest + asked > context) {
            throw new IllegalArgumentException("memorisation: " + Arrays.toString(prefixes) + " given tokens, " + asked + " asked, " + most + " documents, a context of " + context
                    + "; expected numbers of at least 1, and what is given and asked to fit in the context");
        }
        this.forward = forward;
        this.start = start;
        this.prefixes = prefixes;
        this.asked = asked;
        this.most = most;
        this.seed = seed;
    }

    /// Documents as they are read one by one, of which a fair sample is kept.
    public final class Sample {
        private final SplittableRandom random = new SplittableRandom(seed);
        private final int longest = Arrays.stream(prefixes).max().orElseThrow();
        private final List<Piece> pieces = new ArrayList<>();
        private int seen;
        private int tooShort;

        /// @param document its ids, without those of beginning and end
        public void add(int[] document) {
            if (document.length < longest + asked) {
                tooShort++;
                return;
            }
            seen++;
            int place = pieces.size() < most ? pieces.size() : random.nextInt(seen);           // algorithm R (Vitter 1985)
            int from = random.nextInt(document.length - longest - asked + 1);
            if (place < most) {
                Piece piece = new Piece(Arrays.copyOfRange(document, from, from + longest), Arrays.copyOfRange(document, from + longest, from + longest + asked));
                if (place == pieces.size()) {
                    pieces.add(piece);
                } else {
                    pieces.set(place, piece);
                }
            }
        }

        /// Every document of a shard.
        public void add(TokenShard shard) {
            for (int i = 0; i < shard.documents(); i++) {
                long from = shard.start(i), to = i + 1 < shard.documents() ? shard.start(i + 1) : shard.tokens();
                int[] document = new int[Math.toIntExact(to - from)];
                for (int t = 0; t < document.length; t++) {
                    document[t] = shard.token(from + t);
                }
                add(Arrays.copyOfRange(document, Math.min(1, document.length), document.length));         // without the end-of-text id it begins with
            }
        }

        /// What the model recites of them.
        public List<Rate> recite(String name, DoubleConsumer progress) {
            if (pieces.isEmpty()) {
                throw new IllegalArgumentException("memorisation: none of the " + tooShort + " documents of " + name + " has the " + (longest + asked)
                        + " tokens that are given and asked; give longer ones, or smaller numbers");
            }
            List<Rate> rates = new ArrayList<>();
            for (int p = 0; p < prefixes.length; p++) {
                int recited = 0;
                double right = 0;
                for (int i = 0; i < pieces.size(); i++) {
                    Piece piece = pieces.get(i);
                    int[] prompt = Arrays.copyOf(start, start.length + prefixes[p]);
                    System.arraycopy(piece.before, longest - prefixes[p], prompt, start.length, prefixes[p]);
                    int tokens = Recall.recited(forward, prompt, piece.asked);
                    recited += tokens == asked ? 1 : 0;
                    right += (double) tokens / asked / pieces.size();
                    progress.accept((p + (i + 1.0) / pieces.size()) / prefixes.length);
                }
                rates.add(new Rate(name, prefixes[p], asked, Share.of(recited, pieces.size()), right, tooShort));
            }
            return rates;
        }
    }

    public Sample sample() {
        return new Sample();
    }
}
