package dev.jackdaw.train.scale;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/// Fits a [ScalingLaw] to trained models (Hoffmann et al., 2022, approach 3): the least sum of Huber's loss, δ = 10⁻³, of
///
///     log(exp(a − α·log N) + exp(b − β·log D) + exp(e)) − log L
///
/// by [Bfgs] from a grid of starts. Two deviations: `log N` and `log D` are taken from their means, so that a and α do not pull at each
/// other, and the exponents are searched for as logarithms, so that they stay above zero. The sum is not divided by the number of models,
/// which would stop the search early (Besiroglu et al., 2024).
///
/// Intervals come from bootstrapping residuals: the models' places stand fast, their residuals are drawn anew, enlarged by √(n/(n−5)) for
/// the five numbers that were fitted to them. The same seed gives the same intervals.
///
/// @param law      the best fit
/// @param residual root mean square of log L's residuals, of n−5 degrees of freedom
/// @param draws    fits of the bootstrap, in the order of drawing
/// @param errors   a residual for each draw, of what was not averaged away
/// @param models   how many were fitted
public record LawFit(ScalingLaw law, double residual, List<ScalingLaw> draws, double[] errors, int models) {
    public static final double DELTA = 1e-3;
    /// A model more than there are numbers to fit.
    public static final int LEAST_MODELS = 6;
    private static final int PARAMETERS = 5;
    private static final int ITERATIONS = 400;
    private static final double TOLERANCE = 1e-9;
    private static final double[] EXPONENTS = {0.1, 0.25, 0.5, 1};
    private static final double[] FLOORS = {0.05, 0.4, 0.7, 0.9};         // E as a share of the lowest loss
    private static final double[] SHARES = {0.2, 0.5, 0.8};               // of the rest that is N's
    private static final double LEAST_EXPONENT = Math.log(0.01), MOST_EXPONENT = Math.log(4);
    private static final double NOTHING = 12;                             // e⁻¹² of the loss
    private static final int E = 0, LOG_A = 1, LOG_ALPHA = 2, LOG_B = 3, LOG_BETA = 4;

    /// @param bootstraps how many times the residuals are drawn; 0: no intervals
    public static LawFit of(List<Observation> models, int bootstraps, long seed) {
        if (models.size() < LEAST_MODELS) {
            throw new IllegalArgumentException("scaling law: " + models.size() + " models cannot settle five numbers; give " + LEAST_MODELS + " or more");
        }
        if (models.stream().mapToDouble(Observation::N).distinct().count() < 2 || models.stream().mapToDouble(Observation::D).distinct().count() < 2) {
            throw new IllegalArgumentException("scaling law: all models have the same N or the same D; both must vary");
        }
        Problem problem = Problem.of(models);
        Bfgs.Result best = starts(models).stream().map(start -> Bfgs.minimize(problem, start, ITERATIONS, TOLERANCE))
                .filter(result -> Double.isFinite(result.value())).min(Comparator.comparingDouble(Bfgs.Result::value))
                .orElseThrow(() -> new IllegalArgumentException("scaling law: no fit to " + models.size() + " models was found"));
        int n = models.size();
        double[] residuals = problem.residuals(best.x());
        double squares = 0;
        for (double r : residuals) {
            squares += r * r;
        }
        double enlarge = Math.sqrt((double) n / (n - PARAMETERS));
        SplittableRandom random = new SplittableRandom(seed);
        List<ScalingLaw> draws = new ArrayList<>(bootstraps);
        double[] errors = new double[bootstraps];
        for (int k = 0; k < bootstraps; k++) {
            double[] y = new double[n];
            for (int i = 0; i < n; i++) {
                y[i] = problem.logLoss[i] - residuals[i] + enlarge * residuals[random.nextInt(n)] * (random.nextBoolean() ? 1 : -1);
            }
            draws.add(problem.law(problem.with(y).refit(best.x())));
            errors[k] = enlarge * residuals[random.nextInt(n)] * (random.nextBoolean() ? 1 : -1);
        }
        return new LawFit(problem.law(best.x()), Math.sqrt(squares / (n - PARAMETERS)), draws, errors, n);
    }

    /// The interval of a number that follows from the law, such as an exponent.
    public Interval interval(ToDoubleFunction<ScalingLaw> number, double confidence) {
        return Interval.of(draws.stream().mapToDouble(number).toArray(), confidence);
    }

    /// The interval in which one more trained model should lie: what is uncertain about the law, and what a single run adds.
    public Interval prediction(double N, double D, double confidence) {
        double[] losses = new double[draws.size()];
        for (int k = 0; k < losses.length; k++) {
            losses[k] = draws.get(k).loss(N, D) * Math.exp(errors[k]);
        }
        return Interval.of(losses, confidence);
    }

