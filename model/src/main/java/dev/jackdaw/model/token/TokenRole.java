package dev.jackdaw.model.token;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;

/// What a token means to the program around the model. Files say it in different ways: GGUF by ids, `tokenizer_config.json` by names; what
/// they leave unsaid is guessed from the names that published models use.
public enum TokenRole {
    BEGIN("bos", "bos_token"),
    END("eos", "eos_token"),
    /// Ends an answer in a conversation.
    END_OF_TURN("eot", null, "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|END_OF_TURN_TOKEN|>", "<|eom_id|>", "<EOT>", "_<EOT>",
        "<\uFF5Cend\u2581of\u2581sentence\uFF5C>"),
    /// Ends a message after which the model expects to go on, such as a tool call.
    END_OF_MESSAGE("eom", null, "<|eom_id|>"),
    UNKNOWN("unknown", "unk_token"),
    PADDING("padding", "pad_token"),
    SEPARATOR("seperator", "sep_token"),                      // so the key is spelled in GGUF
    CLASS("cls", "cls_token"),
    MASK("mask", "mask_token"),
    /// Fill in the middle: stands before what comes before the gap, …
    FILL_PREFIX("fim_pre", null, "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<PRE>", "\u2581<PRE>", "<\uFF5Cfim\u2581begin\uFF5C>", "<|code_prefix|>",
        "[PREFIX]"),
    /// … after the gap, …
    FILL_SUFFIX("fim_suf", null, "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<SUF>", "\u2581<SUF>", "<\uFF5Cfim\u2581hole\uFF5C>", "<|code_suffix|>",
        "[SUFFIX]"),
    /// … and before the gap itself, which the model then writes.
    FILL_MIDDLE("fim_mid", null, "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<MID>", "\u2581<MID>", "<\uFF5Cfim\u2581end\uFF5C>", "<|code_middle|>",
        "[MIDDLE]"),
    FILL_PADDING("fim_pad", null, "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>"),
    FILL_REPOSITORY("fim_rep", null, "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"),
    FILL_FILE("fim_sep", null, "<|file_sep|>");

    private static final List<String> ENDS = List.of("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>",
        "<|eom_id|>", "<|END_OF_TURN_TOKEN|>", "<|endofturn|>", "<|user|>", "<|observation|>", "<EOT>", "_<EOT>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>");
    /// Where an answer has channels (gpt-oss), its other end ends only one of them.
    private static final String CHANNEL = "<|channel|>", END_OF_CHANNEL = "<|end|>";
    /// Before `fim_pre` and its siblings, Code Llama's files used these keys.
    private static final Map<TokenRole, String> OLD_KEYS = Map.of(FILL_PREFIX, "prefix", FILL_SUFFIX, "suffix", FILL_MIDDLE, "middle");

    private final String ggufName;
    private final String configName;             // or null
    private final List<String> usualNames;

    TokenRole(String ggufName, String configName, String... usualNames) {
        this.ggufName = ggufName;
        this.configName = configName;
        this.usualNames = List.of(usualNames);
    }

    /// Its key in GGUF metadata, behind `tokenizer.ggml.`.
    public String ggufKey() {
        return ggufName + "_token_id";
    }

    /// All keys, the newest first.
    List<String> ggufKeys() {
        List<String> keys = new ArrayList<>(List.of(ggufKey()));
        if (OLD_KEYS.containsKey(this)) {
            keys.add(OLD_KEYS.get(this) + "_token_id");
        }
        return keys;
    }

    /// Its field in `tokenizer_config.json`, or null.
    String configName() {
        return configName;
    }

    /// Which ids have which roles.
    static final class Ids {
        private final Map<TokenRole, Integer> ids = new EnumMap<>(TokenRole.class);
        private final Set<Integer> ends = new TreeSet<>();

        /// The same with one more; what is already known stays, and a negative id says nothing.
        Ids with(TokenRole role, int id) {
            Ids more = copy();
            if (id >= 0) {
                more.ids.putIfAbsent(role, id);
            }
            return more;
        }

        Ids withEnd(int id) {
            Ids more = copy();
            more.ends.add(id);
            return more;
        }

        /// Adds what the names of tokens tell. `id` gives -1 for a name that is no token.
        Ids guessing(ToIntFunction<String> ids) {
            boolean channels = ids.applyAsInt(CHANNEL) >= 0;
            ToIntFunction<String> id = name -> channels && name.equals(END_OF_CHANNEL) ? -1 : ids.applyAsInt(name);
            Ids more = copy();
            for (TokenRole role : values()) {
                for (String name : role.usualNames) {
                    int found = more.ids.containsKey(role) ? -1 : id.applyAsInt(name);
                    if (found >= 0) {
                        more.ids.put(role, found);
                    }
                }
            }
            for (TokenRole role : List.of(END, END_OF_TURN, END_OF_MESSAGE)) {
                if (more.ids.containsKey(role)) {
                    more.ends.add(more.ids.get(role));
                }
            }
            for (String name : ENDS) {
                int found = id.applyAsInt(name);
                if (found >= 0) {
                    more.ends.add(found);
                }
            }
            return more;
        }

        private Ids copy() {
            Ids copy = new Ids();
            copy.ids.putAll(ids);
            copy.ends.addAll(ends);
            return copy;
        }

        OptionalInt token(TokenRole role) {
            Integer id = ids.get(role);
            return id == null ? OptionalInt.empty() : OptionalInt.of(id);
        }

        boolean ends(int id) {
            return ends.contains(id);
        }
    }
}
