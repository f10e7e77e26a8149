package dev.jackdaw.tensor.quant;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Packs weights of any type into the panels that [PanelFormat] draws.
///
/// Sixteen rows at a time, a strip of columns is copied from the source to the heap, rearranged there, and copied out region by region.
/// Packing runs while the JVM is cold: plain arrays are quick already when only the first compiler has seen a loop, while single accesses
/// to memory outside the heap are not. Nothing is computed: all bits of the file come out again.
public final class PanelPacking {
    /// Columns in a strip: some whole blocks of every type, and 16 rows of them stay in the first- or second-level cache.
    private static final int STRIP = 1024;
    private static final int LANES = PanelFormat.LANES;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Where row `row` of a weight begins in memory.
    @FunctionalInterface
    public interface Rows {
        long address(int row);

        /// Where `count` rows from `first` on begin.
        default void addresses(int first, int count, long[] to) {
            for (int i = 0; i < count; i++) {
                to[i] = address(first + i);
            }
        }
    }

    /// Rows one behind the other.
    public record EvenRows(long address, long rowBytes) implements Rows {
        @Override
        public long address(int row) {
            return address + row * rowBytes;
        }

        @Override
        public void addresses(int first, int count, long[] to) {
            long at = address(first);
            for (int i = 0; i < count; i++, at += rowBytes) {
                to[i] = at;
            }
        }
    }

    private final PanelFormat format;
    private final BlockFormat blocks;
    private final int C;
    private final int[] words = new int[STRIP + 2];
    private final int[] q = new int[8];
    private final int[] quants;
    private final int[] high;
    private final short[] halves = new short[STRIP / 16 * LANES];
    private final short[] halfMins = new short[STRIP / 16 * LANES];
    private final byte[] scales = new byte[STRIP / 16 * LANES];
    private final byte[] mins = new byte[STRIP / 16 * LANES];
    private final short[] supers = new short[STRIP / 256 * LANES];
    private final short[] superMins = new short[STRIP / 256 * LANES];

    private PanelPacking(PanelFormat format, int C) {
        this.format = format;
        this.C = C;
        blocks = format.isQuantized() ? BlockFormat.of(format.type()) : null;
        quants = new int[format.isQuantized() ? STRIP / 32 * format.quantBytes() / 4 : STRIP * LANES * format.bits() / 32];
        high = new int[STRIP / 32 * format.highBytes() / 4];
    }

    /// Packs F rows of C numbers of the format's type into `packed`, which has [PanelFormat#bytes] and begins on a cache line.
    public static void pack(Workers workers, long packed, PanelFormat format, int F, int C, Rows rows) {
        format.bytes(F, C);
        int panels = PanelFormat.panels(F);
        workers.forRange(panels, Math.max(1, Math.min(16, panels / (4 * workers.threads()))), (from, to) -> {
            PanelPacking packing = new PanelPacking(format, C);
            for (long panel = from; panel < to; panel++) {
                packing.panel(packed + panel * format.panelBytes(C), rows, (int) panel * LANES, Math.min(LANES, F - (int) panel * LANES));
            }
        });
    }

    private void panel(long panel, Rows rows, int row, int count) {
        for (int c0 = 0; c0 < C; c0 += STRIP) {
            int columns = Math.min(STRIP, C - c0);
            if (format.isQuantized()) {
                Arrays.fill(high, 0);
                clear(count);
                for (int lane = 0; lane < count; lane++) {
                    load(rows.address(row + lane) + format.type().bytes(c0), (int) format.type().bytes(columns));
                    for (int at = 0, done = 0; done < columns; done += format.type().blockElements(), at += format.type().blockBytes()) {
                        block(at, lane, done);
                    }
                }
                store(panel, c0, columns);
            } else {
                clear(count);
                for (int lane = 0; lane < count; lane++) {
                    plain(rows.address(row + lane) + format.type().bytes(c0), lane, columns);
                }
                int bytes = columns * LANES * format.bits() / 8;
                copyOut(quants, panel + (long) c0 * LANES * format.bits() / 8, bytes);
            }
        }
    }

    /// Rows past the last are zeros, in every region.
    private void clear(int count) {
        if (count < LANES) {
            Arrays.fill(quants, 0);
            Arrays.fill(halves, (short) 0);
            Arrays.fill(halfMins, (short) 0);
            Arrays.fill(scales, (byte) 0);
            Arrays.fill(mins, (byte) 0);
            Arrays.fill(supers, (short) 0);
            Arrays.fill(superMins, (short) 0);
        }
    }

    private void load(long address, int bytes) {
        MemorySegment.copy(Memory.ALL, INT, address, words, 0, bytes / 4);
        if (bytes % 4 != 0) {                                               // reading a whole word might touch what is behind the file
            int word = 0;
            for (int i = 0; i < bytes % 4; i++) {
                word |= (Memory.getByte(address + bytes / 4 * 4 + i) & 0xff) << 8 * i;
            }
            words[bytes / 4] = word;
        }
    }

