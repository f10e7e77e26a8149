package dev.jackdaw.model.token;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The tokenizers of GGUF files other than byte-level BPE, by `tokenizer.ggml.model`: `llama` (SentencePiece BPE: tokens, scores, types),
/// `t5` (Unigram, with SentencePiece's normalizer), `bert` (WordPiece; there a word's first piece is written with `▁`, not the others
/// with `##`).
///
/// What the format does not say: whether a BERT model knows upper case. We look at its vocabulary; llama.cpp always lowers.
final class GgufPieces {
    private static final String KEY = "tokenizer.ggml.";
    private static final List<String> MODELS = List.of("gpt2", "llama", "t5", "bert");

    private GgufPieces() {
    }

    static PipelineTokenizer read(Gguf file) {
        String model = file.text(KEY + "model", "none");
        if (!MODELS.contains(model)) {
            throw unknown(model);
        }
        String[] tokens = file.texts(KEY + "tokens").toArray(String[]::new);
        int[] types = GgufTokenizer.types(file, tokens.length);
        TokenRole.Ids roles = GgufTokenizer.roles(file);
        return switch (model) {
            case "llama" -> sentencePiece(file, tokens, types, roles, true);
            case "t5" -> sentencePiece(file, tokens, types, roles, false);
            case "bert" -> bert(file, tokens, types, roles);
            default -> throw unknown(model);
        };
    }

    private static IllegalArgumentException unknown(String model) {
        return new IllegalArgumentException("tokenizer.ggml.model = " + model + " is not supported; supported: " + MODELS);
    }

    private static PipelineTokenizer sentencePiece(Gguf file, String[] tokens, int[] types, TokenRole.Ids roles, boolean isBpe) {
        float[] scores = file.value(KEY + "scores").isEmpty() ? new float[tokens.length] : file.reals(KEY + "scores");
        if (scores.length != tokens.length) {
            throw new IllegalArgumentException("tokenizer.ggml.scores has " + scores.length + " entries, tokenizer.ggml.tokens has " + tokens.length + "; they must agree");
        }
        TokenRole.Ids ids = roles;
        if (isBpe) {
            ids = ids.with(TokenRole.UNKNOWN, 0).with(TokenRole.BEGIN, tokens.length > 1 ? 1 : -1).with(TokenRole.END, tokens.length > 2 ? 2 : -1);
        } else {
            ids = ids.with(TokenRole.PADDING, 0).with(TokenRole.END, tokens.length > 1 ? 1 : -1).with(TokenRole.UNKNOWN, tokens.length > 2 ? 2 : 0);
        }
        byte[] map = file.value(KEY + "precompiled_charsmap").isEmpty() ? new byte[0] : bytes(file.integers(KEY + "precompiled_charsmap"));
        boolean bytes = false;
        for (int type : types) {
            bytes |= type == GgufTokenizer.BYTE;
        }
        SentencePieceModel.Parts parts = new SentencePieceModel.Parts(tokens, scores, types, isBpe, ids.token(TokenRole.UNKNOWN).orElse(-1), bytes,
            map.length == 0 ? null : new Charsmap(map), file.bool(KEY + "add_space_prefix", true), !isBpe && file.bool(KEY + "remove_extra_whitespaces", false), true,
            null, false);
        PipelineTokenizer.Parts all = parts.assemble(around(file, ids, TokenRole.BEGIN, "add_bos_token", isBpe), around(file, ids, TokenRole.END, "add_eos_token", !isBpe));
        List<AddedToken> added = new ArrayList<>(all.added());
        for (int id = 0; id < tokens.length; id++) {
            boolean isUnknown = types[id] == GgufTokenizer.UNKNOWN;
            if ((types[id] == GgufTokenizer.USER_DEFINED || isUnknown) && !tokens[id].isEmpty()) {
                added.add(AddedToken.of(id, tokens[id], isUnknown));
            }
        }
        return new PipelineTokenizer(new PipelineTokenizer.Parts(all.model(), added, all.normalization(), null, all.decoder(), all.before(), all.after()), ids);
    }

    private static int[] around(Gguf file, TokenRole.Ids ids, TokenRole role, String key, boolean otherwise) {
        boolean adds = file.bool(KEY + key, otherwise) && ids.token(role).isPresent();
        return adds ? new int[] {ids.token(role).getAsInt()} : new int[0];
    }

