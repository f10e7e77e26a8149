package dev.jackdaw.model.generate;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import java.util.Arrays;

/// What generation needs of a model: tokens in, logits of the next one out.
public interface Predictor {
    /// The longest text, in tokens.
    int context();

    /// A new text with room for this many tokens.
    Past newText(int capacity);

    /// A text the model has read.
    interface Past extends AutoCloseable {
        /// Appends tokens; the logits `[V]` after the last one. The caller may change them; the next call writes into the same array.
        float[] logits(int... tokens);

        /// Appends tokens; the logits after each of them, in arrays that the next call of this method writes into again.
        default float[][] allLogits(int... tokens) {
            float[][] rows = new float[tokens.length][];
            for (int i = 0; i < tokens.length; i++) {
                rows[i] = logits(tokens[i]).clone();
            }
            return rows;
        }

        /// A guess at the token after the last logits, which the sampler takes or refuses; null: none. See [Speculation].
        default Proposal proposal() {
            return null;
        }

        /// Forgets all but the first tokens.
        void truncate(int tokens);

        @Override
        void close();
    }

    static Predictor of(Forward forward) {
        return new Predictor() {
            @Override
            public int context() {
                return forward.spec().context();
            }

            @Override
            public Past newText(int capacity) {
                KvCache cache = forward.newCache(capacity);
                return new Past() {
                    private final float[] last = new float[forward.spec().vocabulary()];
                    private float[][] rows = {};

                    @Override
                    public float[] logits(int... tokens) {
                        forward.logits(cache, last, tokens);
                        return last;
                    }

                    @Override
                    public float[][] allLogits(int... tokens) {
                        int had = rows.length;
                        if (tokens.length > had) {
                            rows = Arrays.copyOf(rows, tokens.length);
                            Arrays.setAll(rows, i -> i < had ? rows[i] : new float[last.length]);
                        }
                        forward.allLogits(cache, tokens, (i, logits) -> logits.copyTo(rows[i]));
                        return rows;
                    }

                    @Override
                    public void truncate(int tokens) {
                        cache.truncate(tokens);
                    }

                    @Override
                    public void close() {
                        cache.close();
                    }
                };
            }
        };
    }
}
