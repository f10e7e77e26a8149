package dev.jackdaw.model.token;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Text made to be difficult: letters of all kinds, every sort of space, contractions, marks, broken UTF-8.
final class RandomText {
    private static final String[] SNIPPETS = {" ", "  ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "\u2028", "\u0085", "\u200B", "'s", "'S", "'\u017F", "'ll", "'LL",
        "'re", "'vE", "'d", "'", "''", "a", "b", "A", "Z", "the", "The", "THE", "camelCase", "1", "22", "12345", "\u0663", "\u00BD", "\u2167", ".", ",", "!", "/", "//",
        "-", "_", "\u00E9", "e\u0301", "\u0301", "\u01C5", "\u02B0", "\u4E2D", "\u65E5\u672C", "\u05D0", "\u0939\u093F", "\uD83D\uDE00", "\uD835\uDC00", "\u212A", "\uFB06",
        "\u0130", "\u1E9E", "<|im_start|>", "<|eot_id|>", "<|endoftext|>", "<|", "\u0000", "\u001C", "\u180E", "\uFEFF"};

    private RandomText() {
    }

    static String string(Random random, int snippets) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(snippets + 1); i > 0; i--) {
            if (random.nextInt(8) == 0) {
                int c;
                do {
                    c = random.nextInt(random.nextBoolean() ? 0x3000 : 0x110000);
                } while (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
                text.appendCodePoint(c);
            } else {
                text.append(SNIPPETS[random.nextInt(SNIPPETS.length)]);
            }
        }
        return text.toString();
    }

    /// Some of it UTF-8, some of it anything.
    static byte[] bytes(Random random, int snippets) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes.writeBytes(string(random, snippets / 4).getBytes(StandardCharsets.UTF_8));
            byte[] noise = new byte[random.nextInt(12)];
            random.nextBytes(noise);
            bytes.writeBytes(noise);
        }
        return bytes.toByteArray();
    }
}
