package dev.jackdaw.cli;

import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.chat.ChatTemplates;
import dev.jackdaw.model.chat.jinja.TemplateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `jackdaw template`: the prompt that a model's chat template makes of a conversation.
@Command(name = "template", description = "Show a model's chat template, or render conversations with it.")
final class TemplateCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "SOURCE", description = "A GGUF file, a Hugging Face folder, or a file with a Jinja template.")
    private Path source;

    @Option(names = "--jsonl", paramLabel = "FILE",
            description = "Lines {\"messages\", \"tools\", \"addGenerationPrompt\", \"kwargs\", \"bosToken\", \"eosToken\"} to render; - for standard input. Only the first must be there.")
    private String jsonLines;

    /// A line of the answer to `--jsonl`; one of the two.
    record Rendered(String text, String error) {
    }

    /// What `--json` prints without `--jsonl`.
    record Source(String template) {
    }

    @Override
    public Integer call() throws IOException {
        Output output = common.output();
        ChatTemplate template = ChatTemplates.read(source).orElseThrow(() -> new IllegalArgumentException(source
                + ": there is no chat template; it is a base model, continue texts with: jackdaw run"));
        if (jsonLines == null) {
            output.json(new Source(template.source()));
            output.line(template.source());
            return 0;
        }
        Map<List<String>, ChatTemplate> known = new LinkedHashMap<>();
        JsonLinesInput.forEach(jsonLines, common.in(), line -> output.jsonLine(render(template, known, line)));
        return 0;
    }

    private static Rendered render(ChatTemplate model, Map<List<String>, ChatTemplate> known, JsonNode line) {
        if (!line.path("messages").isArray()) {
            throw new IllegalArgumentException("expected a list in \"messages\", found " + (line.has("messages") ? line.get("messages") : "nothing"));
        }
        try {
            ChatTemplate template = model;
            if (line.path("bosToken").isString() || line.path("eosToken").isString()) {
                String bos = line.path("bosToken").asString(""), eos = line.path("eosToken").asString("");
                template = known.computeIfAbsent(List.of(bos, eos), _ -> ChatTemplate.of(model.source(), bos, eos));
            }
            return new Rendered(template.render(Json.list(line.path("messages")), line.path("tools").isArray() ? Json.list(line.path("tools")) : null,
                    JsonLinesInput.flag(line, "addGenerationPrompt", false), line.path("kwargs").isObject() ? Json.map(line.path("kwargs")) : Map.of()).text(), null);
        } catch (TemplateException e) {
            return new Rendered(null, e.getMessage());
        }
    }
}
