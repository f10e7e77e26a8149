package dev.jackdaw.model.generate;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.token.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Which tokens end a text. A tokenizer names one; models that answer have more: the end of a turn, the end of a call of a tool.
public final class EndTokens {
    /// Names under which published models know the end of a turn or text.
    private static final List<String> NAMES = List.of("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|endoftext|>", "<|end_of_text|>", "<end_of_turn>", "<|return|>", "<|call|>",
            "<|endofturn|>", "<|END_OF_TURN_TOKEN|>", "<｜end▁of▁sentence｜>", "<|user|>", "<|observation|>", "<EOT>", "<|end_of_role|>");
    private static final List<String> GGUF_KEYS = List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id");

    private EndTokens() {
    }

    /// The end tokens of a model: what its files say, and the usual names where they are special tokens.
    public static IntPredicate of(Model model) throws IOException {
        if (!model.hasTokenizer()) {
            return _ -> false;
        }
        Set<Integer> ids = named(model.tokenizer());
        if (model.file().gguf().isPresent()) {
            Gguf gguf = model.file().gguf().get();
            for (String key : GGUF_KEYS) {
                gguf.value(key).ifPresent(_ -> ids.add((int) gguf.integer(key, -1)));
            }
        } else {
            Path config = model.path().resolve("generation_config.json");
            if (Files.exists(config)) {
                try {
                    JsonNode eos = JsonMapper.builder().build().readTree(config).path("eos_token_id");
                    for (JsonNode id : eos.isArray() ? eos : List.of(eos)) {
                        if (id.isInt()) {
                            ids.add(id.intValue());
                        }
                    }
                } catch (JacksonException e) {
                    throw new IOException(config + ": not valid JSON: " + e.getOriginalMessage(), e);
                }
            }
        }
        return ids::contains;
    }

    /// Just by names, and the one that the tokenizer says.
    static Set<Integer> named(Tokenizer tokenizer) {
        Set<Integer> ids = new TreeSet<>();
        tokenizer.eos().ifPresent(ids::add);
        NAMES.forEach(name -> tokenizer.id(name).ifPresent(id -> {
            if (tokenizer.isSpecial(id)) {
                ids.add(id);
            }
        }));
        boolean hasChannels = tokenizer.id("<|channel|>").isPresent();       // there <|end|> ends a part of the answer only
        tokenizer.id("<|end|>").ifPresent(id -> {
            if (!hasChannels) {
                ids.add(id);
            }
        });
        if (hasChannels) {
            tokenizer.id("<|end|>").ifPresent(ids::remove);
        }
        return ids;
    }
}
