package dev.jackdaw.model.generate;

import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import java.util.OptionalInt;

/// The prompt for writing what stands between two texts (Bavarian et al., 2022), for models that were trained to: prefix token, prefix,
/// suffix token, suffix, middle token.
public final class FillInTheMiddle {
    /// Names of the three tokens, family by family: Qwen and Codegemma, StarCoder, DeepSeek, Code Llama, Granite and others.
    private static final String[][] NAMES = {
        {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"}, {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"}, {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"},
        {"▁<PRE>", "▁<SUF>", "▁<MID>"}, {"<PRE>", "<SUF>", "<MID>"}, {"<fim-prefix>", "<fim-suffix>", "<fim-middle>"}, {"<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"}};

    private FillInTheMiddle() {
    }

    /// Does the model have such tokens?
    public static boolean isKnown(Tokenizer tokenizer) {
        return marks(tokenizer) != null;
    }

    /// @throws IllegalArgumentException if the model has no such tokens
    public static int[] prompt(Tokenizer tokenizer, String prefix, String suffix) {
        int[] marks = marks(tokenizer);
        if (marks == null) {
            throw new IllegalArgumentException("the model cannot fill in the middle: it has no tokens such as " + NAMES[0][0] + "; leave the suffix out");
        }
        TokenList ids = new TokenList();
        ids.addAll(tokenizer.idsBefore());
        ids.add(marks[0]);
        ids.addAll(tokenizer.encode(prefix, false, false));
        ids.add(marks[1]);
        ids.addAll(tokenizer.encode(suffix, false, false));
        ids.add(marks[2]);
        return ids.toArray();
    }

    /// Before, after, middle; null if there are none.
    private static int[] marks(Tokenizer tokenizer) {
        for (String[] names : NAMES) {
            OptionalInt before = tokenizer.id(names[0]), after = tokenizer.id(names[1]), middle = tokenizer.id(names[2]);
            if (before.isPresent() && after.isPresent() && middle.isPresent()) {
                return new int[] {before.getAsInt(), after.getAsInt(), middle.getAsInt()};
            }
        }
        return null;
    }
}
