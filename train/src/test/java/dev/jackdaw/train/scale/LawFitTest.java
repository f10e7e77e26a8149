package dev.jackdaw.train.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.api.Test;

/// Laws that are known are found again from models drawn from them.
class LawFitTest {
    static List<ScalingLaw> published() {
        return List.of(ScalingLaw.CHINCHILLA, ScalingLaw.CHINCHILLA_CORRECTED);
    }

    /// Budgets of 6·10^18 to 3·10^21 operations, eleven sizes each around the best one, as in the paper's figure 3.
    private static List<Observation> drawn(ScalingLaw law, double noise, long seed) {
        Random random = new Random(seed);
        List<Observation> models = new ArrayList<>();
        for (double C : new double[] {6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21}) {
            for (int i = -5; i <= 5; i++) {
                double N = law.optimalParameters(C) * Math.pow(1.5, i), D = C / 6 / N;
                models.add(new Observation(N, D, law.loss(N, D) * Math.exp(noise * random.nextGaussian())));
            }
        }
        return models;
    }

    @ParameterizedTest
    @MethodSource("published")
    void findsThePublishedConstantsFromExactLosses(ScalingLaw law) {
        LawFit fit = LawFit.of(drawn(law, 0, 0), 0, 0);
        assertThat(fit.law().E()).isCloseTo(law.E(), within(1e-4 * law.E()));
        assertThat(fit.law().A()).isCloseTo(law.A(), within(1e-3 * law.A()));
        assertThat(fit.law().B()).isCloseTo(law.B(), within(1e-3 * law.B()));
        assertThat(fit.law().alpha()).isCloseTo(law.alpha(), within(1e-4));
        assertThat(fit.law().beta()).isCloseTo(law.beta(), within(1e-4));
        assertThat(fit.residual()).isLessThan(1e-6);
    }

    @ParameterizedTest
    @MethodSource("published")
    void findsThemThroughOnePercentOfNoiseWithinItsIntervals(ScalingLaw law) {
        LawFit fit = LawFit.of(drawn(law, 0.01, 3), 300, 1);
        assertThat(fit.residual()).isBetween(0.008, 0.012);
        assertThat(fit.interval(ScalingLaw::E, 0.95).contains(law.E())).isTrue();
        assertThat(fit.interval(ScalingLaw::alpha, 0.95).contains(law.alpha())).isTrue();
        assertThat(fit.interval(ScalingLaw::beta, 0.95).contains(law.beta())).isTrue();
        assertThat(fit.interval(ScalingLaw::A, 0.95).contains(law.A())).isTrue();
        assertThat(fit.interval(ScalingLaw::B, 0.95).contains(law.B())).isTrue();
        assertThat(fit.interval(ScalingLaw::optimalExponent, 0.95).contains(law.optimalExponent())).isTrue();
        assertThat(fit.law().E()).isCloseTo(law.E(), within(0.15));
    }

    /// Twenty small models, as a sweep on one machine trains them, 1% noise: the law and one more run four times as expensive.
    @Test
    void intervalsHoldTheTruthAboutAsOftenAsTheySay() {
        ScalingLaw law = new ScalingLaw(0.9, 60, 0.32, 400, 0.38);
        double confidence = 0.9;
        int rounds = 80, predicted = 0, alpha = 0, exponent = 0;
        for (int round = 0; round < rounds; round++) {
            Random random = new Random(1000 + round);
            List<Observation> models = new ArrayList<>();
            for (double C = 1e13; C < 1e14; C *= 2) {
                for (int i = -2; i <= 2; i++) {
                    double N = law.optimalParameters(C) * Math.pow(2, i), D = C / 6 / N;
                    models.add(new Observation(N, D, law.loss(N, D) * Math.exp(0.01 * random.nextGaussian())));
                }
            }
            LawFit fit = LawFit.of(models, 100, round);
            double C = 4 * 8e13, N = law.optimalParameters(C), D = law.optimalTokens(C);
            predicted += fit.prediction(N, D, confidence).contains(law.loss(N, D) * Math.exp(0.01 * random.nextGaussian())) ? 1 : 0;
            alpha += fit.interval(ScalingLaw::alpha, confidence).contains(law.alpha()) ? 1 : 0;
            exponent += fit.interval(ScalingLaw::optimalExponent, confidence).contains(law.optimalExponent()) ? 1 : 0;
        }
        // 90% of 80 is 72; three standard deviations of such a count are 8
        assertThat(predicted).as("predictions of %d", rounds).isBetween(64, 80);
        assertThat(alpha).as("alpha of %d", rounds).isBetween(64, 80);
        assertThat(exponent).as("exponent of %d", rounds).isBetween(64, 80);
    }

