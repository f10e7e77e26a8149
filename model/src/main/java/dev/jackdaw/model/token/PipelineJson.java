package dev.jackdaw.model.token;

import dev.jackdaw.model.token.PreTokenizer.Characters;
import dev.jackdaw.model.token.PreTokenizer.Delimited;
import dev.jackdaw.model.token.PreTokenizer.Metaspace;
import dev.jackdaw.model.token.TextPattern.Behavior;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/// Reads the components of a `tokenizer.json`: normalizer, pre-tokenizer, model, decoder. One we do not have is refused by its name.
final class PipelineJson {
    private final TokenizerJson file;
    private final JsonNode root;

    PipelineJson(TokenizerJson file) {
        this.file = file;
        this.root = file.root;
    }

    Tokenizer tokenizer(TokenizerConfig config) {
        file.expect(root.isObject() && root.path("model").isObject(), "no object \"model\"; is this a tokenizer.json?");
        try {
            List<AddedToken> added = file.addedTokens();
            PieceModel model = model(root.path("model"));
            List<int[]> around = file.around(added, Map.of());
            JsonNode cut = root.path("pre_tokenizer");
            PipelineTokenizer.Parts parts = new PipelineTokenizer.Parts(model, added, at("normalizer", () -> normalization(root.path("normalizer"), "normalizer")),
                isAbsent(cut) ? null : preTokenizer(cut, "pre_tokenizer"), decoder(root.path("decoder")), around.get(0), around.get(1));
            TokenRole.Ids roles = config == null ? new TokenRole.Ids() : config.roles(new PipelineTokenizer(parts, new TokenRole.Ids()));
            if (around.get(0).length > 0) {
                roles = roles.with(TokenRole.BEGIN, around.get(0)[0]);
            }
            if (around.get(1).length > 0) {
                roles = roles.with(TokenRole.END, around.get(1)[around.get(1).length - 1]);
            }
            return new PipelineTokenizer(parts, roles);
        } catch (IllegalArgumentException e) {
            throw TokenizerJson.brief(e, file.name);
        }
    }

    /// What is wrong within a step names its path in the file.
    static <T> T at(String path, Supplier<T> step) {
        try {
            return step.get();
        } catch (IllegalArgumentException e) {
            throw e.getMessage() != null && e.getMessage().startsWith(path) ? e : new IllegalArgumentException(path + ": " + e.getMessage(), e);
        }
    }

    private static boolean isAbsent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    private static String type(JsonNode node) {
        return node.path("type").asString("");
    }

    private static IllegalArgumentException unknown(String what, JsonNode node) {
        return new IllegalArgumentException(what + " " + (type(node).isEmpty() ? TokenizerJson.brief(node) : type(node)) + " is not supported");
    }

    private PieceModel model(JsonNode model) {
        String type = type(model);
        if (type.isEmpty()) {                                       // older files leave it out
            type = model.path("vocab").isArray() ? "Unigram" : model.has("merges") ? "BPE" : "WordPiece";
        }
        return switch (type) {
            case "BPE" -> merges(model);
            case "Unigram" -> unigram(model);
            case "WordPiece" -> wordPiece(model);
            default -> throw new IllegalArgumentException("model type " + type + " is not supported; expected BPE, Unigram or WordPiece");
        };
    }

    private String[] pieces(Map<String, Integer> vocabulary) {
        String[] pieces = new String[vocabulary.values().stream().mapToInt(id -> id + 1).max().orElse(0)];
        vocabulary.forEach((piece, id) -> {
            file.expect(pieces[id] == null, "model.vocab: id " + id + " is given to both \"" + pieces[id] + "\" and \"" + piece + "\"");
            pieces[id] = piece;
        });
        return pieces;
    }

    private int unknownToken(JsonNode model, Map<String, Integer> vocabulary) {
        JsonNode name = model.path("unk_token");
        if (isAbsent(name)) {
            return -1;
        }
        Integer id = vocabulary.get(name.asString(""));
        file.expect(id != null, "model.unk_token = " + TokenizerJson.brief(name) + " is no token of model.vocab");
        return id;
    }

    private PieceModel merges(JsonNode model) {
        for (String option : List.of("continuing_subword_prefix", "end_of_word_suffix", "dropout")) {
            JsonNode value = model.path(option);
            file.expect(isAbsent(value) || value.isString() && value.stringValue().isEmpty() || value.isNumber() && value.doubleValue() == 0,
                "model." + option + " = " + TokenizerJson.brief(value) + " is not supported; expected null");
        }
        Map<String, Integer> vocabulary = file.vocabulary(model.path("vocab"));
        return PieceMerges.ranked(pieces(vocabulary), new PieceMerges.Ranked(file.merges(model.path("merges"), vocabulary)), unknownToken(model, vocabulary),
            model.path("fuse_unk").asBoolean(false), model.path("byte_fallback").asBoolean(false), model.path("ignore_merges").asBoolean(false));
    }

