package dev.jackdaw.model.token;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufValue;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A byte-level BPE tokenizer as a GGUF file holds it: the values of the keys `tokenizer.*`. The container itself is [Gguf]'s.
///
/// @param model    `tokenizer.ggml.model`; `gpt2` is what llama.cpp calls byte-level BPE
/// @param pre      `tokenizer.ggml.pre`, the split rule; see [Split#ggufName]
/// @param tokens   `tokenizer.ggml.tokens`, by id: ordinary ones in the byte alphabet, the others by name
/// @param types    `tokenizer.ggml.token_type`, by id: [#NORMAL], [#CONTROL], …; may be null when reading
/// @param merges   `tokenizer.ggml.merges`: `left right`, in the byte alphabet
/// @param bos      `tokenizer.ggml.bos_token_id`, or -1
/// @param eos      `tokenizer.ggml.eos_token_id`, or -1
/// @param addBos   `tokenizer.ggml.add_bos_token`; null if the file does not say
/// @param addEos   `tokenizer.ggml.add_eos_token`; null if the file does not say
/// @param template `tokenizer.chat_template`, or null
public record GgufTokenizer(String model, String pre, String[] tokens, int[] types, String[] merges, int bos, int eos, Boolean addBos,
                            Boolean addEos, String template) {
    private static final String KEY = "tokenizer.ggml.";
    /// The rules whose models take a word that is in the vocabulary whole, whatever the merges say.
    private static final Set<String> WHOLE_WORDS = Set.of("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken", "gpt-4o",
        "o200k", "llama4");
    /// The rules whose models are trained on NFC, which the file has no key for.
    private static final Set<String> COMPOSED = Set.of("qwen2", "qwen35", "deepseek-r1-qwen", "megrez", "command-r", "olmo");
    public static final int NORMAL = 1;
    public static final int UNKNOWN = 2;
    public static final int CONTROL = 3;
    public static final int USER_DEFINED = 4;
    public static final int UNUSED = 5;
    public static final int BYTE = 6;

    public GgufTokenizer {
        if (types != null && types.length != tokens.length) {
            throw new IllegalArgumentException("tokenizer.ggml.token_type has " + types.length + " entries, tokenizer.ggml.tokens has " + tokens.length
                + "; they must agree");
        }
    }

    /// The arrays to write for this tokenizer; `add_bos_token` is always said.
    public static GgufTokenizer of(BytePairSpec spec, String template) {
        int size = spec.size();
        String[] tokens = new String[size];
        int[] types = new int[size];
        for (int id = 0; id < size; id++) {
            boolean has = id < spec.pieces().length && spec.pieces()[id] != null;
            tokens[id] = has ? spec.pieces()[id] : "[PAD" + id + "]";
            types[id] = has ? NORMAL : UNUSED;
        }
        for (AddedToken token : spec.added()) {
            tokens[token.id()] = token.content();
            types[token.id()] = token.special() ? CONTROL : USER_DEFINED;
        }
        String[] merges = new String[spec.mergeCount()];
        for (int i = 0; i < merges.length; i++) {
            merges[i] = spec.pieces()[spec.merges()[2 * i]] + " " + spec.pieces()[spec.merges()[2 * i + 1]];
        }
        return new GgufTokenizer("gpt2", SplitNames.nameOf(spec.split()), tokens, types, merges, spec.bos(), spec.eos(), spec.before().length > 0,
            spec.after().length > 0, template);
    }

    /// What this file says about its tokenizer.
    public static GgufTokenizer read(Gguf file) {
        String model = file.text(KEY + "model", "none");
        if (!model.equals("gpt2")) {
            throw new IllegalArgumentException(file.path() + ": " + KEY + "model = " + model + " is not byte-level BPE; expected gpt2");
        }
        int[] types = file.value(KEY + "token_type").isEmpty() ? null : types(file, file.texts(KEY + "tokens").size());
        return new GgufTokenizer(model, file.text(KEY + "pre", "default"), file.texts(KEY + "tokens").toArray(String[]::new), types,
            file.texts(KEY + "merges").toArray(String[]::new), id(file, "bos_token_id"), id(file, "eos_token_id"), flag(file, "add_bos_token"),
            flag(file, "add_eos_token"), file.text("tokenizer.chat_template", null));
    }

    /// `tokenizer.ggml.token_type`; all normal where the file does not say.
    static int[] types(Gguf file, int count) {
        int[] types = new int[count];
        Arrays.fill(types, NORMAL);
        if (file.value(KEY + "token_type").isPresent()) {
            long[] read = file.integers(KEY + "token_type");
            if (read.length != count) {
                throw new IllegalArgumentException("tokenizer.ggml.token_type has " + read.length + " entries, tokenizer.ggml.tokens has " + count + "; they must agree");
            }
            for (int id = 0; id < count; id++) {
                if (read[id] < 0 || read[id] > BYTE) {
                    throw new IllegalArgumentException("tokenizer.ggml.token_type[" + id + "] = " + read[id] + "; expected 1 to 6");
                }
                types[id] = read[id] == 0 ? NORMAL : (int) read[id];
            }
        }
        return types;
    }

    /// The ids that the file gives meanings to.
    static TokenRole.Ids roles(Gguf file) {
        TokenRole.Ids roles = new TokenRole.Ids();
        int size = file.texts(KEY + "tokens").size();
        for (TokenRole role : TokenRole.values()) {
            for (String key : role.ggufKeys()) {
                int id = id(file, key);
                if (id >= size) {
                    throw new IllegalArgumentException(KEY + key + " = " + id + "; the vocabulary has " + size + " tokens");
                }
                roles = roles.with(role, id);
            }
        }
        return roles;
    }

    /// The keys and values of any tokenizer that GGUF has a form for.
    public static Map<String, GgufValue> metadata(Tokenizer tokenizer, String template) {
        Map<String, GgufValue> metadata = switch (tokenizer) {
            case BytePairTokenizer bytes -> of(bytes.spec(), template).metadata();
            case PipelineTokenizer pieces -> {
                Map<String, GgufValue> all = GgufPieces.metadata(pieces);
                all.put(KEY + "add_bos_token", GgufValue.of(pieces.idsBefore().length > 0));
                all.put(KEY + "add_eos_token", GgufValue.of(pieces.idsAfter().length > 0));
                if (template != null) {
                    all.put("tokenizer.chat_template", GgufValue.of(template));
                }
                yield all;
            }
            default -> throw new IllegalArgumentException("export: a " + tokenizer.getClass().getSimpleName() + " has no form in GGUF");
        };
        for (TokenRole role : TokenRole.values()) {
            tokenizer.token(role).ifPresent(id -> metadata.putIfAbsent(KEY + role.ggufKey(), GgufValue.u32(id)));
        }
        return metadata;
    }

    private static int id(Gguf file, String key) {
        long id = file.integer(KEY + key, -1);
        return id >= 0 && id < BytePairSpec.MOST_IDS ? (int) id : -1;          // files without the token write 2^32 − 1
    }

    private static Boolean flag(Gguf file, String key) {
        return file.value(KEY + key).isEmpty() ? null : file.bool(KEY + key, false);
    }

    /// The keys and values to put into a GGUF file.
    public Map<String, GgufValue> metadata() {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put(KEY + "model", GgufValue.of(model));
        metadata.put(KEY + "pre", GgufValue.of(pre));
        metadata.put(KEY + "tokens", GgufValue.texts(List.of(tokens)));
        if (types != null) {
            metadata.put(KEY + "token_type", GgufValue.i32s(types));
        }
        metadata.put(KEY + "merges", GgufValue.texts(List.of(merges)));
        if (bos >= 0) {
            metadata.put(KEY + "bos_token_id", GgufValue.u32(bos));
        }
        if (eos >= 0) {
            metadata.put(KEY + "eos_token_id", GgufValue.u32(eos));
        }
        int messageEnd = List.of(tokens).indexOf(SpecialTokens.MESSAGE_END);
        if (messageEnd >= 0) {
            metadata.put(KEY + "eot_token_id", GgufValue.u32(messageEnd));     // ends an answer, as eos does
        }
        if (addBos != null) {
            metadata.put(KEY + "add_bos_token", GgufValue.of(addBos));
        }
        if (addEos != null) {
            metadata.put(KEY + "add_eos_token", GgufValue.of(addEos));
        }
        if (template != null) {
            metadata.put("tokenizer.chat_template", GgufValue.of(template));
        }
        return metadata;
    }

    /// The tokenizer these arrays describe.
    public BytePairSpec spec() {
        if (!"gpt2".equals(model)) {
            throw new IllegalArgumentException("tokenizer.ggml.model = " + model + " is not byte-level BPE; expected gpt2");
        }
        PreTokenizer split = SplitNames.find(pre).orElseThrow(() -> new IllegalArgumentException("tokenizer.ggml.pre = " + pre
            + " is not known; known are " + SplitNames.names()));
        String[] pieces = new String[tokens.length];
        List<AddedToken> added = new ArrayList<>();
        Map<String, Integer> idOfPiece = HashMap.newHashMap(tokens.length);
        for (int id = 0; id < tokens.length; id++) {
            int type = types == null ? NORMAL : types[id];
            switch (type) {
                case NORMAL, BYTE -> {
                    pieces[id] = tokens[id];
                    idOfPiece.put(tokens[id], id);
                }
                case CONTROL, UNKNOWN -> added.add(AddedToken.of(id, tokens[id], true));
                case USER_DEFINED -> added.add(AddedToken.of(id, tokens[id], false));
                case UNUSED -> { }
                default -> throw new IllegalArgumentException("tokenizer.ggml.token_type[" + id + "] = " + type + "; expected 1 to 6");
            }
        }
        int[] pairs = new int[merges.length * 2];
        for (int i = 0; i < merges.length; i++) {
            int space = merges[i].indexOf(' ', 1);
            for (int side = 0; side < 2; side++) {
                String part = space < 0 ? merges[i] : side == 0 ? merges[i].substring(0, space) : merges[i].substring(space + 1);
                Integer id = idOfPiece.get(part);
                if (space < 0 || id == null) {
                    throw new IllegalArgumentException("tokenizer.ggml.merges[" + i + "] = \"" + merges[i]
                        + "\"; expected two tokens of tokenizer.ggml.tokens with a space between");
                }
                pairs[2 * i + side] = id;
            }
        }
        // What the file may leave unsaid, by its rule: Llama 3 begins every text with its token and takes whole words first.
        boolean wholeWords = WHOLE_WORDS.contains(pre);
        boolean begins = addBos != null ? addBos : wholeWords && !split.equals(Split.O200K);
        boolean ends = addEos != null && addEos;
        return new BytePairSpec(pieces, pairs, added, split, COMPOSED.contains(pre) ? Normalizer.Form.NFC : null,
            wholeWords, false, begins && bos >= 0 ? new int[] {bos} : new int[0],
            ends && eos >= 0 ? new int[] {eos} : new int[0], bos, eos);
    }
}
