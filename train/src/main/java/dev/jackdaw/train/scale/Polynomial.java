package dev.jackdaw.train.scale;

/// Least squares for a polynomial of low degree.
final class Polynomial {
    private Polynomial() {
    }

    /// Coefficients c of y ≈ Σ c[k]·x^k. The x are shifted to their mean before the normal equations are solved, which keeps these well posed.
    static double[] fit(double[] x, double[] y, int degree) {
        int n = degree + 1;
        double mean = 0;
        for (double value : x) {
            mean += value / x.length;
        }
        double[][] m = new double[n][n + 1];
        for (int i = 0; i < x.length; i++) {
            double[] powers = new double[2 * n - 1];
            powers[0] = 1;
            for (int k = 1; k < powers.length; k++) {
                powers[k] = powers[k - 1] * (x[i] - mean);
            }
            for (int r = 0; r < n; r++) {
                for (int c = 0; c < n; c++) {
                    m[r][c] += powers[r + c];
                }
                m[r][n] += powers[r] * y[i];
            }
        }
        double[] shifted = solve(m);
        double[] result = new double[n];
        for (int k = degree; k >= 0; k--) {                     // Horner: result = result·(x − mean) + shifted[k]
            for (int j = degree; j > 0; j--) {
                result[j] = result[j - 1] - mean * result[j];
            }
            result[0] = shifted[k] - mean * result[0];
        }
        return result;
    }

    /// Gauss with the largest pivot; the last column is the right side.
    private static double[] solve(double[][] m) {
        int n = m.length;
        for (int c = 0; c < n; c++) {
            int pivot = c;
            for (int r = c + 1; r < n; r++) {
                pivot = Math.abs(m[r][c]) > Math.abs(m[pivot][c]) ? r : pivot;
            }
            double[] row = m[pivot];
            m[pivot] = m[c];
            m[c] = row;
            for (int r = 0; r < n; r++) {
                if (r != c) {
                    double factor = m[r][c] / row[c];
                    for (int k = c; k <= n; k++) {
                        m[r][k] -= factor * row[k];
                    }
                }
            }
        }
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            x[i] = m[i][n] / m[i][i];
        }
        return x;
    }
}