    private PieceModel unigram(JsonNode model) {
        JsonNode vocabulary = model.path("vocab");
        file.expect(vocabulary.isArray(), "model.vocab is not an array of [piece, score]");
        file.expect(vocabulary.size() <= BytePairSpec.MOST_IDS, "model.vocab has " + vocabulary.size() + " pieces; at most " + BytePairSpec.MOST_IDS + " are read");
        String[] pieces = new String[vocabulary.size()];
        float[] scores = new float[pieces.length];
        int id = 0;
        for (JsonNode entry : vocabulary) {
            file.expect(entry.size() == 2 && entry.get(0) != null && entry.get(0).isString() && entry.get(1).isNumber(),
                "model.vocab[" + id + "] = " + TokenizerJson.brief(entry) + "; expected [piece, score]");
            pieces[id] = entry.get(0).stringValue();
            scores[id++] = (float) entry.get(1).doubleValue();
        }
        JsonNode unknown = model.path("unk_id");
        file.expect(isAbsent(unknown) || unknown.isInt() && unknown.intValue() >= 0 && unknown.intValue() < pieces.length,
            "model.unk_id = " + TokenizerJson.brief(unknown) + "; expected an id below " + pieces.length);
        return new Unigram(pieces, scores, null, isAbsent(unknown) ? -1 : unknown.intValue(), model.path("byte_fallback").asBoolean(false), false);
    }

    private PieceModel wordPiece(JsonNode model) {
        Map<String, Integer> vocabulary = file.vocabulary(model.path("vocab"));
        return new WordPiece(pieces(vocabulary), model.path("continuing_subword_prefix").asString("##"), unknownToken(model, vocabulary),
            model.path("max_input_chars_per_word").asInt(100));
    }

    private Normalization normalization(JsonNode node, String path) {
        if (isAbsent(node)) {
            return null;
        }
        String type = type(node);
        switch (type) {
            case "Sequence" -> {
                List<Normalization> steps = new ArrayList<>();
                for (JsonNode step : node.path("normalizers")) {
                    String there = path + ".normalizers[" + steps.size() + "]";
                    steps.add(at(there, () -> normalization(step, there)));
                }
                return new Normalization.Chain(steps);
            }
            case "NFC", "NFD", "NFKC", "NFKD" -> {
                return new Normalization.Unicode(Normalizer.Form.valueOf(type));
            }
            case "Lowercase" -> {
                return new Normalization.Lowercase();
            }
            case "StripAccents" -> {
                return new Normalization.StripAccents();
            }
            case "Nmt" -> {
                return new Normalization.Nmt();
            }
            case "Prepend" -> {
                return new Normalization.Prepend(node.path("prepend").asString(""));
            }
            case "Replace" -> {
                return new Normalization.Replace(pattern(node.path("pattern")), node.path("content").asString(""));
            }
            case "Strip" -> {
                return new Normalization.Strip(node.path("strip_left").asBoolean(true), node.path("strip_right").asBoolean(true));
            }
            case "Precompiled" -> {
                JsonNode map = node.path("precompiled_charsmap");
                if (isAbsent(map) || map.asString("").isEmpty()) {
                    return new Normalization.Chain(List.of());
                }
                try {
                    return new Normalization.Precompiled(new Charsmap(Base64.getDecoder().decode(map.asString(""))));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("Precompiled: " + e.getMessage(), e);
                }
            }
            case "BertNormalizer" -> {
                boolean lowercase = node.path("lowercase").asBoolean(true);
                return new Normalization.Bert(node.path("clean_text").asBoolean(true), node.path("handle_chinese_chars").asBoolean(true),
                    node.path("strip_accents").asBoolean(lowercase), lowercase);
            }
            default -> throw unknown("normalizer", node);
        }
    }

    private static TextPattern pattern(JsonNode node) {
        if (node.path("String").isString()) {
            return TextPattern.literal(node.path("String").stringValue());
        }
        if (node.path("Regex").isString()) {
            return TextPattern.regex(node.path("Regex").stringValue());
        }
        throw new IllegalArgumentException("pattern " + TokenizerJson.brief(node) + "; expected {\"String\": …} or {\"Regex\": …}");
    }

    /// One step of `pre_tokenizer`, or a sequence of them, at `path` in the file.
    static PreTokenizer preTokenizer(JsonNode node, String path) {
        return at(path, () -> step(node, path));
    }

