package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

import org.junit.jupiter.api.Test;

class DuplicatesTest {
    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static short[] sketch(String text) {
        return MinHash.sketch(utf8(text));
    }

    private static Set<List<String>> shingles(String text) {
        List<String> words = List.of(text.strip().split("\\s+"));
        Set<List<String>> shingles = new HashSet<>();
        for (int i = 0; i + MinHash.WORDS <= words.size(); i++) {
            shingles.add(words.subList(i, i + MinHash.WORDS));
        }
        return shingles;
    }

    private static double jaccard(String a, String b) {
        Set<List<String>> both = new HashSet<>(shingles(a));
        both.retainAll(shingles(b));
        return (double) both.size() / (shingles(a).size() + shingles(b).size() - both.size());
    }

    /// Every `n`-th word replaced.
    private static String changed(String text, double share, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder out = new StringBuilder();
        for (String word : text.strip().split("\\s+")) {
            out.append(random.nextDouble() < share ? "other" + random.nextInt(1000) : word).append(' ');
        }
        return out.toString();
    }

    @Test
    void estimatesTheJaccardSimilarity() {
        for (int words : new int[] {60, 300, 3000}) {
            double error = 0;
            int pairs = 0;
            for (int i = 0; i < 60; i++) {
                String text = Texts.words(i, words);
                String other = changed(text, 0.001 * i, i);
                double estimate = MinHash.similarity(sketch(text), 0, sketch(other), 0);
                double truth = jaccard(text, other);
                assertThat(estimate).as("%d words, pair %d", words, i).isCloseTo(truth, org.assertj.core.data.Offset.offset(0.2));
                error += estimate - truth;
                pairs++;
            }
            assertThat(error / pairs).as("bias at %d words", words).isBetween(-0.03, 0.03);
        }
    }

    @Test
    void spacingAndPunctuationDoNotMatter() {
        String text = Texts.words(5, 100);
        assertThat(sketch(text.replace(" ", ",  \n\t"))).isEqualTo(sketch(text));
        assertThat(sketch("four words are enough")).isNotEqualTo(sketch("other words are enough"));
        assertThat(sketch("")).hasSize(MinHash.PLACES);
    }

    @Test
    void findsNearDuplicatesAmongManyTexts() {
        Duplicates duplicates = new Duplicates(true, 0.8);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            String text = Texts.words(i, 50 + 6 * i);
            texts.add(text);
            assertThat(duplicates.look(Fingerprint.of(utf8(text)), sketch(text))).as("text %d", i).isNull();
        }
        int found = 0;
        int wanted = 0;
        for (int i = 0; i < 200; i++) {
            String near = changed(texts.get(i), 0.01, i);
            if (jaccard(texts.get(i), near) >= 0.9) {
                wanted++;
                found += duplicates.look(Fingerprint.of(utf8(near)), sketch(near)) == Reason.NEAR_DUPLICATE ? 1 : 0;
            }
        }
        assertThat(wanted).isGreaterThan(100);
        assertThat(found).isGreaterThan((int) (0.9 * wanted));
        for (int i = 0; i < 200; i++) {
            String far = changed(texts.get(i), 0.1, i);
            assertThat(duplicates.look(Fingerprint.of(utf8(far)), sketch(far))).as("text %d at %.2f", i, jaccard(texts.get(i), far)).isNull();
        }
    }

    @Test
    void exactDuplicatesIgnoreSpacing() {
        Duplicates duplicates = new Duplicates(true, 0);
        String text = Texts.words(1, 50);
        assertThat(duplicates.look(Fingerprint.of(utf8(text)), null)).isNull();
        assertThat(duplicates.look(Fingerprint.of(utf8("  " + text.replace(" ", "\n   "))), null)).isEqualTo(Reason.EXACT_DUPLICATE);
        assertThat(duplicates.look(Fingerprint.of(utf8(text + "x")), null)).isNull();
    }

    @Test
    void aCrowdOfLookAlikesCostsNoMoreThanAFew() {
        Duplicates duplicates = new Duplicates(true, 1.0);
        short[] same = sketch(Texts.words(1, 50));
        long atThousand = 0;
        for (int i = 0; i < 3000; i++) {
            short[] one = same.clone();
            one[127] = (short) i;                                       // outside every band
            one[0] = (short) (i * 7);
            assertThat(duplicates.look(new Fingerprint(i, i), one)).isNull();
            atThousand = i == 999 ? duplicates.steps() : atThousand;
        }
        long before = duplicates.steps();
        assertThat(before).as("steps grow with the number of documents, not with its square").isLessThan(4 * atThousand);
        assertThat(duplicates.look(new Fingerprint(-1, -1), same)).isNull();
        assertThat(duplicates.steps() - before).isLessThan(5000);
        assertThat(duplicates.look(new Fingerprint(-2, -2), same.clone())).isEqualTo(Reason.NEAR_DUPLICATE);
    }

    @Test
    void refusesASimilarityThatMakesNoSense() {
        assertThatThrownBy(() -> new Duplicates(true, 8)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("8.0");
    }

    /// The split hangs on these numbers: they must never change.
    @Test
    void fingerprintIsTheSha256OfTheWords() throws Exception {
        byte[] digest = java.security.MessageDigest.getInstance("SHA-256").digest(utf8("one two three"));
        Fingerprint fingerprint = Fingerprint.of(utf8("\n one\ttwo \n\n three\n"));
        assertThat(fingerprint.toString()).isEqualTo(java.util.HexFormat.of().formatHex(digest, 0, 16)).isEqualTo("6899ee404683a14e8c2a03149860df25");
        String text = Texts.words(1, 10_000);
        digest = java.security.MessageDigest.getInstance("SHA-256").digest(utf8(text.strip().replaceAll("\\s+", " ")));
        assertThat(Fingerprint.of(utf8(text)).toString()).isEqualTo(java.util.HexFormat.of().formatHex(digest, 0, 16));
        assertThat(Fingerprint.of(new byte[0]).toString()).isEqualTo("e3b0c44298fc1c149afbf4c8996fb924");
        assertThat(Fingerprint.of(utf8("x")).toString()).startsWith("2d711642b726b044");
    }

    @Test
    void namesTheTextThatIsNearlyTheSame() {
        Duplicates duplicates = new Duplicates(false, 0.8);
        String first = Texts.words(1, 200), second = Texts.words(2, 200);
        assertThat(duplicates.find(utf8(first))).isEqualTo(-1);
        assertThat(duplicates.find(utf8(second))).isEqualTo(-1);
        assertThat(duplicates.find(utf8(second + " and more"))).isEqualTo(1);
        assertThat(duplicates.find(utf8(first + " and more"))).isZero();
        assertThat(duplicates.find(utf8(Texts.words(3, 200)))).isEqualTo(-1);
        assertThat(duplicates.find(utf8(Texts.words(3, 200)))).isEqualTo(2);
    }
}
