package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Ternary: 256 numbers −1, 0 or 1 that share one scale, five of them in a byte, 1.6875 bits each in all. For models that were trained to be
/// ternary (BitNet b1.58). GGUF type 34:
///
/// ```
/// byte   0                             32                            48                          52       54
///        | 32 bytes of 5: numbers      | 16 bytes of 5: numbers      | 4 bytes of 4: numbers     | scale  |
///          m, m+32, …, m+128             160+m, 176+m, …, 224+m        240+m, 244+m, …, 252+m      F16
/// ```
///
/// A byte holds the fraction `0.t0 t1 t2 t3 t4` in base 3 (t = q + 1), as 256ths rounded up: multiplying it by 3 pushes one digit out at the
/// top, and what stays in the byte is the rest. `x[i] ≈ scale · q[i]`, scale = max |x|.
final class TQ1_0 extends BlockFormat {
    private static final int N = 256;
    private static final int SCALE = 52;
    private static final int[] POWERS = {1, 3, 9, 27, 81};
    /// First byte, bytes, first number, digits in a byte; the distance between the numbers of a byte is the count of bytes.
    private static final int[][] PARTS = {{0, 32, 0, 5}, {32, 16, 160, 5}, {48, 4, 240, 4}};

    TQ1_0() {
        super(DType.TQ1_0, N, 54, SCALE);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block + SCALE);
        for (int[] part : PARTS) {
            for (int m = 0; m < part[1]; m++) {
                int octet = Bits.unsigned(block + part[0] + m);
                for (int digit = 0; digit < part[3]; digit++) {
                    int trit = (octet * POWERS[digit] & 0xff) * 3 >> 8;
                    y[part[2] + digit * part[1] + m] = (trit - 1) * scale;
                }
            }
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            q[v] = 0;
            for (int j = 0; j < 4; j++) {
                q[v] |= trit(words, at, 32 * group + 4 * v + j) << 8 * j;
            }
        }
    }

    /// Number `i` of the block, plus one.
    private static int trit(int[] words, int at, int i) {
        int[] part = PARTS[i < PARTS[1][2] ? 0 : i < PARTS[2][2] ? 1 : 2];
        int octet = Bits.octet(words, at + part[0] + (i - part[2]) % part[1]);
        return (octet * POWERS[(i - part[2]) / part[1]] & 0xff) * 3 >> 8;
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return Bits.half(words, at + SCALE);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        float scale = Math.abs(Fit.largest(N, x, 0));
        float inverse = scale == 0 ? 0 : 1 / scale;
        putShort(block + SCALE, Float.floatToFloat16(scale));
        for (int[] part : PARTS) {
            for (int m = 0; m < part[1]; m++) {
                int digits = 0;
                for (int digit = 0; digit < 5; digit++) {
                    int trit = digit < part[3] ? Q8_0.round(x[part[2] + digit * part[1] + m] * inverse) + 1 : 0;
                    digits = 3 * digits + trit;
                }
                putByte(block + part[0] + m, (byte) ((digits * 256 + 242) / 243));
            }
        }
    }
}
