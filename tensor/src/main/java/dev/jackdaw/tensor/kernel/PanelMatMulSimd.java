package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// [PanelMatMul] with the Vector API. One kernel walks along c over four vectors of weights, each with its own stream of memory, and
/// up to six rows of x: at 512 bits four panels side by side, at 256 two panels as two halves each, at 128 one panel in quarters.
public final class PanelMatMulSimd implements PanelMatMul {
    private static final VectorSpecies<Float> F = Vectors.FLOATS;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final int VECTOR_BYTES = F.vectorByteSize();
    private static final int STEP_BYTES = 4 * PANEL;
    private static final int VECTORS_PER_PANEL = PANEL / F.length();
    /// Panels that the four streams of one kernel cover.
    private static final int GROUP = 4 / VECTORS_PER_PANEL;
    /// Rows of x in a part of a job: enough to earn back reading the weights, few enough to share out.
    private static final int ROW_BLOCK = 96;

    @Override
    public void multiply(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, int F, int C) {
        PanelMatMul.check(yRow, xRow, rows, F, C);
        int full = F / PANEL;
        int groups = (full + GROUP - 1) / GROUP;
        int rowBlocks = (rows + ROW_BLOCK - 1) / ROW_BLOCK;
        int ragged = F % PANEL;
        workers.run((groups + (ragged > 0 ? 1 : 0)) * rowBlocks, part -> {
            int group = part / rowBlocks;
            int n0 = part % rowBlocks * ROW_BLOCK;
            int n = Math.min(ROW_BLOCK, rows - n0);
            long yNow = y + 4 * n0 * yRow;
            long xNow = x + 4 * n0 * xRow;
            if (group < groups) {
                group(yNow, 4 * yRow, xNow, 4 * xRow, n, packed, group * GROUP, full - 1, C);
            } else {
                ragged(yNow + 4L * PANEL * full, 4 * yRow, xNow, 4 * xRow, n, packed + 4L * PANEL * full * C, ragged, C);
            }
        });
    }

    /// Panels `panel` to `panel + GROUP`. Past the last full panel the streams repeat it: the same numbers, stored twice.
    private static void group(long y, long yRow, long x, long xRow, int rows, long packed, int panel, int last, int C) {
        long y0 = y + stream(panel, last, 0, STEP_BYTES);
        long y1 = y + stream(panel, last, 1, STEP_BYTES);
        long y2 = y + stream(panel, last, 2, STEP_BYTES);
        long y3 = y + stream(panel, last, 3, STEP_BYTES);
        long w0 = packed + stream(panel, last, 0, (long) STEP_BYTES * C);
        long w1 = packed + stream(panel, last, 1, (long) STEP_BYTES * C);
        long w2 = packed + stream(panel, last, 2, (long) STEP_BYTES * C);
        long w3 = packed + stream(panel, last, 3, (long) STEP_BYTES * C);
        for (int c0 = 0; c0 < C; c0 += BLOCK) {
            int k = Math.min(BLOCK, C - c0);
            boolean add = c0 > 0;
            long w = (long) STEP_BYTES * c0;
            int n = 0;
            for (; n + 6 <= rows; n += 6) {
                long at = n * yRow;
                rows6(y0 + at, y1 + at, y2 + at, y3 + at, yRow, add, x + n * xRow + 4L * c0, xRow, w0 + w, w1 + w, w2 + w, w3 + w, k);
            }
            if (n + 4 <= rows) {
                long at = n * yRow;
                rows4(y0 + at, y1 + at, y2 + at, y3 + at, yRow, add, x + n * xRow + 4L * c0, xRow, w0 + w, w1 + w, w2 + w, w3 + w, k);
                n += 4;
            }
            if (n + 2 <= rows) {
                long at = n * yRow;
                rows2(y0 + at, y1 + at, y2 + at, y3 + at, yRow, add, x + n * xRow + 4L * c0, xRow, w0 + w, w1 + w, w2 + w, w3 + w, k);
                n += 2;
            }
            if (n < rows) {
                long at = n * yRow;
                rows1(y0 + at, y1 + at, y2 + at, y3 + at, yRow, add, x + n * xRow + 4L * c0, xRow, w0 + w, w1 + w, w2 + w, w3 + w, k);
            }
        }
    }

