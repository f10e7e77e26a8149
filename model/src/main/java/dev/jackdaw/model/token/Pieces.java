package dev.jackdaw.model.token;

import java.util.HashMap;
import java.util.Map;

/// A vocabulary as its file writes it, and what the tokenizers made of pieces ask about it.
final class Pieces {
    /// U+2581, which SentencePiece writes for a space.
    static final String SPACE = "\u2581";
    static final byte[] SPACE_BYTES = Utf8.bytes(SPACE);

    private final String[] written;
    private final Map<String, Integer> ids;
    private final int[] idOfByte = new int[256];         // the piece <0x0A> and its like, or -1
    private final short[] byteOfId;                      // the other way round

    Pieces(String[] written) {
        this.written = written.clone();
        ids = HashMap.newHashMap(written.length);
        for (int id = 0; id < written.length; id++) {
            if (written[id] != null) {
                ids.putIfAbsent(written[id], id);
            }
        }
        byteOfId = new short[written.length];
        java.util.Arrays.fill(byteOfId, (short) -1);
        for (int b = 0; b < 256; b++) {
            idOfByte[b] = ids.getOrDefault(String.format("<0x%02X>", b), -1);
            if (idOfByte[b] >= 0) {
                byteOfId[idOfByte[b]] = (short) b;
            }
        }
    }

    int size() {
        return written.length;
    }

    /// Null where the id has no piece.
    String get(int id) {
        return id >= 0 && id < written.length ? written[id] : null;
    }

    /// -1 if there is no such piece. Of two pieces written alike the first counts.
    int id(String piece) {
        return ids.getOrDefault(piece, -1);
    }

    int idOfByte(int b) {
        return idOfByte[b & 0xFF];
    }

    /// The byte that `<0x0A>` stands for, or -1.
    int byteOf(int id) {
        return id >= 0 && id < byteOfId.length ? byteOfId[id] : -1;
    }

    /// Appends the byte pieces of `text[from, to)`; false, and nothing appended, if one is missing.
    boolean appendBytes(byte[] text, int from, int to, TokenList out) {
        for (int i = from; i < to; i++) {
            if (idOfByte(text[i]) < 0) {
                return false;
            }
        }
        for (int i = from; i < to; i++) {
            out.add(idOfByte(text[i]));
        }
        return true;
    }

    /// Does `▁` only ever begin a piece (alone or as a run)? Then no token crosses from a word to the `▁` after it, and a text may be cut
    /// there without changing the result. True of nearly all published vocabularies; it makes long texts a matter of looking words up.
    boolean spaceBeginsWords() {
        for (String piece : written) {
            if (piece == null) {
                continue;
            }
            boolean other = false;
            for (int i = 0; i < piece.length(); i++) {
                if (piece.charAt(i) != SPACE.charAt(0)) {
                    other = true;
                } else if (other) {
                    return false;
                }
            }
        }
        return id(SPACE) >= 0;
    }

    /// The next place after `at` where a `▁` follows something else, or `to`.
    static int nextWord(byte[] text, int at, int to) {
        boolean space = startsWith(text, at, to, SPACE_BYTES);
        for (int i = at + 1; i < to; i++) {
            if ((text[i] & 0xC0) == 0x80) {
                continue;
            }
            boolean isSpace = text[i] == SPACE_BYTES[0] && startsWith(text, i, to, SPACE_BYTES);
            if (isSpace && !space) {
                return i;
            }
            space = isSpace;
        }
        return to;
    }

    static boolean startsWith(byte[] text, int at, int to, byte[] prefix) {
        if (to - at < prefix.length) {
            return false;
        }
        for (int i = 0; i < prefix.length; i++) {
            if (text[at + i] != prefix[i]) {
                return false;
            }
        }
        return true;
    }
}
