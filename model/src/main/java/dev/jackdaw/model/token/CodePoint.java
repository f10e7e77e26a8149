package dev.jackdaw.model.token;

/// What kind of character a code point is, as far as splitting text into words asks: one byte of flags for each.
///
/// `\p{L}` is LETTER, `\p{N}` is NUMBER, `\s` is SPACE (the property White_Space), `\p{M}` is MARK. The rules of GPT-4o also know
/// words that begin with `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` (HEAD) and go on with `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` (TAIL).
final class CodePoint {
    static final int LETTER = 1;
    static final int NUMBER = 2;
    static final int SPACE = 4;
    static final int MARK = 8;
    static final int HEAD = 16;
    static final int TAIL = 32;
    /// With none of these a character is what the rules call `[^\s\p{L}\p{N}]`: punctuation, symbols, marks, and bytes that are no UTF-8.
    static final int NO_SYMBOL = LETTER | NUMBER | SPACE;

    private static final int BLOCK_BITS = 10;
    private static final byte[][] BLOCKS = new byte[(Character.MAX_CODE_POINT + 1) >> BLOCK_BITS][];
    private static final byte[] ASCII = new byte[128];

    static {
        for (int c = 0; c < 128; c++) {
            ASCII[c] = (byte) classify(c);
        }
    }

    private CodePoint() {
    }

    /// The character at `at`: its flags, and `length in bytes << 8`. A byte that begins no valid character is a symbol of length one.
    static int at(byte[] text, int at, int to) {
        int b = text[at];
        return b >= 0 ? 1 << 8 | ASCII[b] : beyondAscii(text, at, to);
    }

    /// The first place from `at` on where a character has none of `flags`.
    ///
    /// The loop over ASCII adds one whatever the character is: were the step taken from the table, as in [#at], each character would
    /// have to wait for the one before it.
    static int skip(byte[] text, int at, int to, int flags) {
        while (at < to) {
            int b = text[at];
            if (b >= 0) {
                if ((ASCII[b] & flags) == 0) {
                    break;
                }
                at++;
            } else {
                int c = beyondAscii(text, at, to);
                if ((c & flags) == 0) {
                    break;
                }
                at += c >>> 8;
            }
        }
        return at;
    }

    /// The first place from `at` on where a character has one of `flags`.
    static int skipWithout(byte[] text, int at, int to, int flags) {
        while (at < to) {
            int b = text[at];
            if (b >= 0) {
                if ((ASCII[b] & flags) != 0) {
                    break;
                }
                at++;
            } else {
                int c = beyondAscii(text, at, to);
                if ((c & flags) != 0) {
                    break;
                }
                at += c >>> 8;
            }
        }
        return at;
    }

    private static int beyondAscii(byte[] text, int at, int to) {
        int character = Utf8.decode(text, at, to);
        if (character < 0) {
            return 1 << 8;
        }
        return flags(character >>> 8) | (character & 0xFF) << 8;
    }

    static int flags(int codePoint) {
        byte[] block = BLOCKS[codePoint >> BLOCK_BITS];
        if (block == null) {
            block = new byte[1 << BLOCK_BITS];         // two threads may both fill it, with the same values
            for (int i = 0; i < block.length; i++) {
                block[i] = (byte) classify((codePoint >> BLOCK_BITS << BLOCK_BITS) + i);
            }
            BLOCKS[codePoint >> BLOCK_BITS] = block;
        }
        return block[codePoint & (1 << BLOCK_BITS) - 1];
    }

    private static int classify(int c) {
        return switch (Character.getType(c)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | HEAD;
            case Character.LOWERCASE_LETTER -> LETTER | TAIL;
            case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | HEAD | TAIL;
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> MARK | HEAD | TAIL;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> SPACE;
            default -> c >= 0x09 && c <= 0x0D || c == 0x85 ? SPACE : 0;
        };
    }
}
