package dev.jackdaw.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.chat.jinja.TemplateException;
import dev.jackdaw.model.token.TokenizerConfig;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Templates of real models against what the Python libraries render from them.
class ChatTemplateTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Path COPY = Path.of("src/test/resources/reference/chat-templates");
    private static final Path SHARED = Stream.of("../../shared/fixtures", "../../../shared/fixtures").map(Path::of).filter(Files::isDirectory).findFirst()
            .orElse(Path.of("../../shared/fixtures"));

    private static List<Path> folders(Path root) throws IOException {
        try (Stream<Path> all = Files.list(root)) {
            return all.filter(folder -> Files.exists(folder.resolve("cases.json"))).sorted().toList();
        }
    }

    @TestFactory
    Stream<DynamicTest> rendersAsTheReferenceDoes() throws IOException {
        List<Path> folders = new ArrayList<>(folders(COPY));
        if (Files.isDirectory(SHARED.resolve("chat-templates"))) {
            folders.addAll(folders(SHARED.resolve("chat-templates")));
        }
        assertThat(folders).hasSizeGreaterThanOrEqualTo(9);
        return folders.stream().map(folder -> DynamicTest.dynamicTest(folder.getFileName() + (folder.startsWith(COPY) ? "" : " (shared)"), () -> check(folder)));
    }

    private static void check(Path folder) throws IOException {
        JsonNode file = JSON.readTree(folder.resolve("cases.json"));
        ChatTemplate template = ChatTemplate.of(Files.readString(folder.resolve("template.jinja")), file.at("/bos_token").asString(), file.at("/eos_token").asString());
        int n = 0;
        for (JsonNode test : file.at("/cases")) {
            String name = folder.getFileName() + ", case " + n++ + ", " + test.at("/name").asString();
            if (test.has("error")) {
                assertThatThrownBy(() -> render(template, test)).as(name).isInstanceOf(TemplateException.class);
                continue;
            }
            assertThat(render(template, test)).as(name).isEqualTo(test.at("/expected").asString());
        }
        assertThat(n).isPositive();
    }

    static String render(ChatTemplate template, JsonNode test) {
        return template.render(list(test.path("messages")), list(test.path("tools")), test.at("/add_generation_prompt").asBoolean(),
                map(test.path("kwargs"))).text();
    }

    private static List<?> list(JsonNode node) {
        return node.isArray() ? JSON.convertValue(node, List.class) : null;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(JsonNode node) {
        return node.isObject() ? JSON.convertValue(node, Map.class) : Map.of();
    }

    @TestFactory
    Stream<DynamicTest> modelsRenderTheirOwnTemplates() throws IOException {
        Path models = Files.isDirectory(SHARED.resolve("models")) ? SHARED.resolve("models") : Path.of("src/test/resources/reference/models");
        List<Path> all;
        try (Stream<Path> folders = Files.list(models)) {
            all = folders.filter(folder -> Files.exists(folder.resolve("expected.json"))).sorted().toList();
        }
        return all.stream().map(folder -> DynamicTest.dynamicTest(folder.getFileName().toString(), () -> {
            JsonNode chat = JSON.readTree(folder.resolve("expected.json")).path("chat");
            if (!chat.isObject()) {
                throw new TestAbortedException("no chat in this fixture");
            }
            TokenizerConfig config = TokenizerConfig.read(folder.resolve("tokenizer_config.json"));
            ChatTemplate template = ChatTemplate.of(config.chatTemplate(), config.bosToken() == null ? "" : config.bosToken(), config.eosToken());
            String rendered = template.render(list(chat.path("messages")), null, true, Map.of()).text();
            assertThat(rendered).isEqualTo(chat.has("text") ? chat.at("/text").asString() : chat.at("/rendered").asString());
        }));
    }

    @Test
    void theLongestTemplateIsRenderedAtOnce() throws IOException {
        Path folder = COPY.resolve("chatml-qwen");
        JsonNode file = JSON.readTree(folder.resolve("cases.json"));
        String source = Files.readString(folder.resolve("template.jinja"));
        for (JsonNode test : file.at("/cases")) {        // the classes are loaded before the clock starts
            render(ChatTemplate.of(source, "", ""), test);
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", "word ".repeat(1000)));
        }
        long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();       // other work on the machine does not count
        String text = ChatTemplate.of(source, "", "").render(messages, null, true, Map.of()).text();
        assertThat((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1e9).isLessThan(0.2);
        assertThat(text).hasSizeGreaterThan(1_000_000);
    }
}
