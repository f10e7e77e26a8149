package dev.jackdaw.model.chat.jinja;

/// Counts the cost of one rendering against its [Limits].
final class Budget {
    /// Values inside each other: lists in lists.
    static final int NESTING = 100;
    /// Elements of one list, those of its elements included.
    static final long WEIGHT = 5_000_000;
    private static final int SCAN = 64;              // looking at so many characters costs as much as writing one step

    private final Limits limits;
    private final long mostCharacters;
    private long steps;
    private long characters;
    private long scanned;
    private int depth;

    Budget(Limits limits, long inputCharacters) {
        this.limits = limits;
        mostCharacters = limits.characters() + 32 * inputCharacters;
    }

    void step() {
        if (++steps > limits.steps()) {
            throw new Problem("stopped after " + limits.steps() + " steps; does the template loop for ever?");
        }
    }

    /// `n` characters or elements are about to be made.
    void produce(long n) {
        if (n > limits.text()) {
            throw new Problem("a value of " + n + " characters or elements; at most " + limits.text() + " are allowed");
        }
        characters += n;
        if (characters > mostCharacters) {
            throw new Problem("more than " + mostCharacters + " characters were made; the template is cut off");
        }
    }

    /// `n` characters or elements are looked at.
    void scan(long n) {
        scanned += n;
        steps += scanned / SCAN;
        scanned %= SCAN;
        step();
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw new Problem("nested deeper than " + limits.depth() + "; does a macro call itself for ever?");
        }
    }

    void leave() {
        depth--;
    }
}
