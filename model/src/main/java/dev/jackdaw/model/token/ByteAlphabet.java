package dev.jackdaw.model.token;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/// The 256 printable characters by which vocabulary files write bytes (GPT-2's `bytes_to_unicode`).
///
/// The 188 bytes that Latin-1 prints stand for themselves; the others, in order, are U+0100, U+0101, … So ` the` is written `Ġthe`
/// and a line end `Ċ`. Sorted by these characters, the bytes are the first 256 ids of most byte-level vocabularies, and of ours.
final class ByteAlphabet {
    private static final char[] CHARACTER = new char[256];
    private static final short[] BYTE = new short[512];

    static {
        Arrays.fill(BYTE, (short) -1);
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD;
            CHARACTER[b] = printable ? (char) b : next++;
            BYTE[CHARACTER[b]] = (short) b;
        }
    }

    private ByteAlphabet() {
    }

    static String write(byte[] bytes) {
        char[] characters = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            characters[i] = CHARACTER[bytes[i] & 0xFF];
        }
        return new String(characters);
    }

    /// The bytes of a token written in this alphabet. Characters outside of it stand for their own UTF-8, as in `tokenizers`.
    static byte[] read(String piece) {
        byte[] bytes = new byte[piece.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = piece.charAt(i);
            if (c >= BYTE.length || BYTE[c] < 0) {
                return Utf8.bytes(piece);
            }
            bytes[i] = (byte) BYTE[c];
        }
        return bytes;
    }

    /// All 256 bytes in the order of their characters: `!` first, the soft hyphen last.
    static byte[] inOrder() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        for (short b : BYTE) {
            if (b >= 0) {
                bytes.write(b);
            }
        }
        return bytes.toByteArray();
    }
}
