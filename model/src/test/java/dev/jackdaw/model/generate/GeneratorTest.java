package dev.jackdaw.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The loop, with a "model" that recites a text.
class GeneratorTest {
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() throws Exception {
        tokenizer = Tokenizers.read(Path.of("src/test/resources/reference/models/qwen3"));
    }

    /// After any prompt, says `script` token by token, then the end token. Counts what it had to read.
    private static final class Reciter implements Predictor {
        private final int[] script;
        private final int context;
        private final int promptLength;
        private int read;

        Reciter(int promptLength, int context, int... script) {
            this.promptLength = promptLength;
            this.script = script;
            this.context = context;
        }

        @Override
        public int context() {
            return context;
        }

        @Override
        public Past newText(int capacity) {
            return new Past() {
                private int length;

                @Override
                public float[] logits(int... tokens) {
                    length += tokens.length;
                    read += tokens.length;
                    float[] logits = new float[tokenizer.vocabularySize()];
                    int at = length - promptLength;
                    logits[at >= 0 && at < script.length ? script[at] : tokenizer.eos().orElseThrow()] = 10;
                    return logits;
                }

                @Override
                public void truncate(int tokens) {
                    length = tokens;
                }

                @Override
                public void close() {
                }
            };
        }
    }

    private static final int[] PROMPT = {40, 41, 42};

    private static Request request(int most, String... stop) {
        return new Request(PROMPT, most, Sampling.greedy(), id -> id == tokenizer.eos().orElse(-1), List.of(stop), -1, false, null, null, Overflow.REFUSE);
    }

    private static Generator.Result say(String text, Request request, List<String> pieces) {
        return new Generator(new Reciter(PROMPT.length, 1000, tokenizer.encode(text)), tokenizer).generate(request, new Generator.Listener() {
            @Override
            public void text(String piece) {
                pieces.add(piece);
            }
        });
    }

    @Test
    void endsAtTheEndToken() {
        Generator.Result result = say("The sea is wide.", request(100), new ArrayList<>());
        assertThat(result.text()).isEqualTo("The sea is wide.");
        assertThat(result.finishReason()).isEqualTo(Generator.FinishReason.STOP);
        assertThat(say("The sea is wide.", request(2), new ArrayList<>()).finishReason()).isEqualTo(Generator.FinishReason.LENGTH);
    }

    @Test
    void piecesAreWholeCharactersAndMakeUpTheText() {
        List<String> pieces = new ArrayList<>();
        String text = "Größe 你好 😀 naïve 🏴‍☠️ end";
        assertThat(say(text, request(200), pieces).text()).isEqualTo(text);
        assertThat(String.join("", pieces)).isEqualTo(text);
        assertThat(pieces).allSatisfy(piece -> assertThat(piece).doesNotContain("\ufffd").matches(p -> !Character.isLowSurrogate(p.charAt(0))));
    }

    @Test
    void stopStringsAreNeverShownEvenAcrossTokens() {
        for (String stop : List.of("wide", "s wi", "e.", "a is wide. And dee", "T", "sea", "😀")) {
            List<String> pieces = new ArrayList<>();
            String whole = "The sea is wide. And deep 😀 it is.";
            Generator.Result result = say(whole, request(100, stop, "never"), pieces);
            String expected = whole.substring(0, whole.indexOf(stop));
            assertThat(result.text()).as(stop).isEqualTo(expected);
            assertThat(String.join("", pieces)).as(stop).isEqualTo(expected);
            assertThat(result.finishReason()).isEqualTo(Generator.FinishReason.STOP);
        }
        List<String> pieces = new ArrayList<>();
        assertThat(say("The sea is wide", request(100, "wider", "is wide and"), pieces).text()).isEqualTo("The sea is wide");
        assertThat(String.join("", pieces)).isEqualTo("The sea is wide");
        assertThatThrownBy(() -> say("x", request(1, ""), pieces)).hasMessageContaining("stop string is empty");
    }

    @Test
    void logProbabilitiesComeWithEveryToken() {
        Request request = new Request(PROMPT, 100, Sampling.of(0.5, 1).withTopK(1), id -> id == tokenizer.eos().orElse(-1), List.of(), 3, false, null, null, Overflow.REFUSE);
        Generator.Result result = say("The sea", request, new ArrayList<>());
        assertThat(result.logprobs()).hasSize(result.ids().length);
        assertThat(result.logprobs().getFirst().top()).hasSize(3);
        assertThat(result.logprobs().getFirst().logprob()).isEqualTo(result.logprobs().getFirst().top().getFirst().logprob()).isNegative();
    }

    @Test
    void probabilitiesTakeOneArrayForTheWholeText() {
        int vocabulary = 50_000, tokens = 40;
        Sequence text = new Sequence(new Request(PROMPT, 1000, Sampling.greedy(), _ -> false, List.of(), 0, false, null, null, Overflow.REFUSE), null, 2000, new Generator.Listener() { });
        float[] logits = new float[vocabulary];
        text.next(logits);
        var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < tokens; i++) {
            text.next(logits);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan((long) tokens * vocabulary);
    }

    @Test
    void aListenerCanStopIt() {
        int[] count = {0};
        Generator.Result result = new Generator(new Reciter(3, 1000, tokenizer.encode("The sea is wide.")), tokenizer).generate(request(100), new Generator.Listener() {
            @Override
            public void token(int id) {
                count[0]++;
            }

            @Override
            public boolean isCancelled() {
                return count[0] == 2;
            }
        });
        assertThat(result.finishReason()).isEqualTo(Generator.FinishReason.CANCELLED);
        assertThat(result.ids()).hasSize(2);
    }

