package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.QuantMatMul;
import java.util.Locale;

/// How a [Device] multiplies x with packed weights that have eight bits or fewer; see `kernel/QuantMatMul`. One way for every number of rows.
public enum Activations {
    /// x as it is. The same bits as with weights unpacked to F32.
    F32,
    /// x rounded to eight bits, a scale for every 32 numbers. Much faster where the processor multiplies bytes.
    Q8;

    /// The faster way on this machine: Q8 if its own instructions multiply bytes, else F32.
    public static Activations fast() {
        try (QuantMatMul kernels = QuantMatMul.fastest()) {
            return kernels.multipliesBytes() ? Q8 : F32;
        }
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
