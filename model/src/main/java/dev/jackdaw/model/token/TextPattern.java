package dev.jackdaw.model.token;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// What a tokenizer file looks for in text: a string, or a regular expression of a family that has no code of its own in [Split].
///
/// The files are written for Oniguruma; `java.util.regex` reads nearly the same language. Where they differ, [#regex] translates
/// (`\p{Han}`; `$` is the end of a line), and what Java cannot read is refused. A hostile expression could backtrack for ever or nest too deeply: matching is
/// given a number of steps in proportion to the text and stops with an error beyond it.
final class TextPattern {
    private static final long STEPS_PER_CHARACTER = 2000;
    private static final long STEPS_AT_LEAST = 1_000_000;

    /// Common enough to be found without a matcher.
    private static final String TWO_SPACES = " {2,}";

    private final String source;
    private final byte[] literal;           // or null
    private final Pattern pattern;          // or null

    private TextPattern(String source, byte[] literal, Pattern pattern) {
        this.source = source;
        this.literal = literal;
        this.pattern = pattern;
    }

    static TextPattern literal(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("a pattern is empty; expected a text to look for");
        }
        return new TextPattern(text, Utf8.bytes(text), null);
    }

    static TextPattern regex(String expression) {
        String java = expression.replaceAll("\\\\p\\{(Han|Hiragana|Katakana|Hangul|Latin|Cyrillic|Greek|Arabic|Hebrew|Thai|Devanagari)\\}", "\\\\p{Is$1}");
        // DeepSeek lists the letters of the world in a hundred ranges, and Java asks them one after the other: let it ask for ASCII first.
        java = java.replaceAll("\\[A-Za-z([^\\x00-\\x7F](?:[^\\x00-\\x7F]|-)*)\\]", "[A-Za-z[[^\\\\x00-\\\\x7F]&&[$1]]]");
        try {
            return new TextPattern(expression, null, Pattern.compile(java, Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES));
        } catch (PatternSyntaxException | StackOverflowError e) {
            throw new IllegalArgumentException("the regular expression " + expression + " cannot be used: " + e.getMessage(), e);
        }
    }

    /// The expression or the string.
    String source() {
        return source;
    }

    boolean isRegex() {
        return pattern != null;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TextPattern that && that.source.equals(source) && that.isRegex() == isRegex();
    }

    @Override
    public int hashCode() {
        return source.hashCode();
    }

    @Override
    public String toString() {
        return source;
    }

    /// Where it matches in `text[from, to)`: start, end, start, end, … The empty string matches nowhere.
    TokenList matches(byte[] text, int from, int to) {
        TokenList found = new TokenList();
        if (literal != null) {
            for (int at = from; at + literal.length <= to; ) {
                if (startsWith(text, at)) {
                    found.addAll(at, at + literal.length);
                    at += literal.length;
                } else {
                    at++;
                }
            }
            return found;
        }
        if (source.equals(TWO_SPACES)) {
            runsOfSpaces(text, from, to, found);
            return found;
        }
        Characters characters = new Characters(text, from, to);
        Matcher matcher = pattern.matcher(characters);
        find(matcher, 0, characters.length(), (start, end) -> found.addAll(characters.offset(start), characters.offset(end)));
        return found;
    }

    @FunctionalInterface
    private interface Match {
        void take(int start, int end);
    }

    private void find(Matcher matcher, int from, int to, Match match) {
        matcher.region(from, to);
        try {
            while (matcher.find()) {
                if (matcher.end() > matcher.start()) {
                    match.take(matcher.start(), matcher.end());
                }
            }
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("the regular expression " + source + " nests too deeply on a text of " + (to - from) + " characters", e);
        }
    }

    private static void runsOfSpaces(byte[] text, int from, int to, TokenList found) {
        for (int at = from; at < to; ) {
            int end = at;
            while (end < to && text[end] == ' ') {
                end++;
            }
            if (end - at > 1) {
                found.addAll(at, end);
            }
            at = end + 1;
        }
    }

    /// Cuts around the matches of several expressions, each on the pieces of the one before. Reads the bytes once for all of them.
    static void cutByAll(List<TextPattern> patterns, byte[] text, int from, int to, PreTokenizer.Words sink) {
        Characters characters = new Characters(text, from, to);
        TokenList bounds = new TokenList();
        bounds.addAll(0, characters.length());
        for (TextPattern pattern : patterns) {
            Matcher matcher = pattern.pattern.matcher(characters);
            TokenList finer = new TokenList(bounds.size() * 2);
            finer.add(0);
            for (int i = 1; i < bounds.size(); i++) {
                pattern.find(matcher, bounds.get(i - 1), bounds.get(i), (start, end) -> {
                    if (start > finer.get(finer.size() - 1)) {
                        finer.add(start);
                    }
                    finer.add(end);
                });
                if (bounds.get(i) > finer.get(finer.size() - 1)) {
                    finer.add(bounds.get(i));
                }
            }
            bounds = finer;
        }
        for (int i = 1; i < bounds.size(); i++) {
            sink.take(text, characters.offset(bounds.get(i - 1)), characters.offset(bounds.get(i)));
        }
    }

    private boolean startsWith(byte[] text, int at) {
        for (int i = 0; i < literal.length; i++) {
            if (text[at + i] != literal[i]) {
                return false;
            }
        }
        return true;
    }

    /// The text with `content` in place of every match.
    byte[] replace(byte[] text, byte[] content) {
        TokenList found = matches(text, 0, text.length);
        if (found.size() == 0) {
            return text;
        }
        long length = text.length;
        for (int i = 0; i < found.size(); i += 2) {
            length += content.length - (found.get(i + 1) - found.get(i));
        }
        byte[] out = new byte[Math.toIntExact(length)];
        int done = 0;
        int at = 0;
        for (int i = 0; i < found.size(); i += 2) {
            int start = found.get(i);
            System.arraycopy(text, done, out, at, start - done);
            at += start - done;
            System.arraycopy(content, 0, out, at, content.length);
            at += content.length;
            done = found.get(i + 1);
        }
        System.arraycopy(text, done, out, at, text.length - done);
        return out;
    }

    /// What to do with the matches when text is cut at them; the names are those of `tokenizers`.
    enum Behavior {
        REMOVED, ISOLATED, MERGED_WITH_PREVIOUS, MERGED_WITH_NEXT, CONTIGUOUS;

        static Behavior of(String name) {
            return switch (name) {
                case "Removed" -> REMOVED;
                case "Isolated" -> ISOLATED;
                case "MergedWithPrevious" -> MERGED_WITH_PREVIOUS;
                case "MergedWithNext" -> MERGED_WITH_NEXT;
                case "Contiguous" -> CONTIGUOUS;
                default -> throw new IllegalArgumentException("behavior " + name
                    + " is not known; expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
            };
        }
    }

    /// Hands the pieces of `text[from, to)` to `sink`; `matches` as [#matches] gives them, `invert` swaps matches and what lies between.
    static void cut(byte[] text, int from, int to, TokenList matches, Behavior behavior, boolean invert, PreTokenizer.Words sink) {
        List<int[]> pieces = new ArrayList<>();                 // start, end, 1 if it is a match
        int done = from;
        for (int i = 0; i <= matches.size(); i += 2) {
            int start = i < matches.size() ? matches.get(i) : to;
            int end = i < matches.size() ? matches.get(i + 1) : to;
            if (done < start) {
                pieces.add(new int[] {done, start, invert ? 1 : 0});
            }
            if (start < end) {
                pieces.add(new int[] {start, end, invert ? 0 : 1});
            }
            done = end;
        }
        int[] open = null;                                      // a piece that may still grow
        for (int[] piece : pieces) {
            boolean isMatch = piece[2] == 1;
            boolean joins = open != null && switch (behavior) {
                case REMOVED, ISOLATED -> false;
                case MERGED_WITH_PREVIOUS -> isMatch && open[2] == 0;
                case MERGED_WITH_NEXT -> !isMatch && open[2] == 1;
                case CONTIGUOUS -> piece[2] == open[2];
            };
            if (joins) {
                open = new int[] {open[0], piece[1], behavior == Behavior.CONTIGUOUS ? open[2] : 2};
                continue;
            }
            if (open != null && !(behavior == Behavior.REMOVED && open[2] == 1)) {
                sink.take(text, open[0], open[1]);
            }
            open = piece;
        }
        if (open != null && !(behavior == Behavior.REMOVED && open[2] == 1)) {
            sink.take(text, open[0], open[1]);
        }
    }

    /// Bytes as UTF-16 for the matcher, with the way back. Bytes that are no UTF-8 are U+FFFD. Counts how often it is asked.
    private static final class Characters implements CharSequence {
        private final char[] chars;
        private final int[] offsets;
        private final int from;
        private final int to;
        private final Steps steps;

        private static final class Steps {
            private long left;
        }

        Characters(byte[] text, int start, int end) {
            chars = new char[end - start];
            offsets = new int[end - start + 1];
            int n = 0;
            for (int at = start; at < end; ) {
                int character = Utf8.at(text, at, end);
                int codePoint = character < 0 ? 0xFFFD : character >>> 8;
                offsets[n] = at;
                if (codePoint < 0x10000) {
                    chars[n++] = (char) codePoint;
                } else {
                    chars[n++] = Character.highSurrogate(codePoint);
                    offsets[n] = at;
                    chars[n++] = Character.lowSurrogate(codePoint);
                }
                at += character < 0 ? 1 : character & 0xFF;
            }
            offsets[n] = end;
            from = 0;
            to = n;
            steps = new Steps();
            steps.left = Math.max(STEPS_AT_LEAST, n * STEPS_PER_CHARACTER);
        }

        private Characters(Characters whole, int from, int to) {
            chars = whole.chars;
            offsets = whole.offsets;
            steps = whole.steps;
            this.from = from;
            this.to = to;
        }

        int offset(int index) {
            return offsets[index];
        }

        @Override
        public int length() {
            return to - from;
        }

        @Override
        public char charAt(int index) {
            if (--steps.left < 0) {
                throw new IllegalArgumentException("a regular expression of this tokenizer does not come to an end on a text of " + chars.length + " characters");
            }
            return chars[from + index];
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new Characters(this, from + start, from + end);
        }

        @Override
        public String toString() {
            return new String(chars, from, to - from);
        }
    }
}