    /// Byte offset of stream `i` of the group that starts at `panel`, where a panel takes `panelBytes`.
    private static long stream(int panel, int last, int i, long panelBytes) {
        return Math.min(last, panel + i / VECTORS_PER_PANEL) * panelBytes + (long) i % VECTORS_PER_PANEL * VECTOR_BYTES;
    }

    /// The last panel when only `lanes` of its rows exist: one vector at a time, stored under a mask.
    private static void ragged(long y, long yRow, long x, long xRow, int rows, long w, int lanes, int C) {
        for (int part = 0; part < VECTORS_PER_PANEL && part * F.length() < lanes; part++) {
            VectorMask<Float> exists = F.indexInRange(part * F.length(), lanes);
            for (int n = 0; n < rows; n++) {
                for (int c0 = 0; c0 < C; c0 += BLOCK) {
                    ragged(y + n * yRow + part * VECTOR_BYTES, c0 > 0, x + n * xRow + 4L * c0,
                           w + (long) part * VECTOR_BYTES + (long) STEP_BYTES * c0, Math.min(BLOCK, C - c0), exists);
                }
            }
        }
    }

    private static void ragged(long y, boolean add, long x, long w, int k, VectorMask<Float> exists) {
        FloatVector sum = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            FloatVector b = FloatVector.fromMemorySegment(F, Memory.ALL, w + (long) STEP_BYTES * p, ORDER);
            sum = FloatVector.broadcast(F, Memory.getFloat(x + 4L * p)).fma(b, sum);
        }
        if (add) {
            FloatVector.fromMemorySegment(F, Memory.ALL, y, ORDER, exists).add(sum).intoMemorySegment(Memory.ALL, y, ORDER, exists);
        } else {
            sum.intoMemorySegment(Memory.ALL, y, ORDER, exists);
        }
    }

    private static void rows1(long y0, long y1, long y2, long y3, long yRow, boolean add, long x, long xRow,
                              long w0, long w1, long w2, long w3, int k) {
        FloatVector s00 = FloatVector.zero(F), s01 = FloatVector.zero(F), s02 = FloatVector.zero(F), s03 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = (long) STEP_BYTES * p;
            FloatVector b0 = FloatVector.fromMemorySegment(F, Memory.ALL, w0 + at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, Memory.ALL, w1 + at, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(F, Memory.ALL, w2 + at, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(F, Memory.ALL, w3 + at, ORDER);
            long xp = x + 4L * p;
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(xp));
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            s03 = a0.fma(b3, s03);
        }
        if (add) {
            FloatVector.fromMemorySegment(F, Memory.ALL, y0, ORDER).add(s00).intoMemorySegment(Memory.ALL, y0, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1, ORDER).add(s01).intoMemorySegment(Memory.ALL, y1, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2, ORDER).add(s02).intoMemorySegment(Memory.ALL, y2, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3, ORDER).add(s03).intoMemorySegment(Memory.ALL, y3, ORDER);
        } else {
            s00.intoMemorySegment(Memory.ALL, y0, ORDER);
            s01.intoMemorySegment(Memory.ALL, y1, ORDER);
            s02.intoMemorySegment(Memory.ALL, y2, ORDER);
            s03.intoMemorySegment(Memory.ALL, y3, ORDER);
        }
    }

    private static void rows2(long y0, long y1, long y2, long y3, long yRow, boolean add, long x, long xRow,
                              long w0, long w1, long w2, long w3, int k) {
        FloatVector s00 = FloatVector.zero(F), s01 = FloatVector.zero(F), s02 = FloatVector.zero(F), s03 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F), s11 = FloatVector.zero(F), s12 = FloatVector.zero(F), s13 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = (long) STEP_BYTES * p;
            FloatVector b0 = FloatVector.fromMemorySegment(F, Memory.ALL, w0 + at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, Memory.ALL, w1 + at, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(F, Memory.ALL, w2 + at, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(F, Memory.ALL, w3 + at, ORDER);
            long xp = x + 4L * p;
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(xp));
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            s03 = a0.fma(b3, s03);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(xp + xRow));
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            s12 = a1.fma(b2, s12);
            s13 = a1.fma(b3, s13);
        }
        if (add) {
            FloatVector.fromMemorySegment(F, Memory.ALL, y0, ORDER).add(s00).intoMemorySegment(Memory.ALL, y0, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1, ORDER).add(s01).intoMemorySegment(Memory.ALL, y1, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2, ORDER).add(s02).intoMemorySegment(Memory.ALL, y2, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3, ORDER).add(s03).intoMemorySegment(Memory.ALL, y3, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + yRow, ORDER).add(s10).intoMemorySegment(Memory.ALL, y0 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + yRow, ORDER).add(s11).intoMemorySegment(Memory.ALL, y1 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + yRow, ORDER).add(s12).intoMemorySegment(Memory.ALL, y2 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + yRow, ORDER).add(s13).intoMemorySegment(Memory.ALL, y3 + yRow, ORDER);
        } else {
            s00.intoMemorySegment(Memory.ALL, y0, ORDER);
            s01.intoMemorySegment(Memory.ALL, y1, ORDER);
            s02.intoMemorySegment(Memory.ALL, y2, ORDER);
            s03.intoMemorySegment(Memory.ALL, y3, ORDER);
            s10.intoMemorySegment(Memory.ALL, y0 + yRow, ORDER);
            s11.intoMemorySegment(Memory.ALL, y1 + yRow, ORDER);
            s12.intoMemorySegment(Memory.ALL, y2 + yRow, ORDER);
            s13.intoMemorySegment(Memory.ALL, y3 + yRow, ORDER);
        }
    }

    private static void rows4(long y0, long y1, long y2, long y3, long yRow, boolean add, long x, long xRow,
                              long w0, long w1, long w2, long w3, int k) {
        FloatVector s00 = FloatVector.zero(F), s01 = FloatVector.zero(F), s02 = FloatVector.zero(F), s03 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F), s11 = FloatVector.zero(F), s12 = FloatVector.zero(F), s13 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F), s21 = FloatVector.zero(F), s22 = FloatVector.zero(F), s23 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F), s31 = FloatVector.zero(F), s32 = FloatVector.zero(F), s33 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = (long) STEP_BYTES * p;
            FloatVector b0 = FloatVector.fromMemorySegment(F, Memory.ALL, w0 + at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, Memory.ALL, w1 + at, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(F, Memory.ALL, w2 + at, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(F, Memory.ALL, w3 + at, ORDER);
            long xp = x + 4L * p;
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(xp));
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            s03 = a0.fma(b3, s03);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(xp + xRow));
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            s12 = a1.fma(b2, s12);
            s13 = a1.fma(b3, s13);
            FloatVector a2 = FloatVector.broadcast(F, Memory.getFloat(xp + 2 * xRow));
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            s22 = a2.fma(b2, s22);
            s23 = a2.fma(b3, s23);
            FloatVector a3 = FloatVector.broadcast(F, Memory.getFloat(xp + 3 * xRow));
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            s32 = a3.fma(b2, s32);
            s33 = a3.fma(b3, s33);
        }
        if (add) {
            FloatVector.fromMemorySegment(F, Memory.ALL, y0, ORDER).add(s00).intoMemorySegment(Memory.ALL, y0, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1, ORDER).add(s01).intoMemorySegment(Memory.ALL, y1, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2, ORDER).add(s02).intoMemorySegment(Memory.ALL, y2, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3, ORDER).add(s03).intoMemorySegment(Memory.ALL, y3, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + yRow, ORDER).add(s10).intoMemorySegment(Memory.ALL, y0 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + yRow, ORDER).add(s11).intoMemorySegment(Memory.ALL, y1 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + yRow, ORDER).add(s12).intoMemorySegment(Memory.ALL, y2 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + yRow, ORDER).add(s13).intoMemorySegment(Memory.ALL, y3 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + 2 * yRow, ORDER).add(s20).intoMemorySegment(Memory.ALL, y0 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + 2 * yRow, ORDER).add(s21).intoMemorySegment(Memory.ALL, y1 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + 2 * yRow, ORDER).add(s22).intoMemorySegment(Memory.ALL, y2 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + 2 * yRow, ORDER).add(s23).intoMemorySegment(Memory.ALL, y3 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + 3 * yRow, ORDER).add(s30).intoMemorySegment(Memory.ALL, y0 + 3 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + 3 * yRow, ORDER).add(s31).intoMemorySegment(Memory.ALL, y1 + 3 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + 3 * yRow, ORDER).add(s32).intoMemorySegment(Memory.ALL, y2 + 3 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + 3 * yRow, ORDER).add(s33).intoMemorySegment(Memory.ALL, y3 + 3 * yRow, ORDER);
        } else {
            s00.intoMemorySegment(Memory.ALL, y0, ORDER);
            s01.intoMemorySegment(Memory.ALL, y1, ORDER);
            s02.intoMemorySegment(Memory.ALL, y2, ORDER);
            s03.intoMemorySegment(Memory.ALL, y3, ORDER);
            s10.intoMemorySegment(Memory.ALL, y0 + yRow, ORDER);
            s11.intoMemorySegment(Memory.ALL, y1 + yRow, ORDER);
            s12.intoMemorySegment(Memory.ALL, y2 + yRow, ORDER);
            s13.intoMemorySegment(Memory.ALL, y3 + yRow, ORDER);
            s20.intoMemorySegment(Memory.ALL, y0 + 2 * yRow, ORDER);
            s21.intoMemorySegment(Memory.ALL, y1 + 2 * yRow, ORDER);
            s22.intoMemorySegment(Memory.ALL, y2 + 2 * yRow, ORDER);
            s23.intoMemorySegment(Memory.ALL, y3 + 2 * yRow, ORDER);
            s30.intoMemorySegment(Memory.ALL, y0 + 3 * yRow, ORDER);
            s31.intoMemorySegment(Memory.ALL, y1 + 3 * yRow, ORDER);
            s32.intoMemorySegment(Memory.ALL, y2 + 3 * yRow, ORDER);
            s33.intoMemorySegment(Memory.ALL, y3 + 3 * yRow, ORDER);
        }
    }

    private static void rows6(long y0, long y1, long y2, long y3, long yRow, boolean add, long x, long xRow,
                              long w0, long w1, long w2, long w3, int k) {
        FloatVector s00 = FloatVector.zero(F), s01 = FloatVector.zero(F), s02 = FloatVector.zero(F), s03 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F), s11 = FloatVector.zero(F), s12 = FloatVector.zero(F), s13 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F), s21 = FloatVector.zero(F), s22 = FloatVector.zero(F), s23 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F), s31 = FloatVector.zero(F), s32 = FloatVector.zero(F), s33 = FloatVector.zero(F);
        FloatVector s40 = FloatVector.zero(F), s41 = FloatVector.zero(F), s42 = FloatVector.zero(F), s43 = FloatVector.zero(F);
        FloatVector s50 = FloatVector.zero(F), s51 = FloatVector.zero(F), s52 = FloatVector.zero(F), s53 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = (long) STEP_BYTES * p;
            FloatVector b0 = FloatVector.fromMemorySegment(F, Memory.ALL, w0 + at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, Memory.ALL, w1 + at, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(F, Memory.ALL, w2 + at, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(F, Memory.ALL, w3 + at, ORDER);
            long xp = x + 4L * p;
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(xp));
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            s03 = a0.fma(b3, s03);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(xp + xRow));
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            s12 = a1.fma(b2, s12);
            s13 = a1.fma(b3, s13);
            FloatVector a2 = FloatVector.broadcast(F, Memory.getFloat(xp + 2 * xRow));
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            s22 = a2.fma(b2, s22);
            s23 = a2.fma(b3, s23);
            FloatVector a3 = FloatVector.broadcast(F, Memory.getFloat(xp + 3 * xRow));
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            s32 = a3.fma(b2, s32);
            s33 = a3.fma(b3, s33);
            FloatVector a4 = FloatVector.broadcast(F, Memory.getFloat(xp + 4 * xRow));
            s40 = a4.fma(b0, s40);
            s41 = a4.fma(b1, s41);
            s42 = a4.fma(b2, s42);
            s43 = a4.fma(b3, s43);
            FloatVector a5 = FloatVector.broadcast(F, Memory.getFloat(xp + 5 * xRow));
            s50 = a5.fma(b0, s50);
            s51 = a5.fma(b1, s51);
            s52 = a5.fma(b2, s52);
            s53 = a5.fma(b3, s53);
        }
        if (add) {
            FloatVector.fromMemorySegment(F, Memory.ALL, y0, ORDER).add(s00).intoMemorySegment(Memory.ALL, y0, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1, ORDER).add(s01).intoMemorySegment(Memory.ALL, y1, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2, ORDER).add(s02).intoMemorySegment(Memory.ALL, y2, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3, ORDER).add(s03).intoMemorySegment(Memory.ALL, y3, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + yRow, ORDER).add(s10).intoMemorySegment(Memory.ALL, y0 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + yRow, ORDER).add(s11).intoMemorySegment(Memory.ALL, y1 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + yRow, ORDER).add(s12).intoMemorySegment(Memory.ALL, y2 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + yRow, ORDER).add(s13).intoMemorySegment(Memory.ALL, y3 + yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + 2 * yRow, ORDER).add(s20).intoMemorySegment(Memory.ALL, y0 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + 2 * yRow, ORDER).add(s21).intoMemorySegment(Memory.ALL, y1 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + 2 * yRow, ORDER).add(s22).intoMemorySegment(Memory.ALL, y2 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + 2 * yRow, ORDER).add(s23).intoMemorySegment(Memory.ALL, y3 + 2 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + 3 * yRow, ORDER).add(s30).intoMemorySegment(Memory.ALL, y0 + 3 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + 3 * yRow, ORDER).add(s31).intoMemorySegment(Memory.ALL, y1 + 3 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + 3 * yRow, ORDER).add(s32).intoMemorySegment(Memory.ALL, y2 + 3 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + 3 * yRow, ORDER).add(s33).intoMemorySegment(Memory.ALL, y3 + 3 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + 4 * yRow, ORDER).add(s40).intoMemorySegment(Memory.ALL, y0 + 4 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + 4 * yRow, ORDER).add(s41).intoMemorySegment(Memory.ALL, y1 + 4 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + 4 * yRow, ORDER).add(s42).intoMemorySegment(Memory.ALL, y2 + 4 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + 4 * yRow, ORDER).add(s43).intoMemorySegment(Memory.ALL, y3 + 4 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y0 + 5 * yRow, ORDER).add(s50).intoMemorySegment(Memory.ALL, y0 + 5 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y1 + 5 * yRow, ORDER).add(s51).intoMemorySegment(Memory.ALL, y1 + 5 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y2 + 5 * yRow, ORDER).add(s52).intoMemorySegment(Memory.ALL, y2 + 5 * yRow, ORDER);
            FloatVector.fromMemorySegment(F, Memory.ALL, y3 + 5 * yRow, ORDER).add(s53).intoMemorySegment(Memory.ALL, y3 + 5 * yRow, ORDER);
        } else {
            s00.intoMemorySegment(Memory.ALL, y0, ORDER);
            s01.intoMemorySegment(Memory.ALL, y1, ORDER);
            s02.intoMemorySegment(Memory.ALL, y2, ORDER);
            s03.intoMemorySegment(Memory.ALL, y3, ORDER);
            s10.intoMemorySegment(Memory.ALL, y0 + yRow, ORDER);
            s11.intoMemorySegment(Memory.ALL, y1 + yRow, ORDER);
            s12.intoMemorySegment(Memory.ALL, y2 + yRow, ORDER);
            s13.intoMemorySegment(Memory.ALL, y3 + yRow, ORDER);
            s20.intoMemorySegment(Memory.ALL, y0 + 2 * yRow, ORDER);
            s21.intoMemorySegment(Memory.ALL, y1 + 2 * yRow, ORDER);
            s22.intoMemorySegment(Memory.ALL, y2 + 2 * yRow, ORDER);
            s23.intoMemorySegment(Memory.ALL, y3 + 2 * yRow, ORDER);
            s30.intoMemorySegment(Memory.ALL, y0 + 3 * yRow, ORDER);
            s31.intoMemorySegment(Memory.ALL, y1 + 3 * yRow, ORDER);
            s32.intoMemorySegment(Memory.ALL, y2 + 3 * yRow, ORDER);
            s33.intoMemorySegment(Memory.ALL, y3 + 3 * yRow, ORDER);
            s40.intoMemorySegment(Memory.ALL, y0 + 4 * yRow, ORDER);
            s41.intoMemorySegment(Memory.ALL, y1 + 4 * yRow, ORDER);
            s42.intoMemorySegment(Memory.ALL, y2 + 4 * yRow, ORDER);
            s43.intoMemorySegment(Memory.ALL, y3 + 4 * yRow, ORDER);
            s50.intoMemorySegment(Memory.ALL, y0 + 5 * yRow, ORDER);
            s51.intoMemorySegment(Memory.ALL, y1 + 5 * yRow, ORDER);
            s52.intoMemorySegment(Memory.ALL, y2 + 5 * yRow, ORDER);
            s53.intoMemorySegment(Memory.ALL, y3 + 5 * yRow, ORDER);
        }
    }

}
