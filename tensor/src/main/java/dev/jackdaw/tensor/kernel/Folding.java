package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// Small products of one head of latent attention, whose own key and value projections are folded into its query and its output.
///
/// These default methods define what is correct, with sums in double precision; [FoldingSimd] is the fast twin. The bits of a row do not
/// depend on the rows beside it.
public interface Folding {
    /// The definition.
    Folding SCALAR = new Folding() { };

    /// y[n,c] = Σ_i x[n,i] · w[i,c]      x `[N,P]`, w `[P,C]` without gaps; strides in elements. y has room for three more rows.
    default void in(long y, long yRow, long x, long xRow, int N, int P, long w, int C) {
        for (int n = 0; n < N; n++) {
            for (int c = 0; c < C; c++) {
                double sum = 0;
                for (int i = 0; i < P; i++) {
                    sum += (double) getFloat(x + 4 * (n * xRow + i)) * getFloat(w + 4 * ((long) i * C + c));
                }
                putFloat(y + 4 * (n * yRow + c), (float) sum);
            }
        }
    }

    /// y[n,v] = Σ_c x[n,c] · w[v,c]      x `[N,C]`, w `[V,C]` without gaps
    default void out(long y, long yRow, long x, long xRow, int N, int C, long w, int V) {
        for (int n = 0; n < N; n++) {
            for (int v = 0; v < V; v++) {
                double sum = 0;
                for (int c = 0; c < C; c++) {
                    sum += (double) getFloat(x + 4 * (n * xRow + c)) * getFloat(w + 4 * ((long) v * C + c));
                }
                putFloat(y + 4 * (n * yRow + v), (float) sum);
            }
        }
    }
}
