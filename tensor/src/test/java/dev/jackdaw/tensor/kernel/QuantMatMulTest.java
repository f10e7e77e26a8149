package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.quant.BlockFormat;
import dev.jackdaw.tensor.quant.PanelFormat;
import dev.jackdaw.tensor.quant.PanelPacking;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The reference against the formula, and what is fast against the reference.
class QuantMatMulTest {
    private static final Workers WORKERS = Workers.of(2);
    private static final QuantMatMul REFERENCE = new QuantMatMul.Reference();
    private static final QuantMatMul FAST = QuantMatMul.fastest();

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    static Stream<DType> types() {
        return Stream.of(DType.values()).filter(type -> type.isBlocks() || type == DType.F32 || type == DType.F16 || type == DType.BF16);
    }

    /// A layer with normal weights, encoded and packed.
    private record Layer(PanelFormat format, int rows, int F, int C, long x, long wide, long packed, long activations, long y) {
        static Layer of(Arena arena, DType type, int rows, int F, int C) {
            PanelFormat format = PanelFormat.of(type);
            Random random = new Random(31L * rows + 7L * F + C + type.ordinal());
            long w = normal(arena, random, F * C), x = normal(arena, random, rows * (C + 3));
            long stored = arena.allocate(type.bytes((long) F * C), 64).address();
            switch (type) {
                case F32 -> Memory.copy(w, stored, 4L * F * C);
                case F16 -> Convert.SCALAR.f32ToF16(stored, w, 0, (long) F * C);
                case BF16 -> Convert.SCALAR.f32ToBf16(stored, w, 0, (long) F * C);
                default -> BlockFormat.of(type).encode(stored, w, 0, (long) F * C / type.blockElements());
            }
            long packed = arena.allocate(format.bytes(F, C), 64).address();
            PanelPacking.pack(WORKERS, packed, format, F, C, row -> stored + row * type.bytes(C));
            long wide = arena.allocate(PanelFormat.of(DType.F32).bytes(F, C), 64).address();
            switch (type) {
                case F32 -> { }
                case F16 -> Convert.SCALAR.f16ToF32(w, stored, 0, (long) F * C);
                case BF16 -> Convert.SCALAR.bf16ToF32(w, stored, 0, (long) F * C);
                default -> BlockFormat.of(type).decode(w, stored, 0, (long) F * C / type.blockElements());
            }
            PanelPacking.pack(WORKERS, wide, PanelFormat.of(DType.F32), F, C, row -> w + 4L * row * C);
            long activations = arena.allocate(Math.max(1, rows * ActivationBlocks.rowBytes(C)), 64).address();
            return new Layer(format, rows, F, C, x, wide, packed, activations, arena.allocate(4L * rows * (F + 5), 64).address());
        }

        private static long normal(Arena arena, Random random, int elements) {
            long address = arena.allocate(4L * elements, 64).address();
            for (int i = 0; i < elements; i++) {
                Memory.putFloat(address + 4L * i, (float) random.nextGaussian());
            }
            return address;
        }

        float[] exact(QuantMatMul matMul, Workers workers) {
            clear();
            matMul.multiplyExact(workers, y, F + 5, x, C + 3, rows, packed, format, F, C);
            return result();
        }

        float[] quantized(QuantMatMul matMul, Workers workers) {
            clear();
            matMul.quantize(workers, activations, x, C + 3, rows, C);
            matMul.multiply(workers, y, F + 5, activations, rows, packed, format, F, C);
            return result();
        }

        float[] unpacked() {
            clear();
            new PanelMatMul.Reference().multiply(WORKERS, y, F + 5, x, C + 3, rows, wide, F, C);
            return result();
        }

        void clear() {
            for (long i = 0; i < rows * (F + 5L); i++) {
                Memory.putFloat(y + 4 * i, Float.NaN);
            }
        }

        float[] result() {
            float[] result = new float[rows * (F + 5)];
            for (int i = 0; i < result.length; i++) {
                result[i] = Memory.getFloat(y + 4L * i);
            }
            return result;
        }
    }

    private static int columns(DType type, int atLeast) {
        int n = type.blockElements();
        return type.isBlocks() ? (atLeast + n - 1) / n * n : atLeast;
    }

