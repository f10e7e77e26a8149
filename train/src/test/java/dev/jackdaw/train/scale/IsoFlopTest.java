package dev.jackdaw.train.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IsoFlopTest {
    private static List<IsoFlop.Profile> drawn(ScalingLaw law, double noise, double... budgets) {
        Random random = new Random(4);
        List<IsoFlop.Profile> profiles = new ArrayList<>();
        for (double C : budgets) {
            List<Observation> models = new ArrayList<>();
            for (int i = -3; i <= 3; i++) {
                double N = law.optimalParameters(C) * Math.pow(1.5, i), D = C / 6 / N;
                models.add(new Observation(N, D, law.loss(N, D) * Math.exp(noise * random.nextGaussian())));
            }
            profiles.add(new IsoFlop.Profile(C, models));
        }
        return profiles;
    }

    @Test
    void parabolasFindTheLawsBestSizes() {
        ScalingLaw law = ScalingLaw.CHINCHILLA_CORRECTED;
        IsoFlop.Result result = IsoFlop.of(drawn(law, 0, 1e19, 1e20, 1e21), 0, 0.95, 0);
        assertThat(result.minima()).hasSize(3).allMatch(IsoFlop.Minimum::bracketed);
        for (IsoFlop.Minimum minimum : result.minima()) {
            double C = minimum.operations();
            assertThat(minimum.parameters()).isCloseTo(law.optimalParameters(C), within(0.1 * law.optimalParameters(C)));      // the law is no exact parabola
            assertThat(minimum.tokens() * minimum.parameters() * 6).isCloseTo(C, within(1e-6 * C));
            assertThat(minimum.loss()).isCloseTo(law.loss(law.optimalParameters(C), law.optimalTokens(C)), within(0.01));
            assertThat(minimum.loss(minimum.parameters() * Math.E)).isCloseTo(minimum.loss() + minimum.curvature(), within(1e-9));
        }
        assertThat(result.parameters().exponent()).isCloseTo(law.optimalExponent(), within(0.01));
        assertThat(result.tokens().exponent()).isCloseTo(1 - law.optimalExponent(), within(0.01));
        assertThat(result.parameters().at(1e20)).isCloseTo(result.minima().get(1).parameters(), within(0.02 * result.minima().get(1).parameters()));
    }

    @Test
    void exponentsHaveIntervals() {
        ScalingLaw law = ScalingLaw.CHINCHILLA_CORRECTED;
        IsoFlop.Result result = IsoFlop.of(drawn(law, 0.003, 1e19, 3e19, 1e20, 3e20, 1e21), 300, 0.95, 9);
        assertThat(result.parameterExponent().contains(law.optimalExponent())).isTrue();
        assertThat(result.parameterExponent().high() - result.parameterExponent().low()).isBetween(0.005, 0.4);
        assertThat(result.tokenExponent().contains(1 - law.optimalExponent())).isTrue();
    }

    @Test
    void aBudgetWithoutAValleyHasNoMinimum() {
        List<Observation> falling = List.of(new Observation(1e6, 8e6, 3), new Observation(2e6, 4e6, 2.5), new Observation(4e6, 2e6, 2.0), new Observation(8e6, 1e6, 1.5));
        IsoFlop.Result result = IsoFlop.of(List.of(new IsoFlop.Profile(4.8e13, falling)), 10, 0.95, 0);
        assertThat(result.minima()).isEmpty();
        assertThat(result.parameters()).isNull();
    }

    @Test
    void polynomialsAreFittedExactly() {
        double[] x = {100, 101, 103, 107}, y = new double[4];
        for (int i = 0; i < 4; i++) {
            y[i] = 5 - 3 * x[i] + 0.25 * x[i] * x[i];
        }
        assertThat(Polynomial.fit(x, y, 2)).containsExactly(new double[] {5, -3, 0.25}, within(1e-6));
    }
}
