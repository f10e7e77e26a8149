package dev.jackdaw.model.arch;

/// Checks of what a description says, so that nothing absurd is ever multiplied or allocated.
final class Sizes {
    /// Far above every model; products of three stay below 2^63.
    private static final int MOST = 1 << 20;
    private static final int MOST_ROWS = 1 << 28;

    private Sizes() {
    }

    static void positive(String name, int value) {
        check(name, value, MOST);
    }

    static void rows(String name, int value) {
        check(name, value, MOST_ROWS);
    }

    private static void check(String name, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException("model: " + name + " is " + value + "; expected 1 to " + most);
        }
    }

    static void factor(String name, float value) {
        if (!(value > 0) || value == Float.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("model: " + name + " is " + value + "; expected a positive number");
        }
    }
}
