package dev.jackdaw.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.ollama4j.Ollama;
import io.github.ollama4j.models.chat.OllamaChatMessageRole;
import io.github.ollama4j.models.chat.OllamaChatRequest;
import io.github.ollama4j.models.embed.OllamaEmbedRequest;
import io.github.ollama4j.models.generate.OllamaGenerateRequest;
import io.github.ollama4j.utils.OptionsBuilder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With Ollama4j.
@Timeout(120)
class Ollama4jTest {
    private static TinyServer server;
    private static Ollama client;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        server = new TinyServer(folder);
        client = new Ollama(server.address() + "/");
        client.setRequestTimeoutSeconds(60);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void models() throws Exception {
        assertThat(client.listModels()).singleElement().satisfies(model -> assertThat(model.getName()).isEqualTo("tiny:latest"));
        assertThat(client.getVersion()).matches("\\d+\\.\\d+\\.\\d+");
        assertThat(client.getModelDetails("tiny").getDetails().getFamily()).isEqualTo("qwen3");
    }

    @Test
    void chat() throws Exception {
        OllamaChatRequest request = OllamaChatRequest.builder().withModel("tiny").withMessage(OllamaChatMessageRole.USER, "hello jackdaw")
                .withOptions(new OptionsBuilder().setTemperature(0).setNumPredict(20).build()).build();
        StringBuilder pieces = new StringBuilder();
        String said = client.chat(request, piece -> pieces.append(piece.getMessage().getResponse())).getResponseModel().getMessage().getResponse();
        assertThat(said).isNotEmpty();
        assertThat(pieces.toString()).isEqualTo(said);
    }

    @Test
    void generate() throws Exception {
        OllamaGenerateRequest request = OllamaGenerateRequest.builder().withModel("tiny").withPrompt("the cat").withRaw(true)
                .withOptions(new OptionsBuilder().setTemperature(0).setNumPredict(8).build()).build();
        assertThat(client.generate(request, null).getResponse()).isNotEmpty();
    }

    @Test
    void embeddings() throws Exception {
        assertThat(client.embed(new OllamaEmbedRequest("tiny", List.of("the cat", "a jackdaw"))).getEmbeddings()).hasSize(2).allSatisfy(vector -> assertThat(vector).hasSize(64));
    }
}
