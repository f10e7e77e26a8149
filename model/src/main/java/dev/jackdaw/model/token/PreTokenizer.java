package dev.jackdaw.model.token;

import dev.jackdaw.model.token.TextPattern.Behavior;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How text is cut into words that are then tokenized one by one. The names are those of `tokenizers`, where a `tokenizer.json` lists
/// such steps in `pre_tokenizer`. [Split] holds the common rules as fast code; the records here are the general parts.
public sealed interface PreTokenizer {
    /// Takes the words of a text, in order. `text` may be another array than the one given in: some steps write signs for spaces.
    @FunctionalInterface
    interface Words {
        void take(byte[] text, int from, int to);
    }

    /// Cuts `text[from, to)`, which is not empty. `atStart`: nothing stands before it, not even a special token.
    void cut(byte[] text, int from, int to, boolean atStart, Words words);

    /// The rules with code of their own.
    non-sealed interface Coded extends PreTokenizer {
    }

    /// One step after the other, each on the pieces of the one before.
    record Chain(List<PreTokenizer> steps) implements PreTokenizer {
        public Chain {
            steps = List.copyOf(steps);
        }

        @Override
        public void cut(byte[] text, int from, int to, boolean atStart, Words words) {
            List<TextPattern> patterns = expressions();
            if (patterns.size() == steps.size()) {
                TextPattern.cutByAll(patterns, text, from, to, words);
            } else {
                step(0, text, from, to, atStart, words);
            }
        }

        /// The expressions of the steps that only cut around matches.
        private List<TextPattern> expressions() {
            List<TextPattern> patterns = new ArrayList<>();
            for (PreTokenizer step : steps) {
                if (step instanceof Delimited(TextPattern pattern, Behavior behavior, boolean invert) && pattern.isRegex() && behavior == Behavior.ISOLATED && !invert) {
                    patterns.add(pattern);
                }
            }
            return patterns;
        }

        private void step(int index, byte[] text, int from, int to, boolean atStart, Words words) {
            if (index == steps.size()) {
                words.take(text, from, to);
                return;
            }
            steps.get(index).cut(text, from, to, atStart,
                (piece, start, end) -> step(index + 1, piece, start, end, atStart && piece == text && start == from, words));
        }
    }

    /// Cuts at the places where a pattern matches.
    record Delimited(TextPattern pattern, Behavior behavior, boolean invert) implements PreTokenizer {
        /// Each match is a word, and so is what lies between.
        static Delimited at(String expression) {
            return new Delimited(TextPattern.regex(expression), Behavior.ISOLATED, false);
        }

        @Override
        public void cut(byte[] text, int from, int to, boolean atStart, Words words) {
            TextPattern.cut(text, from, to, pattern.matches(text, from, to), behavior, invert, words);
        }
    }

    /// Cuts around characters of one kind.
    record Characters(Kind kind, Behavior behavior) implements PreTokenizer {
        enum Kind { NUMBER, PUNCTUATION, SPACE }

        @Override
        public void cut(byte[] text, int from, int to, boolean atStart, Words words) {
            TokenList matches = new TokenList();
            for (int at = from; at < to; ) {
                int character = Utf8.at(text, at, to);
                int length = character < 0 ? 1 : character & 0xFF;
                if (character >= 0 && has(character >>> 8)) {
                    matches.addAll(at, at + length);
                }
                at += length;
            }
            TextPattern.cut(text, from, to, matches, behavior, false, words);
        }

        private boolean has(int c) {
            return switch (kind) {
                case NUMBER -> (CodePoint.flags(c) & CodePoint.NUMBER) != 0;
                case SPACE -> (CodePoint.flags(c) & CodePoint.SPACE) != 0;
                case PUNCTUATION -> isPunctuation(c);
            };
        }

        /// Unicode punctuation, and the ASCII signs that Unicode calls symbols.
        static boolean isPunctuation(int c) {
            if (c < 128) {
                return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~';
            }
            return switch (Character.getType(c)) {
                case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION, Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION, Character.OTHER_PUNCTUATION -> true;
                default -> false;
            };
        }
    }

