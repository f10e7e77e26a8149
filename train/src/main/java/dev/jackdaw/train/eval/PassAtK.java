package dev.jackdaw.train.eval;

/// The chance that one of `k` programs passes, from `n` that were tried: 1 − C(n−c, k) / C(n, k), without bias (Chen et al., 2021, eq. 1).
final class PassAtK {
    private PassAtK() {
    }

    static double of(int n, int passed, int k) {
        if (k < 1 || k > n || passed < 0 || passed > n) {
            throw new IllegalArgumentException("pass@" + k + " of " + passed + " passed of " + n + ": expected 1 to " + n + " and no more passed than tried");
        }
        double none = 1;
        for (int i = 0; i < k; i++) {
            none *= Math.max(0, n - passed - i) / (double) (n - i);
        }
        return 1 - none;
    }
}
