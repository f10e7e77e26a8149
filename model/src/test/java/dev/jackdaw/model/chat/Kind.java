package dev.jackdaw.model.chat;

import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Kinds of models by how they write calls, each with a template and a small vocabulary.
enum Kind {
    /// `<tool_call>` is a token, but no special one.
    QWEN("chatml-qwen"),
    /// `<tool_call>` is a special token.
    OURS(null),
    /// A bare object.
    LLAMA("llama-3.1"),
    /// A list; the vocabulary has no token for `[TOOL_CALLS]`, so its characters are written.
    MISTRAL("mistral"),
    /// Names before the arguments; the vocabulary has no tokens for the marks.
    MINISTRAL(null),
    /// Channels of special tokens.
    HARMONY(null);

    private static final Path REFERENCE = Path.of("src/test/resources/reference");
    private static final String CHANNELS = """
        {% if tools %}{{ '<|start|>developer<|message|># Tools\\n' }}{% for t in tools %}{{ t | tojson }}{% endfor %}{{ '<|end|>' }}{% endif %}\
        {% for m in messages %}{% if m.role == 'tool' %}{{ '<|start|>functions.' + m.name + ' to=assistant<|channel|>commentary<|message|>' + m.content + '<|end|>' }}\
        {% elif m.tool_calls %}{% for c in m.tool_calls %}{{ '<|start|>assistant to=functions.' + c.function.name + '<|channel|>commentary json<|message|>' }}\
        {{ c.function.arguments | tojson }}{{ '<|call|>' }}{% endfor %}\
        {% else %}{{ '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}{% endif %}{% endfor %}{{ '<|start|>assistant' }}""";

    private static final String NAMED = """
        {% if tools %}{{ '[AVAILABLE_TOOLS]' + tools | tojson + '[/AVAILABLE_TOOLS]' }}{% endif %}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST]' + m.content + '[/INST]' }}\
        {% elif m.role == 'tool' %}{{ '[TOOL_RESULTS]' + m.content + '[/TOOL_RESULTS]' }}{% elif m.tool_calls %}{% for c in m.tool_calls %}\
        {{ '[TOOL_CALLS]' + c.function.name + '[ARGS]' + c.function.arguments | tojson }}{% endfor %}{% else %}{{ m.content }}{% endif %}{% endfor %}""";

    private final String folder;
    private Tokenizer tokenizer;

    Kind(String folder) {
        this.folder = folder;
    }

    synchronized Tokenizer tokenizer() {
        if (tokenizer == null) {
            try {
                tokenizer = switch (this) {
                    case QWEN -> Tokenizers.read(REFERENCE.resolve("models/qwen3"));
                    case OURS -> new BytePairTokenizer(BpeTrainer.train(List.of("{\"name\": \"add\", \"arguments\": {\"a\": 1}} the jackdaw sat".repeat(9).getBytes(StandardCharsets.UTF_8)),
                            BpeTrainer.Settings.of(256 + 40 + SpecialTokens.names().size(), 1), BpeTrainer.Progress.none()).spec());
                    case LLAMA -> Tokenizers.read(REFERENCE.resolve("tokenizers/bpe-llama3"));
                    case MISTRAL, MINISTRAL -> Tokenizers.read(REFERENCE.resolve("tokenizers/bpe-gpt2"));
                    case HARMONY -> Tokenizers.read(REFERENCE.resolve("tokenizers/bpe-o200k"));
                };
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return tokenizer;
    }

    Chat chat(int context) {
        try {
            String template = folder != null ? Files.readString(REFERENCE.resolve("chat-templates/" + folder + "/template.jinja")) : this == OURS ? SpecialTokens.CHAT_TEMPLATE : this == MINISTRAL ? NAMED : CHANNELS;
            return Chat.of(tokenizer(), ChatTemplate.of(template, "", ""), tokenizer()::ends, context);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A plain answer as such a model writes it.
    String text(String answer) {
        return this == HARMONY ? "<|channel|>final<|message|>" + answer : answer;
    }

    /// Calls as such a model writes them.
    String calls(List<Message.ToolCall> calls) {
        List<String> texts = calls.stream().map(call -> switch (this) {
            case QWEN -> "<tool_call>\n{\"name\": \"" + call.name() + "\", \"arguments\": " + call.arguments() + "}\n</tool_call>";
            case OURS -> "<tool_call>{\"name\": \"" + call.name() + "\", \"arguments\": " + call.arguments() + "}</tool_call>";
            case LLAMA -> "{\"name\": \"" + call.name() + "\", \"parameters\": " + call.arguments() + "}";
            case MISTRAL -> "{\"name\": \"" + call.name() + "\", \"arguments\": " + call.arguments() + "}";
            case MINISTRAL -> "[TOOL_CALLS]" + call.name() + "[ARGS]" + call.arguments();
            case HARMONY -> "<|channel|>commentary to=functions." + call.name() + " <|constrain|>json<|message|>" + call.arguments() + "<|end|>";
        }).toList();
        return switch (this) {
            case QWEN, OURS -> String.join("\n", texts);
            case MINISTRAL -> String.join("", texts);
            case LLAMA -> String.join("; ", texts);
            case MISTRAL -> "[TOOL_CALLS][" + String.join(", ", texts) + "]";
            case HARMONY -> String.join("<|start|>assistant", texts);
        };
    }
}
