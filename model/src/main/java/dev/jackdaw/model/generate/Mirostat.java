package dev.jackdaw.model.generate;

/// Keeps the surprise of the text near a target by feedback (Basu et al., 2021), instead of cutting the tail at a fixed place.
///
/// @param version 1 estimates how many tokens to keep from the slope of the distribution, 2 cuts by surprise directly; 0: off
/// @param tau     target surprise in bits
/// @param eta     learning rate of the feedback
public record Mirostat(int version, double tau, double eta) {
    public static final Mirostat NONE = new Mirostat(0, 5, 0.1);
    private static final int TOP = 100;                      // tokens that the slope is estimated from, as in the authors' code

    public Mirostat {
        if (version < 0 || version > 2 || !(tau > 0) || !(eta > 0)) {
            throw new IllegalArgumentException("sampling: mirostat " + version + ", tau " + tau + ", eta " + eta + "; the version is 0, 1 or 2, the others are positive");
        }
    }

    double start() {
        return 2 * tau;
    }

    /// Narrows the candidates to what the present bound `mu` allows.
    void narrow(Candidates candidates, double mu) {
        candidates.sort(candidates.size());
        double[] p = candidates.softmax();
        if (version == 2) {
            int count = 0;
            while (count < candidates.size() && -Math.log(p[count]) / Math.log(2) <= mu) {
                count++;
            }
            candidates.keep(count);
            return;
        }
        double sumTB = 0, sumTT = 0;
        for (int i = 0; i + 1 < Math.min(TOP, candidates.size()); i++) {
            double t = Math.log((i + 2.0) / (i + 1)), b = Math.log(p[i] / p[i + 1]);
            sumTB += t * b;
            sumTT += t * t;
        }
        double s = sumTT == 0 ? 1 : sumTB / sumTT, epsilon = s - 1;
        double k = Math.pow(epsilon * Math.pow(2, mu) / (1 - Math.pow(candidates.size(), -epsilon)), 1 / s);
        candidates.keep(Double.isFinite(k) ? (int) Math.min(k, Integer.MAX_VALUE) : candidates.size());
    }

    /// The bound after a token that had this probability among the candidates.
    double next(double mu, double probability) {
        return mu - eta * (-Math.log(probability) / Math.log(2) - tau);
    }
}
