package dev.jackdaw.tensor;

/// How a [Device] multiplies x with packed weights that have eight bits or fewer; see `kernel/QuantMatMul`. One way for every number of rows.
public enum Activations {
    /// x as it is. The same bits as with weights unpacked to F32.
    F32,
    /// x rounded to eight bits, a scale for every 32 numbers. Much faster where the processor multiplies bytes.
    Q8;

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
