package dev.jackdaw.train.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Made-up texts for tests: words of made-up syllables, the same for the same seed.
final class Texts {
    private static final String[] SYLLABLES = {"ka", "lo", "mi", "ren", "sto", "vu", "pel", "tar", "on", "ish", "dro", "en", "qua", "fi"};

    private Texts() {
    }

    static String words(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            for (int s = random.nextInt(1, 4); s > 0; s--) {
                text.append(SYLLABLES[random.nextInt(SYLLABLES.length)]);
            }
            text.append(i % 11 == 10 ? "\n" : " ");
        }
        return text.append('\n').toString();
    }

    /// Of `count` words, some lengths short and some long.
    static List<String> many(long seed, int count, int mostWords) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(words(random.nextLong(), random.nextInt(1, mostWords)));
        }
        return texts;
    }

    /// A Java class with a header.
    static String java(long seed, String header) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder text = new StringBuilder(header).append("package p").append(seed).append(";\n\n/** ").append(words(seed, 12)).append(" */\npublic class C")
            .append(seed).append(" {\n");
        for (int i = random.nextInt(3, 30); i > 0; i--) {
            String[] w = words(random.nextLong(), 6).strip().split("\\s+");
            text.append("    int ").append(w[0]).append("(int ").append(w[1]).append(") {\n        return ").append(w[1]).append(" + this.")
                .append(w[2]).append(";\n    }\n\n");
        }
        return text.append("}\n").toString();
    }

    /// One id per byte, offset by two.
    static int[] bytes(byte[] utf8) {
        int[] ids = new int[utf8.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (utf8[i] & 0xFF) + 2;
        }
        return ids;
    }
}
