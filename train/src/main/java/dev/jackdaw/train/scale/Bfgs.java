package dev.jackdaw.train.scale;

import java.util.Arrays;

/// Minimises a function of a few variables from its values and gradients: the quasi-Newton method of Broyden, Fletcher, Goldfarb and
/// Shanno. With so few variables the inverse Hessian is kept whole; the limited-memory form would save nothing.
///
/// The line search brackets and halves until both weak Wolfe conditions hold. That also gets along with kinks (Lewis and Overton, 2013),
/// such as those of Huber's loss where most residuals are beyond its δ.
final class Bfgs {
    /// Writes the gradient at `x` and returns the value there.
    @FunctionalInterface
    interface Function {
        double at(double[] x, double[] gradient);
    }

    record Result(double[] x, double value, int iterations) {
    }

    private static final double DECREASE = 1e-4;
    private static final double CURVATURE = 0.9;
    private static final int MOST_TRIALS = 50;
    private static final double STILL = 1e-9;        // a relative decrease that is none
    private static final int PATIENCE = 3;

    private Bfgs() {
    }

    /// @param most      iterations
    /// @param tolerance largest component of the gradient at which it counts as zero
    static Result minimize(Function f, double[] start, int most, double tolerance) {
        int n = start.length;
        double[] x = start.clone(), g = new double[n];
        double value = f.at(x, g);
        double[][] h = identity(n, 1 / Math.max(1, norm(g)));
        int iteration = 0, still = 0;
        for (; iteration < most && Double.isFinite(value) && largest(g) > tolerance; iteration++) {
            double[] direction = direction(h, g);
            double slope = dot(direction, g);
            if (!(slope < 0)) {                      // rounding spoiled the curvature: steepest descent again
                h = identity(n, 1 / Math.max(1, norm(g)));
                direction = direction(h, g);
                slope = dot(direction, g);
            }
            double[] next = new double[n], nextGradient = new double[n];
            double step = 1, low = 0, high = Double.POSITIVE_INFINITY, there = Double.NaN;
            for (int trial = 0; trial < MOST_TRIALS; trial++) {
                for (int i = 0; i < n; i++) {
                    next[i] = x[i] + step * direction[i];
                }
                there = f.at(next, nextGradient);
                if (!(there <= value + DECREASE * step * slope)) {
                    high = step;
                } else if (dot(direction, nextGradient) < CURVATURE * slope) {
                    low = step;
                } else {
                    break;
                }
                step = Double.isInfinite(high) ? 2 * low : (low + high) / 2;
            }
            if (!(there <= value)) {
                break;                               // no lower place in reach: as low as numbers go
            }
            update(h, x, g, next, nextGradient, iteration == 0);
            still = value - there <= STILL * Math.abs(value) ? still + 1 : 0;
            x = next;
            g = nextGradient;
            value = there;
            if (still == PATIENCE) {
                break;
            }
        }
        return new Result(x, value, iteration);
    }

    /// H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ, with s the step, y the change of the gradient, ρ = 1 / s·y.
    private static void update(double[][] h, double[] x, double[] g, double[] next, double[] nextGradient, boolean isFirst) {
        int n = x.length;
        double[] s = new double[n], y = new double[n];
        for (int i = 0; i < n; i++) {
            s[i] = next[i] - x[i];
            y[i] = nextGradient[i] - g[i];
        }
        double sy = dot(s, y);
        if (!(sy > 1e-14 * norm(s) * norm(y))) {
            return;
        }
        if (isFirst) {
            double[][] scaled = identity(n, sy / dot(y, y));
            for (int i = 0; i < n; i++) {
                h[i] = scaled[i];
            }
        }
        double[] hy = new double[n];
        for (int i = 0; i < n; i++) {
            hy[i] = dot(h[i], y);
        }
        double factor = (1 + dot(y, hy) / sy) / sy;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                h[i][j] += factor * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / sy;
            }
        }
    }

    private static double[] direction(double[][] h, double[] g) {
        double[] direction = new double[g.length];
        for (int i = 0; i < g.length; i++) {
            direction[i] = -dot(h[i], g);
        }
        return direction;
    }

    private static double[][] identity(int n, double scale) {
        double[][] h = new double[n][n];
        for (int i = 0; i < n; i++) {
            h[i][i] = scale;
        }
        return h;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double norm(double[] a) {
        return Math.sqrt(dot(a, a));
    }

    private static double largest(double[] a) {
        return Arrays.stream(a).map(Math::abs).max().orElse(0);
    }
}
