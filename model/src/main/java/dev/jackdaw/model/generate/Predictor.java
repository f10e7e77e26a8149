package dev.jackdaw.model.generate;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;

/// What generation needs of a model: tokens in, logits of the next one out.
public interface Predictor {
    /// The longest text, in tokens.
    int context();

    /// A new text with room for this many tokens.
    Past newText(int capacity);

    /// A text the model has read.
    interface Past extends AutoCloseable {
        /// Appends tokens; the logits `[V]` after the last one belong to the caller.
        float[] logits(int... tokens);

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
                    @Override
                    public float[] logits(int... tokens) {
                        return forward.logits(cache, tokens);
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
