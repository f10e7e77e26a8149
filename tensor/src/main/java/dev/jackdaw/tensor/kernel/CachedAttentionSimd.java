package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.AttentionSoftmax.LOG2E;
import static dev.jackdaw.tensor.kernel.AttentionSoftmax.NONE;
import static dev.jackdaw.tensor.kernel.AttentionTiles.L;

import dev.jackdaw.tensor.Memory;

/// The Vector API version of [CachedAttention], from the tiles of [AttentionSimd].
///
/// Queries visit a page together, four at a time in registers: a page is read from memory, and turned into F32, once for all of them. Four
/// queries are computed even where there is only one; decoding waits for memory, not for arithmetic. The arithmetic of a query is the same
/// in any company: sums run along its own row, and a position it does not see has weight 0, which adds nothing.
///
/// What a query has found: `[W]` sums of weighted values, `[16]` partial sums of the weights, the base of the weights (a score); see
/// [AttentionSoftmax#softmax].
///
/// A number of F16 beyond its range, which is never stored unless a key or value was not a number, comes back as some large number.
public final class CachedAttentionSimd implements CachedAttention {
    private static final double LN2 = 0.6931471805599453;

    @Override
    public long stateBytes(Group group) {
        return 4L * (CacheType.width(group.D()) + 32);
    }

    @Override
    public long scratchBytes(Group group, int queries) {
        long n = (queries + 3) / 4 * 4;
        return 4 * (n * group.D() + n * PAGE + (group.type() == CacheType.F32 ? 0 : (long) PAGE * CacheType.width(group.D()))) + 4 * Memory.ALIGNMENT;
    }

    private static float factor(Group group) {
        return group.softcap() == 0 ? group.scale() * LOG2E : LOG2E;
    }

    @Override
    public void look(Group group, long states, long q, long qStride, int from, int n, long[] pages, int position, int length, int chunk, long scratch) {
        int G = group.G(), D = group.D(), W = CacheType.width(D);
        long stateBytes = 4L * (W + 32);
        long queries = scratch;                                      // [n][D]
        long s = AttentionTiles.next(queries, (long) n * D);         // [n][PAGE] scores, then weights
        long plain = AttentionTiles.next(s, (n + 3L) / 4 * 4 * PAGE);     // keys [D][PAGE], then values [PAGE][W], as F32
        for (int m = 0; m < n; m++) {
            Memory.copy(q + 4 * ((from + m) / G * qStride + (long) ((from + m) % G) * D), queries + 4L * m * D, 4L * D);
            AttentionRows.zero(states + m * stateBytes, W + 16);
            putFloat(states + m * stateBytes + 4L * (W + 16), NONE);
        }
        int first = Math.max(chunk * CHUNK, group.first(position + from / G));
        int last = Math.min((chunk + 1) * CHUNK - 1, group.last(position + (from + n - 1) / G, length));
        for (int start = first / PAGE * PAGE; start <= last; start += PAGE) {
            page(group, pages[start / PAGE], start, Math.min(PAGE, last + 1 - start), position, length, from, n, queries, s, states, plain);
        }
    }

    /// What queries `from` to `from + n - 1` find in one page, whose slots hold the positions from `start` and of which they see `filled`.
    private static void page(Group group, long page, int start, int filled, int position, int length, int from, int n, long queries, long s, long states,
                             long plain) {
        int G = group.G(), D = group.D(), W = CacheType.width(D);
        long stateBytes = 4L * (W + 32);
        float c = factor(group);
        boolean unpacked = group.type() == CacheType.F32;
        if (!unpacked) {
            CachePages.keys(group.type(), plain, page, D, filled);
        }
        long keys = unpacked ? page : plain;
        for (int m = 0; m < n; m += 4) {
            int four = Math.min(4, n - m);
            int to = Math.min(PAGE, group.last(position + (from + m + four - 1) / G, length) + 1 - start);        // slots that the last of the four sees
            if (to <= 0 || group.first(position + (from + m) / G) >= start + PAGE) {
                continue;
            }
            int vectors = (to + L - 1) / L;
            AttentionTiles.fourRows(s + 4L * m * PAGE, 4L * PAGE, vectors * L, queries + 4L * m * D, 4L * D, 4, four, keys, 4L * PAGE, D, false);
            for (int i = m; i < m + four; i++) {
                int at = position + (from + i) / G;
                int seenFrom = group.first(at) - start, seenTo = group.last(at, length) + 1 - start;
                long row = s + 4L * i * PAGE, state = states + i * stateBytes;
                if (group.softcap() > 0) {
                    AttentionSoftmax.cap(row, vectors, group.scale() / group.softcap(), group.softcap());
                }
                if (seenFrom > 0 || seenTo < vectors * L) {
                    AttentionSoftmax.hide(row, vectors, seenFrom, seenTo);
                }
                AttentionSoftmax.softmax(row, vectors, Math.max(0, seenFrom), c, state + 4L * (W + 16), state + 4L * W, state, W / L);
            }
        }
        if (!unpacked) {
            CachePages.values(group.type(), plain, page, D, filled);
        }
        long values = unpacked ? page + group.type().values(D) : plain;
        for (int m = 0; m < n; m += 4) {
            int four = Math.min(4, n - m);
            int to = Math.min(PAGE, group.last(position + (from + m + four - 1) / G, length) + 1 - start);
            if (to > 0 && group.first(position + (from + m) / G) < start + PAGE) {
                long sums = states + m * stateBytes;
                AttentionTiles.fourRows(sums, stateBytes, W, s + 4L * m * PAGE, 4L * PAGE, 4, four, values, 4L * W, to, true);
            }
        }
    }

    @Override
    public void merge(Group group, long states, long later, int n, long scratch) {
        int W = CacheType.width(group.D());
        long stateBytes = 4L * (W + 32);
        double c = factor(group) * LN2;
        for (int m = 0; m < n; m++) {
            long a = states + m * stateBytes, b = later + m * stateBytes;
            float baseA = getFloat(a + 4L * (W + 16)), baseB = getFloat(b + 4L * (W + 16)), base = Math.max(baseA, baseB);
            if (baseB == NONE) {
                continue;
            }
            float keep = baseA == NONE ? 0 : (float) Math.exp((baseA - (double) base) * c), factor = (float) Math.exp((baseB - (double) base) * c);
            AttentionSoftmax.mix(a, keep, b, factor, W + 16);
            putFloat(a + 4L * (W + 16), base);
        }
    }

    @Override
    public void write(Group group, long out, long outStride, long states, int from, int n, long sinks, long scratch) {
        int G = group.G(), D = group.D(), W = CacheType.width(D);
        double c = factor(group) * LN2;
        for (int m = from; m < from + n; m++) {
            long state = states + (m - from) * 4L * (W + 32);
            double total = AttentionRows.sum(state + 4L * W);
            if (sinks != 0) {
                total += Math.exp(getFloat(sinks + 4L * (m % G)) - getFloat(state + 4L * (W + 16)) * c);
            }
            AttentionRows.writeRow(out + 4 * (m / G * outStride + (long) (m % G) * D), state, D, (float) (1 / total));
        }
    }
}
