package dev.jackdaw.tensor.quant;

/// Finds the scale with which a few whole numbers come nearest to given ones.
///
/// Rounding to `q[i] = round(x[i] / scale)` with the obvious scale, largest number divided by largest level, is not the best one can do:
/// a slightly different scale often leaves a smaller error `Σ w[i] · (x[i] − scale · q[i])²`. For fixed q the best scale is known,
/// `Σ w·x·q / Σ w·q·q`; so each method here tries some scales, rounds, and keeps the best outcome. These are the searches of the reference
/// quantizers, with their order of operations, since a file should have the same bits whoever made it.
final class Fit {
    /// Groups of numbers smaller than this count as zero.
    static final float NOTHING = 1e-15f;
    /// Adding 1.5 · 2²³ to a small number rounds it to a whole one, ties to even.
    private static final float TO_WHOLE = 12_582_912f;

    private Fit() {
    }

    static int nearest(float value) {
        return (int) (value + TO_WHOLE - TO_WHOLE);
    }

    private static int clamp(int value, int least, int most) {
        return Math.max(least, Math.min(most, value));
    }

    /// Levels −n to n − 1 without an offset, stored as `q + n`. Tries 18 scales around the obvious one.
    ///
    /// @param w weights, or null for `x²`
    static float symmetric(int count, int n, float[] x, int at, int[] q, float[] w) {
        float max = largest(count, x, at);
        if (Math.abs(max) < NOTHING) {
            clear(count, q, at);
            return 0;
        }
        float scale = 0;
        float best = 0;
        for (int step = 0; step < 19; step++) {
            int offset = step == 0 ? 0 : step <= 9 ? step - 10 : step - 9;           // 0, −9 … −1, 1 … 9
            float inverse = offset == 0 ? -n / max : -(n + 0.1f * offset) / max;
            float xq = 0;
            float qq = 0;
            for (int i = 0; i < count; i++) {
                float value = x[at + i];
                int level = clamp(nearest(inverse * value), -n, n - 1);
                float weight = w != null ? w[i] : value * value;
                xq += weight * value * level;
                qq += weight * level * level;
            }
            if (step == 0 || qq > 0 && xq * xq > best * qq) {
                for (int i = 0; i < count; i++) {
                    q[at + i] = n + clamp(nearest(inverse * x[at + i]), -n, n - 1);
                }
                scale = step > 0 || qq != 0 ? xq / qq : 0;
                best = scale * xq;
            }
        }
        return scale;
    }

    /// As [#symmetric], but from the obvious scale on, single numbers move to another level as long as that helps. For Q3_K.
    static float symmetricByMoves(int count, int n, float[] x, int at, int[] q) {
        float max = largest(count, x, at);
        if (Math.abs(max) < NOTHING) {
            clear(count, q, at);
            return 0;
        }
        float inverse = -n / max;
        float xq = 0;
        float qq = 0;
        for (int i = at; i < at + count; i++) {
            q[i] = clamp(nearest(inverse * x[i]), -n, n - 1);
            float weight = x[i] * x[i];
            xq += weight * x[i] * q[i];
            qq += weight * q[i] * q[i];
        }
        boolean moved = true;
        for (int round = 0; round < 5 && moved; round++) {
            moved = false;
            for (int i = at; i < at + count; i++) {
                float weight = x[i] * x[i];
                float otherXq = xq - weight * x[i] * q[i];
                if (otherXq > 0) {
                    float otherQq = qq - weight * q[i] * q[i];
                    int level = clamp(nearest(x[i] * otherQq / otherXq), -n, n - 1);
                    if (level != q[i]) {
                        otherXq += weight * x[i] * level;
                        otherQq += weight * level * level;
                        if (otherQq > 0 && otherXq * otherXq * qq > xq * xq * otherQq) {
                            q[i] = level;
                            xq = otherXq;
                            qq = otherQq;
                            moved = true;
                        }
                    }
                }
            }
        }
        for (int i = at; i < at + count; i++) {
            q[i] += n;
        }
        return qq > 0 ? xq / qq : 0;
    }