    /// Writes spaces as `▁`, puts one before the text, and begins a word at each.
    record Metaspace(String sign, Prepend prepend, boolean split) implements PreTokenizer {
        enum Prepend { ALWAYS, FIRST, NEVER }

        public Metaspace {
            if (sign.isEmpty()) {
                throw new IllegalArgumentException("replacement is empty; expected a sign to write for a space");
            }
        }

        @Override
        public void cut(byte[] text, int from, int to, boolean atStart, Words words) {
            byte[] mark = Utf8.bytes(sign);
            int spaces = 0;
            for (int i = from; i < to; i++) {
                spaces += text[i] == ' ' ? 1 : 0;
            }
            boolean before = (prepend == Prepend.ALWAYS || prepend == Prepend.FIRST && atStart) && text[from] != ' ' && !Pieces.startsWith(text, from, to, mark);
            byte[] out = new byte[to - from + spaces * (mark.length - 1) + (before ? mark.length : 0)];
            int n = 0;
            if (before) {
                System.arraycopy(mark, 0, out, 0, mark.length);
                n = mark.length;
            }
            for (int i = from; i < to; i++) {
                if (text[i] == ' ') {
                    System.arraycopy(mark, 0, out, n, mark.length);
                    n += mark.length;
                } else {
                    out[n++] = text[i];
                }
            }
            if (!split) {
                words.take(out, 0, n);
                return;
            }
            int start = 0;
            for (int at = 1; at < n; at++) {
                if (out[at] == mark[0] && Pieces.startsWith(out, at, n, mark)) {
                    words.take(out, start, at);
                    start = at;
                }
            }
            words.take(out, start, n);
        }
    }

    /// Writes bytes as the characters of the byte alphabet, which is how byte-level vocabularies spell their tokens.
    record ByteLevel(boolean prefixSpace, boolean ownRule) implements PreTokenizer {
        @Override
        public void cut(byte[] text, int from, int to, boolean atStart, Words words) {
            byte[] spaced = text;
            int start = from;
            int end = to;
            if (prefixSpace && text[from] != ' ') {
                spaced = new byte[to - from + 1];
                spaced[0] = ' ';
                System.arraycopy(text, from, spaced, 1, to - from);
                start = 0;
                end = spaced.length;
            }
            Words write = (word, f, e) -> {
                byte[] written = Utf8.bytes(ByteAlphabet.write(Arrays.copyOfRange(word, f, e)));
                words.take(written, 0, written.length);
            };
            if (ownRule) {
                Split.GPT2.cut(spaced, start, end, atStart, write);
            } else {
                write.take(spaced, start, end);
            }
        }
    }

    /// A step that stands behind `ByteLevel` and so sees the byte alphabet, although the bytes themselves are handed on.
    record OnAlphabet(PreTokenizer inner) implements PreTokenizer {
        public OnAlphabet {
            if (!onlyCuts(inner)) {
                throw new IllegalArgumentException("behind ByteLevel a step may only cut; this one writes other characters");
            }
        }

        private static boolean onlyCuts(PreTokenizer step) {
            return switch (step) {
                case Chain(List<PreTokenizer> steps) -> steps.stream().allMatch(OnAlphabet::onlyCuts);
                case Delimited _, Characters _, Coded _ -> true;
                case Metaspace _, ByteLevel _, OnAlphabet _ -> false;
            };
        }

        @Override
        public void cut(byte[] text, int from, int to, boolean atStart, Words words) {
            String written = ByteAlphabet.write(Arrays.copyOfRange(text, from, to));
            byte[] alphabet = Utf8.bytes(written);
            int[] back = new int[alphabet.length + 1];
            int at = 0;
            for (int i = 0; i < written.length(); i++) {
                back[at] = from + i;
                at += written.charAt(i) < 128 ? 1 : 2;
            }
            back[at] = to;
            inner.cut(alphabet, 0, alphabet.length, atStart, (_, start, end) -> words.take(text, back[start], back[end]));
        }
    }
}