    private static byte[] bytes(long[] values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static PipelineTokenizer bert(Gguf file, String[] tokens, int[] types, TokenRole.Ids roles) {
        boolean phantom = Arrays.stream(tokens).anyMatch(token -> token.startsWith(Pieces.SPACE));
        String[] pieces = new String[tokens.length];
        List<AddedToken> added = new ArrayList<>();
        boolean upper = false;
        TokenRole.Ids ids = roles;
        for (int id = 0; id < tokens.length; id++) {
            String token = tokens[id];
            boolean isName = isName(token);
            pieces[id] = !phantom || isName ? token : token.startsWith(Pieces.SPACE) ? token.substring(1) : "##" + token;
            upper |= !isName && token.codePoints().anyMatch(Character::isUpperCase);
            if (types[id] == GgufTokenizer.CONTROL || types[id] == GgufTokenizer.UNKNOWN || types[id] == GgufTokenizer.USER_DEFINED) {
                added.add(AddedToken.of(id, pieces[id], types[id] != GgufTokenizer.USER_DEFINED));
            }
            ids = switch (token) {
                case "[CLS]" -> ids.with(TokenRole.CLASS, id);
                case "[SEP]" -> ids.with(TokenRole.SEPARATOR, id);
                case "[UNK]" -> ids.with(TokenRole.UNKNOWN, id);
                case "[PAD]" -> ids.with(TokenRole.PADDING, id);
                case "[MASK]" -> ids.with(TokenRole.MASK, id);
                default -> ids;
            };
        }
        ids = ids.with(TokenRole.CLASS, ids.token(TokenRole.BEGIN).orElse(-1)).with(TokenRole.SEPARATOR, ids.token(TokenRole.END).orElse(-1));
        return new PipelineTokenizer(new PipelineTokenizer.Parts(new WordPiece(pieces, "##", ids.token(TokenRole.UNKNOWN).orElse(-1), 100), added,
            new Normalization.Bert(true, true, !upper, !upper), PipelineJson.bertWords(), bertDecoder(), around(file, ids, TokenRole.CLASS, "add_bos_token", true),
            around(file, ids, TokenRole.SEPARATOR, "add_eos_token", true)), ids);
    }

    private static boolean isName(String token) {
        return token.startsWith("[") && token.endsWith("]") && token.length() > 2;
    }

    private static PieceDecoder bertDecoder() {
        return new PieceDecoder(List.of(new PieceDecoder.Words("##", true)), false, 0, ' ', PieceDecoder.Broken.SEQUENCE, false, null);
    }

    /// The keys and values to put into a GGUF file, without those that [GgufTokenizer] writes for all kinds.
    static Map<String, GgufValue> metadata(PipelineTokenizer tokenizer) {
        PipelineTokenizer.Parts parts = tokenizer.parts();
        int size = tokenizer.vocabularySize();
        String[] tokens = new String[size];
        for (int id = 0; id < size; id++) {
            tokens[id] = tokenizer.piece(id).isEmpty() ? "[PAD" + id + "]" : tokenizer.piece(id);
        }
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        switch (parts.model()) {
            case PieceMerges merges -> {
                check(!parts.decoder().isAlphabet(), "byte-level BPE with a normalizer of its own");
                check(plainSpaces(parts.normalization()) && charsmap(parts.normalization()) == null, "SentencePiece BPE with normalizer " + parts.normalization());
                PieceMerges.Scored scored = merges.asScored(parts.added());
                put(metadata, "llama", tokens, types(parts, scored.types(), tokens), Arrays.copyOf(scored.scores(), size));
                metadata.put(KEY + "add_space_prefix", GgufValue.of(prefixSpace(parts)));
            }
            case Unigram unigram -> {
                check(plainSpaces(parts.normalization()), "Unigram with normalizer " + parts.normalization());
                put(metadata, "t5", tokens, types(parts, unigram.types() != null ? unigram.types() : types(unigram), tokens), Arrays.copyOf(unigram.scores(), size));
                metadata.put(KEY + "add_space_prefix", GgufValue.of(prefixSpace(parts)));
                metadata.put(KEY + "remove_extra_whitespaces", GgufValue.of(trims(parts.normalization())));
                Charsmap map = charsmap(parts.normalization());
                if (map != null) {
                    byte[] bytes = map.bytes();
                    long[] values = new long[bytes.length];
                    for (int i = 0; i < bytes.length; i++) {
                        values[i] = bytes[i] & 0xFF;
                    }
                    metadata.put(KEY + "precompiled_charsmap", new GgufValue.Ints(GgufValue.Kind.U8, values));
                }
            }
            case WordPiece words -> {
                check(words.prefix().equals("##") && parts.normalization() instanceof Normalization.Bert, "WordPiece other than BERT's");
                int[] types = new int[words.pieces().size()];
                Arrays.fill(types, GgufTokenizer.NORMAL);
                types = types(parts, types, tokens);
                for (int id = 0; id < size; id++) {
                    if (types[id] == GgufTokenizer.NORMAL && !isName(tokens[id])) {
                        tokens[id] = tokens[id].startsWith("##") ? tokens[id].substring(2) : Pieces.SPACE + tokens[id];
                    }
                }
                put(metadata, "bert", tokens, types, null);
                metadata.put(KEY + "token_type_count", GgufValue.u32(2));
            }
        }
        return metadata;
    }

    private static void put(Map<String, GgufValue> metadata, String model, String[] tokens, int[] types, float[] scores) {
        metadata.put(KEY + "model", GgufValue.of(model));
        metadata.put(KEY + "pre", GgufValue.of("default"));
        metadata.put(KEY + "tokens", GgufValue.texts(List.of(tokens)));
        if (scores != null) {
            metadata.put(KEY + "scores", GgufValue.f32s(scores));
        }
        metadata.put(KEY + "token_type", GgufValue.i32s(types));
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("export: GGUF has no place for " + what);
        }
    }

