package dev.jackdaw.model.chat.jinja;

import java.util.Arrays;

/// A string that knows which of its characters came from outside, from a message for instance, and which the template itself wrote.
/// Every operation carries this along, so that in the rendered prompt `<|im_end|>` written by the template is a token and the same
/// characters typed by a user are only characters.
///
/// Lengths and positions are UTF-16 here; [#length()] and [#slice] count code points, as templates do.
public final class Text implements Value, Comparable<Text> {
    private static final int[] NONE = {};
    static final Text EMPTY = new Text("", NONE);

    private final String chars;
    private final int[] foreign;             // from, to, from, to, … ascending, not touching

    Text(String chars, int[] foreign) {
        this.chars = chars;
        this.foreign = foreign;
    }

    /// Written by the template.
    public static Text of(String chars) {
        return new Text(chars, NONE);
    }

    /// From outside.
    public static Text foreign(String chars) {
        return new Text(chars, chars.isEmpty() ? NONE : new int[] {0, chars.length()});
    }

    public String chars() {
        return chars;
    }

    /// The ranges that came from outside: from, to (exclusive), from, to, … in UTF-16 positions.
    public int[] foreignRanges() {
        return foreign.clone();
    }

    boolean hasForeign() {
        return foreign.length > 0;
    }

    boolean isEmpty() {
        return chars.isEmpty();
    }

    /// In code points.
    int length() {
        return chars.codePointCount(0, chars.length());
    }

    /// Other characters with the same origin: character by character if the length is the same, else all foreign if any was.
    Text withChars(String changed) {
        if (foreign.length == 0) {
            return of(changed);
        }
        return changed.length() == chars.length() ? new Text(changed, foreign) : foreign(changed);
    }

    /// A part, in UTF-16 positions.
    public Text substring(int from, int to) {
        if (from >= to) {
            return EMPTY;
        }
        if (from == 0 && to == chars.length()) {
            return this;
        }
        if (foreign.length == 0) {
            return of(chars.substring(from, to));
        }
        int[] kept = new int[foreign.length];
        int n = 0;
        for (int i = 0; i < foreign.length; i += 2) {
            int a = Math.max(foreign[i], from), b = Math.min(foreign[i + 1], to);
            if (a < b) {
                kept[n++] = a - from;
                kept[n++] = b - from;
            }
        }
        return new Text(chars.substring(from, to), Arrays.copyOf(kept, n));
    }

    Text substring(int from) {
        return substring(from, chars.length());
    }

    /// The code point at an index that counts code points.
    Text at(int index) {
        int from = chars.offsetByCodePoints(0, index);
        return substring(from, chars.offsetByCodePoints(from, 1));
    }

    int[] foreignArray() {
        return foreign;
    }

    @Override
    public int compareTo(Text other) {
        int n = Math.min(chars.length(), other.chars.length());
        for (int i = 0; i < n; i++) {
            if (chars.charAt(i) != other.chars.charAt(i)) {
                return Integer.compare(order(chars.charAt(i)), order(other.chars.charAt(i)));
            }
        }
        return Integer.compare(chars.length(), other.chars.length());
    }

    /// Surrogates stand for code points above all others.
    private static int order(char c) {
        return Character.isSurrogate(c) ? c + 0x10000 : c;
    }

    /// Origin does not count.
    @Override
    public boolean equals(Object other) {
        return other instanceof Text text && text.chars.equals(chars);
    }

    @Override
    public int hashCode() {
        return chars.hashCode();
    }

    @Override
    public String toString() {
        return chars;
    }
}
