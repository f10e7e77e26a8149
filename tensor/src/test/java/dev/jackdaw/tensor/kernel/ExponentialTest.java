package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class ExponentialTest {
    /// Every float whose exponential is a normal float, in steps of 997 bit patterns.
    @Test
    void relativeErrorStaysBelowTwoInTenMillion() {
        double worst = 0;
        float worstAt = 0;
        for (float limit : new float[] {88.7228f, -87.3365f}) {
            for (int bits = Float.floatToIntBits(1e-9f); bits < Float.floatToIntBits(Math.abs(limit)); bits += 997) {
                float x = Math.copySign(Float.intBitsToFloat(bits), limit);
                double error = Math.abs(exp(x) / Math.exp(x) - 1);
                if (error > worst) {
                    worst = error;
                    worstAt = x;
                }
            }
        }
        assertThat(worst).as("at %s", worstAt).isLessThan(2e-7);
    }

    @Test
    void endsOfTheRange() {
        assertThat(exp(0)).isEqualTo(1);
        assertThat(exp(88.73f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(1e30f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(-87.34f)).isZero();
        assertThat(exp(-1e30f)).isZero();
        assertThat(exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(exp(Float.NaN)).isNaN();
    }

    private static float exp(float x) {
        return Exponential.exp(FloatVector.broadcast(Lanes.F, x)).lane(0);
    }
}
