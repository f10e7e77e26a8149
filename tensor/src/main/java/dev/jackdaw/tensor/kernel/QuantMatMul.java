package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import dev.jackdaw.tensor.kernel.asm.QuantCode;
import dev.jackdaw.tensor.quant.PanelFormat;

/// The linear layer of inference over weights of any number format: `y[n,f] = Σ_c x[n,c] · w[f,c]`, w packed as its [PanelFormat] says.
///
/// There are two ways to multiply; each gives the same bits for a row of x whatever rows are beside it, on any number of threads, with
/// any instruction set:
///
/// ```
/// F32    w is unpacked exactly, and summed in the order of PanelMatMul: blocks of 512 columns, inside them fused multiply-adds in order.
/// q8     x is quantised too (ActivationBlocks). For each block of w's columns, in order:
///        isum = Σ q_w · q_x − zero · Σ q_x        whole numbers, exact
///        sum  = fma((float) isum, scale · d, sum)
///        sum  = fma(min, d·Σq, sum)               where the format has mins
/// ```
///
/// One caller at a time: implementations keep scratch memory.
public interface QuantMatMul extends AutoCloseable {
    /// MachineCode code where this machine and [Switches] allow it, else the Vector API, else the reference.
    static QuantMatMul fastest() {
        if (Switches.SCALAR) {
            return new Reference();
        }
        QuantMatMul portable = ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty() ? new Reference() : new QuantMatMulSimd();
        QuantCode code = QuantCode.of(MachineCode.current().isa());
        return code == null ? portable : new QuantMatMulAsm(code, portable);
    }

    /// Quantises `rows` rows of C numbers, `xRow` apart, into rows of [ActivationBlocks]. C is a multiple of 32.
    void quantize(Workers workers, long activations, long x, long xRow, int rows, int C);

    /// q8.
    ///
    /// @param y           rows of F numbers, `yRow` apart (strides count elements)
    /// @param activations from [#quantize]
    /// @param packed      a weight of quantised format, on a cache line
    void multiply(Workers workers, long y, long yRow, long activations, int rows, long packed, PanelFormat format, int F, int C);

    /// F32.
    ///
    /// @param x rows of C numbers, `xRow` apart; must not overlap y
    void multiplyExact(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, PanelFormat format, int F, int C);

    /// Bytes held for this object itself.
    default long scratchBytes() {
        return 0;
    }

    /// Whether [#multiply] is faster than [#multiplyExact].
    default boolean multipliesBytes() {
        return false;
    }

    @Override
    default void close() {
    }

    static void check(long yRow, int rows, PanelFormat format, int F, int C) {
        if (rows < 0 || F < 1 || C < 1 || C % format.columns() != 0 || rows > 1 && yRow < F) {
            throw new IllegalArgumentException("linear: " + rows + " rows by weight " + format + "[" + F + "," + C + "] into rows of y " + yRow
                    + " apart; sizes must be positive, rows must not overlap, and columns must fill blocks of " + format.columns());
        }
    }

    static void checkQuantized(long yRow, int rows, PanelFormat format, int F, int C) {
        check(yRow, rows, format, F, C);
        if (!format.isQuantized()) {
            throw new IllegalArgumentException("linear: x is quantised only for quantised weights; found " + format + ", use float32 activations");
        }
    }

    /// Plain loops in the order promised above.
    final class Reference implements QuantMatMul {
        private static final int LANES = PanelFormat.LANES;

        @Override
        public void quantize(Workers workers, long activations, long x, long xRow, int rows, int C) {
            workers.run(rows, n -> ActivationBlocks.SCALAR.quantize(activations + n * ActivationBlocks.rowBytes(C), x + 4 * n * xRow, 0, C / ActivationBlocks.COLUMNS));
        }

        @Override
        public void multiply(Workers workers, long y, long yRow, long activations, int rows, long packed, PanelFormat format, int F, int C) {
            checkQuantized(yRow, rows, format, F, C);
            workers.forRange(F, 64, (from, to) -> {
                for (int n = 0; n < rows; n++) {
                    for (long f = from; f < to; f++) {
                        long panel = packed + f / LANES * format.panelBytes(C);
                        Memory.putFloat(y + 4 * (n * yRow + f), sum(activations + n * ActivationBlocks.rowBytes(C), panel, format, (int) (f % LANES), C));
                    }
                }
            });
        }

        private static float sum(long x, long panel, PanelFormat format, int lane, int C) {
            float sum = 0;
            for (int c0 = 0; c0 < C; c0 += format.block()) {
                long block = x + (long) c0 / ActivationBlocks.COLUMNS * ActivationBlocks.BYTES;
                int half = format.block() == ActivationBlocks.COLUMNS ? 0 : 4 * (1 + c0 / format.block() % 2);        // which of the three sums
                int isum = -format.zero() * Memory.getInt(block + ActivationBlocks.SUM + half);
                for (int c = c0; c < c0 + format.block(); c++) {
                    isum += format.quant(panel, C, lane, c) * Memory.getByte(block + c % ActivationBlocks.COLUMNS);
                }
                sum = Math.fma((float) isum, format.scale(panel, C, lane, c0) * Memory.getFloat(block + ActivationBlocks.SCALE), sum);
                if (format.hasMins()) {
                    sum = Math.fma(format.min(panel, C, lane, c0), Memory.getFloat(block + ActivationBlocks.SCALED_SUM + half), sum);
                }
            }
            return sum;
        }

        @Override
        public void multiplyExact(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, PanelFormat format, int F, int C) {
            check(yRow, rows, format, F, C);
            workers.forRange(F, 64, (from, to) -> {
                for (int n = 0; n < rows; n++) {
                    for (long f = from; f < to; f++) {
                        long panel = packed + f / LANES * format.panelBytes(C);
                        float sum = 0;
                        for (int c0 = 0; c0 < C; c0 += PanelMatMul.BLOCK) {
                            float block = 0;
                            for (int c = c0; c < Math.min(C, c0 + PanelMatMul.BLOCK); c++) {
                                block = Math.fma(Memory.getFloat(x + 4 * (n * xRow + c)), format.weight(panel, C, (int) (f % LANES), c), block);
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
