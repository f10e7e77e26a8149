package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// How a GGUF file stores the numbers of a tensor: the number in the file, the usual name, and what one block takes.
///
/// All published types are listed, so that any file can be shown; those with a [DType] can be loaded. A type number we do not know has
/// a name like `type 77` and a block of 0 bytes.
public record GgmlType(int code, String name, int blockElements, int blockBytes) {
    private static final List<GgmlType> KNOWN = List.of(
        new GgmlType(0, "F32", 1, 4), new GgmlType(1, "F16", 1, 2),
        new GgmlType(2, "Q4_0", 32, 18), new GgmlType(3, "Q4_1", 32, 20),
        new GgmlType(6, "Q5_0", 32, 22), new GgmlType(7, "Q5_1", 32, 24),
        new GgmlType(8, "Q8_0", 32, 34), new GgmlType(9, "Q8_1", 32, 36),
        new GgmlType(10, "Q2_K", 256, 84), new GgmlType(11, "Q3_K", 256, 110), new GgmlType(12, "Q4_K", 256, 144),
        new GgmlType(13, "Q5_K", 256, 176), new GgmlType(14, "Q6_K", 256, 210), new GgmlType(15, "Q8_K", 256, 292),
        new GgmlType(16, "IQ2_XXS", 256, 66), new GgmlType(17, "IQ2_XS", 256, 74), new GgmlType(18, "IQ3_XXS", 256, 98),
        new GgmlType(19, "IQ1_S", 256, 50), new GgmlType(20, "IQ4_NL", 32, 18), new GgmlType(21, "IQ3_S", 256, 110),
        new GgmlType(22, "IQ2_S", 256, 82), new GgmlType(23, "IQ4_XS", 256, 136),
        new GgmlType(24, "I8", 1, 1), new GgmlType(25, "I16", 1, 2), new GgmlType(26, "I32", 1, 4), new GgmlType(27, "I64", 1, 8),
        new GgmlType(28, "F64", 1, 8), new GgmlType(29, "IQ1_M", 256, 56), new GgmlType(30, "BF16", 1, 2),
        new GgmlType(34, "TQ1_0", 256, 54), new GgmlType(35, "TQ2_0", 256, 66),
        new GgmlType(39, "MXFP4", 32, 17), new GgmlType(40, "NVFP4", 64, 36));

    public static GgmlType of(int code) {
        return KNOWN.stream().filter(type -> type.code == code).findFirst().orElseGet(() -> new GgmlType(code, "type " + Integer.toUnsignedString(code), 0, 0));
    }

    public static GgmlType of(DType type) {
        return KNOWN.stream().filter(known -> known.name.equals(type.name())).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("GGUF has no tensor type for " + type));
    }

    public boolean isKnown() {
        return blockBytes > 0;
    }

    /// The type our tensors have for it, if any.
    public Optional<DType> dtype() {
        for (DType type : DType.values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /// Names of the types that can be loaded, for error messages.
    static String loadable() {
        List<String> names = new ArrayList<>();
        for (GgmlType type : KNOWN) {
            type.dtype().ifPresent(_ -> names.add(type.name));
        }
        return String.join(", ", names);
    }

    @Override
    public String toString() {
        return name;
    }
}
