package dev.jackdaw.tensor.kernel.asm;

import dev.jackdaw.tensor.kernel.CacheType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The kernels of attention over a cache, written when a width of a head, or a kind of page, is first met; and the block of memory through
/// which Java tells them what to do: 64-bit numbers (or one F32) at these offsets. Any thread may ask.
public final class AttentionCode {
    /// Queries, by fours.
    public static final int QUADS = 0;
    /// `[n][D]`, copied together.
    public static final int QUERIES = 8;
    public static final int KEYS = 16;
    public static final int KEY_SCALES = 24;
    public static final int VALUES = 32;
    public static final int VALUE_SCALES = 40;
    /// What will be read next.
    public static final int NEXT = 48;
    /// `[n][64]`
    public static final int SCORES = 56;
    public static final int STATES = 64;
    /// For each query 64 bits: the slots it sees. Eight bytes behind them are read too.
    public static final int MASKS = 72;
    /// For each four queries: how many slots, from the first, they need; 0 leaves them out.
    public static final int COUNTS = 80;
    /// Slots that any query needs.
    public static final int FILLED = 88;
    /// Room for keys or values as F32.
    public static final int PLAIN = 96;
    /// Room for the scales of a page's values as F32.
    public static final int VALUE_FACTORS = 104;
    /// F32: scores times this are powers of two.
    public static final int SCALE = 112;
    /// F32: capped scores are CAP · tanh(score · CAP_FACTOR / 2 / log2(e)).
    public static final int CAP_FACTOR = 116;
    public static final int CAP = 120;
    /// Queries one by one.
    public static final int COUNT = 128;
    /// For each query where it lies, or where its result goes.
    public static final int POINTERS = 136;
    public static final int LATER = 144;
    /// For each query a score times log2(e) that takes weight; 0: none.
    public static final int SINKS = 152;
    public static final int BYTES = 192;

    /// The kernels for one kind of page.
    public record Kernels(CacheType type, int D, boolean capped, MemorySegment page, MemorySegment start, MemorySegment merge, MemorySegment write) {
        boolean serves(CacheType type, int D, boolean capped) {
            return this.type == type && this.D == D && this.capped == capped;
        }
    }

    private volatile Kernels[] known = {};
    private volatile boolean refused;

    private AttentionCode() {
    }

    /// Null where there is no machine code for this instruction set.
    public static AttentionCode of(Isa isa) {
        return isa == Isa.AVX512 ? new AttentionCode() : null;
    }

    /// Null if the system does not let us execute what we wrote.
    public Kernels kernels(CacheType type, int D, boolean capped) {
        for (Kernels kernels : known) {
            if (kernels.serves(type, D, capped)) {
                return kernels;
            }
        }
        return refused ? null : write(type, D, capped);
    }

    private synchronized Kernels write(CacheType type, int D, boolean capped) {
        for (Kernels kernels : known) {
            if (kernels.serves(type, D, capped)) {
                return kernels;
            }
        }
        Attention512.Kept kept = switch (type) {
            case F32 -> Attention512.Kept.PLAIN;
            case F16 -> Attention512.Kept.HALF;
            case Q8_0 -> Attention512.Kept.BYTES;
        };
        try {
            Kernels made = new Kernels(type, D, capped, ExecutableMemory.place(Attention512.page(kept, D, capped)), ExecutableMemory.place(Attention512.start(D)),
                    ExecutableMemory.place(Attention512.merge(D)), ExecutableMemory.place(Attention512.write(D)));
            Kernels[] more = Arrays.copyOf(known, known.length + 1);
            more[known.length] = made;
            known = more;
            return made;
        } catch (ExecutableMemory.Refused e) {
            refused = true;
            return null;
        }
    }
}
