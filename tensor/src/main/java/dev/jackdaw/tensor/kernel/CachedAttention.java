package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getDouble;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putDouble;
import static dev.jackdaw.tensor.Memory.putFloat;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.kernel.asm.AttentionCode;
import dev.jackdaw.tensor.kernel.asm.MachineCode;

/// Attention while generating: queries against the keys and values of all positions, which a cache keeps in pages (see [CacheType]).
///
/// ```
/// s[j] = scale · q·k[j],  then cap · tanh(s / cap)        p = softmax over (s[first..last], sink)        out = Σ_j p[j] · v[j]
/// ```
///
/// Position `i` lies in slot `i % 64` of the page at address `pages[i / 64]`. A page needs no clearing before use.
///
/// Pages are visited in order, each with its part of the softmax, so that memory does not grow with the context (the online softmax of
/// Milakov and Gimelshein, 2018). The visit begins anew at every [#CHUNK] positions, counted from the start of the text, and what was
/// found in each chunk is merged in order. So chunks can be looked at by different threads, or by one after the other: the sums are the
/// same in every bit. They do not depend on the queries beside it either. Different key/value heads, chunks and queries may run on
/// different threads.
///
/// The queries of a text are numbered: query `m` is head `m % G` of row `m / G`, whose position is `position + m / G`; `length` is the
/// number of positions stored. `q` and `out` are the addresses of row 0, strides are in elements.
///
/// These default methods define what is correct, with sums in double precision; [CachedAttentionSimd] and [CachedAttentionAsm] are the fast
/// twins.
public interface CachedAttention {
    /// The definition.
    CachedAttention SCALAR = new CachedAttention() { };

    /// What this machine can do, the fastest first, a portable implementation last.
    static CachedAttention[] fastest(CachedAttention portable) {
        AttentionCode code = Switches.SCALAR ? null : AttentionCode.of(MachineCode.current().isa());
        return code == null ? new CachedAttention[] {portable} : new CachedAttention[] {new CachedAttentionAsm(code), portable};
    }

    /// Positions in a page.
    int PAGE = 64;

    /// Positions that are looked at from a fresh start: a whole number of pages. Small enough that both cores have work with one head and
    /// a few hundred positions, large enough that merging costs little.
    int CHUNK = 4 * PAGE;

    /// `G` query heads that share one key/value head of width `D`, and the rule by which they see; see [AttentionRule].
    record Group(CacheType type, int G, int D, float scale, int window, float softcap, boolean bothWays) {
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
            if (!(softcap >= 0)) {
                throw new IllegalArgumentException("cached attention: cap " + softcap + "; give 0 for none");
            }
        }

        /// All positions so far, logits scaled by 1/√D.
        public static Group of(CacheType type, int G, int D) {
            return new Group(type, G, D, (float) (1 / Math.sqrt(D)), 0, 0, false);
        }

        /// The first position that a query at `position` sees.
        public int first(int position) {
            return window == 0 ? 0 : Math.max(0, position - window + 1);
        }