    private static List<double[]> starts(List<Observation> models) {
        double lowest = models.stream().mapToDouble(Observation::loss).min().orElseThrow();
        double mean = Math.exp(models.stream().mapToDouble(m -> Math.log(m.loss())).average().orElseThrow());
        List<double[]> starts = new ArrayList<>();
        for (double floor : FLOORS) {
            double rest = Math.max(mean - floor * lowest, 0.01 * mean);
            for (double share : SHARES) {
                for (double alpha : EXPONENTS) {
                    for (double beta : EXPONENTS) {
                        starts.add(new double[] {Math.log(floor * lowest), Math.log(share * rest), Math.log(alpha), Math.log((1 - share) * rest), Math.log(beta)});
                    }
                }
            }
        }
        return starts;
    }

    /// The sum to be made small, in units of δ².
    private record Problem(double[] logN, double[] logD, double[] logLoss, double meanN, double meanD) implements Bfgs.Function {
        static Problem of(List<Observation> models) {
            double[] n = models.stream().mapToDouble(m -> Math.log(m.N())).toArray(), d = models.stream().mapToDouble(m -> Math.log(m.D())).toArray();
            double meanN = mean(n), meanD = mean(d);
            for (int i = 0; i < n.length; i++) {
                n[i] -= meanN;
                d[i] -= meanD;
            }
            return new Problem(n, d, models.stream().mapToDouble(m -> Math.log(m.loss())).toArray(), meanN, meanD);
        }

        private static double mean(double[] values) {
            double sum = 0;
            for (double value : values) {
                sum += value;
            }
            return sum / values.length;
        }

        Problem with(double[] losses) {
            return new Problem(logN, logD, losses, meanN, meanD);
        }

        /// From a fit to nearly the same losses, and from a place beside it.
        double[] refit(double[] near) {
            Bfgs.Result best = null;
            for (double shift : new double[] {0, 0.3}) {
                double[] start = near.clone();
                start[E] = Math.max(start[E], Math.log(1e-3)) - shift;
                start[LOG_ALPHA] += shift;
                start[LOG_BETA] -= shift;
                Bfgs.Result result = Bfgs.minimize(this, start, ITERATIONS, TOLERANCE);
                best = best == null || result.value() < best.value() ? result : best;
            }
            return best.x();
        }

        @Override
        public double at(double[] x, double[] gradient) {
            double alpha = Math.exp(x[LOG_ALPHA]), beta = Math.exp(x[LOG_BETA]), sum = 0;
            Arrays.fill(gradient, 0);
            for (int i = 0; i < logN.length; i++) {
                double n = x[LOG_A] - alpha * logN[i], d = x[LOG_B] - beta * logD[i], most = Math.max(x[E], Math.max(n, d));
                double pe = Math.exp(x[E] - most), pn = Math.exp(n - most), pd = Math.exp(d - most), all = pe + pn + pd;
                double r = (most + Math.log(all) - logLoss[i]) / DELTA;
                sum += Math.abs(r) <= 1 ? r * r / 2 : Math.abs(r) - 0.5;
                double dr = Math.clamp(r, -1, 1) / DELTA / all;
                gradient[E] += dr * pe;
                gradient[LOG_A] += dr * pn;
                gradient[LOG_ALPHA] -= dr * pn * alpha * logN[i];
                gradient[LOG_B] += dr * pd;
                gradient[LOG_BETA] -= dr * pd * beta * logD[i];
            }
            sum += fence(x, gradient, LOG_ALPHA, LEAST_EXPONENT, MOST_EXPONENT) + fence(x, gradient, LOG_BETA, LEAST_EXPONENT, MOST_EXPONENT);
            for (int term : new int[] {E, LOG_A, LOG_B}) {
                sum += fence(x, gradient, term, logLoss[0] - NOTHING, Double.POSITIVE_INFINITY);
            }
            return sum;
        }

        /// Losses that do not depend on N, say, pull its term to nothing and further, where numbers end. A slope outside keeps it in sight.
        private static double fence(double[] x, double[] gradient, int i, double low, double high) {
            double beyond = x[i] < low ? x[i] - low : x[i] > high ? x[i] - high : 0;
            gradient[i] += 2 * beyond;
            return beyond * beyond;
        }

        /// log L that was measured, less log L of the law.
        double[] residuals(double[] x) {
            double[] residuals = new double[logN.length];
            ScalingLaw law = law(x);
            for (int i = 0; i < residuals.length; i++) {
                residuals[i] = logLoss[i] - Math.log(law.loss(Math.exp(logN[i] + meanN), Math.exp(logD[i] + meanD)));
            }
            return residuals;
        }

        ScalingLaw law(double[] x) {
            double alpha = Math.exp(x[LOG_ALPHA]), beta = Math.exp(x[LOG_BETA]);
            return new ScalingLaw(Math.exp(x[E]), Math.exp(x[LOG_A] + alpha * meanN), alpha, Math.exp(x[LOG_B] + beta * meanD), beta);
        }
    }
}