    @ParameterizedTest
    @MethodSource("types")
    void exactProductsAreThoseOfUnpackedWeights(DType type) {
        for (int[] size : new int[][] {{1, 1, 1}, {1, 16, 600}, {3, 47, 1100}, {7, 64, 33}}) {
            try (Arena arena = Arena.ofConfined()) {
                Layer layer = Layer.of(arena, type, size[0], size[1], columns(type, size[2]));
                float[] expected = layer.unpacked();
                assertThat(layer.exact(REFERENCE, WORKERS)).as("reference, " + layer).isEqualTo(expected);
                assertThat(layer.exact(FAST, WORKERS)).as("fast, " + layer).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void quantizedProductsAgreeWithTheFormula(DType type) {
        if (!type.isBlocks()) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            Layer layer = Layer.of(arena, type, 3, 19, columns(type, 320));
            float[] found = layer.quantized(REFERENCE, WORKERS);
            for (int n = 0; n < layer.rows; n++) {
                for (int f = 0; f < layer.F; f++) {
                    double sum = 0, size = 0;
                    for (int c = 0; c < layer.C; c++) {
                        long block = layer.activations + n * ActivationBlocks.rowBytes(layer.C) + c / 32 * 64L;
                        double x = (double) Memory.getFloat(block + 32) * Memory.getByte(block + c % 32);
                        double product = x * Memory.getFloat(layer.wide + 4L * (f / 16 * 16 * layer.C + c * 16 + f % 16));
                        sum += product;
                        size += Math.abs(product);
                    }
                    assertThat((double) found[n * (layer.F + 5) + f]).as(layer.format + " y[" + n + "," + f + "]")
                            .isCloseTo(sum, org.assertj.core.data.Offset.offset(1e-5 * size));
                }
                assertThat(found[n * (layer.F + 5) + layer.F]).as("behind the row").isNaN();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.MATCH_ALL, names = "^(Q|IQ|MX|TQ).*")
    void fastHasTheBitsOfTheReference(DType type) {
        for (int rows : new int[] {1, 5, 13}) {
            for (int F : new int[] {1, 33, 71}) {
                for (int C : new int[] {32, 544}) {
                    try (Arena arena = Arena.ofConfined()) {
                        Layer layer = Layer.of(arena, type, rows, F, columns(type, C));
                        float[] expected = layer.quantized(REFERENCE, WORKERS);
                        assertThat(layer.quantized(FAST, WORKERS)).as(layer.toString()).isEqualTo(expected);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.MATCH_ALL, names = "^(Q|IQ|MX|TQ).*")
    void batchedIsOneByOne(DType type) {
        try (Arena arena = Arena.ofConfined(); Workers one = Workers.of(1); Workers three = Workers.of(3)) {
            Layer layer = Layer.of(arena, type, 37, 200, columns(type, 544));
            float[] together = layer.quantized(FAST, WORKERS), exact = layer.exact(FAST, WORKERS);
            assertThat(layer.quantized(FAST, one)).isEqualTo(together);
            assertThat(layer.quantized(FAST, three)).isEqualTo(together);
            int F = layer.F, C = layer.C;
            for (int n = 0; n < layer.rows; n++) {
                FAST.multiply(one, layer.y + 4L * n * (F + 5), F, layer.activations + n * ActivationBlocks.rowBytes(C), 1, layer.packed, layer.format, F, C);
            }
            assertThat(Arrays.equals(layer.result(), together)).isTrue();
            for (int n = 0; n < layer.rows; n++) {
                FAST.multiplyExact(one, layer.y + 4L * n * (F + 5), F, layer.x + 4L * n * (C + 3), C, 1, layer.packed, layer.format, F, C);
            }
            assertThat(Arrays.equals(layer.result(), exact)).isTrue();
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        PanelFormat q4 = PanelFormat.of(DType.Q4_K);
        for (QuantMatMul matMul : new QuantMatMul[] {REFERENCE, FAST}) {
            assertThatThrownBy(() -> matMul.multiply(WORKERS, 64, 4, 64, 1, 64, q4, 4, 96)).hasMessageContaining("blocks of 256");
            assertThatThrownBy(() -> matMul.multiplyExact(WORKERS, 64, 3, 64, 256, 2, 64, q4, 4, 256)).hasMessageContaining("3 apart");
            assertThatThrownBy(() -> matMul.multiply(WORKERS, 64, 4, 64, 1, 64, PanelFormat.of(DType.F16), 4, 96)).hasMessageContaining("found F16");
        }
    }
}