    private static PreTokenizer step(JsonNode node, String path) {
        return switch (type(node)) {
            case "Sequence" -> {
                List<PreTokenizer> steps = new ArrayList<>();
                for (JsonNode step : node.path("pretokenizers")) {
                    steps.add(preTokenizer(step, path + ".pretokenizers[" + steps.size() + "]"));
                }
                yield new PreTokenizer.Chain(steps);
            }
            case "ByteLevel" -> new PreTokenizer.ByteLevel(node.path("add_prefix_space").asBoolean(true), node.path("use_regex").asBoolean(true));
            case "Split" -> {
                Behavior behavior = Behavior.of(node.path("behavior").asString(""));
                boolean invert = node.path("invert").asBoolean(false);
                JsonNode regex = node.path("pattern").path("Regex");
                yield behavior == Behavior.ISOLATED && !invert && regex.isString() ? SplitNames.isolating(regex.stringValue())
                    : new Delimited(pattern(node.path("pattern")), behavior, invert);
            }
            case "Digits" -> new Characters(Characters.Kind.NUMBER, node.path("individual_digits").asBoolean(false) ? Behavior.ISOLATED : Behavior.CONTIGUOUS);
            case "Punctuation" -> new Characters(Characters.Kind.PUNCTUATION, Behavior.of(node.path("behavior").asString("Isolated")));
            case "WhitespaceSplit" -> new Characters(Characters.Kind.SPACE, Behavior.REMOVED);
            case "Whitespace" -> new Delimited(TextPattern.regex("\\w+|[^\\w\\s]+"), Behavior.REMOVED, true);
            case "BertPreTokenizer" -> bertWords();
            case "CharDelimiterSplit" -> new Delimited(TextPattern.literal(node.path("delimiter").asString("")), Behavior.REMOVED, false);
            case "Metaspace" -> {
                String scheme = node.path("prepend_scheme").asString(node.path("add_prefix_space").asBoolean(true) ? "always" : "never");
                yield new Metaspace(node.path("replacement").asString(Pieces.SPACE), switch (scheme) {
                    case "always" -> Metaspace.Prepend.ALWAYS;
                    case "first" -> Metaspace.Prepend.FIRST;
                    case "never" -> Metaspace.Prepend.NEVER;
                    default -> throw new IllegalArgumentException("prepend_scheme " + scheme + " is not known; expected always, first or never");
                }, node.path("split").asBoolean(true));
            }
            default -> throw unknown("pre_tokenizer", node);
        };
    }

    /// Words between spaces, and every punctuation sign by itself.
    static PreTokenizer bertWords() {
        return new PreTokenizer.Chain(List.of(new Characters(Characters.Kind.SPACE, Behavior.REMOVED),
            new Characters(Characters.Kind.PUNCTUATION, Behavior.ISOLATED)));
    }

    private PieceDecoder decoder(JsonNode node) {
        List<JsonNode> nodes = new ArrayList<>();
        if (type(node).equals("Sequence")) {
            node.path("decoders").forEach(nodes::add);
        } else if (!isAbsent(node)) {
            nodes.add(node);
        }
        List<PieceDecoder.Step> steps = new ArrayList<>();
        boolean bytes = false;
        boolean fused = false;
        int firstStrip = 0;
        char stripped = ' ';
        for (int i = 0; i < nodes.size(); i++) {
            JsonNode step = nodes.get(i);
            String path = nodes.size() == 1 ? "decoder" : "decoder.decoders[" + i + "]";
            file.expect(steps.isEmpty() || !(steps.getLast() instanceof PieceDecoder.Alphabet), path + ": " + type(step) + " after ByteLevel is not supported");
            switch (type(step)) {
                case "Fuse" -> fused = true;
                case "ByteFallback" -> bytes = true;
                case "ByteLevel" -> steps.add(new PieceDecoder.Alphabet());
                case "WordPiece" -> steps.add(new PieceDecoder.Words(step.path("prefix").asString("##"), step.path("cleanup").asBoolean(true)));
                case "Metaspace" -> steps.add(new PieceDecoder.Metaspace(step.path("replacement").asString(Pieces.SPACE),
                    !step.path("prepend_scheme").asString(step.path("add_prefix_space").asBoolean(true) ? "always" : "never").equals("never")));
                case "Replace" -> steps.add(new PieceDecoder.Replace(at(path, () -> pattern(step.path("pattern"))), step.path("content").asString("")));
                case "Strip" -> {
                    String content = step.path("content").asString(" ");
                    int start = step.path("start").asInt(0);
                    int stop = step.path("stop").asInt(0);
                    file.expect(content.length() == 1 && content.charAt(0) < 128 && (!fused || stop == 0) && firstStrip == 0,
                        path + ": " + TokenizerJson.brief(step) + " is not supported; expected one ASCII character, and at the start only");
                    if (fused) {
                        firstStrip = start;
                        stripped = content.charAt(0);
                    } else {
                        steps.add(new PieceDecoder.Strip(content.charAt(0), start, stop));
                    }
                }
                default -> throw unknown(path, step);
            }
        }
        if (nodes.isEmpty()) {
            steps.add(new PieceDecoder.Joined());
        }
        return new PieceDecoder(steps, bytes, firstStrip, stripped, bytes ? PieceDecoder.Broken.WHOLE_RUN : PieceDecoder.Broken.SEQUENCE, false, null);
    }
}
