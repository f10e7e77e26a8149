package dev.jackdaw.model.chat;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.TokenizerConfig;
import dev.jackdaw.model.token.Tokenizers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/// Finds the chat template of a model.
public final class ChatTemplates {
    private ChatTemplates() {
    }

    /// Reads it from a GGUF file, a Hugging Face folder, the directory of a training run, a `tokenizer_config.json` or a file with
    /// nothing but the template. Empty if the model has none, as base models.
    public static Optional<ChatTemplate> read(Path source) throws IOException {
        if (!Files.exists(source)) {
            throw new NoSuchFileException(source.toString());
        }
        if (Files.isDirectory(source)) {
            Path run = source.resolve("params.gguf"), config = source.resolve("tokenizer_config.json"), alone = source.resolve("chat_template.jinja");
            return Files.exists(run) ? read(run) : Files.exists(config) ? read(config) : Files.exists(alone) ? read(alone) : Optional.empty();
        }
        if (isGguf(source)) {
            try (Arena arena = Arena.ofConfined()) {
                Gguf file = Gguf.open(source, arena);
                String template = file.text("tokenizer.chat_template", null);
                if (template == null) {
                    return Optional.empty();
                }
                Tokenizer tokenizer = Tokenizers.read(file);
                return Optional.of(ChatTemplate.of(template, tokenizer.bos().isPresent() ? tokenizer.piece(tokenizer.bos().getAsInt()) : "",
                        tokenizer.eos().isPresent() ? tokenizer.piece(tokenizer.eos().getAsInt()) : ""));
            }
        }
        if (source.getFileName().toString().endsWith(".json")) {
            Path config = source.resolveSibling("tokenizer_config.json");       // a tokenizer.json stands for its folder
            if (!Files.exists(config)) {
                return Optional.empty();
            }
            TokenizerConfig read = TokenizerConfig.read(config);
            return Optional.ofNullable(read.chatTemplate()).map(template -> ChatTemplate.of(template, orEmpty(read.bosToken()), orEmpty(read.eosToken())));
        }
        return Optional.of(ChatTemplate.of(Files.readString(source), "", ""));
    }

    private static boolean isGguf(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(4), java.nio.charset.StandardCharsets.ISO_8859_1).equals("GGUF");
        }
    }

    private static String orEmpty(String name) {
        return name == null ? "" : name;
    }
}
