package dev.jackdaw.serve.improve;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Finds texts that hold something of an evaluation, so that nothing is learned by which it is measured.
///
/// The rule of GPT-3 (Brown et al., 2020, appendix C), which HELM has too: a text overlaps if it shares 13 words in a row with a question. A
/// question that is shorter overlaps as a whole, wherever it stands; one of fewer than five words only with a text that is nothing else, since
/// such few words stand in any text.
final class Overlap {
    static final int WORDS = 13;
    private static final int FEW = 5;

    private final Map<String, String> runs = new HashMap<>();       // words in a row -> whose they are
    private final Map<String, String> whole = new HashMap<>();
    private final TreeSet<Integer> lengths = new TreeSet<>();

    /// @param id what it is called where something overlaps with it
    void add(String id, String question) {
        List<String> words = Words.of(question);
        if (words.size() < FEW) {
            whole.putIfAbsent(Words.key(question), id);
            return;
        }
        int n = Math.min(WORDS, words.size());
        lengths.add(n);
        for (int i = 0; i + n <= words.size(); i++) {
            runs.putIfAbsent(String.join(" ", words.subList(i, i + n)), id);
        }
    }

    boolean isEmpty() {
        return runs.isEmpty() && whole.isEmpty();
    }

    /// The id of a question that this question is, or holds something of.
    Optional<String> find(String question) {
        String same = whole.get(Words.key(question));
        return same != null ? Optional.of(same) : findRun(question);
    }

    /// The id of a question that stands in this text. Not of one with very few words: those of tasks hold short answers too, and a short answer
    /// may be the same.
    Optional<String> findRun(String text) {
        List<String> words = Words.of(text);
        for (int n : lengths) {
            for (int i = 0; i + n <= words.size(); i++) {
                String id = runs.get(String.join(" ", words.subList(i, i + n)));
                if (id != null) {
                    return Optional.of(id);
                }
            }
        }
        return Optional.empty();
    }
}
