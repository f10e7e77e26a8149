package dev.jackdaw.model.token;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/// UTF-8 where bytes may be anything (RFC 3629, and the Unicode Standard, section 3.9, for what counts as one broken sequence).
final class Utf8 {
    private Utf8() {
    }

    /// The bytes of a string; a lone surrogate becomes U+FFFD.
    static byte[] bytes(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                    i++;
                } else {
                    return replaceLoneSurrogates(text).getBytes(StandardCharsets.UTF_8);
                }
            }
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String replaceLoneSurrogates(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().forEach(c -> clean.appendCodePoint(c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c));
        return clean.toString();
    }

    /// The text of bytes; each maximal broken sequence becomes one U+FFFD.
    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    /// The character that starts at `at`, which is not ASCII: `code point << 8 | length`, or -1 if no valid character starts there.
    static int decode(byte[] text, int at, int to) {
        int lead = text[at] & 0xFF;
        if (lead < 0xC2 || lead > 0xF4 || at + 1 >= to) {
            return -1;
        }
        int second = text[at + 1] & 0xFF;
        if (!follows(lead, second)) {
            return -1;
        }
        if (lead < 0xE0) {
            return ((lead & 0x1F) << 6 | second & 0x3F) << 8 | 2;
        }
        if (at + 2 >= to || (text[at + 2] & 0xC0) != 0x80) {
            return -1;
        }
        if (lead < 0xF0) {
            return ((lead & 0x0F) << 12 | (second & 0x3F) << 6 | text[at + 2] & 0x3F) << 8 | 3;
        }
        if (at + 3 >= to || (text[at + 3] & 0xC0) != 0x80) {
            return -1;
        }
        return ((lead & 0x07) << 18 | (second & 0x3F) << 12 | (text[at + 2] & 0x3F) << 6 | text[at + 3] & 0x3F) << 8 | 4;
    }

    /// Applies `change` to the valid stretches of UTF-8 and leaves other bytes where they are.
    static byte[] mapValid(byte[] text, UnaryOperator<String> change) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(text.length + 16);
        int at = 0;
        while (at < text.length) {
            int end = at;
            while (end < text.length) {
                int character = text[end] >= 0 ? 1 : decode(text, end, text.length);
                if (character < 0) {
                    break;
                }
                end += character & 0xFF;
            }
            out.writeBytes(bytes(change.apply(text(text, at, end))));
            if (end < text.length) {
                out.write(text[end++]);
            }
            at = end;
        }
        return out.toByteArray();
    }

    static boolean isAscii(byte[] text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text[i] < 0) {
                return false;
            }
        }
        return true;
    }

    /// The character that starts at `at`, ASCII or not: `code point << 8 | length`, or -1 if no valid character starts there.
    static int at(byte[] text, int at, int to) {
        return text[at] >= 0 ? text[at] << 8 | 1 : decode(text, at, to);
    }

    /// How many bytes at the end of `bytes[0, length)` begin a character that later bytes may complete; 0 to 3.
    static int incompleteTail(byte[] bytes, int length) {
        for (int back = 1; back <= Math.min(3, length); back++) {
            int b = bytes[length - back] & 0xFF;
            if ((b & 0xC0) == 0x80) {
                continue;                       // a continuation: its lead lies further back
            }
            int whole = b >= 0xF0 && b <= 0xF4 ? 4 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xC2 && b < 0xE0 ? 2 : 1;
            boolean soFarValid = back == 1 || follows(b, bytes[length - back + 1] & 0xFF);
            return back < whole && soFarValid ? back : 0;
        }
        return 0;
    }

    /// May `second` follow this lead byte? Rules out overlong forms, surrogates and everything above U+10FFFF.
    private static boolean follows(int lead, int second) {
        int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        return second >= low && second <= high;
    }
}
