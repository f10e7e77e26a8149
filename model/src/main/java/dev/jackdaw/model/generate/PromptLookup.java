package dev.jackdaw.model.generate;

import dev.jackdaw.model.token.TokenList;
import java.util.ArrayList;
import java.util.List;

/// Guesses that the text repeats itself: where its last few tokens stood before, the same tokens follow again (Saxena, "Prompt lookup
/// decoding", 2023). Costs nothing, and is right where a text quotes: summaries, corrections, code that is changed here and there.
public final class PromptLookup implements Drafter {
    private static final int LONGEST = 4;
    private static final int SHORTEST = 2;

    @Override
    public Guesser newText(int capacity, Sampling sampling) {
        return PromptLookup::guess;
    }

    private static List<Proposal> guess(TokenList text, int most) {
        int[] ids = text.array();
        int size = text.size();
        for (int length = Math.min(LONGEST, size - 1); length >= SHORTEST; length--) {
            for (int at = size - length - 1; at >= 0; at--) {                // the nearest place first
                if (same(ids, at, size - length, length)) {
                    List<Proposal> guesses = new ArrayList<>();
                    for (int i = at + length; i < size && guesses.size() < most; i++) {
                        guesses.add(new Proposal(ids[i], null));
                    }
                    return guesses;
                }
            }
        }
        return List.of();
    }

    private static boolean same(int[] ids, int a, int b, int length) {
        for (int i = 0; i < length; i++) {
            if (ids[a + i] != ids[b + i]) {
                return false;
            }
        }
        return true;
    }
}
