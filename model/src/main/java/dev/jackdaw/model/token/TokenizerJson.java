package dev.jackdaw.model.token;

import dev.jackdaw.model.Brief;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads and writes `tokenizer.json`, the file of the Hugging Face library `tokenizers`. Byte-level BPE is read here, everything else in
/// [PipelineJson]; [TokenizerJsonWriter] and [PipelineJsonWriter] write them.
///
/// What the file may ask for and we do not have is refused by name; nothing is silently ignored except padding and truncation, which
/// belong to batching and not to the tokenizer.
public final class TokenizerJson {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// The largest published file has 35 MB.
    private static final int MOST_BYTES = 256 << 20;

    final String name;                     // of the file, for messages
    final JsonNode root;

    TokenizerJson(String name, JsonNode root) {
        this.name = name;
        this.root = root;
    }

    /// Byte-level BPE; other kinds are refused.
    public static BytePairSpec read(Path file) throws IOException {
        return parse(bytes(file), file.toString());
    }

    /// @param name what messages call the file
    public static BytePairSpec parse(byte[] json, String name) {
        return new TokenizerJson(name, tree(json, name)).spec();
    }

    /// A tokenizer of any kind.
    ///
    /// @param config what `tokenizer_config.json` beside it says, or null
    static Tokenizer tokenizer(byte[] json, String name, TokenizerConfig config) {
        try {
            return read(json, name, config);
        } catch (IllegalArgumentException e) {
            throw brief(e, name);
        } catch (JacksonException e) {                               // a number too large, a list where a text must be
            throw brief(new IllegalArgumentException(e.getOriginalMessage(), e), name);
        }
    }

    /// One that names the file and quotes no more than a reader can take in.
    static IllegalArgumentException brief(IllegalArgumentException e, String name) {
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        return new IllegalArgumentException(name + ": " + Brief.text(message.startsWith(name + ": ") ? message.substring(name.length() + 2) : message), e);
    }

    private static Tokenizer read(byte[] json, String name, TokenizerConfig config) {
        TokenizerJson file = new TokenizerJson(name, tree(json, name));
        if (!file.isByteLevel()) {
            return new PipelineJson(file).tokenizer(config);
        }
        BytePairSpec spec = file.spec();
        BytePairSpec whole = config == null ? spec : config.applyTo(spec);
        return new BytePairTokenizer(whole, config == null ? new TokenRole.Ids() : config.roles(new BytePairTokenizer(whole)));
    }

