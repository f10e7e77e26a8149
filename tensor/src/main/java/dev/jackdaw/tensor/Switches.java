package dev.jackdaw.tensor;

/// Every JVM property this project reads, in one place.
///
/// | property              | meaning                                                        | default            |
/// |-----------------------|----------------------------------------------------------------|--------------------|
/// | `jackdaw.kernels`     | `simd` or `scalar`                                             | `simd` if possible |
/// | `jackdaw.vectorBits`  | vector width the kernels use: 128, 256 or 512                  | the machine's      |
/// | `jackdaw.threads`     | threads of the default worker pool                             | all processors     |
public final class Switches {
    public static final boolean SCALAR = "scalar".equals(System.getProperty("jackdaw.kernels"));
    /// 0: as wide as the machine.
    public static final int VECTOR_BITS = Integer.getInteger("jackdaw.vectorBits", 0);
    public static final int THREADS = Integer.getInteger("jackdaw.threads", Runtime.getRuntime().availableProcessors());

    private Switches() {
    }
}
