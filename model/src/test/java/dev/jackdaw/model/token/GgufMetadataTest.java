package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufMetadataTest {
    @TempDir
    Path folder;

    @Test
    void aTokenizerGoesThroughAGgufFile() throws IOException {
        BytePairSpec spec = BpeTrainer.train(List.of(Reference.bytes("bpe-train/input.txt")), BpeTrainer.Settings.of(400, 1), BpeTrainer.Progress.none()).spec();
        GgufWriter writer = new GgufWriter().put("general.architecture", "qwen3");
        GgufTokenizer.of(spec, SpecialTokens.CHAT_TEMPLATE).metadata().forEach(writer::put);
        Path file = folder.resolve("model.gguf");
        writer.write(file);
        assertThat(TokenizerJson.write(Tokenizers.readBytePair(file).spec())).isEqualTo(TokenizerJson.write(spec));
        try (Arena arena = Arena.ofConfined()) {
            Gguf gguf = Gguf.open(file, arena);
            assertThat(gguf.text("tokenizer.ggml.pre")).isEqualTo("llama-bpe");
            assertThat(gguf.bool("tokenizer.ggml.add_bos_token", false)).isTrue();
            assertThat(gguf.integer("tokenizer.ggml.eot_token_id")).isEqualTo(379);
            assertThat(GgufTokenizer.read(gguf).template()).isEqualTo(SpecialTokens.CHAT_TEMPLATE);
        }
    }

    @Test
    void aFileWithAnotherTokenizerIsRefusedByName() throws IOException {
        Path file = folder.resolve("other.gguf");
        new GgufWriter().put("general.architecture", "llama").put("tokenizer.ggml.model", GgufValue.of("rwkv")).write(file);
        assertThatThrownBy(() -> Tokenizers.read(file)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("other.gguf").hasMessageContaining("tokenizer.ggml.model = rwkv").hasMessageContaining("[gpt2, llama, t5, bert]");
    }
}
