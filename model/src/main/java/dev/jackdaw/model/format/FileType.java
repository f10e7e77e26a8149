package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import java.util.Arrays;
import java.util.Locale;

/// What a GGUF file says it is made of (`general.file_type`, with the numbers of llama.cpp): the type of most weights, and by how much
/// those that matter more are better. Which tensor gets what is decided by [Mixture].
///
/// | name | idea |
/// |------|------|
/// | `…_S`, `…_M`, `…_L` | small, medium, large: how many tensors get a better type |
/// | `MXFP4_MOE` | experts MXFP4, all else Q8_0 |
/// | the others | one type, but for the output head, and what does not fit |
public enum FileType {
    F32(0, DType.F32), F16(1, DType.F16), BF16(32, DType.BF16),
    Q4_0(2, DType.Q4_0), Q4_1(3, DType.Q4_1), Q5_0(8, DType.Q5_0), Q5_1(9, DType.Q5_1), Q8_0(7, DType.Q8_0),
    Q2_K(10, DType.Q2_K), Q2_K_S(21, DType.Q2_K),
    Q3_K_S(11, DType.Q3_K), Q3_K_M(12, DType.Q3_K), Q3_K_L(13, DType.Q3_K),
    Q4_K_S(14, DType.Q4_K), Q4_K_M(15, DType.Q4_K),
    Q5_K_S(16, DType.Q5_K), Q5_K_M(17, DType.Q5_K),
    Q6_K(18, DType.Q6_K),
    IQ4_NL(25, DType.IQ4_NL), IQ4_XS(30, DType.IQ4_XS),
    TQ1_0(36, DType.TQ1_0), TQ2_0(37, DType.TQ2_0),
    MXFP4_MOE(38, DType.MXFP4);

    private final int code;
    private final DType type;

    FileType(int code, DType type) {
        this.code = code;
        this.type = type;
    }

    public int code() {
        return code;
    }

    /// The type of most weights.
    public DType type() {
        return type;
    }

    /// Of a file with weights of mostly this type; the plain one where several mixtures have it.
    static FileType of(DType type) {
        for (FileType file : values()) {
            if (file.type == type && !file.name().endsWith("_S")) {
                return file;
            }
        }
        throw new IllegalArgumentException("export: a model is not written as " + type + "; choose F32, F16, BF16 or Q8_0");
    }

    /// By name, in any case; `Q4_K` means `Q4_K_M`, as in other programs.
    public static FileType of(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        String whole = switch (upper) {
            case "Q3_K", "Q4_K", "Q5_K" -> upper + "_M";
            case "MXFP4" -> "MXFP4_MOE";
            default -> upper;
        };
        for (FileType type : values()) {
            if (type.name().equals(whole)) {
                return type;
            }
        }
        throw new IllegalArgumentException("type " + name + " is not known; known: " + Arrays.toString(values()).replaceAll("[\\[\\]]", ""));
    }
}
