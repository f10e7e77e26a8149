package dev.jackdaw.tensor;

import java.nio.file.Path;

/// Every JVM property this project reads, in one place.
///
/// | property              | meaning                                                        | default            |
/// |-----------------------|----------------------------------------------------------------|--------------------|
/// | `jackdaw.kernels`     | `simd` or `scalar`                                             | `simd` if possible |
/// | `jackdaw.vectorBits`  | vector width the kernels use: 128, 256 or 512                  | the machine's      |
/// | `jackdaw.isa`         | machine code: up to `avx512`, `avx2`, or `none`                | the machine's      |
/// | `jackdaw.threads`     | threads of the default worker pool                             | all processors     |
/// | `jackdaw.data`        | our folder of models; before the variable `JACKDAW_HOME`       | `~/.jackdaw`       |
/// | `jackdaw.hub`         | where `pull hf.co/…` asks; before the variable `HF_ENDPOINT`   | huggingface.co     |
public final class Switches {
    public static final boolean SCALAR = "scalar".equals(System.getProperty("jackdaw.kernels"));
    /// 0: as wide as the machine.
    public static final int VECTOR_BITS = Integer.getInteger("jackdaw.vectorBits", 0);
    /// Null: everything the processor has; see `kernel.asm.Isa`.
    public static final String ISA = System.getProperty("jackdaw.isa");
    public static final int THREADS = Integer.getInteger("jackdaw.threads", Runtime.getRuntime().availableProcessors());

    private Switches() {
    }

    /// Where models by name and other things that outlive a run are kept.
    public static Path data() {
        return Path.of(either("jackdaw.data", "JACKDAW_HOME", System.getProperty("user.home") + "/.jackdaw"));
    }

    public static String hub() {
        return either("jackdaw.hub", "HF_ENDPOINT", "https://huggingface.co");
    }

    private static String either(String property, String variable, String otherwise) {
        String value = System.getProperty(property, System.getenv(variable));
        return value == null || value.isBlank() ? otherwise : value;
    }
}