    @Test
    void oneWildRunDoesNotMoveTheLaw() {
        List<Observation> models = drawn(ScalingLaw.CHINCHILLA, 0, 0);
        Observation one = models.get(40);
        models.set(40, new Observation(one.N(), one.D(), 2 * one.loss()));
        ScalingLaw law = LawFit.of(models, 0, 0).law();
        assertThat(law.alpha()).isCloseTo(0.34, within(2e-3));
        assertThat(law.E()).isCloseTo(1.69, within(5e-3));
    }

    /// Runs that were too short to use their size: E and A cannot be told apart, but the fit comes back with numbers.
    @Test
    void lossesThatDoNotDependOnTheSizeAreFittedAllTheSame() {
        List<Observation> models = new ArrayList<>();
        for (double N = 1e5; N < 1e6; N *= 1.7) {
            for (double D = 1e5; D < 1e6; D *= 1.9) {
                models.add(new Observation(N, D, 1 + 90 * Math.pow(D, -0.3)));
            }
        }
        LawFit fit = LawFit.of(models, 20, 1);
        assertThat(fit.law().beta()).isCloseTo(0.3, within(0.03));
        assertThat(fit.law().loss(3e5, 3e5)).isCloseTo(1 + 90 * Math.pow(3e5, -0.3), within(0.01));
        assertThat(fit.prediction(1e6, 2e6, 0.95).high()).isFinite();
    }

    @Test
    void theSameSeedGivesTheSameIntervals() {
        List<Observation> models = drawn(ScalingLaw.CHINCHILLA, 0.01, 2);
        assertThat(LawFit.of(models, 30, 7).draws()).isEqualTo(LawFit.of(models, 30, 7).draws()).isNotEqualTo(LawFit.of(models, 30, 8).draws());
    }

    @Test
    void thePredictionLiesInItsInterval() {
        LawFit fit = LawFit.of(drawn(ScalingLaw.CHINCHILLA, 0.01, 2), 200, 7);
        Interval interval = fit.prediction(70e9, 1.4e12, 0.95);
        assertThat(interval.low()).isLessThan(fit.law().loss(70e9, 1.4e12));
        assertThat(interval.high()).isGreaterThan(fit.law().loss(70e9, 1.4e12));
        assertThat(interval.high() / interval.low()).isBetween(1.01, 1.1);
    }

    @Test
    void theBestSizeIsTheLowestPlaceOfTheLaw() {
        for (ScalingLaw law : published()) {
            double C = 5.76e23, N = law.optimalParameters(C), best = law.loss(N, C / 6 / N);
            assertThat(law.optimalTokens(C) * N * 6).isCloseTo(C, within(1e-9 * C));
            assertThat(law.loss(1.01 * N, C / 6 / 1.01 / N)).isGreaterThan(best);
            assertThat(law.loss(0.99 * N, C / 6 / 0.99 / N)).isGreaterThan(best);
        }
        assertThat(ScalingLaw.CHINCHILLA.optimalExponent()).isCloseTo(0.45, within(0.005));           // table 2 of the paper: 0.46 and 0.54
        assertThat(ScalingLaw.CHINCHILLA_CORRECTED.optimalExponent()).isCloseTo(0.512, within(0.002)); // Besiroglu et al.: near one half
    }

    @Test
    void tooFewModelsAreRefused() {
        List<Observation> models = drawn(ScalingLaw.CHINCHILLA, 0, 0);
        assertThatThrownBy(() -> LawFit.of(models.subList(0, 5), 0, 0)).hasMessageContaining("5 models cannot settle five numbers");
        List<Observation> same = models.stream().map(m -> new Observation(1e9, m.D(), m.loss())).toList();
        assertThatThrownBy(() -> LawFit.of(same, 0, 0)).hasMessageContaining("both must vary");
        assertThatThrownBy(() -> new Observation(1, 1, Double.NaN)).hasMessageContaining("finite");
    }
}
