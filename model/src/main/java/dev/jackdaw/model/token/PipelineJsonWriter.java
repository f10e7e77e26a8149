package dev.jackdaw.model.token;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Writes a [PipelineTokenizer] as `tokenizer.json`, so that a model from a GGUF file or with a `tokenizer.model` can become a Hugging Face
/// folder.
///
/// What SentencePiece does in one normalizer is written as the components that `transformers` uses for it, and scores become a list of
/// merges. `tokenizers` then gives the same ids for ordinary text; it has no place for trimming the ends as SentencePiece does it, nor for
/// pairs of equal score.
final class PipelineJsonWriter {
    private final PipelineTokenizer tokenizer;
    private final PipelineTokenizer.Parts parts;

    private PipelineJsonWriter(PipelineTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.parts = tokenizer.parts();
    }

    static byte[] write(PipelineTokenizer tokenizer) {
        return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsBytes(new PipelineJsonWriter(tokenizer).root());
    }

    private Map<String, Object> root() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("version", "1.0");
        root.put("truncation", null);
        root.put("padding", null);
        root.put("added_tokens", added());
        List<Object> steps = new ArrayList<>();
        normalizers(parts.normalization(), steps);
        root.put("normalizer", sequence("normalizers", steps));
        root.put("pre_tokenizer", preTokenizer());
        root.put("post_processor", postProcessor());
        root.put("decoder", decoder());
        root.put("model", model());
        return root;
    }

    private static Map<String, Object> object(String type, Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("type", type);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }

    private static Object sequence(String name, List<Object> steps) {
        return steps.isEmpty() ? null : steps.size() == 1 ? steps.getFirst() : object("Sequence", name, steps);
    }

    private static IllegalArgumentException none(Object what) {
        return new IllegalArgumentException("tokenizer.json: writing " + what + " is not supported");
    }

    private List<Object> added() {
        List<AddedToken> all = new ArrayList<>(parts.added());
        if (parts.model() instanceof PieceMerges merges) {
            int[] types = merges.asScored(parts.added()).types();
            for (int id = 0; id < types.length; id++) {
                int other = id;
                boolean named = types[id] == GgufTokenizer.UNKNOWN || types[id] == GgufTokenizer.USER_DEFINED;
                if (named && all.stream().noneMatch(token -> token.id() == other)) {
                    all.add(AddedToken.of(id, merges.pieces().get(id), types[id] == GgufTokenizer.UNKNOWN));
                }
            }
        }
        all.sort((a, b) -> Integer.compare(a.id(), b.id()));
        List<Object> added = new ArrayList<>();
        for (AddedToken token : all) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("id", token.id());
            object.put("content", token.content());
            object.put("single_word", token.singleWord());
            object.put("lstrip", token.leftStrip());
            object.put("rstrip", token.rightStrip());
            object.put("normalized", token.normalized());
            object.put("special", token.special());
            added.add(object);
        }
        return added;
    }

    private static Map<String, Object> pattern(TextPattern pattern) {
        return Map.of(pattern.isRegex() ? "Regex" : "String", pattern.source());
    }

    private void normalizers(Normalization normalization, List<Object> steps) {
        switch (normalization) {
            case null -> { }
            case Normalization.Chain(var parts) -> parts.forEach(part -> normalizers(part, steps));
            case Normalization.Unicode(var form) -> steps.add(object(form.name()));
            case Normalization.Lowercase() -> steps.add(object("Lowercase"));
            case Normalization.StripAccents() -> steps.add(object("StripAccents"));
            case Normalization.Nmt() -> steps.add(object("Nmt"));
            case Normalization.Prepend(var prefix) -> steps.add(object("Prepend", "prepend", prefix));
            case Normalization.Replace(var pattern, var content) -> steps.add(object("Replace", "pattern", pattern(pattern), "content", content));
            case Normalization.Strip(boolean left, boolean right) -> steps.add(object("Strip", "strip_left", left, "strip_right", right));
            case Normalization.Precompiled(var map) -> steps.add(precompiled(map));
            case Normalization.Bert(boolean clean, boolean chinese, boolean accents, boolean lower) -> steps.add(object("BertNormalizer", "clean_text", clean,
                "handle_chinese_chars", chinese, "strip_accents", accents, "lowercase", lower));
            case Normalization.SentencePiece(var map, boolean prefixSpace, boolean trim, boolean escape, var _) -> {
                if (map != null) {
                    steps.add(precompiled(map));
                }
                if (trim) {
                    steps.add(object("Strip", "strip_left", true, "strip_right", true));
                    steps.add(object("Replace", "pattern", Map.of("Regex", " {2,}"), "content", " "));
                }
                if (prefixSpace && !isUnigram()) {
                    steps.add(object("Prepend", "prepend", Pieces.SPACE));
                }
                if (!isUnigram()) {
                    steps.add(object("Replace", "pattern", Map.of("String", " "), "content", Pieces.SPACE));
                }
                if (!escape) {
                    throw none("a SentencePiece model that leaves spaces as they are");
                }
            }
        }
    }

    private boolean isUnigram() {
        return parts.model() instanceof Unigram;
    }

    private static Object precompiled(Charsmap map) {
        return object("Precompiled", "precompiled_charsmap", Base64.getEncoder().encodeToString(map.bytes()));
    }

    private Object preTokenizer() {
        if (parts.preTokenizer() == null) {
            boolean isOurs = isUnigram() && parts.normalization() instanceof Normalization.SentencePiece;
            return isOurs ? object("Metaspace", "replacement", Pieces.SPACE, "prepend_scheme",
                ((Normalization.SentencePiece) parts.normalization()).prefixSpace() ? "always" : "never", "split", true) : null;
        }
        return preTokenizer(parts.preTokenizer());
    }

    static Object preTokenizer(PreTokenizer step) {
        if (step.equals(PipelineJson.bertWords())) {
            return object("BertPreTokenizer");
        }
        return switch (step) {
            case PreTokenizer.Chain(var steps) -> object("Sequence", "pretokenizers", steps.stream().map(PipelineJsonWriter::preTokenizer).toList());
            case Split split -> object("Split", "pattern", Map.of("Regex", split.expression()), "behavior", "Isolated", "invert", false);
            case PreTokenizer.Delimited(var pattern, var behavior, boolean invert) -> object("Split", "pattern", pattern(pattern), "behavior", name(behavior), "invert", invert);
            case PreTokenizer.Characters(var kind, var behavior) -> switch (kind) {
                case SPACE -> object("WhitespaceSplit");
                case PUNCTUATION -> object("Punctuation", "behavior", name(behavior));
                case NUMBER -> object("Digits", "individual_digits", behavior == TextPattern.Behavior.ISOLATED);
            };
            case PreTokenizer.Metaspace(var sign, var prepend, boolean split) -> object("Metaspace", "replacement", sign, "prepend_scheme",
                prepend.name().toLowerCase(java.util.Locale.ROOT), "split", split);
            case PreTokenizer.ByteLevel(boolean prefixSpace, boolean ownRule) -> object("ByteLevel", "add_prefix_space", prefixSpace, "trim_offsets", true, "use_regex", ownRule);
            case PreTokenizer.OnAlphabet _, PreTokenizer.Coded _ -> throw none(step);
        };
    }

    private static String name(TextPattern.Behavior behavior) {
        return switch (behavior) {
            case REMOVED -> "Removed";
            case ISOLATED -> "Isolated";
            case MERGED_WITH_PREVIOUS -> "MergedWithPrevious";
            case MERGED_WITH_NEXT -> "MergedWithNext";
            case CONTIGUOUS -> "Contiguous";
        };
    }

    private Object postProcessor() {
        if (parts.before().length == 0 && parts.after().length == 0) {
            return null;
        }
        Map<String, Object> special = new LinkedHashMap<>();
        List<Object> pair = new ArrayList<>(template("A", 0, special));
        List<Object> single = List.copyOf(pair);
        pair.addAll(template("B", 1, special));
        return object("TemplateProcessing", "single", single, "pair", pair, "special_tokens", special);
    }

    private List<Object> template(String text, int type, Map<String, Object> special) {
        List<Object> template = new ArrayList<>();
        for (int id : parts.before()) {
            template.add(special(id, type, special));
        }
        template.add(Map.of("Sequence", Map.of("id", text, "type_id", type)));
        for (int id : parts.after()) {
            template.add(special(id, type, special));
        }
        return template;
    }

    private Object special(int id, int type, Map<String, Object> special) {
        String name = tokenizer.piece(id);
        special.put(name, Map.of("id", name, "ids", List.of(id), "tokens", List.of(name)));
        return Map.of("SpecialToken", Map.of("id", name, "type_id", type));
    }

    private Object decoder() {
        List<Object> steps = new ArrayList<>();
        boolean drops = false;
        for (PieceDecoder.Step step : parts.decoder().steps()) {
            switch (step) {
                case PieceDecoder.Alphabet() -> steps.add(object("ByteLevel", "add_prefix_space", true, "trim_offsets", true, "use_regex", true));
                case PieceDecoder.Spaces(boolean dropFirst) -> {
                    drops = dropFirst;
                    steps.add(object("Replace", "pattern", Map.of("String", Pieces.SPACE), "content", " "));
                }
                case PieceDecoder.Replace(var pattern, var content) -> steps.add(object("Replace", "pattern", pattern(pattern), "content", content));
                case PieceDecoder.Metaspace(var sign, boolean dropFirst) -> steps.add(object("Metaspace", "replacement", sign, "prepend_scheme", dropFirst ? "always" : "never", "split", true));
                case PieceDecoder.Words(var prefix, boolean cleanup) -> steps.add(object("WordPiece", "prefix", prefix, "cleanup", cleanup));
                case PieceDecoder.Strip(char character, int start, int stop) -> steps.add(object("Strip", "content", String.valueOf(character), "start", start, "stop", stop));
                case PieceDecoder.Joined() -> {
                    return null;
                }
            }
        }
        int strip = drops ? 1 : parts.decoder().firstStrip();
        if (parts.decoder().bytes()) {
            steps.add(object("ByteFallback"));
        }
        if (parts.decoder().bytes() || strip > 0) {
            steps.add(object("Fuse"));
        }
        if (strip > 0) {
            steps.add(object("Strip", "content", drops ? " " : String.valueOf(parts.decoder().stripped()), "start", strip, "stop", 0));
        }
        return sequence("decoders", steps);
    }

    private Object model() {
        Pieces pieces = parts.model().pieces();
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id) != null) {
                vocabulary.putIfAbsent(pieces.get(id), id);
            }
        }
        String unknown = pieces.get(parts.model().unknown());
        return switch (parts.model()) {
            case PieceMerges merges -> {
                List<Object> list = new ArrayList<>();
                int[] pairs = merges.pairs();
                for (int i = 0; i < pairs.length; i += 2) {
                    list.add(List.of(pieces.get(pairs[i]), pieces.get(pairs[i + 1])));
                }
                yield object("BPE", "dropout", null, "unk_token", unknown, "continuing_subword_prefix", null, "end_of_word_suffix", null, "fuse_unk", merges.fusesUnknown(),
                    "byte_fallback", merges.byteFallback(), "ignore_merges", merges.ignoresMerges(), "vocab", vocabulary, "merges", list);
            }
            case Unigram unigram -> {
                List<Object> list = new ArrayList<>();
                for (int id = 0; id < pieces.size(); id++) {
                    list.add(List.of(pieces.get(id), (double) unigram.scores()[id]));
                }
                yield object("Unigram", "unk_id", unigram.unknown() < 0 ? null : unigram.unknown(), "vocab", list, "byte_fallback", unigram.byteFallback());
            }
            case WordPiece words -> object("WordPiece", "unk_token", unknown, "continuing_subword_prefix", words.prefix(), "max_input_chars_per_word", words.longestWord(),
                "vocab", vocabulary);
        };
    }
}
