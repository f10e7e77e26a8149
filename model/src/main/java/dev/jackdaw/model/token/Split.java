package dev.jackdaw.model.token;

import static dev.jackdaw.model.token.CodePoint.HEAD;
import static dev.jackdaw.model.token.CodePoint.LETTER;
import static dev.jackdaw.model.token.CodePoint.NO_SYMBOL;
import static dev.jackdaw.model.token.CodePoint.NUMBER;
import static dev.jackdaw.model.token.CodePoint.SPACE;
import static dev.jackdaw.model.token.CodePoint.TAIL;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// How text is cut into words before any merging. Merges never cross a word, which keeps ` the` and `the.` from becoming tokens of
/// their own, and makes encoding a matter of looking words up.
///
/// The published tokenizers state their rule as a regular expression. A backtracking matcher would be the slowest part of
/// tokenization by far, so each rule is written out here as code on UTF-8 bytes that reads every byte a fixed number of times; the
/// expression beside it is the definition, and the tests hold the two together.
public enum Split implements PreTokenizer.Coded {
    /// GPT-2: words take the space before them, contractions are cut off.
    GPT2("gpt-2", "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"),

    /// SmolLM and StarCoder: every digit stands alone, and the rule of GPT-2 sees only what lies between digits.
    SMOLLM("smollm", "\\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?![^\\s\\p{N}])|\\s+"),

    /// GPT-4 and Llama 3: any symbol may lead a word, numbers come in threes, line ends stay together. Also the rule of our own models.
    LLAMA3("llama-bpe", "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
        + "|\\s+(?!\\S)|\\s+"),

