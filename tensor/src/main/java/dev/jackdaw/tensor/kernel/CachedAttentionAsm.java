package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Memory.putLong;
import static dev.jackdaw.tensor.kernel.asm.ExecutableMemory.call;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.kernel.asm.AttentionCode;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// [CachedAttention] by the machine code of `kernel.asm`. Here the kernels are told which queries see which slots of which page; nothing is
/// computed. Machine code needs no warm-up: the first answer of a cold process waits for no compiler.
///
/// The arithmetic of a query is the same in any company: its rows of sums are its own, and a position it does not see has weight 0.
public final class CachedAttentionAsm implements CachedAttention {
    private static final float LOG2E = 1.4426950408889634f;

    private final AttentionCode code;

    /// That stores keys and values of this type; null where that is not known yet or there is none.
    private final AtomicReferenceArray<MemorySegment> stores = new AtomicReferenceArray<>(CacheType.values().length);

    public CachedAttentionAsm(AttentionCode code) {
        this.code = code;
    }

    @Override
    public boolean serves(Group group) {
        return kernels(group) != null;
    }

    private AttentionCode.Kernels kernels(Group group) {
        return code.kernels(group.type(), group.D(), group.softcap() > 0);
    }

    @Override
    public long stateBytes(Group group) {
        return 4L * (CacheType.width(group.D()) + 32);
    }

    @Override
    public long scratchBytes(Group group, int queries) {
        long n = (queries + 3) / 4 * 4, W = CacheType.width(group.D());
        return AttentionCode.BYTES + 8 * (n + 1) + 8 * n + 8 * n + 4 * n + 4 * n * group.D() + 4 * n * PAGE + 4L * PAGE * W + 4L * PAGE * CacheType.blocks(group.D())
                + 10L * Memory.ALIGNMENT;
    }

    /// Null where there is no kernel.
    private MemorySegment store(CacheType type) {
        MemorySegment store = stores.get(type.ordinal());
        if (store == null && type != CacheType.Q8_0) {
            synchronized (this) {
                store = stores.get(type.ordinal());
                if (store == null) {
                    store = RowCode.store(Isa.AVX512, type == CacheType.F16);
                    stores.set(type.ordinal(), store);
                }
            }
        }
        return store;
    }

    @Override
    public void append(Group group, long[] pages, int position, int rows, long k, long kStride, long v, long vStride) {
        CacheType type = group.type();
        MemorySegment store = store(type);
        if (store == null) {
            CachedAttention.super.append(group, pages, position, rows, k, kStride, v, vStride);
            return;
        }
        int D = group.D(), bytes = type == CacheType.F16 ? 2 : 4, rowBytes = bytes * CacheType.width(D);
        long arguments = RowCode.arguments();
        putLong(arguments + RowCode.WIDTH, D);
        putLong(arguments + RowCode.TAIL, RowCode.tail(D));
        for (int r = 0, n; r < rows; r += n) {
            long page = pages[(position + r) / PAGE];
            int slot = (position + r) % PAGE;
            n = Math.min(PAGE - slot, rows - r);
            rows(arguments, n, page + (long) bytes * slot, bytes * PAGE, bytes, k + 4 * r * kStride, kStride);
            call(store, arguments);
            rows(arguments, n, page + type.values(D) + (long) rowBytes * slot, bytes, rowBytes, v + 4 * r * vStride, vStride);
            call(store, arguments);
        }
    }

    private static void rows(long arguments, int n, long y, long yStep, long yRowBytes, long x, long xStride) {
        putLong(arguments + RowCode.ROWS, n);
        putLong(arguments + RowCode.Y, y);
        putLong(arguments + RowCode.Y_STEP, yStep);
        putLong(arguments + RowCode.Y_ROW_BYTES, yRowBytes);
        putLong(arguments + RowCode.X, x);
        putLong(arguments + RowCode.X_ROW_BYTES, 4 * xStride);
    }

