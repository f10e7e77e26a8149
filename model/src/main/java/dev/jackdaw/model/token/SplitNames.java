package dev.jackdaw.model.token;

import dev.jackdaw.model.token.PreTokenizer.Chain;
import dev.jackdaw.model.token.PreTokenizer.Characters;
import dev.jackdaw.model.token.PreTokenizer.Delimited;
import dev.jackdaw.model.token.TextPattern.Behavior;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The split rules of published models by the names that GGUF files give them in `tokenizer.ggml.pre`. Those of [Split] are code; the
/// others are lists of regular expressions, each cutting the pieces of the one before.
///
/// The names are those of llama.cpp, where one rule has many. What a family's `tokenizer.json` says is the definition; where llama.cpp's own
/// expressions only come near it (its matcher knows less), the definition stands here.
final class SplitNames {
    private static final String GPT2 = Split.GPT2.expression();
    private static final String LETTERS = "A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D"
            + "\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-"
            + "\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-"
            + "\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-"
            + "\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139"
            + "\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-"
            + "\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\uD801\uDC00-\uD801\uDC4F\uD801"
            + "\uDCB0-\uD801\uDCD3\uD801\uDCD8-\uD801\uDCFB\uD803\uDC80-\uD803\uDCB2\uD803\uDCC0-\uD803\uDCF2\uD806\uDCA0-\uD806\uDCDF\uD83A"
            + "\uDD00-\uD83A\uDD43";
    private static final Map<String, PreTokenizer> BY_NAME = new LinkedHashMap<>();

    static {
        // DeepSeek LLM and V2, DeepSeek Coder, DeepSeek V3 and R1
        put(at("[\r\n]", "\\s?[" + LETTERS + "]+", "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+", "\\s+$",
            "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", "\\p{N}"), "deepseek-llm");
        put(at("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", "\\p{N}"), "deepseek-coder");
        put(at("\\p{N}{1,3}", "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+"
                + "|\\s+(?!\\S)|\\s+"), "deepseek-v3", "hunyuan-dense", "joyai-llm");
        // Falcon cuts numbers only after it has written bytes as characters
        put(simplest(List.of(new Characters(Characters.Kind.PUNCTUATION, Behavior.CONTIGUOUS), Split.GPT2,
            new PreTokenizer.OnAlphabet(new Characters(Characters.Kind.NUMBER, Behavior.CONTIGUOUS)), new PreTokenizer.OnAlphabet(Delimited.at("[0-9][0-9][0-9]")))), "falcon");
        // Mistral NeMo and what followed: words as in GPT-4o, digits alone, no contractions
        put(at("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
            + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"), "tekken");
        put(at(" ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+"), "poro-chat", "bloom", "gpt3-finnish");
        put(at(" ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+", "\\p{N}"), "viking");
        put(at("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
            + "|\\s+(?!\\S)|\\s+"), "qwen35");
        put(at("'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]"
            + "|\\s+(?!\\S)|\\s+"), "bailingmoe", "llada-moe");
        put(at("(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"), "seed-coder");
        put(at("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"), "default");
    }

    private SplitNames() {
    }

    private static void put(PreTokenizer rule, String... names) {
        for (String name : names) {
            BY_NAME.put(name, rule);
        }
    }

    private static PreTokenizer at(String... expressions) {
        List<PreTokenizer> steps = new ArrayList<>();
        for (String expression : expressions) {
            steps.add(isolating(expression));
        }
        return simplest(steps);
    }

    /// Cuts around the matches of an expression; by code where we have it.
    static PreTokenizer isolating(String expression) {
        Optional<Split> coded = Split.ofExpression(expression);
        return coded.isPresent() ? coded.get() : Delimited.at(expression);
    }

    /// Steps in a row as one rule; what [Split#SMOLLM] does in one go is recognised.
    static PreTokenizer simplest(List<PreTokenizer> given) {
        PreTokenizer digits = new Characters(Characters.Kind.NUMBER, Behavior.ISOLATED);
        List<PreTokenizer> steps = given.stream().map(step -> step.equals(digits) ? Delimited.at("\\p{N}") : step).toList();
        if (steps.size() == 2 && steps.get(1) == Split.GPT2 && steps.getFirst().equals(Delimited.at("\\p{N}"))) {
            return Split.SMOLLM;
        }
        return steps.size() == 1 ? steps.getFirst() : new Chain(steps);
    }

    /// The rule with this name in GGUF files.
    static Optional<PreTokenizer> find(String name) {
        Optional<Split> coded = Split.ofGgufName(name);
        return coded.isPresent() ? Optional.of(coded.get()) : Optional.ofNullable(BY_NAME.get(name));
    }

    /// The name to write into a GGUF file.
    static String nameOf(PreTokenizer rule) {
        if (rule instanceof Split split) {
            return split.ggufName();
        }
        return BY_NAME.entrySet().stream().filter(entry -> entry.getValue().equals(rule)).map(Map.Entry::getKey).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("the split rule of this tokenizer has no name in GGUF: " + rule + "; known are " + names()));
    }

    /// All names, to be shown.
    static List<String> names() {
        List<String> names = new ArrayList<>(Split.ggufNames());
        names.addAll(BY_NAME.keySet());
        return names;
    }
}
