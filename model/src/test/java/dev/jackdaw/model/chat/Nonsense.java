package dev.jackdaw.model.chat;

import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.token.Tokenizer;
import java.util.BitSet;
import java.util.Map;
import java.util.Random;
import java.util.WeakHashMap;

/// A "model" that finds all tokens about as likely, or says what it was told to say. After a while it would rather come to an end.
final class Nonsense implements Predictor {
    private static final int PATIENCE = 150;
    private static final Map<Tokenizer, BitSet> CLOSING = new WeakHashMap<>();

    private final Tokenizer tokenizer;
    private final Random random;
    private final int[] script;

    Nonsense(Tokenizer tokenizer, long seed) {
        this.tokenizer = tokenizer;
        random = new Random(seed);
        script = null;
    }

    Nonsense(Tokenizer tokenizer, String text) {
        this.tokenizer = tokenizer;
        random = null;
        script = tokenizer.encode(text, true, false);
    }

    private static synchronized BitSet closing(Tokenizer tokenizer) {
        return CLOSING.computeIfAbsent(tokenizer, _ -> {
            BitSet set = new BitSet();
            for (int id = 0; id < tokenizer.vocabularySize(); id++) {
                set.set(id, tokenizer.ends(id) || tokenizer.decode(id).matches("[\"}\\]]+[,\"}\\]]*"));
            }
            return set;
        });
    }

    @Override
    public int context() {
        return 4000;
    }

    @Override
    public Past newText(int capacity) {
        return new Past() {
            private int said;

            @Override
            public float[] logits(int... tokens) {
                float[] logits = new float[tokenizer.vocabularySize()];
                if (script != null) {
                    if (said < script.length) {
                        logits[script[said++]] = 50;
                        return logits;
                    }
                    for (int id = 0; id < logits.length; id++) {
                        logits[id] = tokenizer.ends(id) ? 50 : 0;
                    }
                    return logits;
                }
                BitSet closing = closing(tokenizer);
                for (int id = 0; id < logits.length; id++) {
                    logits[id] = random.nextFloat() + (said > PATIENCE && closing.get(id) ? 20 : 0);
                }
                said++;
                return logits;
            }

            @Override
            public void truncate(int tokens) {
            }

            @Override
            public void close() {
            }
        };
    }
}
