package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// Normalisation of each row, and its gradient. Rows `[from,to)` of x `[N,C]`; `width` is C.
///
/// RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467), with r = 1 / √(mean x² + eps):
/// `y[c] = x[c] · r · w[c]`
///
/// LayerNorm (Ba et al. 2016, arXiv:1607.06450), with x̂[c] = (x[c] − mean) · r and r = 1 / √(variance + eps):
/// `y[c] = x̂[c] · w[c] + b[c]`
///
/// Both gradients follow from one rule. With g = dy · w, and x̂ = x · r for RMSNorm:
/// `dx += r · (g − x̂ · mean(g · x̂))`   and for LayerNorm also `− r · mean(g)`,   `dWeight += Σ_n dy · x̂`,   `dBias += Σ_n dy`.
///
/// All `d…` arguments are added to, never set. The parameter gradients are sums over the rows of this range only: a caller that uses
/// several threads gives each part of the work its own place and adds the parts in a fixed order.
///
/// This file is the definition of what is correct: it sums in double precision.
public interface Norm {
    Norm SCALAR = new Norm() { };

    /// Sets y `[N,C]` and, unless `rstd` is 0, r into rstd `[N]`. A `weight` of 0 stands for ones. y may be x.
    default void rms(long y, long rstd, long x, long weight, long from, long to, int width, float eps) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            double squares = 0;
            for (int c = 0; c < width; c++) {
                double v = getFloat(x + row + 4L * c);
                squares += v * v;
            }
            float r = (float) (1 / Math.sqrt(squares / width + eps));
            if (rstd != 0) {
                putFloat(rstd + 4 * n, r);
            }
            for (int c = 0; c < width; c++) {
                putFloat(y + row + 4L * c, getFloat(x + row + 4L * c) * r * one(weight, c));
            }
        }
    }

    /// Adds to dx `[N,C]` and, unless it is 0, to dWeight `[C]`. `rstd` is what [#rms] stored. dx must be neither x nor dy.
    default void rmsBackward(long dx, long dWeight, long x, long weight, long rstd, long dy, long from, long to, int width) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            float r = getFloat(rstd + 4 * n);
            double sum = 0;                                     // of g · x̂
            for (int c = 0; c < width; c++) {
                sum += (double) getFloat(dy + row + 4L * c) * one(weight, c) * getFloat(x + row + 4L * c) * r;
            }
            double mean = sum / width;
            for (int c = 0; c < width; c++) {
                float d = getFloat(dy + row + 4L * c);
                float xHat = getFloat(x + row + 4L * c) * r;
                add(dx + row + 4L * c, (float) (r * ((double) d * one(weight, c) - xHat * mean)));
                if (dWeight != 0) {
                    add(dWeight + 4L * c, d * xHat);
                }
            }
        }
    }

    /// Sets y `[N,C]` and, where they are not 0, mean `[N]` and rstd `[N]`. A `weight` of 0 stands for ones, a `bias` of 0 for zeros.
    /// y may be x.
    default void layer(long y, long mean, long rstd, long x, long weight, long bias, long from, long to, int width, float eps) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            double sum = 0;
            for (int c = 0; c < width; c++) {
                sum += getFloat(x + row + 4L * c);
            }
            float m = (float) (sum / width);
            double squares = 0;
            for (int c = 0; c < width; c++) {
                double v = getFloat(x + row + 4L * c) - m;
                squares += v * v;
            }
            float r = (float) (1 / Math.sqrt(squares / width + eps));
            if (mean != 0) {
                putFloat(mean + 4 * n, m);
            }
            if (rstd != 0) {
                putFloat(rstd + 4 * n, r);
            }
            for (int c = 0; c < width; c++) {
                float xHat = (getFloat(x + row + 4L * c) - m) * r;
                putFloat(y + row + 4L * c, xHat * one(weight, c) + (bias == 0 ? 0 : getFloat(bias + 4L * c)));
            }
        }
    }

    /// Adds to dx `[N,C]` and, where they are not 0, to dWeight `[C]` and dBias `[C]`. `mean` and `rstd` are what [#layer] stored.
    /// dx must be neither x nor dy.
    default void layerBackward(long dx, long dWeight, long dBias, long x, long weight, long mean, long rstd, long dy,
                               long from, long to, int width) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            float m = getFloat(mean + 4 * n);
            float r = getFloat(rstd + 4 * n);
            double sumG = 0;
            double sumGx = 0;                                   // of g · x̂
            for (int c = 0; c < width; c++) {
                double g = (double) getFloat(dy + row + 4L * c) * one(weight, c);
                sumG += g;
                sumGx += g * ((getFloat(x + row + 4L * c) - m) * r);
            }
            double meanG = sumG / width;
            double meanGx = sumGx / width;
            for (int c = 0; c < width; c++) {
                float d = getFloat(dy + row + 4L * c);
                float xHat = (getFloat(x + row + 4L * c) - m) * r;
                add(dx + row + 4L * c, (float) (r * ((double) d * one(weight, c) - meanG - xHat * meanGx)));
                if (dWeight != 0) {
                    add(dWeight + 4L * c, d * xHat);
                }
                if (dBias != 0) {
                    add(dBias + 4L * c, d);
                }
            }
        }
    }

    private static float one(long weight, int c) {
        return weight == 0 ? 1 : getFloat(weight + 4L * c);
    }

    private static void add(long address, float value) {
        putFloat(address, getFloat(address) + value);
    }
}
