package dev.jackdaw.model.token;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The table of replacements that SentencePiece compiles from a normalisation rule such as `nmt_nfkc`: a double-array trie (the format of
/// Darts-clone) over the byte sequences to replace, then the replacements, each ended by a zero byte. Both lie in one block of bytes
/// behind the length of the trie, as 32-bit little-endian numbers.
final class Charsmap {
    private static final Pattern GRAPHEME = Pattern.compile("\\X");

    private final byte[] bytes;
    private final int[] units;
    private final byte[] replacements;
    private final String[] ascii = new String[128];      // what normalize makes of each, as far as asked for

    /// @param bytes the block as it is in the file
    Charsmap(byte[] bytes) {
        this.bytes = bytes;
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < 4) {
            throw new IllegalArgumentException("precompiled_charsmap has " + bytes.length + " bytes; expected at least 4");
        }
        int length = in.getInt();
        if (length < 4 || length % 4 != 0 || length > bytes.length - 4) {
            throw new IllegalArgumentException("precompiled_charsmap: at byte 0 the trie has " + Integer.toUnsignedString(length)
                + " bytes; expected a multiple of 4 of at most " + (bytes.length - 4));
        }
        units = new int[length / 4];
        in.asIntBuffer().get(units);
        replacements = Arrays.copyOfRange(bytes, 4 + length, bytes.length);
    }

    /// As it is in files.
    byte[] bytes() {
        return bytes.clone();
    }

    /// Looks for the longest entry that `text[from, to)` begins with (`longest`), or the shortest: `length << 32 | offset of the
    /// replacement`, or -1.
    private long find(byte[] text, int from, int to, boolean longest) {
        long found = -1;
        int node = offset(units[0]);
        for (int i = from; i < to; i++) {
            int b = text[i] & 0xFF;
            if (b == 0) {
                break;
            }
            node ^= b;
            if (node < 0 || node >= units.length || (units[node] & 0x8000_00FF) != b) {
                break;
            }
            int unit = units[node];
            node ^= offset(unit);
            if ((unit >>> 8 & 1) != 0) {
                if (node < 0 || node >= units.length) {
                    break;
                }
                found = (long) (i + 1 - from) << 32 | units[node] & 0x7FFF_FFFF;
                if (!longest) {
                    break;
                }
            }
        }
        return found;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 0x200) >>> 6);
    }

    private byte[] replacement(int offset) {
        if (offset >= replacements.length) {
            throw new IllegalArgumentException("precompiled_charsmap: a replacement lies at byte " + offset + " of " + replacements.length + "; the table is damaged");
        }
        int end = offset;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        return Arrays.copyOfRange(replacements, offset, end);
    }

    /// How SentencePiece reads the table: the longest entry at `from`. Appends what it is replaced by and returns how much was read; 0 if
    /// there is no entry.
    int replace(byte[] text, int from, int to, Bytes out) {
        long found = find(text, from, to, true);
        if (found < 0) {
            return 0;
        }
        byte[] replacement = replacement((int) found);
        out.add(replacement, 0, replacement.length);
        return (int) (found >>> 32);
    }

    /// How the library `tokenizers` reads it: it looks whole written characters up if they have fewer than six bytes, and takes the shortest
    /// entry they begin with for all of them; else it goes code point by code point.
    byte[] normalize(byte[] text) {
        return Utf8.mapValid(text, valid -> {
            StringBuilder out = new StringBuilder(valid.length() + 16);
            Matcher grapheme = GRAPHEME.matcher(valid);
            for (int at = 0; at < valid.length(); ) {
                char c = valid.charAt(at);
                boolean alone = c < 128 && c != '\r' && (at + 1 == valid.length() || valid.charAt(at + 1) < 128);
                if (alone) {                                  // ASCII before ASCII is a written character by itself; nearly all of most texts
                    if (ascii[c] == null) {
                        String replacement = entry(Character.toString(c), 6);
                        ascii[c] = replacement == null ? Character.toString(c) : replacement;
                    }
                    out.append(ascii[c]);
                    at++;
                    continue;
                }
                int end = grapheme.region(at, valid.length()).lookingAt() ? Math.max(grapheme.end(), at + 1) : at + 1;
                String written = valid.substring(at, end);
                String whole = entry(written, 6);
                if (whole != null) {
                    out.append(whole);
                } else {
                    written.codePoints().forEach(codePoint -> {
                        String character = Character.toString(codePoint);
                        String replacement = entry(character, 5);
                        out.append(replacement == null ? character : replacement);
                    });
                }
                at = end;
            }
            return out.toString();
        });
    }

    private String entry(String text, int below) {
        byte[] bytes = Utf8.bytes(text);
        if (bytes.length >= below) {
            return null;
        }
        long found = find(bytes, 0, bytes.length, false);
        return found < 0 ? null : Utf8.text(replacement((int) found));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Charsmap that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public String toString() {
        return "charsmap of " + bytes.length + " bytes, " + hashCode();
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }
}
