package dev.jackdaw.model.embed;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec.Pooling;

/// A text as one vector: the hidden states of its tokens, pooled as the model says (their mean where it says nothing), divided by the
/// length of the result. Two such vectors are alike by their dot product.
public final class Embedder {
    private final Forward forward;

    public Embedder(Forward forward) {
        this.forward = forward;
    }

    /// The vector `[C]` of a text given by its tokens, the special ones that the model expects included.
    public float[] embed(int... tokens) {
        return normalise(pool(tokens));
    }

    /// The same before it is brought to length 1.
    public float[] pool(int... tokens) {
        int C = forward.spec().width();
        Pooling pooling = forward.spec().pooling();
        double[] sum = new double[C];
        try (KvCache cache = forward.newCache(tokens.length)) {
            forward.allHidden(cache, tokens, (i, hidden) -> {
                boolean counts = switch (pooling) {
                    case UNSAID, MEAN -> true;
                    case FIRST -> i == 0;
                    case LAST -> i == tokens.length - 1;
                };
                for (int c = 0; counts && c < C; c++) {
                    sum[c] += hidden.get(c);
                }
            });
        }
        int count = pooling == Pooling.FIRST || pooling == Pooling.LAST ? 1 : tokens.length;
        float[] vector = new float[C];
        for (int c = 0; c < C; c++) {
            vector[c] = (float) (sum[c] / count);
        }
        return vector;
    }

    private static float[] normalise(float[] vector) {
        double length = Math.sqrt(cosine(vector, vector));
        float[] unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = length == 0 ? 0 : (float) (vector[i] / length);
        }
        return unit;
    }

    /// The dot product of two vectors of [#embed], which is the cosine of the angle between them.
    public static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }
}
