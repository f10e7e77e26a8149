package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;

/// Rotary positions that turn only the first `R` of a head's `D` numbers; the rest stays as it is. Pairs as in [QkNormRope], within R.
/// Scalar; heads that turn as a whole go through [QkNormRope].
public final class Rotation {
    private Rotation() {
    }

    /// Rows `[from,to)`: sets `heads` heads of `out` from `x`; out may be x.
    ///
    /// @param cosSin `[positions,R]`, see [QkNormRope#fill]
    public static void turn(long out, long outStride, long x, long xStride, long cosSin, long positions, long from, long to,
                            int heads, int D, int R, boolean neighbours) {
        turn(out, outStride, x, xStride, cosSin, positions, from, to, heads, D, R, neighbours, 1);
    }

    /// The gradient of [#turn], which is the rotation back: sets dx from dOut; dx may be dOut.
    public static void turnBack(long dx, long dxStride, long dOut, long dOutStride, long cosSin, long positions, long from, long to,
                                int heads, int D, int R, boolean neighbours) {
        turn(dx, dxStride, dOut, dOutStride, cosSin, positions, from, to, heads, D, R, neighbours, -1);
    }

    private static void turn(long out, long outStride, long x, long xStride, long cosSin, long positions, long from, long to,
                             int heads, int D, int R, boolean neighbours, float direction) {
        for (long n = from; n < to; n++) {
            long table = cosSin + 4L * R * getInt(positions + 4 * n);
            for (int h = 0; h < heads; h++) {
                long xHead = x + 4 * (n * xStride + (long) h * D), outHead = out + 4 * (n * outStride + (long) h * D);
                for (int i = 0; i < R / 2; i++) {
                    long a = neighbours ? 8L * i : 4L * i, b = neighbours ? a + 4 : a + 2L * R;
                    float va = getFloat(xHead + a), vb = getFloat(xHead + b);
                    float cos = getFloat(table + 4L * i), sin = direction * getFloat(table + 4L * i + 2L * R);
                    putFloat(outHead + a, va * cos - vb * sin);
                    putFloat(outHead + b, vb * cos + va * sin);
                }
                for (int d = R; d < D; d++) {
                    putFloat(outHead + 4L * d, getFloat(xHead + 4L * d));
                }
            }
        }
    }
}
