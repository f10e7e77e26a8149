package dev.jackdaw.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.embed.Embedder;
import dev.jackdaw.model.embed.Reranker;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.TextStream;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The ten lines of the README.
class LibraryTest {
    private static final Path MODEL = Path.of("src/test/resources/reference/models/qwen3");

    @Test
    void tenLinesLoadAModelAndStreamText() throws IOException {
        StringBuilder out = new StringBuilder();
        int[] ids;
        try (Device device = Device.cpu(2); Model model = Model.open(MODEL, device)) {
            int[] prompt = model.tokenizer().encode("class Foo {", false, true);
            TextStream text = model.tokenizer().stream(true);
            ids = new Generator(model.forward()).generate(prompt, 20, Sampling.greedy(), _ -> false, id -> out.append(text.next(id))).ids();
            out.append(text.end());
            assertThat(out.toString()).isEqualTo(model.tokenizer().decode(ids, true));
            assertThat(new Embedder(model.forward()).embed(prompt)).hasSize(64);
        }
        assertThat(ids).hasSize(20);
    }

    @Test
    void anyModelPutsDocumentsInOrder() throws IOException {
        try (Device device = Device.cpu(2); Model model = Model.open(MODEL, device)) {
            List<Reranker.Ranked> ranked = new Reranker(model).rank("the cat sat", List.of("stock prices fell", "the cat sat", "the cat sat down"));
            assertThat(ranked.getFirst().document()).isEqualTo("the cat sat");
            assertThat(ranked.getFirst().relevance()).isBetween(0.9999, 1.0001);
            assertThat(ranked).extracting(Reranker.Ranked::index).containsExactlyInAnyOrder(0, 1, 2);
        }
    }

    /// Packing on another thread changes nothing; closing waits for it, asked for or not.
    @Test
    void packsBesideTheTokenizer() throws IOException {
        float[] expected;
        try (Device device = Device.cpu(2); Model model = Model.open(MODEL, device)) {
            expected = model.forward().logits(model.forward().newCache(3), new int[] {1, 2, 3});
        }
        try (Device device = Device.cpu(2); Model model = Model.openToRun(MODEL, device)) {
            assertThat(model.forward()).isSameAs(model.forward());
            assertThat(model.forward().logits(model.forward().newCache(3), new int[] {1, 2, 3})).isEqualTo(expected);
        }
        for (int i = 0; i < 20; i++) {
            try (Device device = Device.cpu(2)) {
                Model.openToRun(MODEL, device).close();
            }
        }
    }
}
