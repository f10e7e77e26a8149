package dev.jackdaw.model.token;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What we use of `tokenizer_config.json`: the file beside `tokenizer.json` that names the beginning and end tokens and holds the
/// chat template.
///
/// @param bosToken     name of the token that begins a document, or null
/// @param eosToken     name of the token that ends a document or an answer, or null
/// @param chatTemplate the Jinja source, or null
/// @param maxLength    the longest text the model was made for, in tokens; 0 if not said
/// @param names        names of tokens by their role, `bosToken` and `eosToken` among them
/// @param addBos       put the beginning token before a text; null if not said. Heeded only where nothing else says it: `tokenizer.json` does
/// @param addEos       put the end token after a text; null if not said
/// @param added        the tokens listed in `added_tokens_decoder`; `tokenizer.json` has them too, `tokenizer.model` not
/// @param ends         ids that end an answer, by `generation_config.json` beside it
public record TokenizerConfig(String bosToken, String eosToken, String chatTemplate, long maxLength, Map<TokenRole, String> names, Boolean addBos,
                              Boolean addEos, List<AddedToken> added, List<Integer> ends) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    public TokenizerConfig {
        names = Map.copyOf(names);
        added = List.copyOf(added);
        ends = List.copyOf(ends);
    }

    public TokenizerConfig(String bosToken, String eosToken, String chatTemplate, long maxLength) {
        this(bosToken, eosToken, chatTemplate, maxLength, names(bosToken, eosToken), null, null, List.of(), List.of());
    }

    private static Map<TokenRole, String> names(String bosToken, String eosToken) {
        Map<TokenRole, String> names = new EnumMap<>(TokenRole.class);
        if (bosToken != null) {
            names.put(TokenRole.BEGIN, bosToken);
        }
        if (eosToken != null) {
            names.put(TokenRole.END, eosToken);
        }
        return names;
    }

    /// For the models built here.
    public static TokenizerConfig ofOurs(long maxLength) {
        return new TokenizerConfig(SpecialTokens.END_OF_TEXT, SpecialTokens.END_OF_TEXT, SpecialTokens.CHAT_TEMPLATE, maxLength);
    }

    /// Reads the file, and what lies beside it: `chat_template.jinja`, where newer models keep the template, and `generation_config.json`.
    public static TokenizerConfig read(Path file) throws IOException {
        TokenizerConfig config = parse(TokenizerJson.bytes(file), file.toString());
        Path template = file.resolveSibling("chat_template.jinja");
        Path generation = file.resolveSibling("generation_config.json");
        return new TokenizerConfig(config.bosToken, config.eosToken,
            config.chatTemplate == null && Files.isRegularFile(template) ? Files.readString(template) : config.chatTemplate, config.maxLength, config.names,
            config.addBos, config.addEos, config.added, Files.isRegularFile(generation) ? ends(object(TokenizerJson.bytes(generation), generation.toString())) : List.of());
    }

    /// `eos_token_id`: a number or a list.
    private static List<Integer> ends(JsonNode root) {
        JsonNode node = root.path("eos_token_id");
        List<Integer> ends = new ArrayList<>();
        for (JsonNode id : node.isArray() ? node : List.of(node)) {
            if (id.isInt()) {
                ends.add(id.intValue());
            }
        }
        return ends;
    }

    private static JsonNode object(byte[] json, String name) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(name + ": not valid JSON: " + e.getOriginalMessage()
                + (e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr()), e);
        }
        if (!root.isObject()) {
            throw new IllegalArgumentException(name + ": found " + root.getNodeType() + ", expected an object");
        }
        return root;
    }

    public static TokenizerConfig parse(byte[] json, String name) {
        JsonNode root = object(json, name);
        double length = root.path("model_max_length").asDouble(0);          // 1e30 is how the library writes "unlimited"
        Map<TokenRole, String> names = new EnumMap<>(TokenRole.class);
        for (TokenRole role : TokenRole.values()) {
            String token = role.configName() == null ? null : token(root.path(role.configName()));
            if (token != null) {
                names.put(role, token);
            }
        }
        return new TokenizerConfig(token(root.path("bos_token")), token(root.path("eos_token")), template(root.path("chat_template")),
            length > 0 && length < 1e12 ? (long) length : 0, names, flag(root.path("add_bos_token")), flag(root.path("add_eos_token")), added(root.path("added_tokens_decoder"), name), List.of());
    }

    /// An object with the ids as names.
    private static List<AddedToken> added(JsonNode node, String name) {
        List<AddedToken> added = new ArrayList<>();
        node.properties().forEach(entry -> {
            JsonNode token = entry.getValue();
            String content = token.path("content").asString("");
            if (!entry.getKey().matches("\\d{1,7}") || content.isEmpty()) {
                throw new IllegalArgumentException(name + ": added_tokens_decoder[\"" + entry.getKey() + "\"] = " + TokenizerJson.brief(token) + "; expected an id and a token with content");
            }
            added.add(new AddedToken(Integer.parseInt(entry.getKey()), content, token.path("special").asBoolean(false), token.path("single_word").asBoolean(false),
                token.path("lstrip").asBoolean(false), token.path("rstrip").asBoolean(false), token.path("normalized").asBoolean(false)));
        });
        return added;
    }

    private static Boolean flag(JsonNode node) {
        return node.isBoolean() ? node.booleanValue() : null;
    }

    /// The ids of the tokens named here, as far as the tokenizer has them.
    TokenRole.Ids roles(Tokenizer tokenizer) {
        TokenRole.Ids ids = new TokenRole.Ids();
        for (Map.Entry<TokenRole, String> entry : names.entrySet()) {
            ids = ids.with(entry.getKey(), tokenizer.id(entry.getValue()).orElse(-1));
        }
        for (int end : ends) {
            ids = end >= 0 && end < tokenizer.vocabularySize() ? ids.withEnd(end) : ids;
        }
        return ids;
    }

    /// A name, or an object with the name in `content`.
    private static String token(JsonNode node) {
        return node.isString() ? node.stringValue() : node.path("content").isString() ? node.path("content").stringValue() : null;
    }

    /// The source, or a list of named ones of which `default` counts.
    private static String template(JsonNode node) {
        if (node.isString()) {
            return node.stringValue();
        }
        for (JsonNode named : node) {
            if (named.path("name").asString("").equals("default") && named.path("template").isString()) {
                return named.path("template").stringValue();
            }
        }
        return null;
    }

    /// The file for `transformers`, with the class that takes everything else from `tokenizer.json`.
    public byte[] write() {
        ObjectNode root = JSON.createObjectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        root.put("bos_token", bosToken);
        root.put("eos_token", eosToken);
        root.put("clean_up_tokenization_spaces", false);
        if (maxLength > 0) {
            root.put("model_max_length", maxLength);
        }
        if (chatTemplate != null) {
            root.put("chat_template", chatTemplate);
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
    }

    /// The specification with the beginning and end tokens named here, as far as the vocabulary has them.
    BytePairSpec applyTo(BytePairSpec spec) {
        int bos = id(spec, bosToken, spec.bos());
        int eos = id(spec, eosToken, spec.eos());
        return new BytePairSpec(spec.pieces(), spec.merges(), spec.added(), spec.split(), spec.normalizer(), spec.ignoreMerges(),
            spec.prefixSpace(), spec.before(), spec.after(), bos, eos);
    }

    private static int id(BytePairSpec spec, String name, int otherwise) {
        for (AddedToken token : spec.added()) {
            if (token.content().equals(name)) {
                return token.id();
            }
        }
        return otherwise;
    }
}
