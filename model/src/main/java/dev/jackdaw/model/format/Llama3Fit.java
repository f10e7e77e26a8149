package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.Rope;
import java.util.List;

/// Finds the numbers of Llama 3's rule behind a list of factors, which is all that a GGUF file keeps of it.
final class Llama3Fit {
    /// What every published model uses.
    private static final double LOW = 1;
    private static final double HIGH = 4;
    private static final double CLOSE = 1e-4;

    private Llama3Fit() {
    }

    static Rope.Llama3 of(Rope.Turned rope, List<Float> factors) {
        double factor = factors.stream().mapToDouble(Float::doubleValue).max().orElse(1);
        double[] angles = new Rope.Turned(rope.width(), rope.neighbours(), rope.theta(), Rope.UNSCALED).angles(false);
        for (int i = 0; i < angles.length; i++) {
            if (factors.get(i) > 1 + CLOSE && factors.get(i) < factor - CLOSE) {        // in the mixed part: solve for the original context
                double smooth = (1.0 / factors.get(i) - 1 / factor) / (1 - 1 / factor);
                double original = Math.rint((LOW + smooth * (HIGH - LOW)) * 2 * Math.PI / angles[i]);
                Rope.Llama3 found = new Rope.Llama3(factor, LOW, HIGH, original);
                if (fits(rope, found, angles, factors)) {
                    return found;
                }
            }
        }
        for (double original = 64; original <= 1 << 20; original *= 2) {
            Rope.Llama3 found = new Rope.Llama3(factor, LOW, HIGH, original);
            if (fits(rope, found, angles, factors)) {
                return found;
            }
        }
        throw new IllegalArgumentException("export: these rope factors follow no rule that config.json can say; they are not those of llama3 with frequency factors 1 and 4");
    }

    private static boolean fits(Rope.Turned rope, Rope.Llama3 rule, double[] plain, List<Float> factors) {
        double[] scaled = new Rope.Turned(rope.width(), rope.neighbours(), rope.theta(), rule).angles(false);
        for (int i = 0; i < scaled.length; i++) {
            if (Math.abs(plain[i] / scaled[i] / factors.get(i) - 1) > CLOSE) {
                return false;
            }
        }
        return true;
    }
}
