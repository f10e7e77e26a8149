package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ActivationBlocksTest {
    private static float[] ordinary(int blocks, long seed) {
        Random random = new Random(seed);
        float[] x = new float[32 * blocks];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (random.nextGaussian() * Math.pow(10, i / 32 % 7 - 3));
        }
        return x;
    }

    private static Tensor quantized(Arena arena, QuantMatMul matMul, float[] x) {
        Tensor result = Tensor.zeros(arena, x.length / 2);
        try (Workers one = Workers.of(1)) {
            matMul.quantize(one, result.address(), Tensor.of(arena, x, x.length).address(), x.length, 1, x.length);
        }
        return result;
    }

    @Test
    void roundsToTheNearestLevelAndSumsUp() {
        try (Arena arena = Arena.ofConfined()) {
            float[] x = ordinary(21, 1);
            long blocks = quantized(arena, new QuantMatMul.Reference(), x).address();
            for (int b = 0; b < 21; b++) {
                long at = blocks + 64L * b;
                float max = 0;
                int low = 0, high = 0;
                for (int i = 0; i < 32; i++) {
                    max = Math.max(max, Math.abs(x[32 * b + i]));
                }
                float d = Memory.getFloat(at + 32);
                assertThat(d).isEqualTo(max / 127);
                for (int i = 0; i < 32; i++) {
                    byte q = Memory.getByte(at + i);
                    assertThat((double) q).isCloseTo(x[32 * b + i] / (double) d, within(0.50001));
                    low += i < 16 ? q : 0;
                    high += i < 16 ? 0 : q;
                }
                assertThat(Memory.getInt(at + 36)).isEqualTo(low + high);
                assertThat(Memory.getInt(at + 40)).isEqualTo(low);
                assertThat(Memory.getInt(at + 44)).isEqualTo(high);
                assertThat(Memory.getFloat(at + 48)).isEqualTo(d * (low + high));
                assertThat(Memory.getFloat(at + 52)).isEqualTo(d * low);
                assertThat(Memory.getFloat(at + 56)).isEqualTo(d * high);
            }
        }
    }

    @Test
    void tiesGoToEvenAndTheLargestNumberIs127() {
        try (Arena arena = Arena.ofConfined()) {
            float[] x = new float[32];
            System.arraycopy(new float[] {127, -127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 126.5f, 0.49f}, 0, x, 0, 9);
            long at = quantized(arena, new QuantMatMul.Reference(), x).address();
            byte[] found = new byte[9];
            for (int i = 0; i < 9; i++) {
                found[i] = Memory.getByte(at + i);
            }
            assertThat(found).containsExactly(127, -127, 0, 2, 2, 0, -2, 126, 0);
        }
    }

    @Test
    void tinyBlocksAreZerosAndBadOnesAreNotNumbers() {
        try (Arena arena = Arena.ofConfined()) {
            float[] x = ordinary(4, 2);
            for (int i = 0; i < 32; i++) {
                x[i] = 0;
                x[32 + i] *= 1e-37f;
            }
            x[70] = Float.NaN;
            x[100] = Float.NEGATIVE_INFINITY;
            long blocks = quantized(arena, new QuantMatMul.Reference(), x).address();
            for (int b = 0; b < 4; b++) {
                assertThat(Memory.getLong(blocks + 64L * b)).as("numbers of block " + b).isZero();
                assertThat(Memory.getInt(blocks + 64L * b + 36)).isZero();
                assertThat((Float) Memory.getFloat(blocks + 64L * b + 32)).as("scale of block " + b).isEqualTo((Float) (b < 2 ? 0 : Float.NaN));
            }
        }
    }

    @Test
    void fastHasTheBitsOfTheReference() {
        try (Arena arena = Arena.ofConfined()) {
            for (int blocks : new int[] {1, 2, 3, 18, 129}) {
                float[] x = ordinary(blocks, blocks);
                x[5] = 0;
                if (blocks > 2) {
                    x[33] = Float.NaN;
                    x[64] = Float.POSITIVE_INFINITY;
                }
                if (blocks > 3) {
                    java.util.Arrays.fill(x, 96, 128, 0x1p-120f);
                    java.util.Arrays.fill(x, 128, 160, Float.MAX_VALUE);
                }
                Tensor expected = quantized(arena, new QuantMatMul.Reference(), x), found = quantized(arena, QuantMatMul.fastest(), x);
                assertThat(found.segment().mismatch(expected.segment())).as(blocks + " blocks").isEqualTo(-1);
            }
        }
    }
}
