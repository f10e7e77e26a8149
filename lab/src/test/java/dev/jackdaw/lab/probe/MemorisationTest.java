package dev.jackdaw.lab.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.lab.probe.MemorisationExperiment.Level;
import dev.jackdaw.lab.probe.MemorisationExperiment.Outcome;
import dev.jackdaw.lab.probe.MemorisationExperiment.Settings;
import dev.jackdaw.lab.probe.MemorisationExperiment.Size;
import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemorisationTest {
    @TempDir
    Path folder;

    /// A small text with few other documents: what stood there often is found likelier, and what never stood there stays secret.
    @Test
    void exposureGrowsWithRepetition() throws IOException {
        Settings settings = new Settings(128, 2, 100, 5);
        List<Size> sizes = List.of(new Size(1, 64));
        try (Device device = Device.cpu(2)) {
            Outcome outcome = new MemorisationExperiment(settings).run(sizes, folder, device, (_, _, _, _) -> { }).getFirst();
            List<Level> levels = outcome.levels();
            assertThat(levels.stream().map(Level::times)).containsExactly(0, 1, 2, 4, 8, 16, 32, 64, 128);
            assertThat(levels).allSatisfy(level -> {
                assertThat(level.exposure().mean()).isBetween(0.0, MemorisationExperiment.MOST_EXPOSURE);
                assertThat(level.medianRank()).isBetween(1, MemorisationExperiment.SECRETS);
            });
            assertThat(levels.getFirst().recited().right()).isZero();
            assertThat(levels.getLast().exposure().mean()).isGreaterThan(levels.getFirst().exposure().mean());
            LearningPage.writeMemorisation(folder, settings, List.of(outcome));
            assertThat(Files.readString(folder.resolve("report.html"))).contains("Exposure").doesNotContain("<script");
            List<Outcome> again = new MemorisationExperiment(settings).run(sizes, folder, device, (_, _, _, _) -> {
                throw new AssertionError("the result was there already");
            });
            assertThat(again).containsExactly(outcome);
        }
    }

    /// Texts that a model wrote itself are recited, others are not.
    @Test
    void findsWhatAModelRecites() throws IOException {
        try (Device device = Device.cpu(2); Model model = Model.open(Path.of("../model/src/test/resources/reference/models/llama-gqa"), device)) {
            int[] opening = {3, 77, 150, 9};
            int[] own = new int[44], other = new int[44];
            System.arraycopy(opening, 0, own, 0, 4);
            System.arraycopy(Recall.greedy(model.forward(), opening, 40), 0, own, 4, 40);
            for (int i = 0; i < other.length; i++) {
                other[i] = (i * 53 + 20) % 400;
            }
            Extraction extraction = new Extraction(model.forward(), new int[0], new int[] {4}, 40, 10, 1);
            Extraction.Sample sample = extraction.sample();
            sample.add(own);
            sample.add(other);
            sample.add(new int[] {1, 2, 3});
            Extraction.Rate rate = sample.recite("both", _ -> { }).getFirst();
            assertThat(rate.recited().right()).isEqualTo(1);
            assertThat(rate.recited().n()).isEqualTo(2);
            assertThat(rate.tooShort()).isEqualTo(1);
            assertThat(rate.tokensRight()).isBetween(0.5, 0.6);
            Extraction.Sample empty = extraction.sample();
            empty.add(new int[] {1});
            assertThatThrownBy(() -> empty.recite("short", _ -> { })).hasMessageContaining("none of the 1 documents of short has the 44 tokens");
            assertThatThrownBy(() -> new Extraction(model.forward(), new int[0], new int[] {4}, 1_000_000, 10, 1)).hasMessageContaining("fit in the context");
        }
    }

    @Test
    void ranksCountEqualsAgainstTheTruth() {
        assertThat(Recall.rank(new double[] {-3, -1, -1, -2}, 1)).isEqualTo(2);
        assertThat(Recall.rank(new double[] {-3, -1, -1, -2}, 0)).isEqualTo(4);
    }

    @Test
    void likelihoodsAreThoseOfWholeTexts() throws IOException {
        try (Device device = Device.cpu(2); Model model = Model.open(Path.of("../model/src/test/resources/reference/models/llama-gqa"), device)) {
            int[] prompt = {3, 77, 150};
            int[][] continuations = {{9, 8, 7}, {9}, {200, 5}};
            double[] found = Recall.likelihoods(model.forward(), prompt, continuations);
            for (int c = 0; c < continuations.length; c++) {
                double sum = 0;
                int[] text = java.util.Arrays.copyOf(prompt, prompt.length + continuations[c].length);
                System.arraycopy(continuations[c], 0, text, prompt.length, continuations[c].length);
                for (int i = prompt.length; i < text.length; i++) {
                    try (var cache = model.forward().newCache(text.length)) {
                        sum += LogitLens.logSoftmax(model.forward().logits(cache, java.util.Arrays.copyOf(text, i)))[text[i]];
                    }
                }
                assertThat(found[c]).isEqualTo(sum);
            }
        }
    }
}
