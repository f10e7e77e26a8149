package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// [Folding] by the tiles of attention and by dot products, both of the Vector API.
public final class FoldingSimd implements Folding {
    private final Elementwise elementwise = new ElementwiseSimd();

    @Override
    public void in(long y, long yRow, long x, long xRow, int N, int P, long w, int C) {
        int whole = C / AttentionTiles.L * AttentionTiles.L;
        for (int n = 0; n < N; n += 4) {
            AttentionTiles.fourRows(y + 4 * n * yRow, 4 * yRow, whole, x + 4 * n * xRow, 4 * xRow, 4, Math.min(4, N - n), w, 4L * C, P, false);
        }
        for (int n = 0; n < N; n++) {
            for (int c = whole; c < C; c++) {
                float sum = 0;
                for (int i = 0; i < P; i++) {
                    sum = Math.fma(getFloat(x + 4 * (n * xRow + i)), getFloat(w + 4 * ((long) i * C + c)), sum);
                }
                putFloat(y + 4 * (n * yRow + c), sum);
            }
        }
    }

    @Override
    public void out(long y, long yRow, long x, long xRow, int N, int C, long w, int V) {
        for (int n = 0; n < N; n++) {
            for (int v = 0; v < V; v++) {
                putFloat(y + 4 * (n * yRow + v), (float) elementwise.dot(x + 4 * n * xRow, w + 4L * v * C, 0, C));
            }
        }
    }
}
