package dev.jackdaw.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Guesses which word was meant.
final class Spelling {
    private Spelling() {
    }

    /// The words of `known` that are nearest to `word`, if they are near enough: a typing error for each three letters.
    static List<String> nearest(String word, Collection<String> known) {
        int best = Math.max(1, word.replaceFirst("^-+", "").length() / 3);
        List<String> nearest = new ArrayList<>();
        for (String candidate : known) {
            int distance = distance(word, candidate);
            if (distance < best) {
                nearest.clear();
                best = distance;
            }
            if (distance == best) {
                nearest.add(candidate);
            }
        }
        return nearest;
    }

    /// Typing errors between two words: letters left out, put in, mistaken, or two neighbours exchanged (Damerau, 1964).
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                d[i][j] = Math.min(d[i - 1][j - 1] + (same ? 0 : 1), 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
