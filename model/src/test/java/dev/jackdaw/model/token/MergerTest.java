package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MergerTest {
    /// Both ways to merge against each other: a word is put together from pieces that only the scan can take, and as a whole by the heap.
    @Test
    void longWordsAreMergedLikeShortOnes() {
        BytePairSpec spec = Reference.spec("bpe-llama3");
        BytePairTokenizer tokenizer = new BytePairTokenizer(spec);
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 65 + random.nextInt(100); i++) {
                text.append("aehinortsldu".charAt(random.nextInt(12)));
            }
            byte[] word = text.toString().getBytes(StandardCharsets.US_ASCII);
            assertThat(tokenizer.encode(word, false, false)).as("seed %d", seed).isEqualTo(mergeByDefinition(spec, text.toString()));
        }
    }

    private static int[] mergeByDefinition(BytePairSpec spec, String word) {
        List<String> parts = new ArrayList<>(word.chars().mapToObj(Character::toString).toList());
        for (int i = 0; i < spec.merges().length; i += 2) {
            String left = spec.pieces()[spec.merges()[i]];
            String right = spec.pieces()[spec.merges()[i + 1]];
            for (int at = 0; at + 1 < parts.size(); at++) {
                if (parts.get(at).equals(left) && parts.get(at + 1).equals(right)) {
                    parts.set(at, left + right);
                    parts.remove(at + 1);
                }
            }
        }
        List<String> pieces = Arrays.asList(spec.pieces());
        return parts.stream().mapToInt(pieces::indexOf).toArray();
    }
}
