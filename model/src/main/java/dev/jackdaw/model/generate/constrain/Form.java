package dev.jackdaw.model.generate.constrain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a rule of a grammar looks like.
sealed interface Form {
    Form EMPTY = new Sequence(List.of());

    /// One character of a set: from, to, from, to, … (inclusive code points, ascending).
    record Chars(int[] ranges) implements Form {
        boolean isEmpty() {
            return ranges.length == 0;
        }
    }

    record Sequence(List<Form> parts) implements Form { }

    record Choice(List<Form> options) implements Form { }

    /// @param max -1: any number
    record Repeat(Form form, int min, int max) implements Form { }

    record Reference(String rule) implements Form { }

    /// The token of this name, special or not; where the vocabulary has none, the characters of the name.
    record Mark(String name) implements Form { }

    static Form literal(String text) {
        return new Sequence(text.codePoints().mapToObj(c -> (Form) new Chars(new int[] {c, c})).toList());
    }

    static Form sequence(Form... parts) {
        return new Sequence(List.of(parts));
    }

    static Form choice(Form... options) {
        return new Choice(List.of(options));
    }

    static Form optional(Form form) {
        return new Repeat(form, 0, 1);
    }

    /// A repetition; one of a repetition becomes a single one where both together allow every number between two.
    static Form repeat(Form form, int min, int max) {
        Form inner = form instanceof Sequence(List<Form> parts) && parts.size() == 1 ? parts.getFirst() : form;
        if (inner instanceof Repeat(Form once, int least, int most) && least <= 1) {
            long low = (long) min * least, high = max < 0 && most != 0 || most < 0 && max != 0 ? -1 : (long) Math.max(max, 0) * most;
            if (low <= Integer.MAX_VALUE && high <= Integer.MAX_VALUE) {
                return new Repeat(once, (int) low, (int) high);
            }
        }
        return new Repeat(form, min, max);
    }

    /// A set from ranges in any order; surrogates are no characters.
    static Chars chars(int... ranges) {
        List<int[]> all = new ArrayList<>();
        for (int i = 0; i < ranges.length; i += 2) {
            addWithoutSurrogates(all, ranges[i], ranges[i + 1]);
        }
        all.sort((a, b) -> Integer.compare(a[0], b[0]));
        List<int[]> merged = new ArrayList<>();
        for (int[] range : all) {
            int[] last = merged.isEmpty() ? null : merged.getLast();
            if (last != null && range[0] <= last[1] + 1) {
                last[1] = Math.max(last[1], range[1]);
            } else {
                merged.add(range);
            }
        }
        return new Chars(merged.stream().flatMapToInt(Arrays::stream).toArray());
    }

    private static void addWithoutSurrogates(List<int[]> all, int from, int to) {
        if (from <= Math.min(to, 0xd7ff)) {
            all.add(new int[] {from, Math.min(to, 0xd7ff)});
        }
        if (Math.max(from, 0xe000) <= to) {
            all.add(new int[] {Math.max(from, 0xe000), to});
        }
    }

    /// All characters but these.
    static Chars not(Chars chars) {
        List<Integer> ranges = new ArrayList<>();
        int next = 0;
        for (int i = 0; i < chars.ranges.length; i += 2) {
            if (chars.ranges[i] > next) {
                ranges.add(next);
                ranges.add(chars.ranges[i] - 1);
            }
            next = chars.ranges[i + 1] + 1;
        }
        if (next <= Character.MAX_CODE_POINT) {
            ranges.add(next);
            ranges.add(Character.MAX_CODE_POINT);
        }
        return chars(ranges.stream().mapToInt(Integer::intValue).toArray());
    }

    /// Characters of both sets.
    static Chars and(Chars a, Chars b) {
        List<Integer> ranges = new ArrayList<>();
        for (int i = 0; i < a.ranges.length; i += 2) {
            for (int j = 0; j < b.ranges.length; j += 2) {
                int from = Math.max(a.ranges[i], b.ranges[j]), to = Math.min(a.ranges[i + 1], b.ranges[j + 1]);
                if (from <= to) {
                    ranges.add(from);
                    ranges.add(to);
                }
            }
        }
        return chars(ranges.stream().mapToInt(Integer::intValue).toArray());
    }
}
