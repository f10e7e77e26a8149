package dev.jackdaw.model.generate.constrain;

import java.util.ArrayList;
import java.util.List;

/// Pieces of JSON (RFC 8259) as forms: blanks, strings, numbers in a range.
final class JsonForms {
    /// Blanks between tokens: none, one, or a line with its indentation. Not more, so that a model cannot fill its answer with blanks.
    static final Form BLANK = Form.choice(Form.EMPTY, Form.literal(" "), Form.sequence(Form.literal("\n"), new Form.Repeat(Form.chars(' ', ' ', '\t', '\t'), 0, 32)));
    /// A character that stands for itself in a string.
    static final Form.Chars PLAIN = Form.chars(0x20, 0x21, 0x23, 0x5b, 0x5d, Character.MAX_CODE_POINT);
    private static final Form.Chars HEX = Form.chars('0', '9', 'a', 'f', 'A', 'F');
    private static final Form.Chars DIGIT = Form.chars('0', '9');
    private static final Form.Chars NOT_ZERO = Form.chars('1', '9');
    /// Digits after the point at most; more would be no more exact.
    private static final int FRACTION = 15;

    private JsonForms() {
    }

    /// One character of a string, escaped or not.
    static Form character() {
        Form unicode = Form.choice(
                Form.sequence(Form.chars('0', '9', 'a', 'c', 'e', 'f', 'A', 'C', 'E', 'F'), HEX, HEX, HEX),
                Form.sequence(Form.chars('d', 'd', 'D', 'D'), Form.chars('0', '7'), HEX, HEX),
                Form.sequence(Form.chars('d', 'd', 'D', 'D'), Form.chars('8', '9', 'a', 'b', 'A', 'B'), HEX, HEX, Form.literal("\\u"),
                        Form.chars('d', 'd', 'D', 'D'), Form.chars('c', 'f', 'C', 'F'), HEX, HEX));
        return Form.choice(PLAIN, Form.sequence(Form.literal("\\"), Form.choice(Form.chars('"', '"', '\\', '\\', '/', '/', 'b', 'b', 'f', 'f', 'n', 'n', 'r', 'r', 't', 't'),
                Form.sequence(Form.literal("u"), unicode))));
    }

    /// Texts of `form` as they stand inside of a JSON string.
    static Form escaped(Form form) {
        return switch (form) {
            case Form.Chars chars -> {
                List<Form> options = new ArrayList<>();
                Form.Chars plain = Form.and(chars, PLAIN);
                if (!plain.isEmpty()) {
                    options.add(plain);
                }
                for (int c = 0; c <= '\\'; c++) {
                    if ((c < 0x20 || c == '"' || c == '\\') && !Form.and(chars, Form.chars(c, c)).isEmpty()) {
                        options.add(Form.literal(switch (c) {
                            case '"' -> "\\\"";
                            case '\\' -> "\\\\";
                            case '\n' -> "\\n";
                            case '\r' -> "\\r";
                            case '\t' -> "\\t";
                            case '\b' -> "\\b";
                            case '\f' -> "\\f";
                            default -> String.format("\\u%04x", c);
                        }));
                    }
                }
                yield new Form.Choice(options);
            }
            case Form.Sequence sequence -> new Form.Sequence(sequence.parts().stream().map(JsonForms::escaped).toList());
            case Form.Choice choice -> new Form.Choice(choice.options().stream().map(JsonForms::escaped).toList());
            case Form.Repeat repeat -> new Form.Repeat(escaped(repeat.form()), repeat.min(), repeat.max());
            case Form.Reference reference -> reference;
            case Form.Mark mark -> mark;
        };
    }

    static Form integer() {
        return Form.sequence(Form.optional(Form.literal("-")), Form.choice(Form.literal("0"), Form.sequence(NOT_ZERO, new Form.Repeat(DIGIT, 0, 17))));
    }

    static Form number() {
        return Form.sequence(integer(), Form.optional(fraction()),
                Form.optional(Form.sequence(Form.chars('e', 'e', 'E', 'E'), Form.optional(Form.chars('+', '+', '-', '-')), new Form.Repeat(DIGIT, 1, 2))));
    }

    private static Form fraction() {
        return Form.sequence(Form.literal("."), new Form.Repeat(DIGIT, 1, FRACTION));
    }

    /// Whole numbers from `low` to `high`; null: no bound.
    static Form integers(Long low, Long high) {
        List<Form> options = new ArrayList<>();
        long most = 999_999_999_999_999_999L;
        long from = low == null ? -most : Math.max(low, -most), to = high == null ? most : Math.min(high, most);
        if (from < 0) {
            Form magnitude = upTo(Math.max(1, -Math.min(to, -1)), -from);
            options.add(Form.sequence(Form.literal("-"), magnitude));
        }
        if (to >= 0) {
            options.add(upTo(Math.max(0, from), to));
        }
        return new Form.Choice(options);
    }

    /// Numbers between two whole numbers, with or without a fraction.
    static Form numbers(Long low, Long high) {
        List<Form> options = new ArrayList<>();
        options.add(integers(low, high));
        long most = 999_999_999_999_999L;
        long from = low == null ? -most : Math.max(low, -most), to = high == null ? most : Math.min(high, most);
        if (to >= 1) {                                            // n.ddd is below n + 1
            options.add(Form.sequence(upTo(Math.max(0, from), to - 1), fraction()));
        }
        if (from <= -1) {                                         // -n.ddd is above -(n + 1)
            options.add(Form.sequence(Form.literal("-"), upTo(Math.max(0, -to), -from - 1), fraction()));
        }
        return new Form.Choice(options.stream().filter(option -> option != null).toList());
    }

    /// Decimal numbers without a sign from `low` to `high`, both at least 0.
    private static Form upTo(long low, long high) {
        List<Form> options = new ArrayList<>();
        for (long from = low; from <= high; ) {                   // one form for each number of digits
            int digits = Long.toString(from).length();
            long last = Math.min(high, digits == 18 ? 999_999_999_999_999_999L : (long) Math.pow(10, digits) - 1);
            options.add(between(Long.toString(from), Long.toString(last)));
            from = last + 1;
        }
        return new Form.Choice(options);
    }

    /// Digit strings of one length from `low` to `high`.
    private static Form between(String low, String high) {
        if (low.isEmpty()) {
            return Form.EMPTY;
        }
        char a = low.charAt(0), b = high.charAt(0);
        String lowRest = low.substring(1), highRest = high.substring(1);
        if (a == b) {
            return Form.sequence(Form.chars(a, a), between(lowRest, highRest));
        }
        List<Form> options = new ArrayList<>();
        boolean lowIsFull = lowRest.chars().allMatch(c -> c == '0'), highIsFull = highRest.chars().allMatch(c -> c == '9');
        if (!lowIsFull) {
            options.add(Form.sequence(Form.chars(a, a), between(lowRest, "9".repeat(lowRest.length()))));
            a++;
        }
        if (!highIsFull) {
            options.add(Form.sequence(Form.chars(b, b), between("0".repeat(highRest.length()), highRest)));
            b--;
        }
        if (a <= b) {
            options.add(Form.sequence(Form.chars(a, b), new Form.Repeat(DIGIT, lowRest.length(), lowRest.length())));
        }
        return new Form.Choice(options);
    }
}
