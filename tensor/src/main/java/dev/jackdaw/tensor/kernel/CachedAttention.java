package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getDouble;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putDouble;
import static dev.jackdaw.tensor.Memory.putFloat;

/// Attention while generating: queries against the keys and values of all earlier positions, which a cache keeps in pages.
///
/// ```
/// page: 64 positions of one layer and one key/value head
///   keys   [D][64]   positions side by side, so that one vector holds one component of many keys and no score needs a horizontal sum
///   values [64][D]   components side by side
/// ```
///
/// Position `i` lies in slot `i % 64` of the page at address `pages[i / 64]`. A page needs no clearing before use.
///
/// `attend` takes `rows` query positions at once, for a prompt, but computes each as if it were alone: the bits of a row do not depend
/// on the rows beside it. Pages are visited in order, each with its part of the softmax, so that memory does not grow with the context
/// (the online softmax of Milakov and Gimelshein, 2018). Different key/value heads, or different rows, may run on different threads.
///
/// These default methods define what is correct, with sums in double precision; [CachedAttentionSimd] is the fast twin.
public interface CachedAttention {
    /// The definition.
    CachedAttention SCALAR = new CachedAttention() { };

    /// Positions in a page.
    int PAGE = 64;

    /// `G` query heads that share one key/value head of width `D`; the factor on the logits, usually 1/√D; and how many positions a
    /// query sees, itself included (0: all).
    record Group(int G, int D, float scale, int window) {
        public Group {
            if (G < 1 || D < 1) {
                throw new IllegalArgumentException("cached attention: G=" + G + " D=" + D + "; both must be at least 1");
            }
            if (!(scale > 0) || scale == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("cached attention: scale " + scale + "; it must be positive and finite");
            }
            if (window < 0) {
                throw new IllegalArgumentException("cached attention: window " + window + "; give 0 for none, or how many positions a query sees");
            }
        }

        /// No window, logits scaled by 1/√D.
        public static Group of(int G, int D) {
            return new Group(G, D, (float) (1 / Math.sqrt(D)), 0);
        }

        /// The first position that a query at `position` sees.
        int firstKey(int position) {
            return window == 0 ? 0 : Math.max(0, position - window + 1);
        }
    }

    /// Bytes of a page; allocate it aligned to [dev.jackdaw.tensor.Memory#ALIGNMENT].
    static long pageBytes(int D) {
        return 2L * PAGE * D * 4;
    }

    /// Pages that hold `positions` positions.
    static int pages(int positions) {
        return (positions + PAGE - 1) / PAGE;
    }

    /// Bytes of scratch, aligned to [dev.jackdaw.tensor.Memory#ALIGNMENT], for calls of [#attend] with up to `rows` rows.
    default long scratchBytes(Group group, int rows) {
        return 8L * group.D;
    }

    /// Stores the keys and values `[rows,D]` of positions `position` to `position + rows - 1`.
    default void append(int D, long[] pages, int position, int rows, long k, long kStride, long v, long vStride) {
        for (int r = 0; r < rows; r++) {
            long page = pages[(position + r) / PAGE];
            int slot = (position + r) % PAGE;
            for (int d = 0; d < D; d++) {
                putFloat(page + 4L * (d * PAGE + slot), getFloat(k + 4 * (r * kStride + d)));
                putFloat(page + 4L * (PAGE * D + slot * D + d), getFloat(v + 4 * (r * vStride + d)));
            }
        }
    }

    /// Sets `out` `[rows,G,D]` for the queries `q` `[rows,G,D]`. Row `r` (at `r · stride` elements) is at position `position + r` and
    /// sees the positions up to its own, all of which must have been appended.
    default void attend(Group group, long out, long outStride, long q, long qStride, int rows, long[] pages, int position, long scratch) {
        int D = group.D;
        long sums = scratch;
        for (int r = 0; r < rows; r++) {
            int last = position + r;
            for (int g = 0; g < group.G; g++) {
                long qRow = q + 4 * (r * qStride + (long) g * D);
                double max = Double.NEGATIVE_INFINITY, total = 0;
                for (int d = 0; d < D; d++) {
                    putDouble(sums + 8L * d, 0);
                }
                for (int j = group.firstKey(last); j <= last; j++) {
                    long page = pages[j / PAGE];
                    double s = 0;
                    for (int d = 0; d < D; d++) {
                        s += (double) getFloat(qRow + 4L * d) * getFloat(page + 4L * (d * PAGE + j % PAGE));
                    }
                    s *= group.scale;
                    double keep = s > max ? Math.exp(max - s) : 1;       // what was summed so far was relative to the old maximum
                    max = Math.max(max, s);
                    double p = Math.exp(s - max);
                    total = total * keep + p;
                    for (int d = 0; d < D; d++) {
                        double value = getFloat(page + 4L * (PAGE * D + j % PAGE * D + d));
                        putDouble(sums + 8L * d, getDouble(sums + 8L * d) * keep + p * value);
                    }
                }
                for (int d = 0; d < D; d++) {
                    putFloat(out + 4 * (r * outStride + (long) g * D + d), (float) (getDouble(sums + 8L * d) / total));
                }
            }
        }
    }
}
