package dev.jackdaw.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ModelExportTest {
    private static final Path FOLDER = Path.of("src/test/resources/reference/models/llama-gqa");

    /// A folder whose tokenizer has merges and no scores becomes a GGUF file with scores, and reads the prompts as `transformers` does.
    @Test
    void aSentencePieceTokenizerGoesIntoTheGgufFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.gguf");
        JsonNode expected = JsonMapper.shared().readTree(FOLDER.resolve("expected.json").toFile());
        try (Device device = Device.cpu(1); Model model = Model.open(FOLDER, device)) {
            ModelExport.gguf(file, "test", model.spec(), model.file(), model.tokenizer(), "{{ messages }}", Map.of(), DType.F32);
        }
        try (Device device = Device.cpu(1); Model model = Model.open(file, device)) {
            Tokenizer tokenizer = model.tokenizer();
            assertThat(expected.get("prompts").size()).isPositive();
            for (JsonNode prompt : expected.get("prompts")) {
                int[] ids = prompt.get("input_ids").valueStream().mapToInt(JsonNode::asInt).toArray();
                assertThat(tokenizer.encode(prompt.get("text").asString(), true, true)).isEqualTo(ids);
            }
            assertThat(model.template()).hasValue("{{ messages }}");
            assertThat(tokenizer.bos()).hasValue(1);
            assertThat(tokenizer.eos()).hasValue(2);
        }
    }
}