    @Test
    void overflowIsRefusedOrReported() {
        int[] prompt = IntStream.range(0, 100).toArray();
        Generator generator = new Generator(new Reciter(40, 50, tokenizer.encode("ok")), tokenizer);
        assertThatThrownBy(() -> generator.generate(new Request(prompt, 10, Sampling.greedy(), _ -> false, List.of(), -1, false, null, null, Overflow.REFUSE), new Generator.Listener() { }))
                .hasMessageContaining("100 prompt tokens").hasMessageContaining("50").hasMessageContaining("--overflow");
        Generator.Result start = generator.generate(new Request(prompt, 10, Sampling.greedy(), _ -> false, List.of(), -1, false, null, null, Overflow.TRIM_START), new Generator.Listener() { });
        assertThat(start.promptIds()).containsExactly(IntStream.range(60, 100).toArray());
        assertThat(start.trimmed()).isEqualTo(new Overflow.Trim(0, 60, 100)).hasToString("60 of 100 prompt tokens were dropped, from position 0, to fit into the context");
        Generator.Result middle = generator.generate(new Request(prompt, 10, Sampling.greedy(), _ -> false, List.of(), -1, false, null, null, Overflow.TRIM_MIDDLE), new Generator.Listener() { });
        assertThat(middle.promptIds()).containsExactly(IntStream.concat(IntStream.range(0, 20), IntStream.range(80, 100)).toArray());
        assertThat(Overflow.TRIM_START.trim(100, 10, 50, true)).isEqualTo(new Overflow.Trim(1, 60, 100));
        assertThatThrownBy(() -> Overflow.TRIM_START.trim(100, 50, 50, true)).hasMessageContaining("100 prompt tokens and 50 new ones");
        assertThatThrownBy(() -> Overflow.TRIM_START.trim(10, 3_000_000, 50, true)).hasMessageContaining("3000000");
    }

    @Test
    void aSpentBudgetEndsTheThinking() {
        int[] force = tokenizer.encode("\n</think>\n\n");
        int[] script = IntStream.concat(Arrays.stream(tokenizer.encode("<think>I think and think and think and think and think")), IntStream.empty()).toArray();
        Request request = new Request(PROMPT, 200, Sampling.greedy(), id -> id == tokenizer.eos().orElse(-1), List.of(), -1, true, null,
                new Thinking("<think>", "</think>", force, 4, false), Overflow.REFUSE);
        Generator.Result result = new Generator(new Reciter(3, 1000, script), tokenizer).generate(request, new Generator.Listener() { });
        assertThat(result.text()).startsWith("<think>I").contains("\n</think>\n\n");
        int end = result.text().indexOf("\n</think>");
        assertThat(tokenizer.encode(result.text().substring("<think>".length(), end)).length).isLessThanOrEqualTo(6);
        Request inside = new Request(PROMPT, 200, Sampling.greedy(), id -> id == tokenizer.eos().orElse(-1), List.of(), -1, true, null,
                new Thinking("<think>", "</think>", force, 0, true), Overflow.REFUSE);
        assertThat(new Generator(new Reciter(3, 1000, script), tokenizer).generate(inside, new Generator.Listener() { }).text()).startsWith("\n</think>\n\n");
    }

    @Test
    void aConversationIsReadOnlyOnce() {
        Reciter model = new Reciter(3, 1000, tokenizer.encode("yes"));
        Generator generator = new Generator(model, tokenizer);
        try (PromptCache cache = new PromptCache(model)) {
            generator.generate(request(10), cache, new Generator.Listener() { });
            int first = model.read;
            int[] longer = {40, 41, 42, 43, 44};
            generator.generate(Request.of(longer, 1, Sampling.greedy(), _ -> false), cache, new Generator.Listener() { });
            assertThat(model.read - first).as("43 and 44").isEqualTo(2);
            generator.generate(Request.of(longer, 1, Sampling.greedy(), _ -> false), cache, new Generator.Listener() { });
            assertThat(model.read - first).as("the last one again").isEqualTo(3);
        }
    }

    @Test
    void fillsInTheMiddleOnlyWithTheRightTokens() {
        assertThatThrownBy(() -> FillInTheMiddle.prompt(tokenizer, "a", "b")).hasMessageContaining("cannot fill in the middle");
        java.util.Map<String, Integer> extra = java.util.Map.of("<fim_prefix>", 9001, "<fim_suffix>", 9002, "<fim_middle>", 9003);
        Tokenizer code = (Tokenizer) java.lang.reflect.Proxy.newProxyInstance(Tokenizer.class.getClassLoader(), new Class<?>[] {Tokenizer.class}, (_, method, arguments) ->
                method.getName().equals("id") && extra.containsKey(arguments[0]) ? java.util.OptionalInt.of(extra.get(arguments[0])) : method.invoke(tokenizer, arguments));
        int[] prefix = tokenizer.encode("int f("), suffix = tokenizer.encode(") {}");
        IntStream expected = IntStream.concat(IntStream.concat(IntStream.of(9001), Arrays.stream(prefix)), IntStream.concat(IntStream.concat(IntStream.of(9002), Arrays.stream(suffix)), IntStream.of(9003)));
        assertThat(FillInTheMiddle.isKnown(code)).isTrue();
        assertThat(FillInTheMiddle.isKnown(tokenizer)).isFalse();
        assertThat(FillInTheMiddle.prompt(code, "int f(", ") {}")).containsExactly(expected.toArray());
    }
}