    private static int[] types(Unigram unigram) {
        int[] types = new int[unigram.pieces().size()];
        for (int id = 0; id < types.length; id++) {
            types[id] = unigram.byteFallback() && unigram.pieces().byteOf(id) >= 0 ? GgufTokenizer.BYTE : GgufTokenizer.NORMAL;
        }
        return types;
    }

    /// With what the added tokens and the unknown token are.
    private static int[] types(PipelineTokenizer.Parts parts, int[] known, String[] tokens) {
        int[] types = Arrays.copyOf(known, tokens.length);
        for (int id = known.length; id < types.length; id++) {
            types[id] = GgufTokenizer.UNUSED;
        }
        for (AddedToken token : parts.added()) {
            types[token.id()] = token.special() ? GgufTokenizer.CONTROL : GgufTokenizer.USER_DEFINED;
        }
        if (parts.model().unknown() >= 0) {
            types[parts.model().unknown()] = GgufTokenizer.UNKNOWN;
        }
        return types;
    }

    private static List<Normalization> steps(Normalization normalization) {
        return switch (normalization) {
            case null -> List.of();
            case Normalization.Chain chain -> chain.steps();
            default -> List.of(normalization);
        };
    }

    /// Only components that GGUF's keys can say: signs for spaces, one table of replacements, trimming.
    private static boolean plainSpaces(Normalization normalization) {
        return steps(normalization).stream().allMatch(step -> switch (step) {
            case Normalization.SentencePiece spm -> spm.escape();
            case Normalization.Prepend prepend -> prepend.prefix().equals(Pieces.SPACE);
            case Normalization.Replace replace -> isSpaceSign(replace) || isTrim(replace);
            case Normalization.Precompiled _ -> true;
            case Normalization.Strip _ -> true;
            default -> false;
        });
    }

    private static boolean isSpaceSign(Normalization.Replace replace) {
        return !replace.pattern().isRegex() && replace.pattern().source().equals(" ") && replace.content().equals(Pieces.SPACE);
    }

    private static boolean isTrim(Normalization.Replace replace) {
        return replace.pattern().isRegex() && replace.pattern().source().equals(" {2,}") && (replace.content().equals(" ") || replace.content().equals(Pieces.SPACE));
    }

    private static boolean trims(Normalization normalization) {
        return steps(normalization).stream().anyMatch(step -> step instanceof Normalization.SentencePiece spm ? spm.trim()
            : step instanceof Normalization.Replace replace && isTrim(replace));
    }

    private static Charsmap charsmap(Normalization normalization) {
        for (Normalization step : steps(normalization)) {
            if (step instanceof Normalization.Precompiled(Charsmap map)) {
                return map;
            }
            if (step instanceof Normalization.SentencePiece spm && spm.charsmap() != null) {
                return spm.charsmap();
            }
        }
        return null;
    }

    private static boolean prefixSpace(PipelineTokenizer.Parts parts) {
        boolean before = parts.preTokenizer() instanceof PreTokenizer.Metaspace metaspace && metaspace.prepend() != PreTokenizer.Metaspace.Prepend.NEVER;
        for (Normalization step : steps(parts.normalization())) {
            before |= step instanceof Normalization.Prepend || step instanceof Normalization.SentencePiece spm && spm.prefixSpace();
        }
        return before;
    }
}