    /// Qwen 2 and 3: as Llama 3, with each digit by itself.
    QWEN2("qwen2", "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),

    /// GPT-4o and gpt-oss: `camelCase` is two words, a contraction stays with its word.
    O200K("gpt-4o", "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    private final String ggufName;
    private final String expression;

    Split(String ggufName, String expression) {
        this.ggufName = ggufName;
        this.expression = expression;
    }

    /// The name of this rule in `tokenizer.ggml.pre`.
    public String ggufName() {
        return ggufName;
    }

    /// The regular expression that defines this rule.
    public String expression() {
        return expression;
    }

    /// The rule with this regular expression.
    public static Optional<Split> ofExpression(String expression) {
        for (Split split : values()) {
            if (split.expression.equals(expression)) {
                return Optional.of(split);
            }
        }
        return Optional.empty();
    }

    private static final Map<String, Split> BY_GGUF_NAME = new LinkedHashMap<>();

    static {
        name(GPT2, "gpt-2", "phi-2", "mpt", "olmo", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "gigachat", "roberta-bpe", "a.x-4.0", "mellum",
            "exaone4", "modern-bert", "jais", "trillion", "granite-docling");
        name(SMOLLM, "smollm", "starcoder", "refact", "granite", "command-r", "codeshell", "exaone", "minerva-7b");
        name(LLAMA3, "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "dbrx", "smaug-bpe", "chatglm-bpe", "glm4");
        name(QWEN2, "qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan", "solar-open", "kormo", "grok-2");
        name(O200K, "gpt-4o", "o200k", "llama4", "minimax-m2");
    }

    private static void name(Split split, String... names) {
        for (String name : names) {
            BY_GGUF_NAME.put(name, split);
        }
    }

    /// The rule that a GGUF file names in `tokenizer.ggml.pre`; several names share a rule. [SplitNames] knows more of them.
    public static Optional<Split> ofGgufName(String name) {
        return Optional.ofNullable(BY_GGUF_NAME.get(name));
    }

    static Set<String> ggufNames() {
        return BY_GGUF_NAME.keySet();
    }

    @Override
    public void cut(byte[] text, int from, int to, boolean atStart, Words words) {
        for (int at = from; at < to; ) {
            int end = next(text, at, to);
            words.take(text, at, end);
            at = end;
        }
    }

    /// The end of the word that begins at `from`. `to` is the end of the text: nothing beyond it is looked at.
    public int next(byte[] text, int from, int to) {
        return switch (this) {
            case GPT2 -> gpt2(text, from, to, false);
            case SMOLLM -> gpt2(text, from, to, true);
            case LLAMA3 -> gpt4(text, from, to, 3);
            case QWEN2 -> gpt4(text, from, to, 1);
            case O200K -> gpt4o(text, from, to);
        };
    }

    private static int gpt2(byte[] text, int from, int to, boolean digitsAlone) {
        int start = from;
        if (text[from] == '\'') {
            int end = contraction(text, from, to, false);
            if (end > from) {
                return end;
            }
        } else if (text[from] == ' ' && from + 1 < to) {
            start = from + 1;                               // ' ?': the space goes with what follows, unless that is a space
        }
        int first = CodePoint.at(text, start, to);
        int second = start + (first >>> 8);
        if ((first & LETTER) != 0) {
            return CodePoint.skip(text, second, to, LETTER);
        }
        if ((first & NUMBER) != 0) {
            return !digitsAlone ? CodePoint.skip(text, second, to, NUMBER) : start > from ? start : second;
        }
        if ((first & SPACE) == 0) {
            return CodePoint.skipWithout(text, second, to, NO_SYMBOL);
        }
        int end = spaces(text, from, to, false);
        if (digitsAlone && end < to && (CodePoint.at(text, end, to) & SPACE) != 0) {
            int all = CodePoint.skip(text, end, to, SPACE);
            return (CodePoint.at(text, all, to) & NUMBER) != 0 ? all : end;     // before a digit, the last space stays with the others
        }
        return end;
    }

    private static int gpt4(byte[] text, int from, int to, int digits) {
        int first = CodePoint.at(text, from, to);
        int second = from + (first >>> 8);
        if ((first & LETTER) != 0) {
            return CodePoint.skip(text, second, to, LETTER);
        }
        if ((first & NUMBER) != 0) {
            return numbers(text, second, to, digits - 1);
        }
        byte b = text[from];
        if (b == '\'') {
            int end = contraction(text, from, to, true);
            if (end > from) {
                return end;
            }
        }
        if (second < to && b != '\r' && b != '\n') {
            int next = CodePoint.at(text, second, to);
            if ((next & LETTER) != 0) {
                return CodePoint.skip(text, second + (next >>> 8), to, LETTER);
            }
            if ((next & NO_SYMBOL) == 0 && b == ' ') {
                return lineEnds(text, CodePoint.skipWithout(text, second, to, NO_SYMBOL), to, false);
            }
        }
        if ((first & SPACE) == 0) {
            return lineEnds(text, CodePoint.skipWithout(text, second, to, NO_SYMBOL), to, false);
        }
        return spaces(text, from, to, true);
    }

    private static int gpt4o(byte[] text, int from, int to) {
        int first = CodePoint.at(text, from, to);
        int second = from + (first >>> 8);
        byte b = text[from];
        boolean mayLead = (first & (LETTER | NUMBER)) == 0 && b != '\r' && b != '\n';
        int end = mayLead ? headsThenTails(text, second, to) : -1;
        end = end < 0 ? headsThenTails(text, from, to) : end;
        end = end < 0 && mayLead ? headsAlone(text, second, to) : end;
        end = end < 0 ? headsAlone(text, from, to) : end;
        if (end >= 0) {
            return end < to && text[end] == '\'' ? contraction(text, end, to, true) : end;
        }
        if ((first & NUMBER) != 0) {
            return numbers(text, second, to, 2);
        }
        int start = b == ' ' ? second : from;
        if (start < to && (CodePoint.at(text, start, to) & NO_SYMBOL) == 0) {
            return lineEnds(text, CodePoint.skipWithout(text, start, to, NO_SYMBOL), to, true);
        }
        return spaces(text, from, to, true);
    }

    /// `HEAD*TAIL+` with its backtracking: the heads give back their last character that is also a tail. -1 if there is no match.
    private static int headsThenTails(byte[] text, int from, int to) {
        int at = from;
        int lastBoth = -1;                                  // end of the last character in the heads that is a tail as well
        while (at < to) {
            int c = CodePoint.at(text, at, to);
            if ((c & HEAD) == 0) {
                if ((c & TAIL) != 0) {
                    return CodePoint.skip(text, at + (c >>> 8), to, TAIL);
                }
                break;
            }
            at += c >>> 8;
            if ((c & TAIL) != 0) {
                lastBoth = at;
            }
        }
        return lastBoth;
    }

    /// `HEAD+TAIL*`, asked only where [#headsThenTails] found nothing: so no tail follows, nor is among the heads.
    private static int headsAlone(byte[] text, int from, int to) {
        int end = CodePoint.skip(text, from, to, HEAD);
        return end > from ? end : -1;
    }

    private static int numbers(byte[] text, int from, int to, int atMost) {
        int at = from;
        for (int i = 0; i < atMost && at < to; i++) {
            int c = CodePoint.at(text, at, to);
            if ((c & NUMBER) == 0) {
                break;
            }
            at += c >>> 8;
        }
        return at;
    }

    private static int lineEnds(byte[] text, int from, int to, boolean slashes) {
        int at = from;
        while (at < to && (text[at] == '\n' || text[at] == '\r' || slashes && text[at] == '/')) {
            at++;
        }
        return at;
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line end; without one, all but the last space, which goes with what follows.
    private static int spaces(byte[] text, int from, int to, boolean lines) {
        int at = from;
        int last = from;
        int afterLineEnd = -1;
        while (at < to) {
            int c = CodePoint.at(text, at, to);
            if ((c & SPACE) == 0) {
                break;
            }
            last = at;
            at += c >>> 8;
            if (text[last] == '\n' || text[last] == '\r') {
                afterLineEnd = at;
            }
        }
        if (lines && afterLineEnd >= 0) {
            return afterLineEnd;
        }
        return at == to || last == from ? at : last;
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d` at the apostrophe `from`: its end, or `from` if there is none. In any case of letters, ſ counts as s.
    private static int contraction(byte[] text, int from, int to, boolean anyCase) {
        if (from + 1 >= to) {
            return from;
        }
        int fold = anyCase ? 0x20 : 0;
        int a = text[from + 1] | fold;
        if (a == 's' || a == 't' || a == 'm' || a == 'd') {
            return from + 2;
        }
        if (from + 2 >= to) {
            return from;
        }
        int b = text[from + 2] | fold;
        if (b == 'e' && (a == 'r' || a == 'v') || b == 'l' && a == 'l') {
            return from + 3;
        }
        return anyCase && text[from + 1] == (byte) 0xC5 && text[from + 2] == (byte) 0xBF ? from + 3 : from;
    }
}