    /// One block of the file, whose first column is number `column` of the strip.
    private void block(int at, int lane, int column) {
        for (int group = 0; group < format.type().blockElements() / 32; group++) {
            int g = column / 32 + group, nibbles = blocks.nibblesAt(group);
            if (nibbles >= 0) {
                copyNibbles(at + nibbles, g, lane);
                continue;
            }
            blocks.quads(words, at, group, q);
            switch (format.bits()) {
                case 8 -> bytes(g, lane);
                case 5 -> {
                    nibbles(g, lane);
                    fifths(g, lane);
                }
                case 6 -> {
                    nibbles(g, lane);
                    pairs(g, lane);
                }
                default -> nibbles(g, lane);
            }
        }
        int first = column / format.block();
        for (int b = 0; b < format.type().blockElements() / format.block(); b++) {
            int to = (first + b) * LANES + lane, bits = blocks.scaleBits(words, at, b);
            halves[to] = (short) bits;
            scales[to] = (byte) bits;
            if (format.hasMins()) {
                int min = blocks.minBits(words, at, b);
                halfMins[to] = (short) min;
                mins[to] = (byte) min;
            }
        }
        if (format.scale().isSuper()) {
            supers[column / 256 * LANES + lane] = (short) blocks.superScaleBits(words, at);
            superMins[column / 256 * LANES + lane] = (short) (blocks.superMinBits(words, at) ^ 0x8000);
        }
    }

    private void bytes(int group, int lane) {
        int to = group * 128 + lane;
        for (int v = 0; v < 8; v++) {
            quants[to + 16 * v] = q[v];
        }
    }

    private void nibbles(int group, int lane) {
        int to = group * 64 + lane;
        for (int v = 0; v < 4; v++) {
            quants[to + 16 * v] = q[v] & Bits.NIBBLES | (q[v + 4] & Bits.NIBBLES) << 4;
        }
    }

    private void copyNibbles(int at, int group, int lane) {
        int to = group * 64 + lane, from = at >> 2, shift = 8 * (at & 3);
        if (shift == 0) {
            for (int v = 0; v < 4; v++) {
                quants[to + 16 * v] = words[from + v];
            }
        } else {
            for (int v = 0; v < 4; v++) {
                quants[to + 16 * v] = words[from + v] >>> shift | words[from + v + 1] << 32 - shift;
            }
        }
    }

    private void fifths(int group, int lane) {
        int to = group * 16 + lane / 8, shift = 4 * (lane % 8);
        for (int v = 0; v < 8; v++) {
            high[to + 2 * v] |= ((q[v] >>> 4 & Bits.ONES) * 0x1020_4080 >>> 28) << shift;         // the lowest bits of four bytes side by side
        }
    }

    private void pairs(int group, int lane) {
        int to = group * 32 + lane;
        for (int h = 0; h < 2; h++) {
            int upper = 0;
            for (int t = 0; t < 4; t++) {
                upper |= (q[4 * h + t] >>> 4 & 0x0303_0303) << 2 * t;
            }
            high[to + 16 * h] = upper;
        }
    }

    private void store(long panel, int c0, int columns) {
        int groups = columns / 32, firstBlock = c0 / format.block(), count = columns / format.block() * LANES;
        copyOut(quants, panel + (long) c0 / 32 * format.quantBytes(), groups * format.quantBytes());
        copyOut(high, panel + format.highAt(C) + (long) c0 / 32 * format.highBytes(), groups * format.highBytes());
        region(format.scale(), panel + format.scalesAt(C), firstBlock, count, halves, scales);
        region(format.mins(), panel + format.minsAt(C), firstBlock, count, halfMins, mins);
        if (format.scale().isSuper()) {
            long at = 2L * (c0 / 256) * LANES;
            MemorySegment.copy(supers, 0, Memory.ALL, SHORT, panel + format.superScalesAt(C) + at, columns / 256 * LANES);
            if (format.mins().isSuper()) {
                MemorySegment.copy(superMins, 0, Memory.ALL, SHORT, panel + format.superMinsAt(C) + at, columns / 256 * LANES);
            }
        }
    }

    private static void region(PanelFormat.Scale kind, long region, int firstBlock, int count, short[] halves, byte[] bytes) {
        long to = region + (long) firstBlock * LANES * kind.bytes;
        switch (kind) {
            case NONE -> { }
            case HALF -> MemorySegment.copy(halves, 0, Memory.ALL, SHORT, to, count);
            case SUPER, SUPER_SIGNED, POWER -> MemorySegment.copy(bytes, 0, Memory.ALL, ValueLayout.JAVA_BYTE, to, count);
        }
    }

    private static void copyOut(int[] from, long to, int bytes) {
        MemorySegment.copy(from, 0, Memory.ALL, INT, to, bytes / 4);
    }

    /// Numbers without blocks: 16 rows side by side. Two of 16 bits share an int, the even lane in its low half.
    private void plain(long row, int lane, int columns) {
        if (format.type() == DType.F32) {
            load(row, 4 * columns);
            for (int c = 0; c < columns; c++) {
                quants[c * LANES + lane] = words[c];
            }
            return;
        }
        load(row, 2 * columns);
        int mask = 0xffff << 16 * (lane % 2), to = lane / 2;
        for (int c = 0; c < columns; c++, to += LANES / 2) {
            int number = words[c >> 1] >>> 16 * (c & 1) & 0xffff;
            quants[to] = quants[to] & ~mask | number << 16 * (lane % 2);
        }
    }
}
