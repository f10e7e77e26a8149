package dev.jackdaw.model.token;

import java.text.Normalizer;
import java.util.List;

/// What is done to text before it is cut: spelling one character one way, case, accents, signs for spaces. The records are the
/// components of the library `tokenizers`, but for [SentencePiece], which is the whole normalizer of that library.
sealed interface Normalization {
    /// May return `text` itself, but never changes it.
    byte[] apply(byte[] text);

    record Chain(List<Normalization> steps) implements Normalization {
        public Chain {
            steps = List.copyOf(steps);
        }

        @Override
        public byte[] apply(byte[] text) {
            byte[] clean = text;
            for (Normalization step : steps) {
                clean = step.apply(clean);
            }
            return clean;
        }
    }

    /// NFC, NFD, NFKC, NFKD of Unicode (Standard Annex 15), by the tables of the JDK.
    record Unicode(Normalizer.Form form) implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return Utf8.isAscii(text, 0, text.length) ? text : Utf8.mapValid(text, valid -> Normalizer.normalize(valid, form));
        }
    }

    /// Character by character: a final sigma is no exception, as it would be in a whole word.
    record Lowercase() implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return Utf8.mapValid(text, Lowercase::lower);
        }

        static String lower(String text) {
            StringBuilder out = new StringBuilder(text.length());
            for (int i = 0; i < text.length(); ) {
                int c = text.codePointAt(i);
                if (c == 0x130) {
                    out.append("i\u0307");               // the only character whose lower case is two
                } else {
                    out.appendCodePoint(Character.toLowerCase(c));
                }
                i += Character.charCount(c);
            }
            return out.toString();
        }
    }

    /// Drops combining marks; what carries them must have been taken apart (NFD) before.
    record StripAccents() implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return Utf8.isAscii(text, 0, text.length) ? text : Utf8.mapValid(text, valid -> without(valid, CodePoint.MARK));
        }

        private static String without(String text, int flag) {
            StringBuilder out = new StringBuilder(text.length());
            text.codePoints().filter(c -> (CodePoint.flags(c) & flag) == 0).forEach(out::appendCodePoint);
            return out.toString();
        }
    }

    record Prepend(String prefix) implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            if (text.length == 0) {
                return text;
            }
            byte[] mark = Utf8.bytes(prefix);
            byte[] out = new byte[mark.length + text.length];
            System.arraycopy(mark, 0, out, 0, mark.length);
            System.arraycopy(text, 0, out, mark.length, text.length);
            return out;
        }
    }

    record Replace(TextPattern pattern, String content) implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return pattern.replace(text, Utf8.bytes(content));
        }
    }

    /// Drops white space at the ends.
    record Strip(boolean left, boolean right) implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return Utf8.mapValid(text, valid -> {
                int from = 0;
                int to = valid.length();
                while (left && from < to && isSpace(valid.charAt(from))) {
                    from++;
                }
                while (right && to > from && isSpace(valid.charAt(to - 1))) {
                    to--;
                }
                return valid.substring(from, to);
            });
        }

        private static boolean isSpace(char c) {
            return (CodePoint.flags(c) & CodePoint.SPACE) != 0;        // white space never needs a surrogate pair
        }
    }

    record Precompiled(Charsmap charsmap) implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return charsmap.normalize(text);
        }
    }

    /// The cleaning of neural machine translation that SentencePiece's `nmt` rules contain: control characters go, odd spaces become spaces.
    record Nmt() implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return Utf8.mapValid(text, valid -> {
                StringBuilder out = new StringBuilder(valid.length());
                valid.codePoints().forEach(c -> {
                    boolean gone = c >= 0x01 && c <= 0x08 || c == 0x0B || c >= 0x0E && c <= 0x1F || c == 0x7F || c == 0x8F || c == 0x9F;
                    boolean space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || c >= 0x200B && c <= 0x200F || c == 0x2028
                        || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
                    if (!gone) {
                        out.appendCodePoint(space ? ' ' : c);
                    }
                });
                return out.toString();
            });
        }
    }

    /// BERT's cleaning: control characters go, all white space becomes spaces, Chinese characters stand alone, accents and case are dropped
    /// where the model does not know them.
    record Bert(boolean clean, boolean spaceChinese, boolean stripAccents, boolean lowercase) implements Normalization {
        @Override
        public byte[] apply(byte[] text) {
            return Utf8.mapValid(text, this::apply);
        }

        private String apply(String text) {
            StringBuilder out = new StringBuilder(text.length() + 16);
            text.codePoints().forEach(c -> {
                if (clean && (c == 0 || c == 0xFFFD || isControl(c))) {
                    return;
                }
                if (clean && (CodePoint.flags(c) & CodePoint.SPACE) != 0) {
                    out.append(' ');
                } else if (spaceChinese && isChinese(c)) {
                    out.append(' ').appendCodePoint(c).append(' ');
                } else {
                    out.appendCodePoint(c);
                }
            });
            String clean = out.toString();
            if (stripAccents) {
                StringBuilder bare = new StringBuilder(clean.length());
                Normalizer.normalize(clean, Normalizer.Form.NFD).codePoints().filter(c -> Character.getType(c) != Character.NON_SPACING_MARK)
                    .forEach(bare::appendCodePoint);
                clean = bare.toString();
            }
            return lowercase ? Lowercase.lower(clean) : clean;
        }

        private static boolean isControl(int c) {
            return c != '\t' && c != '\n' && c != '\r' && switch (Character.getType(c)) {
                case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> true;
                default -> false;
            };
        }

        /// The blocks of CJK ideographs, without kana and Hangul, which are written with spaces or alphabets.
        private static boolean isChinese(int c) {
            return c >= 0x4E00 && c <= 0x9FFF || c >= 0x3400 && c <= 0x4DBF || c >= 0x20000 && c <= 0x2A6DF || c >= 0x2A700 && c <= 0x2B73F
                || c >= 0x2B740 && c <= 0x2B81F || c >= 0x2B920 && c <= 0x2CEAF || c >= 0xF900 && c <= 0xFAFF || c >= 0x2F800 && c <= 0x2FA1F;
        }
    }

    /// SentencePiece's own way from text to what its models read; the options are those of its `NormalizerSpec`.
    ///
    /// @param charsmap    replacements, or null
    /// @param prefixSpace `add_dummy_prefix`: a space before the text, so that a first word is the word it is elsewhere
    /// @param trim        `remove_extra_whitespaces`: no spaces at the ends, and no two in a row
    /// @param escape      `escape_whitespaces`: a space is written `▁`
    /// @param untouched   pieces the user defined, which are kept as they are
    record SentencePiece(Charsmap charsmap, boolean prefixSpace, boolean trim, boolean escape, List<String> untouched) implements Normalization {
        public SentencePiece {
            untouched = List.copyOf(untouched);
        }

        @Override
        public byte[] apply(byte[] text) {
            ByteTrie kept = untouched.isEmpty() ? null : new ByteTrie(untouched.size());
            for (int i = 0; i < untouched.size(); i++) {
                kept.put(Utf8.bytes(untouched.get(i)), i);
            }
            byte[] space = escape ? Pieces.SPACE_BYTES : new byte[] {' '};
            Bytes out = new Bytes(text.length + text.length / 4 + 16);
            Bytes unit = new Bytes(64);
            boolean started = false;
            boolean afterSpace = trim;
            for (int at = 0; at < text.length; ) {
                unit.cutTo(0);
                at += unit(text, at, kept, unit);
                int from = 0;
                while (afterSpace && from < unit.size() && unit.array()[from] == ' ') {
                    from++;
                }
                if (!started && trim && from == unit.size()) {
                    continue;                                     // spaces at the very beginning
                }
                if (!started) {
                    started = true;
                    if (prefixSpace) {
                        out.add(space, 0, space.length);
                    }
                }
                if (from < unit.size()) {
                    for (int i = from; i < unit.size(); i++) {
                        byte b = unit.array()[i];
                        if (b == ' ') {
                            out.add(space, 0, space.length);
                        } else {
                            out.add(b);
                        }
                    }
                    afterSpace = unit.array()[unit.size() - 1] == ' ';
                }
                afterSpace &= trim;
            }
            while (trim && out.size() >= space.length && Pieces.startsWith(out.array(), out.size() - space.length, out.size(), space)) {
                out.cutTo(out.size() - space.length);
            }
            return out.toArray();
        }

        /// Appends what the next stretch of text becomes and returns its length.
        private int unit(byte[] text, int at, ByteTrie kept, Bytes out) {
            if (kept != null) {
                int longest = 0;
                int node = 0;
                for (int i = at; i < text.length; ) {
                    node = kept.child(node, text[i++]);
                    if (node < 0) {
                        break;
                    }
                    longest = kept.value(node) >= 0 ? i - at : longest;
                }
                if (longest > 0) {
                    out.add(text, at, at + longest);
                    return longest;
                }
            }
            int read = charsmap == null ? 0 : charsmap.replace(text, at, text.length, out);
            if (read > 0) {
                return read;
            }
            int character = Utf8.at(text, at, text.length);
            int length = character < 0 ? 1 : character & 0xFF;
            out.add(text, at, at + length);                        // SentencePiece writes U+FFFD for a broken byte; we keep it
            return length;
        }
    }
}