    /// Levels 0 to n with an offset: `x ≈ scale · q − min`, min ≥ 0, tried for `steps + 1` scales from `(n + first) / range` on, each time with the
    /// best scale and offset for the levels found (two linear equations). The scale is returned, the offset goes to `min[minAt]`.
    ///
    /// @param absolute errors count as they are, not squared
    static float affine(int count, int n, float[] x, int at, int[] q, float[] w, float[] min, int minAt, float first, float delta, int steps, boolean absolute) {
        float low = x[at];
        float high = x[at];
        float sumW = w[0];
        float sumX = sumW * x[at];
        for (int i = 1; i < count; i++) {
            float value = x[at + i];
            low = value < low ? value : low;
            high = value > high ? value : high;
            sumW += w[i];
            sumX += w[i] * value;
        }
        low = low > 0 ? 0 : low;
        if (high <= low) {
            clear(count, q, at);
            min[minAt] = -low;
            return 0;
        }
        int[] levels = new int[count];
        float inverse = n / (high - low);
        float scale = 1 / inverse;
        for (int i = 0; i < count; i++) {
            q[at + i] = clamp(nearest(inverse * (x[at + i] - low)), 0, n);
        }
        float best = error(count, x, at, q, at, w, scale, low, absolute);
        for (int step = 0; step <= steps; step++) {
            inverse = (first + delta * step + n) / (high - low);
            float sumQ = 0;
            float sumQq = 0;
            float sumXq = 0;
            for (int i = 0; i < count; i++) {
                int level = clamp(nearest(inverse * (x[at + i] - low)), 0, n);
                levels[i] = level;
                sumQ += w[i] * level;
                sumQq += w[i] * level * level;
                sumXq += w[i] * level * x[at + i];
            }
            float determinant = sumW * sumQq - sumQ * sumQ;
            if (determinant > 0) {
                float newScale = (sumW * sumXq - sumX * sumQ) / determinant;
                float newLow = (sumQq * sumX - sumQ * sumXq) / determinant;
                if (newLow > 0) {
                    newLow = 0;
                    newScale = sumXq / sumQq;
                }
                float error = error(count, x, at, levels, 0, w, newScale, newLow, absolute);
                if (error < best) {
                    System.arraycopy(levels, 0, q, at, count);
                    best = error;
                    scale = newScale;
                    low = newLow;
                }
            }
        }
        min[minAt] = -low;
        return scale;
    }

    private static float error(int count, float[] x, int at, int[] q, int qAt, float[] w, float scale, float low, boolean absolute) {
        float error = 0;
        for (int i = 0; i < count; i++) {
            float difference = scale * q[qAt + i] + low - x[at + i];
            error += w[i] * (absolute ? Math.abs(difference) : difference * difference);
        }
        return error;
    }

    /// Levels 0 to n for numbers from 0 up, such as the scales of sub-blocks themselves.
    static float positive(int count, int n, float[] x, int[] q, float[] w) {
        float max = 0;
        for (int i = 0; i < count; i++) {
            max = Math.max(max, x[i]);
        }
        if (max < NOTHING) {
            clear(count, q, 0);
            return 0;
        }
        float inverse = n / max;
        float best = squares(count, n, x, w, inverse, 1 / inverse);
        for (int offset = -4; offset <= 4; offset++) {
            if (offset != 0) {
                float tried = (0.1f * offset + n) / max;
                float error = squares(count, n, x, w, tried, 1 / tried);
                if (error < best) {
                    best = error;
                    inverse = tried;
                }
            }
        }
        float xq = 0;
        float qq = 0;
        for (int i = 0; i < count; i++) {
            q[i] = clamp(nearest(inverse * x[i]), 0, n);
            xq += w[i] * x[i] * q[i];
            qq += w[i] * q[i] * q[i];
        }
        boolean moved = true;
        for (int round = 0; round < 5 && moved; round++) {
            moved = false;
            for (int i = 0; i < count; i++) {
                float otherXq = xq - w[i] * x[i] * q[i];
                float otherQq = qq - w[i] * q[i] * q[i];
                if (otherXq > 0 && otherQq > 0) {
                    int level = clamp(nearest(x[i] * otherQq / otherXq), 0, n);
                    if (level != q[i]) {
                        otherXq += w[i] * x[i] * level;
                        otherQq += w[i] * level * level;
                        if (otherXq * otherXq * qq > xq * xq * otherQq) {
                            q[i] = level;
                            xq = otherXq;
                            qq = otherQq;
                            moved = true;
                        }
                    }
                }
            }
        }
        return qq > 0 ? xq / qq : 0;
    }

    private static float squares(int count, int n, float[] x, float[] w, float inverse, float scale) {
        float sum = 0;
        for (int i = 0; i < count; i++) {
            float difference = x[i] - scale * clamp(nearest(inverse * x[i]), 0, n);
            sum += w[i] * difference * difference;
        }
        return sum;
    }

    /// Weights for a group of numbers within a block: `importance · √(spread + x²)`. Their sum is returned.
    static float weigh(int count, float[] x, int at, float[] importance, float spread, float[] w) {
        float sum = 0;
        for (int i = 0; i < count; i++) {
            w[i] = importance[at + i] * (float) Math.sqrt(spread + x[at + i] * x[at + i]);
            sum += w[i];
        }
        return sum;
    }

    /// `Σ x²`, in order.
    static float squares(float[] x, int at, int count) {
        float sum = 0;
        for (int i = at; i < at + count; i++) {
            sum += x[i] * x[i];
        }
        return sum;
    }

    /// The number farthest from zero, with its sign; the first of equals.
    static float largest(int count, float[] x, int at) {
        float max = 0;
        float size = 0;
        for (int i = at; i < at + count; i++) {
            if (Math.abs(x[i]) > size) {
                size = Math.abs(x[i]);
                max = x[i];
            }
        }
        return max;
    }

    private static void clear(int count, int[] q, int at) {
        java.util.Arrays.fill(q, at, at + count, 0);
    }
}
