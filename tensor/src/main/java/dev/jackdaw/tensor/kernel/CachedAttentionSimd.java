package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.AttentionTiles.L;
import static dev.jackdaw.tensor.kernel.AttentionTiles.LOG2E;
import static dev.jackdaw.tensor.kernel.AttentionTiles.NONE;
import static dev.jackdaw.tensor.kernel.AttentionTiles.padded;

import dev.jackdaw.tensor.Memory;

/// The Vector API version of [CachedAttention], from the tiles of [AttentionSimd].
///
/// The queries of all rows and heads are one list, of which [#QUERIES] visit each page together, four at a time in registers: a page is
/// read from memory once for all of them. Four queries are computed even where there is only one; decoding waits for memory, not for
/// arithmetic. The arithmetic of a query is the same in any company: sums run along its own row, and a position it does not see has
/// weight 0, which adds nothing.
public final class CachedAttentionSimd implements CachedAttention {
    /// Queries that share a visit to a page: their scores, 16 KB, stay in the first-level cache.
    private static final int QUERIES = 64;

    @Override
    public long scratchBytes(Group group, int rows) {
        long n = QUERIES, D = group.D(), Dp = padded(group.D());
        return 4 * (n * D + n * PAGE + n * Dp + n + n * L + PAGE * Dp) + 8 * Memory.ALIGNMENT;
    }

    @Override
    public void attend(Group group, long out, long outStride, long q, long qStride, int rows, long[] pages, int position, long scratch) {
        int G = group.G(), D = group.D(), Dp = padded(D);
        long queries = scratch;                                     // [QUERIES][D]
        long s = AttentionTiles.next(queries, QUERIES * D);         // [QUERIES][PAGE] scores, then weights
        long o = AttentionTiles.next(s, QUERIES * PAGE);            // [QUERIES][Dp] out, not yet divided by the sum of the weights
        long base = AttentionTiles.next(o, QUERIES * Dp);           // [QUERIES] of the weights, a score
        long sum = AttentionTiles.next(base, QUERIES);               // [QUERIES][L] of the weights so far, one partial sum a lane
        long padding = AttentionTiles.next(sum, QUERIES * L);       // [PAGE][Dp] values, if D is not whole vectors
        float c = group.scale() * LOG2E;

        for (int m0 = 0; m0 < rows * G; m0 += QUERIES) {
            int n = Math.min(QUERIES, rows * G - m0);
            for (int m = 0; m < n; m++) {
                Memory.copy(q + 4 * ((m0 + m) / G * qStride + (long) ((m0 + m) % G) * D), queries + 4L * m * D, 4L * D);
                putFloat(base + 4L * m, NONE);
            }
            AttentionTiles.zero(o, (long) QUERIES * Dp);
            AttentionTiles.zero(sum, QUERIES * L);
            int last = position + (m0 + n - 1) / G;
            for (int first = group.firstKey(position + m0 / G) / PAGE * PAGE; first <= last; first += PAGE) {
                page(group, pages[first / PAGE], first, Math.min(PAGE, last + 1 - first), position, m0, n, queries, s, o, base, sum, padding, c);
            }
            for (int m = 0; m < n; m++) {
                AttentionTiles.writeRow(out + 4 * ((m0 + m) / G * outStride + (long) ((m0 + m) % G) * D), o + 4L * m * Dp, D,
                        1 / AttentionTiles.sum(sum + 4L * m * L));
            }
        }
    }

    /// What queries `m0` to `m0 + n - 1` find in one page, whose slots hold the positions from `first` and of which `filled` are in use.
    private static void page(Group group, long page, int first, int filled, int position, int m0, int n, long queries, long s, long o, long base,
                             long sum, long padding, float c) {
        int G = group.G(), D = group.D(), Dp = padded(D);
        long values = page + 4L * PAGE * D;
        if (D < Dp) {
            AttentionTiles.copyRows(padding, values, D, filled, D);
            values = padding;
        }
        for (int m = 0; m < n; m += 4) {
            int four = Math.min(4, n - m);
            int to = Math.min(PAGE, position + (m0 + m + four - 1) / G + 1 - first);        // slots that the last of the four sees
            if (to <= 0 || group.firstKey(position + (m0 + m) / G) >= first + PAGE) {
                continue;
            }
            int vectors = (to + L - 1) / L;
            long tile = s + 4L * m * PAGE, sums = o + 4L * m * Dp;
            AttentionTiles.fourRows(tile, 4L * PAGE, vectors * L, queries + 4L * m * D, 4L * D, 4, four, page, 4L * PAGE, D, false);
            for (int i = m; i < m + four; i++) {
                int t = position + (m0 + i) / G;
                int seenFrom = group.firstKey(t) - first, seenTo = t + 1 - first;
                if (seenFrom > 0 || seenTo < vectors * L) {
                    AttentionTiles.hide(s + 4L * i * PAGE, vectors, seenFrom, seenTo);
                }
                AttentionTiles.softmax(s + 4L * i * PAGE, vectors, Math.max(0, seenFrom), c, base + 4L * i, sum + 4L * i * L, o + 4L * i * Dp, Dp / L);
            }
            AttentionTiles.fourRows(sums, 4L * Dp, Dp, tile, 4L * PAGE, 4, four, values, 4L * Dp, to, true);
        }
    }
}