    static byte[] bytes(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MOST_BYTES) {
            throw new IllegalArgumentException(file + ": the file has " + size + " bytes; at most " + MOST_BYTES + " are read");
        }
        return Files.readAllBytes(file);
    }

    private static JsonNode tree(byte[] json, String name) {
        try {
            return JSON.readTree(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(name + ": not valid JSON: " + e.getOriginalMessage()
                + (e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr() + ", byte " + e.getLocation().getByteOffset()), e);
        }
    }

    /// Byte-level BPE without anything that [BytePairSpec] has no place for?
    private boolean isByteLevel() {
        JsonNode model = root.path("model");
        JsonNode cut = root.path("pre_tokenizer");
        boolean bytes = cut.path("type").asString("").equals("ByteLevel");
        for (JsonNode step : cut.path("pretokenizers")) {
            bytes |= step.path("type").asString("").equals("ByteLevel");
        }
        JsonNode normalizer = root.path("normalizer");
        if (normalizer.path("type").asString("").equals("Sequence") && normalizer.path("normalizers").size() < 2) {
            normalizer = normalizer.path("normalizers").path(0);
        }
        return bytes && model.path("type").asString("BPE").equals("BPE") && !model.path("byte_fallback").asBoolean(false)
            && normalizer.path("type").asString("NFC").matches("NFK?[CD]");
    }

    /// The file that [#parse] reads back; the same specification always gives the same bytes.
    public static byte[] write(BytePairSpec spec) {
        return TokenizerJsonWriter.write(spec);
    }

    /// The file for a tokenizer of any kind.
    public static byte[] write(Tokenizer tokenizer) {
        return switch (tokenizer) {
            case BytePairTokenizer bytes -> write(bytes.spec());
            case PipelineTokenizer pieces -> PipelineJsonWriter.write(pieces);
            default -> throw new IllegalArgumentException("tokenizer.json: a " + tokenizer.getClass().getSimpleName() + " cannot be written");
        };
    }

    private BytePairSpec spec() {
        expect(root.isObject() && root.path("model").isObject(), "no object \"model\"; is this a tokenizer.json?");
        JsonNode model = root.path("model");
        String type = model.path("type").asString("BPE");
        expect(type.equals("BPE"), "model type " + type + " is not byte-level BPE");
        for (String option : List.of("unk_token", "continuing_subword_prefix", "end_of_word_suffix", "dropout")) {
            JsonNode value = model.path(option);
            boolean absent = value.isMissingNode() || value.isNull() || value.isString() && value.stringValue().isEmpty();
            expect(absent || option.equals("unk_token"), "model." + option + " = " + value + " is not supported; expected null");
        }
        expect(!model.path("byte_fallback").asBoolean(false),
            "model.byte_fallback = true: this is a SentencePiece tokenizer in JSON, not byte-level BPE");

        Map<String, Integer> vocabulary = vocabulary(model.path("vocab"));
        String[] pieces = new String[vocabulary.values().stream().mapToInt(i -> i + 1).max().orElse(0)];
        vocabulary.forEach((piece, id) -> {
            expect(pieces[id] == null, "model.vocab: id " + id + " is given to both \"" + pieces[id] + "\" and \"" + piece + "\"");
            pieces[id] = piece;
        });
        int[] merges = merges(model.path("merges"), vocabulary);
        List<AddedToken> added = addedTokens();
        Cutting cutting = cutting();
        List<int[]> around = around(added, vocabulary);
        try {
            return new BytePairSpec(pieces, merges, added, cutting.split, normalizer(), model.path("ignore_merges").asBoolean(false),
                cutting.prefixSpace, around.get(0), around.get(1), around.get(0).length > 0 ? around.get(0)[0] : -1,
                around.get(1).length > 0 ? around.get(1)[around.get(1).length - 1] : -1);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        }
    }

    Map<String, Integer> vocabulary(JsonNode node) {
        expect(node.isObject(), "model.vocab is not an object of token: id");
        Map<String, Integer> vocabulary = HashMap.newHashMap(node.size());
        node.properties().forEach(entry -> vocabulary.put(entry.getKey(), id(entry.getValue(), "model.vocab[\"" + entry.getKey() + "\"]")));
        return vocabulary;
    }

    int id(JsonNode node, String where) {
        expect(node.isIntegralNumber() && node.canConvertToInt() && node.intValue() >= 0 && node.intValue() < BytePairSpec.MOST_IDS,
            where + " = " + brief(node) + "; expected an id from 0 to " + (BytePairSpec.MOST_IDS - 1));
        return node.intValue();
    }

    /// Each merge is `"left right"` or, in newer files, `["left", "right"]`.
    int[] merges(JsonNode node, Map<String, Integer> vocabulary) {
        expect(node.isArray(), "model.merges is not an array");
        int[] merges = new int[node.size() * 2];
        int i = 0;
        for (JsonNode merge : node) {
            String left;
            String right;
            if (merge.isArray() && merge.size() == 2 && merge.get(0).isString() && merge.get(1).isString()) {
                left = merge.get(0).stringValue();
                right = merge.get(1).stringValue();
            } else {
                int space = merge.isString() ? merge.stringValue().indexOf(' ') : -1;
                expect(space > 0, "model.merges[" + i / 2 + "] = " + brief(merge) + "; expected \"left right\" or [\"left\", \"right\"]");
                left = merge.stringValue().substring(0, space);
                right = merge.stringValue().substring(space + 1);
            }
            for (String part : new String[] {left, right}) {
                Integer id = vocabulary.get(part);
                expect(id != null, "model.merges[" + i / 2 + "] names \"" + part + "\", which model.vocab does not have");
                merges[i++] = id;
            }
        }
        return merges;
    }

    List<AddedToken> addedTokens() {
        List<AddedToken> added = new ArrayList<>();
        for (JsonNode token : root.path("added_tokens")) {
            String where = "added_tokens[" + added.size() + "]";
            expect(token.path("content").isString() && !token.path("content").stringValue().isEmpty(), where + " has no content");
            boolean special = token.path("special").asBoolean(false);
            added.add(new AddedToken(id(token.path("id"), where + ".id"), token.path("content").stringValue(), special,
                token.path("single_word").asBoolean(false), token.path("lstrip").asBoolean(false), token.path("rstrip").asBoolean(false),
                token.path("normalized").asBoolean(!special)));
        }
        return added;
    }

    private record Cutting(PreTokenizer split, boolean prefixSpace) {
    }

    /// `ByteLevel` alone brings the expression of GPT-2; later tokenizers put their own `Split` before it. What stands behind it sees
    /// bytes written in the byte alphabet.
    private Cutting cutting() {
        JsonNode node = root.path("pre_tokenizer");
        List<JsonNode> nodes = node.path("type").asString("").equals("Sequence") ? elements(node.path("pretokenizers")) : List.of(node);
        List<PreTokenizer> steps = new ArrayList<>();
        boolean bytes = false;
        boolean prefixSpace = false;
        for (JsonNode step : nodes) {
            if (step.path("type").asString("").equals("ByteLevel")) {
                expect(!bytes, "pre_tokenizer " + brief(node) + " has ByteLevel twice");
                bytes = true;
                prefixSpace = step.path("add_prefix_space").asBoolean(true);
                expect(!prefixSpace || steps.isEmpty(), "pre_tokenizer " + brief(node) + " is not supported: add_prefix_space after another step");
                if (step.path("use_regex").asBoolean(true)) {
                    steps.add(Split.GPT2);
                }
            } else {
                String path = nodes.size() == 1 ? "pre_tokenizer" : "pre_tokenizer.pretokenizers[" + nodes.indexOf(step) + "]";
                PreTokenizer read = PipelineJson.preTokenizer(step, path);
                boolean behind = bytes;
                steps.add(PipelineJson.at(path, () -> behind ? new PreTokenizer.OnAlphabet(read) : read));
            }
        }
        expect(bytes, "pre_tokenizer " + brief(node) + " has no ByteLevel: not byte-level BPE");
        return new Cutting(SplitNames.simplest(steps), prefixSpace);
    }

    private Normalizer.Form normalizer() {
        JsonNode node = root.path("normalizer");
        if (node.path("type").asString("").equals("Sequence") && node.path("normalizers").size() < 2) {
            node = node.path("normalizers").path(0);
        }
        if (node.isMissingNode() || node.isNull()) {
            return null;
        }
        String type = node.path("type").asString("");
        for (Normalizer.Form form : Normalizer.Form.values()) {
            if (form.name().equals(type)) {
                return form;
            }
        }
        throw new IllegalArgumentException(name + ": normalizer " + brief(node) + " is not supported; expected none, NFC, NFD, NFKC or NFKD");
    }

    /// The ids that a `TemplateProcessing` puts before and after a single text.
    List<int[]> around(List<AddedToken> added, Map<String, Integer> vocabulary) {
        JsonNode node = root.path("post_processor");
        List<JsonNode> steps = node.path("type").asString("").equals("Sequence") ? elements(node.path("processors")) : List.of(node);
        TokenList before = new TokenList();
        TokenList after = new TokenList();
        for (JsonNode step : steps) {
            String type = step.path("type").asString("");
            if (type.isEmpty() || type.equals("ByteLevel")) {
                continue;                                          // ByteLevel only trims offsets, which we do not give
            }
            if (type.equals("RobertaProcessing") || type.equals("BertProcessing")) {
                before.add(id(step.path("cls").path(1), "post_processor.cls"));
                after.add(id(step.path("sep").path(1), "post_processor.sep"));
                continue;
            }
            expect(type.equals("TemplateProcessing"), "post_processor " + type + " is not supported; expected ByteLevel, TemplateProcessing, BertProcessing or RobertaProcessing");
            boolean text = false;
            for (JsonNode part : step.path("single")) {
                if (part.has("Sequence")) {
                    text = true;
                    continue;
                }
                String token = part.path("SpecialToken").path("id").asString("");
                JsonNode ids = step.path("special_tokens").path(token).path("ids");
                expect(ids.isArray() && !ids.isEmpty(), "post_processor uses special token \"" + token + "\" and does not define it");
                for (JsonNode id : ids) {
                    (text ? after : before).add(id(id, "post_processor.special_tokens"));
                }
            }
        }
        return List.of(before.toArray(), after.toArray());
    }

    List<JsonNode> elements(JsonNode array) {
        expect(array.isArray() && !array.isEmpty(), "an array of steps was expected, found " + brief(array));
        List<JsonNode> elements = new ArrayList<>();
        array.forEach(elements::add);
        return elements;
    }

    void expect(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": " + otherwise);
        }
    }

    static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= 160 ? text : text.substring(0, 157) + "…";
    }
}