        /// The last one.
        public int last(int position, int length) {
            return bothWays ? length - 1 : position;
        }
    }

    /// Pages that hold `positions` positions.
    static int pages(int positions) {
        return (positions + PAGE - 1) / PAGE;
    }

    /// Whether there is a kernel for this; if not, ask the next slower implementation.
    default boolean serves(Group group) {
        return true;
    }

    /// Bytes of what one query has found. Have room for a multiple of four queries.
    default long stateBytes(Group group) {
        return 8L * (group.D + 2);
    }

    /// Bytes of scratch, aligned to [Memory#ALIGNMENT], for calls of the methods below with up to `queries` queries.
    default long scratchBytes(Group group, int queries) {
        return 0;
    }

    /// Bytes of scratch for calls of [#attend].
    default long attendBytes(Group group, int queries) {
        return 2 * stateBytes(group) * ((queries + 3) / 4 * 4) + Memory.ALIGNMENT + scratchBytes(group, queries);
    }

    /// Stores the keys and values `[rows,D]` of positions `position` to `position + rows - 1`.
    default void append(Group group, long[] pages, int position, int rows, long k, long kStride, long v, long vStride) {
        for (int r = 0; r < rows; r++) {
            group.type.put(pages[(position + r) / PAGE], group.D, (position + r) % PAGE, k + 4 * r * kStride, v + 4 * r * vStride);
        }
    }

    /// Sets `states` to what queries `from` to `from + n - 1` find in one chunk, which may be nothing.
    default void look(Group group, long states, long q, long qStride, int from, int n, long[] pages, int position, int length, int chunk, long scratch) {
        int D = group.D;
        for (int m = from; m < from + n; m++) {
            long query = q + 4 * (m / group.G * qStride + (long) (m % group.G) * D), sums = states + (m - from) * stateBytes(group);
            Memory.zero(sums, 8L * D);
            int at = position + m / group.G, end = Math.min(group.last(at, length), (chunk + 1) * CHUNK - 1);
            double max = Double.NEGATIVE_INFINITY, total = 0;
            for (int j = Math.max(group.first(at), chunk * CHUNK); j <= end; j++) {
                long page = pages[j / PAGE];
                double s = 0;
                for (int d = 0; d < D; d++) {
                    s += (double) getFloat(query + 4L * d) * group.type.key(page, D, j % PAGE, d);
                }
                s *= group.scale;
                s = group.softcap == 0 ? s : group.softcap * Math.tanh(s / group.softcap);
                double keep = s > max ? Math.exp(max - s) : 1;       // what was summed so far was relative to the old maximum
                max = Math.max(max, s);
                double p = Math.exp(s - max);
                total = total * keep + p;
                for (int d = 0; d < D; d++) {
                    putDouble(sums + 8L * d, getDouble(sums + 8L * d) * keep + p * group.type.value(page, D, j % PAGE, d));
                }
            }
            putDouble(sums + 8L * D, max);
            putDouble(sums + 8L * D + 8, total);
        }
    }

    /// Adds to what `n` queries have found so far what they found in a later chunk.
    default void merge(Group group, long states, long later, int n, long scratch) {
        int D = group.D;
        for (int m = 0; m < n; m++) {
            long a = states + m * stateBytes(group), b = later + m * stateBytes(group);
            double maxA = getDouble(a + 8L * D), maxB = getDouble(b + 8L * D), max = Math.max(maxA, maxB);
            if (maxB == Double.NEGATIVE_INFINITY) {
                continue;
            }
            double keep = Math.exp(maxA - max), factor = Math.exp(maxB - max);
            for (int d = 0; d < D; d++) {
                putDouble(a + 8L * d, getDouble(a + 8L * d) * keep + getDouble(b + 8L * d) * factor);
            }
            putDouble(a + 8L * D, max);
            putDouble(a + 8L * D + 8, getDouble(a + 8L * D + 8) * keep + getDouble(b + 8L * D + 8) * factor);
        }
    }

    /// Writes what queries `from` to `from + n - 1` found in all chunks; `sinks` is the address of a score for each of the `G` heads, or 0.
    default void write(Group group, long out, long outStride, long states, int from, int n, long sinks, long scratch) {
        int D = group.D;
        for (int m = from; m < from + n; m++) {
            long state = states + (m - from) * stateBytes(group), to = out + 4 * (m / group.G * outStride + (long) (m % group.G) * D);
            double total = getDouble(state + 8L * D + 8);
            if (sinks != 0) {
                total += Math.exp(getFloat(sinks + 4L * (m % group.G)) - getDouble(state + 8L * D));
            }
            for (int d = 0; d < D; d++) {
                putFloat(to + 4L * d, (float) (getDouble(state + 8L * d) / total));
            }
        }
    }

    /// Sets the rows of `out` for queries `from` to `from + n - 1`: all of the above but the appending.
    default void attend(Group group, long out, long outStride, long q, long qStride, int from, int n, long[] pages, int position, int length, long sinks, long scratch) {
        long each = stateBytes(group) * ((n + 3) / 4 * 4), states = scratch, later = states + each;
        long rest = (later + each + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
        int first = group.first(position + from / group.G) / CHUNK, last = group.last(position + (from + n - 1) / group.G, length) / CHUNK;
        look(group, states, q, qStride, from, n, pages, position, length, first, rest);
        for (int chunk = first + 1; chunk <= last; chunk++) {
            look(group, later, q, qStride, from, n, pages, position, length, chunk, rest);
            merge(group, states, later, n, rest);
        }
        write(group, out, outStride, states, from, n, sinks, rest);
    }
}
