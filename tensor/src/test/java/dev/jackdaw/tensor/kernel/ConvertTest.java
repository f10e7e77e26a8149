package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.tensor.Memory;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConvertTest {
    private static final int ALL_HALVES = 1 << 16;

    private final Random random = new Random(8);
    private final Convert[] kernels = {Convert.SCALAR, new ConvertSimd()};

    @Test
    void everyF16AndBf16SurvivesTheWayThereAndBack() {
        Floats halves = Floats.zeros(ALL_HALVES / 2, 1);
        for (int i = 0; i < ALL_HALVES; i++) {
            Memory.putShort(halves.address() + 2L * i, (short) i);
        }
        for (Convert kernel : kernels) {
            Floats wide = Floats.zeros(ALL_HALVES, 1);
            Floats back = Floats.zeros(ALL_HALVES / 2, 1);
            kernel.f16ToF32(wide.address(), halves.address(), 0, ALL_HALVES);
            kernel.f32ToF16(back.address(), wide.address(), 0, ALL_HALVES);
            wide.assertGuards("wide");
            back.assertGuards("back");
            for (int i = 0; i < ALL_HALVES; i++) {
                short half = Memory.getShort(back.address() + 2L * i);
                if (Float.isNaN(wide.get(i))) {
                    assertThat(i & 0x7fff).isGreaterThan(0x7c00);
                    assertThat(half & 0x7fff).isGreaterThan(0x7c00);
                } else {
                    assertThat(half).as("F16 %x", i).isEqualTo((short) i);
                    assertThat(wide.get(i)).isEqualTo(Float.float16ToFloat((short) i));
                }
            }
            kernel.bf16ToF32(wide.address(), halves.address(), 0, ALL_HALVES);
            kernel.f32ToBf16(back.address(), wide.address(), 0, ALL_HALVES);
            for (int i = 0; i < ALL_HALVES; i++) {
                short half = Memory.getShort(back.address() + 2L * i);
                if (Float.isNaN(wide.get(i))) {
                    assertThat(half & 0x7fff).isGreaterThan(0x7f80);
                } else {
                    assertThat(half).as("BF16 %x", i).isEqualTo((short) i);
                }
            }
        }
    }

    /// Random bit patterns, and the neighbourhood of every rounding tie of F16.
    @Test
    void roundingMatchesReference() {
        for (int size : Floats.SIZES) {
            Floats x = Floats.of(size, 1, i -> {
                int tie = Float.floatToRawIntBits(Float.float16ToFloat((short) random.nextInt(0x7c00))) + 0x1000;
                return switch ((int) i % 4) {
                    case 0 -> Float.intBitsToFloat(tie);
                    case 1 -> -Float.intBitsToFloat(tie + random.nextInt(3) - 1);
                    case 2 -> random.nextGaussian() * 1e-7;
                    default -> Float.intBitsToFloat(random.nextInt());
                };
            });
            Floats[] y = {Floats.zeros((size + 1) / 2, 1), Floats.zeros((size + 1) / 2, 1)};
            for (int k = 0; k < 2; k++) {
                kernels[k].f32ToF16(y[k].address(), x.address(), 0, size);
            }
            assertSameHalves(y[1], y[0], x, size, 0x7c00);
            for (int k = 0; k < 2; k++) {
                kernels[k].f32ToBf16(y[k].address(), x.address(), 0, size);
            }
            assertSameHalves(y[1], y[0], x, size, 0x7f80);
        }
    }

    @Test
    void f64MatchesReference() {
        double[] extremes = {0, 1e-50, -1e-40, 1e300, -1e300, Double.NaN, Double.POSITIVE_INFINITY, 1 + 0x1p-24, 1 + 0x3p-24, Math.PI};
        for (int size : Floats.SIZES) {
            Floats x = Floats.zeros(2 * size, 1);
            for (int i = 0; i < size; i++) {
                Memory.putDouble(x.address() + 8L * i, i < extremes.length ? extremes[i] : random.nextGaussian());
            }
            Floats[] y = {Floats.zeros(size, 1), Floats.zeros(size, 1)};
            for (int k = 0; k < 2; k++) {
                kernels[k].f64ToF32(y[k].address(), x.address(), 0, size);
            }
            y[1].assertSame(y[0], "size " + size);
            assertThat(y[0].get(size - 1)).isEqualTo((float) Memory.getDouble(x.address() + 8L * (size - 1)));
        }
    }

    @Test
    void bf16MatchesTheReferenceQuantizer() throws IOException {
        byte[] input = resource("quantize_input.f32");
        byte[] expected = resource("quantize_BF16.bin");
        Floats x = Floats.zeros(input.length / 4, 0);
        Floats y = Floats.zeros(expected.length / 4, 0);
        for (int i = 0; i < input.length; i++) {
            Memory.putByte(x.address() + i, input[i]);
        }
        for (Convert kernel : kernels) {
            kernel.f32ToBf16(y.address(), x.address(), 0, input.length / 4);
            for (int i = 0; i < expected.length; i++) {
                assertThat(Memory.getByte(y.address() + i)).as("byte %d", i).isEqualTo(expected[i]);
            }
        }
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = ConvertTest.class.getResourceAsStream("/reference/quant/" + name)) {
            return in.readAllBytes();
        }
    }

    private static void assertSameHalves(Floats actual, Floats expected, Floats x, int size, int infinity) {
        actual.assertGuards("halves of " + size);
        for (int i = 0; i < size; i++) {
            short a = Memory.getShort(actual.address() + 2L * i);
            short e = Memory.getShort(expected.address() + 2L * i);
            boolean bothNaN = (a & 0x7fff) > infinity && (e & 0x7fff) > infinity;
            assertThat(bothNaN || a == e).as("%s became %x, expected %x", x.get(i), a & 0xffff, e & 0xffff).isTrue();
        }
    }
}
