package dev.jackdaw.model.token;

import java.util.List;

/// How tokens are written as text again: the `decoder` of a `tokenizer.json`, or the rules of SentencePiece.
///
/// @param steps      what is done to each token, in order
/// @param bytes      tokens such as `<0x0A>` are that byte
/// @param firstStrip this many of `stripped` are dropped from the front of the whole text
/// @param stripped   usually a space
/// @param broken     what becomes of bytes that are not UTF-8
/// @param untilText  tokens count as the first as long as nothing has come of them
/// @param unknown    how the unknown token is written; null: as its piece
record PieceDecoder(List<Step> steps, boolean bytes, int firstStrip, char stripped, Broken broken, boolean untilText, String unknown) {
    PieceDecoder {
        steps = List.copyOf(steps);
    }

    /// What becomes of a run of byte tokens that is not valid UTF-8.
    enum Broken {
        /// U+FFFD for each byte that belongs to no character, as in SentencePiece.
        EACH_BYTE,
        /// U+FFFD for each byte of the whole run, as in `tokenizers`.
        WHOLE_RUN,
        /// U+FFFD for each sequence that breaks off, as everywhere else.
        SEQUENCE
    }

    sealed interface Step {
        String apply(String token, boolean isFirst);
    }

    /// The byte alphabet: the token is bytes. Always the last step.
    record Alphabet() implements Step {
        @Override
        public String apply(String token, boolean isFirst) {
            return token;
        }
    }

    /// SentencePiece: `▁` is a space, and one at the front of the first piece is the one that was put there when encoding.
    record Spaces(boolean dropFirst) implements Step {
        @Override
        public String apply(String token, boolean isFirst) {
            return (isFirst && dropFirst && token.startsWith(Pieces.SPACE) ? token.substring(1) : token).replace(Pieces.SPACE, " ");
        }
    }

    record Replace(TextPattern pattern, String content) implements Step {
        @Override
        public String apply(String token, boolean isFirst) {
            return Utf8.text(pattern.replace(Utf8.bytes(token), Utf8.bytes(content)));
        }
    }

    /// `▁` is a space; before the first word there is none.
    record Metaspace(String sign, boolean dropFirst) implements Step {
        @Override
        public String apply(String token, boolean isFirst) {
            return token.replace(sign, isFirst && dropFirst ? "" : " ");
        }
    }

    /// Words are set apart by spaces, `##` continues one; `cleanup` closes up punctuation as English writes it.
    record Words(String prefix, boolean cleanup) implements Step {
        @Override
        public String apply(String token, boolean isFirst) {
            String text = isFirst ? token : token.startsWith(prefix) && !prefix.isEmpty() ? token.substring(prefix.length()) : " " + token;
            return cleanup ? text.replace(" .", ".").replace(" ?", "?").replace(" !", "!").replace(" ,", ",").replace(" ' ", "'").replace(" n't", "n't")
                .replace(" 'm", "'m").replace(" do not", " don't").replace(" 's", "'s").replace(" 've", "'ve").replace(" 're", "'re") : text;
        }
    }

    /// Tokens with spaces between: what happens without a decoder.
    record Joined() implements Step {
        @Override
        public String apply(String token, boolean isFirst) {
            return isFirst ? token : " " + token;
        }
    }

    /// Drops up to so many of a character from the ends of each token.
    record Strip(char character, int start, int stop) implements Step {
        @Override
        public String apply(String token, boolean isFirst) {
            int from = 0;
            int to = token.length();
            while (from < start && from < to && token.charAt(from) == character) {
                from++;
            }
            while (token.length() - to < stop && to > from && token.charAt(to - 1) == character) {
                to--;
            }
            return token.substring(from, to);
        }
    }

    /// The bytes of a token. A special token's name comes here as well, as in `tokenizers`.
    byte[] decode(String token, boolean isFirst) {
        String text = token;
        for (Step step : steps) {
            text = step.apply(text, isFirst);
        }
        return isAlphabet() ? ByteAlphabet.read(text) : Utf8.bytes(text);
    }

    boolean isAlphabet() {
        return !steps.isEmpty() && steps.getLast() instanceof Alphabet;
    }

    /// The text of a run of byte tokens.
    String text(byte[] run) {
        if (broken == Broken.SEQUENCE) {
            return Utf8.text(run);
        }
        boolean valid = true;
        for (int at = 0; at < run.length && valid; ) {
            int character = Utf8.at(run, at, run.length);
            valid = character >= 0;
            at += character & 0xFF;
        }
        if (valid) {
            return Utf8.text(run);
        }
        if (broken == Broken.WHOLE_RUN) {
            return "\uFFFD".repeat(run.length);
        }
        StringBuilder text = new StringBuilder(run.length);
        for (int at = 0; at < run.length; ) {
            int character = Utf8.at(run, at, run.length);
            text.appendCodePoint(character < 0 ? 0xFFFD : character >>> 8);
            at += character < 0 ? 1 : character & 0xFF;
        }
        return text.toString();
    }
}