    private static long next(long address, long bytes) {
        return (address + bytes + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
    }

    private static void arguments(Group group, long scratch) {
        putFloat(scratch + AttentionCode.SCALE, group.softcap() == 0 ? group.scale() * LOG2E : LOG2E);
        if (group.softcap() > 0) {
            putFloat(scratch + AttentionCode.CAP_FACTOR, 2 * LOG2E * (group.scale() / group.softcap()));
            putFloat(scratch + AttentionCode.CAP, group.softcap());
        }
    }

    @Override
    public void look(Group group, long states, long q, long qStride, int from, int n, long[] pages, int position, int length, int chunk, long scratch) {
        AttentionCode.Kernels kernels = kernels(group);
        CacheType type = group.type();
        int G = group.G(), D = group.D(), quads = (n + 3) / 4, whole = 4 * quads;
        long masks = next(scratch, AttentionCode.BYTES), counts = next(masks, 8L * (whole + 1)), pointers = next(counts, 8L * quads);
        long queries = next(pointers, 8L * whole), scores = next(queries, 4L * whole * D), plain = next(scores, 4L * whole * PAGE);
        long factors = next(plain, 4L * PAGE * CacheType.width(D));
        arguments(group, scratch);
        for (int m = 0; m < whole; m++) {                            // the last query stands for those that are missing
            int at = from + Math.min(m, n - 1);
            putLong(pointers + 8L * m, q + 4 * (at / G * qStride + (long) (at % G) * D));
        }
        putLong(scratch + AttentionCode.COUNT, whole);
        putLong(scratch + AttentionCode.POINTERS, pointers);
        putLong(scratch + AttentionCode.QUERIES, queries);
        putLong(scratch + AttentionCode.STATES, states);
        call(kernels.start(), scratch);
        putLong(scratch + AttentionCode.QUADS, quads);
        putLong(scratch + AttentionCode.SCORES, scores);
        putLong(scratch + AttentionCode.MASKS, masks);
        putLong(scratch + AttentionCode.COUNTS, counts);
        putLong(scratch + AttentionCode.PLAIN, plain);
        putLong(scratch + AttentionCode.VALUE_FACTORS, factors);
        int first = Math.max(chunk * CHUNK, group.first(position + from / G));
        int last = Math.min((chunk + 1) * CHUNK - 1, group.last(position + (from + n - 1) / G, length));
        boolean all = false;                                         // masks and counts say that every query sees every slot
        for (int start = first / PAGE * PAGE; start <= last; start += PAGE) {
            long page = pages[start / PAGE];
            putLong(scratch + AttentionCode.KEYS, page);
            putLong(scratch + AttentionCode.KEY_SCALES, page + type.keyScales(D));
            putLong(scratch + AttentionCode.VALUES, page + type.values(D));
            putLong(scratch + AttentionCode.VALUE_SCALES, page + type.valueScales(D));
            putLong(scratch + AttentionCode.NEXT, start + PAGE <= last ? pages[start / PAGE + 1] : page);
            putLong(scratch + AttentionCode.FILLED, Math.min(PAGE, last + 1 - start));
            boolean allHere = group.first(position + (from + n - 1) / G) <= start && group.last(position + from / G, length) >= start + PAGE - 1;
            if (!allHere || !all) {
                limits(group, masks, counts, from, n, position, length, start);
            }
            all = allHere;
            call(kernels.page(), scratch);
        }
    }

    /// Which slots of the page from position `start` each query sees.
    private static void limits(Group group, long masks, long counts, int from, int n, int position, int length, int start) {
        int G = group.G(), whole = (n + 3) / 4 * 4, most = 0;
        for (int m = 0; m < whole; m++) {
            int at = position + (from + Math.min(m, n - 1)) / G;
            int seenFrom = Math.max(0, group.first(at) - start), seenTo = Math.min(PAGE, group.last(at, length) + 1 - start);
            boolean none = seenTo <= seenFrom;
            putLong(masks + 8L * m, none ? 0 : -1L >>> PAGE - (seenTo - seenFrom) << seenFrom);
            most = Math.max(m % 4 == 0 ? 0 : most, none ? 0 : seenTo);
            if (m % 4 == 3) {
                putLong(counts + 2L * (m - 3), most);
            }
        }
    }

    @Override
    public void merge(Group group, long states, long later, int n, long scratch) {
        arguments(group, scratch);
        putLong(scratch + AttentionCode.COUNT, n);
        putLong(scratch + AttentionCode.STATES, states);
        putLong(scratch + AttentionCode.LATER, later);
        call(kernels(group).merge(), scratch);
    }

    @Override
    public void write(Group group, long out, long outStride, long states, int from, int n, long sinks, long scratch) {
        int G = group.G(), D = group.D();
        long pointers = next(scratch, AttentionCode.BYTES), scores = next(pointers, 8L * n);
        arguments(group, scratch);
        for (int m = 0; m < n; m++) {
            putLong(pointers + 8L * m, out + 4 * ((from + m) / G * outStride + (long) ((from + m) % G) * D));
            if (sinks != 0) {
                putFloat(scores + 4L * m, Memory.getFloat(sinks + 4L * ((from + m) % G)) * LOG2E);
            }
        }
        putLong(scratch + AttentionCode.COUNT, n);
        putLong(scratch + AttentionCode.POINTERS, pointers);
        putLong(scratch + AttentionCode.STATES, states);
        putLong(scratch + AttentionCode.SINKS, sinks == 0 ? 0 : scores);
        call(kernels(group).write(), scratch);
    }
}
