package dev.jackdaw.train.scale;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/// Which size is best for each budget, without a law for the loss (Hoffmann et al., 2022, approach 2): models of several sizes trained
/// with the same number of operations lie on a parabola over log N; its lowest place is the best size. Over several budgets these places
/// follow power laws, N ~ C^a and D ~ C^b.
public final class IsoFlop {
    /// The models of one budget.
    ///
    /// @param operations of the training of each of them
    public record Profile(double operations, List<Observation> models) {
    }

    /// L = loss + curvature·(log N − log parameters)².
    ///
    /// @param parameters where the parabola is lowest
    /// @param tokens     that a model of so many sees for the budget
    /// @param bracketed  the lowest place lies between the smallest and the largest model; otherwise it is a guess beyond them
    public record Minimum(double operations, double parameters, double tokens, double loss, double curvature, boolean bracketed) {
        public double loss(double N) {
            double away = Math.log(N / parameters);
            return loss + curvature * away * away;
        }
    }

    /// y = factor·C^exponent.
    public record PowerLaw(double factor, double exponent) {
        public double at(double operations) {
            return factor * Math.pow(operations, exponent);
        }

        static PowerLaw through(double[] x, double[] y) {
            double[] c = Polynomial.fit(Arrays.stream(x).map(Math::log).toArray(), Arrays.stream(y).map(Math::log).toArray(), 1);
            return new PowerLaw(Math.exp(c[0]), c[1]);
        }
    }

    /// @param minima           a budget each; those whose models show no valley are left out
    /// @param parameters       N ~ C^a, or null with fewer than two minima
    /// @param tokens           D ~ C^b
    /// @param parameterExponent interval of a, or null
    /// @param tokenExponent     interval of b
    public record Result(List<Minimum> minima, PowerLaw parameters, PowerLaw tokens, Interval parameterExponent, Interval tokenExponent) {
    }

    private IsoFlop() {
    }

    /// @param bootstraps how many times the residuals of the parabolas are drawn anew
    public static Result of(List<Profile> profiles, int bootstraps, double confidence, long seed) {
        List<Minimum> minima = new ArrayList<>();
        for (Profile profile : profiles) {
            Minimum minimum = minimum(profile, losses(profile));
            if (minimum != null) {
                minima.add(minimum);
            }
        }
        PowerLaw[] laws = laws(minima);
        if (laws == null) {
            return new Result(minima, null, null, null, null);
        }
        SplittableRandom random = new SplittableRandom(seed);
        List<PowerLaw[]> draws = new ArrayList<>();
        for (int k = 0; k < bootstraps; k++) {
            List<Minimum> drawn = new ArrayList<>();
            for (Profile profile : profiles) {
                Minimum minimum = minimum(profile, redrawn(profile, random));
                if (minimum != null) {
                    drawn.add(minimum);
                }
            }
            PowerLaw[] both = laws(drawn);
            if (both != null) {
                draws.add(both);
            }
        }
        boolean enough = draws.size() * 2 > bootstraps;
        return new Result(minima, laws[0], laws[1], enough ? Interval.of(draws.stream().mapToDouble(d -> d[0].exponent).toArray(), confidence) : null,
                enough ? Interval.of(draws.stream().mapToDouble(d -> d[1].exponent).toArray(), confidence) : null);
    }

    private static PowerLaw[] laws(List<Minimum> minima) {
        if (minima.stream().mapToDouble(Minimum::operations).distinct().count() < 2) {
            return null;
        }
        double[] c = minima.stream().mapToDouble(Minimum::operations).toArray();
        return new PowerLaw[] {PowerLaw.through(c, minima.stream().mapToDouble(Minimum::parameters).toArray()),
                PowerLaw.through(c, minima.stream().mapToDouble(Minimum::tokens).toArray())};
    }

    private static double[] losses(Profile profile) {
        return profile.models.stream().mapToDouble(Observation::loss).toArray();
    }

    /// Null where fewer than three sizes were trained, or the loss has no valley.
    private static Minimum minimum(Profile profile, double[] losses) {
        double[] x = logN(profile);
        if (Arrays.stream(x).distinct().count() < 3) {
            return null;
        }
        double[] c = Polynomial.fit(x, losses, 2);
        if (!(c[2] > 0)) {
            return null;
        }
        double at = -c[1] / (2 * c[2]), low = Arrays.stream(x).min().orElseThrow(), high = Arrays.stream(x).max().orElseThrow();
        double room = (high - low) / 2;                  // a vertex far outside says nothing
        if (at < low - room || at > high + room) {
            return null;
        }
        return new Minimum(profile.operations, Math.exp(at), Math.exp(logD(profile, at)), c[0] - c[1] * c[1] / (4 * c[2]), c[2], at >= low && at <= high);
    }

    private static double[] redrawn(Profile profile, SplittableRandom random) {
        double[] x = logN(profile), y = losses(profile);
        int n = x.length;
        if (n < 4 || Arrays.stream(x).distinct().count() < 3) {
            return y;
        }
        double[] c = Polynomial.fit(x, y, 2), fitted = new double[n], residuals = new double[n];
        for (int i = 0; i < n; i++) {
            fitted[i] = c[0] + x[i] * (c[1] + x[i] * c[2]);
            residuals[i] = (y[i] - fitted[i]) * Math.sqrt(n / (n - 3.0));
        }
        for (int i = 0; i < n; i++) {
            fitted[i] += residuals[random.nextInt(n)] * (random.nextBoolean() ? 1 : -1);
        }
        return fitted;
    }

    private static double[] logN(Profile profile) {
        return profile.models.stream().mapToDouble(m -> Math.log(m.N())).toArray();
    }

    /// Tokens that a model of this size sees for the budget: between its neighbours in size, a straight line of logarithms.
    private static double logD(Profile profile, double logN) {
        List<Observation> models = profile.models.stream().sorted(Comparator.comparingDouble(Observation::N)).toList();
        int i = 1;
        while (i < models.size() - 1 && Math.log(models.get(i).N()) < logN) {
            i++;
        }
        double x0 = Math.log(models.get(i - 1).N()), x1 = Math.log(models.get(i).N());
        double y0 = Math.log(models.get(i - 1).D()), y1 = Math.log(models.get(i).D());
        return x1 == x0 ? y0 : y0 + (y1 - y0) * (logN - x0) / (x1 - x0);
    }
}
