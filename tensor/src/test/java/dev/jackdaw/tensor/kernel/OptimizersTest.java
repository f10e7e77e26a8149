package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Floats.OFFSETS;
import static dev.jackdaw.tensor.kernel.Floats.SIZES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// [AdamW] and [Muon].
class OptimizersTest {
    private final Random random = new Random(6);

    @Test
    void adamWHasTheBitsOfTheReference() {
        AdamW simd = new AdamWSimd();
        for (int size : SIZES) {
            for (int offset : OFFSETS) {
                Floats[] one = {Floats.random(random, size, offset, 1), Floats.random(random, size, offset, 1), Floats.random(random, size, offset, 1),
                    Floats.of(size, offset, _ -> random.nextDouble())};
                Floats[] two = {one[0].copy(), one[1].copy(), one[2].copy(), one[3].copy()};
                int from = size / 5;
                AdamW.SCALAR.step(one[0].address(), one[1].address(), one[2].address(), one[3].address(), from, size,
                        1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.19f, 0.0975f, 0.7f);
                simd.step(two[0].address(), two[1].address(), two[2].address(), two[3].address(), from, size,
                        1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.19f, 0.0975f, 0.7f);
                for (int i = 0; i < 4; i++) {
                    two[i].assertSame(one[i], "size " + size + ", offset " + offset + ", buffer " + i);
                }
            }
        }
    }

    @Test
    void adamWFollowsTheFormulaOverTenSteps() {
        int size = 50;
        Floats p = Floats.random(random, size, 0, 1);
        Floats m = Floats.zeros(size, 0);
        Floats v = Floats.zeros(size, 0);
        double[] expected = new double[size];
        double[] first = new double[size];
        double[] second = new double[size];
        for (int i = 0; i < size; i++) {
            expected[i] = p.get(i);
        }
        for (int t = 1; t <= 10; t++) {
            Floats g = Floats.random(random, size, 0, 1);
            double correction1 = 1 - Math.pow(0.9, t);
            double correction2 = 1 - Math.pow(0.95, t);
            for (int i = 0; i < size; i++) {
                double gradient = g.get(i) * 0.5;
                first[i] = 0.9 * first[i] + 0.1 * gradient;
                second[i] = 0.95 * second[i] + 0.05 * gradient * gradient;
                expected[i] -= 1e-3 * 0.1 * expected[i];
                expected[i] -= 1e-3 * (first[i] / correction1) / (Math.sqrt(second[i] / correction2) + 1e-8);
            }
            new AdamWSimd().step(p.address(), g.address(), m.address(), v.address(), 0, size, 1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f,
                    (float) correction1, (float) correction2, 0.5f);
        }
        for (int i = 0; i < size; i++) {
            assertThat((double) p.get(i)).isCloseTo(expected[i], within(2e-6));
        }
    }

    @Test
    void adamWLeavesAParameterWithoutGradientAlone() {
        Floats p = Floats.random(random, 40, 0, 1);
        Floats before = p.copy();
        Floats g = Floats.zeros(40, 0);
        Floats m = Floats.zeros(40, 0);
        Floats v = Floats.zeros(40, 0);
        new AdamWSimd().step(p.address(), g.address(), m.address(), v.address(), 0, 40, 1e-3f, 0.9f, 0.95f, 1e-8f, 0, 0.1f, 0.05f, 1);
        p.assertSame(before, "p");
    }

    @Test
    void muonHasTheBitsOfTheReference() {
        Muon simd = new MuonSimd();
        for (int size : SIZES) {
            for (int offset : OFFSETS) {
                String what = "size " + size + ", offset " + offset;
                Floats g = Floats.random(random, size, offset, 1);
                Floats buffer1 = Floats.random(random, size, offset, 1);
                Floats buffer2 = buffer1.copy();
                Floats update1 = Floats.zeros(size, offset);
                Floats update2 = Floats.zeros(size, offset);
                int from = size / 5;
                Muon.SCALAR.momentum(update1.address(), g.address(), buffer1.address(), from, size, 0.95f, 0.7f);
                simd.momentum(update2.address(), g.address(), buffer2.address(), from, size, 0.95f, 0.7f);
                update2.assertSame(update1, what);
                buffer2.assertSame(buffer1, what);
                Muon.SCALAR.apply(g.address(), update1.address(), from, size, 0.02f, 1.4f, 0.1f);
                Floats p = Floats.of(size, offset, i -> buffer1.get((int) i));
                simd.apply(buffer2.address(), update1.address(), from, size, 0.02f, 1.4f, 0.1f);
                Muon.SCALAR.apply(p.address(), update1.address(), from, size, 0.02f, 1.4f, 0.1f);
                buffer2.assertSame(p, what);
            }
        }
    }

    @Test
    void muonLooksAheadByOneMomentum() {
        Floats g = Floats.of(1, 0, _ -> 2);
        Floats buffer = Floats.of(1, 0, _ -> 10);
        Floats update = Floats.zeros(1, 0);
        Muon.SCALAR.momentum(update.address(), g.address(), buffer.address(), 0, 1, 0.5f, 0.25f);
        assertThat(buffer.get(0)).isEqualTo(5.5f);              // 0.5 · 10 + 0.25 · 2
        assertThat(update.get(0)).isEqualTo(3.25f);             // 0.25 · 2 + 0.5 · 5.5
        Muon.SCALAR.apply(buffer.address(), update.address(), 0, 1, 0.1f, 2, 0.5f);
        assertThat(buffer.get(0)).isCloseTo(5.5f * 0.95f - 0.2f * 3.25f, within(1e-6f));
    }
}
