package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.Workers;

/// The linear layer of inference: `y[n,f] = Σ_c x[n,c] · w[f,c]`, x `[N,C]`, w `[F,C]` packed once, y `[N,F]`, all F32.
///
/// The packed weight is cut into panels of [#PANEL] output rows; inside a panel the 16 weights that meet the same `x[c]` lie side by
/// side: `[F/16][C][16]`, the last panel filled up with zeros. So one row of x and many rows of x read the same memory in the same
/// direction, with one broadcast of x for every 16 weights and no sums across lanes.
///
/// The sum over c is taken in blocks of [#BLOCK]: inside a block by fused multiply-adds in order, then block after block. That order
/// never changes, so the bits of a row of y depend on that row of x alone: not on the rows beside it, the threads, or the vector width.
public interface PanelMatMul {
    /// Output rows in a panel: one 512-bit vector, two of 256, four of 128.
    int PANEL = 16;
    /// Steps of c summed before the block is added to y: four panels of that length take 128 KB and stay in the second-level cache while many
    /// rows of x pass by.
    int BLOCK = 512;

    /// The fast version where the Vector API is there, else the reference.
    static PanelMatMul fastest() {
        return Switches.SCALAR || ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty() ? new Reference() : new PanelMatMulSimd();
    }

    /// `y[n,f] = Σ_c x[n,c] · w[f,c]` for n < `rows`.
    ///
    /// @param y      rows of F numbers, `yRow` apart (strides count elements)
    /// @param x      rows of C numbers, `xRow` apart; must not overlap y
    /// @param packed the weight in panels of F32, see [dev.jackdaw.tensor.quant.PanelFormat]
    void multiply(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, int F, int C);

    static void check(long yRow, long xRow, int rows, int F, int C) {
        if (rows < 0 || F < 1 || C < 1 || (rows > 1 && (yRow < F || xRow < C))) {
            throw new IllegalArgumentException("linear: " + rows + " rows of x [" + C + "], " + xRow + " apart, by weight [" + F + "," + C
                    + "] into rows of y " + yRow + " apart; rows must not overlap and sizes must be positive");
        }
    }

    /// Plain loops in the order promised above: the same bits as the fast version.
    final class Reference implements PanelMatMul {
        @Override
        public void multiply(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, int F, int C) {
            check(yRow, xRow, rows, F, C);
            workers.forRange(F, 64, (from, to) -> {
                for (int n = 0; n < rows; n++) {
                    for (long f = from; f < to; f++) {
                        long w = packed + 4 * (f / PANEL * PANEL * C + f % PANEL);
                        float sum = 0;
                        for (int c0 = 0; c0 < C; c0 += BLOCK) {
                            float block = 0;
                            for (int c = c0; c < Math.min(C, c0 + BLOCK); c++) {
                                block = Math.fma(Memory.getFloat(x + 4 * (n * xRow + c)), Memory.getFloat(w + 4L * PANEL * c), block);
                            }
                            sum = c0 == 0 ? block : sum + block;
                        }
                        Memory.putFloat(y + 4 * (n * yRow + f), sum);
                    }
                }
            });
        }
    }
}
