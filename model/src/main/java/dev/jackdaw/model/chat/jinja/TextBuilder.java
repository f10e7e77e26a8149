package dev.jackdaw.model.chat.jinja;

import java.util.Arrays;

/// Puts a [Text] together. Stops at the limit of the budget.
final class TextBuilder {
    private final StringBuilder chars = new StringBuilder();
    private final Budget budget;
    private int[] foreign = new int[8];
    private int ranges;

    TextBuilder(Budget budget) {
        this.budget = budget;
    }

    TextBuilder append(String more) {
        budget.produce(more.length());
        chars.append(more);
        return this;
    }

    TextBuilder append(char c) {
        budget.produce(1);
        chars.append(c);
        return this;
    }

    TextBuilder append(Text more) {
        budget.produce((long) chars.length() + more.chars().length() > Integer.MAX_VALUE - 16 ? Long.MAX_VALUE : more.chars().length());
        int[] theirs = more.foreignArray();
        for (int i = 0; i < theirs.length; i += 2) {
            mark(chars.length() + theirs[i], chars.length() + theirs[i + 1]);
        }
        chars.append(more.chars());
        return this;
    }

    TextBuilder append(String more, boolean isForeign) {
        if (isForeign && !more.isEmpty()) {
            mark(chars.length(), chars.length() + more.length());
        }
        return append(more);
    }

    private void mark(int from, int to) {
        if (ranges > 0 && foreign[ranges - 1] == from) {
            foreign[ranges - 1] = to;
            return;
        }
        if (ranges == foreign.length) {
            foreign = Arrays.copyOf(foreign, 2 * ranges);
        }
        foreign[ranges++] = from;
        foreign[ranges++] = to;
    }

    int length() {
        return chars.length();
    }

    Text text() {
        return new Text(chars.toString(), Arrays.copyOf(foreign, ranges));
    }
}
