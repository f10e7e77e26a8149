package dev.jackdaw.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.chat.Chat.Ask;
import dev.jackdaw.model.chat.Chat.ToolChoice;
import dev.jackdaw.model.chat.Message.ToolCall;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Generator.FinishReason;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.Tokenizer;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What is required of an answer holds for models that talk nonsense, in the format of each kind of model.
class ChatTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Map<String, Object> ADD = tool("add", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}},\"required\":[\"a\",\"b\"]}");
    private static final Map<String, Object> GREET = tool("greet", "{\"type\":\"object\",\"properties\":{\"how\":{\"enum\":[\"loud\",\"</tool_call>\"]}},\"required\":[\"how\"],\"additionalProperties\":false}");

    private static Map<String, Object> tool(String name, String parameters) {
        return Map.of("type", "function", "function", Map.of("name", name, "description", "does " + name, "parameters", JSON.readValue(parameters, Map.class)));
    }

    private static Ask ask(String text) {
        return ask(text, 1);
    }

    private static Ask ask(String text, long seed) {
        return Ask.of(List.of(Message.of("user", text)), Sampling.of(1, seed)).withMaxTokens(700);
    }

    private record Answer(Message message, Generator.Result result, List<String> heard) {
    }

    private static Answer run(Kind kind, Chat chat, Ask ask, Nonsense model) {
        Chat.Turn turn = chat.turn(ask);
        List<String> heard = new ArrayList<>();
        MessageParser parser = turn.parser(new MessageParser.Listener() {
            @Override
            public void content(String piece) {
                heard.add(piece);
            }
        });
        Generator.Result result = new Generator(model, kind.tokenizer()).generate(turn.request(), new Generator.Listener() {
            @Override
            public void text(String piece) {
                parser.accept(piece);
            }
        });
        return new Answer(parser.finish(), result, heard);
    }

    private static void fits(ToolCall call) {
        JsonNode arguments = JSON.readTree(call.arguments());
        switch (call.name()) {
            case "add" -> assertThat(arguments.path("a").isIntegralNumber() && arguments.path("b").isIntegralNumber() && arguments.size() == 2).as(call.toString()).isTrue();
            case "greet" -> assertThat(arguments.path("how").asString()).isIn("loud", "</tool_call>");
            default -> throw new AssertionError(call);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aRequiredCallIsMade(Kind kind) {
        Chat chat = kind.chat(4000);
        Set<String> names = new HashSet<>(), ids = new HashSet<>();
        int ended = 0;
        for (int seed = 0; seed < 12; seed++) {
            Answer answer = run(kind, chat, ask("What?", seed).withTools(List.of(ADD, GREET), new ToolChoice.Required(), false), new Nonsense(kind.tokenizer(), seed));
            if (answer.result.finishReason() == FinishReason.LENGTH) {
                continue;
            }
            ended++;
            assertThat(answer.result.finishReason()).as("seed %d: %s", seed, answer).isEqualTo(FinishReason.STOP);
            assertThat(answer.message.toolCalls()).as("seed %d: %s", seed, answer.result.text()).hasSize(1);
            assertThat(answer.message.content()).as("seed %d: %s", seed, answer.result.text()).isBlank();
            ToolCall call = answer.message.toolCalls().getFirst();
            fits(call);
            names.add(call.name());
            assertThat(call.id()).isNotNull();
            assertThat(ids.add(call.id())).isTrue();
        }
        assertThat(ended).isGreaterThan(9);
        assertThat(names).as("the model chooses").hasSize(2);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void severalCallsAreMadeOnlyIfAllowed(Kind kind) {
        Chat chat = kind.chat(4000);
        int most = 0;
        for (int seed = 0; seed < 12; seed++) {
            Answer answer = run(kind, chat, ask("What?", seed).withTools(List.of(ADD, GREET), new ToolChoice.Required(), true), new Nonsense(kind.tokenizer(), seed));
            if (answer.result.finishReason() != FinishReason.LENGTH) {
                most = Math.max(most, answer.message.toolCalls().size());
                assertThat(answer.message.toolCalls()).as("seed %d: %s", seed, answer.result.text()).isNotEmpty().allSatisfy(ChatTest::fits);
                assertThat(answer.message.content()).as("seed %d: %s", seed, answer.result.text()).isBlank();
                assertThat(answer.message.toolCalls().stream().map(ToolCall::id).distinct()).hasSize(answer.message.toolCalls().size());
            }
        }
        assertThat(most).isGreaterThan(1);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aNamedToolIsCalled(Kind kind) {
        Chat chat = kind.chat(4000);
        for (int seed = 0; seed < 4; seed++) {
            Answer answer = run(kind, chat, ask("What?", seed).withTools(List.of(ADD, GREET), new ToolChoice.Named("greet"), false), new Nonsense(kind.tokenizer(), seed));
            assertThat(answer.message.toolCalls()).as(answer.result.text()).singleElement().satisfies(call -> assertThat(call.name()).isEqualTo("greet")).satisfies(ChatTest::fits);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aCallCanFollowTheThinking(Kind kind) {
        Chat chat = kind.chat(4000);
        if (!chat.canThink()) {
            assertThat(kind).isIn(Kind.LLAMA, Kind.MISTRAL, Kind.MINISTRAL, Kind.OURS);
            return;
        }
        Answer answer = run(kind, chat, ask("What?").withTools(List.of(ADD), new ToolChoice.Required(), false).withThinkBudget(9), new Nonsense(kind.tokenizer(), 3));
        assertThat(answer.message.reasoning()).isNotBlank();
        assertThat(answer.result.thoughtTokens()).isBetween(1, 20);
        assertThat(answer.message.toolCalls()).as(answer.result.text()).singleElement().satisfies(ChatTest::fits);
        answer = run(kind, chat, ask("What?").withSchema("{\"type\":\"boolean\"}").withThinkBudget(9), new Nonsense(kind.tokenizer(), 3));
        assertThat(answer.message.reasoning()).isNotBlank();
        assertThat(answer.message.content()).isIn("true", "false");
        answer = run(kind, chat, ask("What?").withSchema("{\"type\":\"boolean\"}"), new Nonsense(kind.tokenizer(), 3));
        assertThat(answer.message.reasoning()).as("it does not think where it may not").isNull();
        assertThat(answer.message.content()).isIn("true", "false");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aFreeAnswerEndsWithItsFirstCallIfOneIsAllowed(Kind kind) {
        String text = kind.calls(List.of(new ToolCall(null, "add", "{\"a\": 1, \"b\": 2}"), new ToolCall(null, "greet", "{\"how\": \"</tool_call>\"}")));
        Chat chat = kind.chat(4000);
        Ask ask = ask("What?").withTools(List.of(ADD, GREET), new ToolChoice.Auto(), true);
        List<ToolCall> both = run(kind, chat, ask, new Nonsense(kind.tokenizer(), text)).message.toolCalls();
        assertThat(both).extracting(ToolCall::name).containsExactly("add", "greet");
        assertThat(both).extracting(ToolCall::arguments).allMatch(arguments -> JSON.readTree(arguments).size() > 0);
        Answer answer = run(kind, chat, ask.withTools(List.of(ADD, GREET), new ToolChoice.Auto(), false), new Nonsense(kind.tokenizer(), text));
        assertThat(answer.message.toolCalls()).as(answer.result.text()).singleElement().satisfies(call -> assertThat(call.name()).isEqualTo("add")).satisfies(ChatTest::fits);
        assertThat(answer.message.content()).isBlank();
        if (kind != Kind.HARMONY) {
            assertThat(answer.result.text()).as("nothing is written that is thrown away").doesNotContain("greet");
        }
        assertThat(run(kind, chat, ask.withTools(List.of(ADD), new ToolChoice.Auto(), false), new Nonsense(kind.tokenizer(), kind.text("It is 3."))).message)
                .isEqualTo(Message.of("assistant", "It is 3."));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void callsAndTheirResultsGoRoundThroughTheTemplate(Kind kind) {
        Chat chat = kind.chat(4000);
        Message call = run(kind, chat, ask("What?").withTools(List.of(ADD), new ToolChoice.Required(), false), new Nonsense(kind.tokenizer(), 5)).message;
        ToolCall made = call.toolCalls().getFirst();
        Message again = run(kind, chat, Ask.of(List.of(Message.of("user", "What?"), call, Message.tool(made.id(), null, "42")), Sampling.greedy()).withMaxTokens(60)
                .withTools(List.of(ADD), new ToolChoice.None(), true), new Nonsense(kind.tokenizer(), kind.text("So 42."))).message;
        assertThat(again.content()).isEqualTo("So 42.");
        Chat.Turn turn = chat.turn(Ask.of(List.of(Message.of("user", "What?"), call, Message.tool(made.id(), null, "42")), Sampling.greedy()));
        String prompt = kind.tokenizer().decode(turn.request().prompt());
        JsonNode arguments = JSON.readTree(made.arguments());
        assertThat(prompt).contains("add", "42", arguments.get("a").toString());
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void anAnswerFitsItsSchemaOrGrammarOrIsACall(Kind kind) {
        Chat chat = kind.chat(4000);
        Set<String> seen = new HashSet<>();
        for (int seed = 0; seed < 10; seed++) {
            assertThat(run(kind, chat, ask("Sure?", seed).withGrammar("root ::= \"yes\" | \"no\""), new Nonsense(kind.tokenizer(), seed)).message.content()).isIn("yes", "no");
            Message either = run(kind, chat, ask("Sure?", seed).withSchema("{\"type\":\"array\",\"items\":{\"type\":\"boolean\"},\"maxItems\":3}").withTools(List.of(GREET), new ToolChoice.Auto(), false),
                    new Nonsense(kind.tokenizer(), seed)).message;
            seen.add(either.toolCalls().isEmpty() ? "answer" : "call");
            assertThat(either.toolCalls().isEmpty() ? JSON.readTree(either.content()).isArray() : either.toolCalls().size() == 1).as(either.toString()).isTrue();
        }
        assertThat(seen).containsExactlyInAnyOrder("answer", "call");
    }

    @Test
    void whatCannotBeIsRefusedAndSaysWhere() {
        Chat chat = Kind.QWEN.chat(4000);
        Ask ask = ask("x");
        refuses(chat, ask.withSchema("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"multipleOf\":3}}}"), "#/properties/a", "multipleOf");
        refuses(chat, ask.withSchema("{nonsense"), "JSON schema", "line 1");
        refuses(chat, ask.withSchema("{\"type\":\"array\",\"items\":{},\"minItems\":3,\"maxItems\":2}"), "minItems 3");
        refuses(chat, ask.withGrammar("root ::= \"x\" root"), "can never end");
        refuses(chat, ask.withGrammar("root ::= [a"), "grammar, line 1");
        refuses(chat, ask.withTools(List.of(tool("f", "{\"properties\":{\"a\":{\"uniqueItems\":true,\"type\":\"array\"}}}")), new ToolChoice.Required(), true), "tool f, parameters", "#/properties/a", "uniqueItems");
        refuses(chat, ask.withTools(List.of(tool("f", "{\"type\":\"array\"}")), new ToolChoice.Auto(), true), "tool f, parameters", "array");
        refuses(chat, ask.withTools(List.of(Map.of("name", "f")), new ToolChoice.Auto(), true), "tools[0]", "function");
        refuses(chat, ask.withTools(List.of(), new ToolChoice.Required(), true), "no tools");
        refuses(chat, ask.withTools(List.of(ADD), new ToolChoice.Named("sub"), true), "sub", "[add]");
        assertThatThrownBy(() -> ask.withSchema("{}").withGrammar("root ::= \"a\"")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("one of them");
        assertThatThrownBy(() -> Ask.of(List.of(), Sampling.greedy())).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no messages");
        refuses(Chat.of(Kind.QWEN.tokenizer(), ChatTemplate.of("{{ messages[0]['content'] }}", "", ""), Kind.QWEN.tokenizer()::ends, 4000),
                ask.withTools(List.of(ADD), new ToolChoice.Required(), true), "does not show tools");
        chat.turn(ask.withTools(List.of(tool("f", "{\"properties\":{\"a\":{\"uniqueItems\":true,\"type\":\"array\"}}}")), new ToolChoice.Auto(), true));      // nothing is promised
    }

    private static void refuses(Chat chat, Ask ask, String... words) {
        assertThatThrownBy(() -> chat.turn(ask)).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(words);
    }

    @Test
    void whatIsTooLongIsRefusedWithTheNumbersOrLosesItsOldestMessages() {
        Chat chat = Kind.QWEN.chat(120);
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            messages.add(Message.of("user", "question number " + i));
            messages.add(Message.of("assistant", "answer number " + i));
        }
        messages.add(Message.of("user", "last"));
        Ask ask = Ask.of(messages, Sampling.greedy()).withMaxTokens(20);
        assertThatThrownBy(() -> chat.turn(ask)).isInstanceOfSatisfying(Chat.TooLong.class, e -> {
            assertThat(e.context()).isEqualTo(120);
            assertThat(e.maxTokens()).isEqualTo(20);
            assertThat(e.promptTokens()).isGreaterThan(100);
            assertThat(e).hasMessageContainingAll("120", "20", Integer.toString(e.promptTokens()));
        });
        Chat.Turn turn = chat.turn(ask.withOverflow(Overflow.TRIM_START));
        assertThat(turn.droppedMessages()).isPositive().isEven();
        assertThat(turn.request().prompt().length).isLessThanOrEqualTo(100);
        assertThat(chat.turn(ask("hi").withMaxTokens(0)).request().maxTokens()).isEqualTo(120 - chat.turn(ask("hi").withMaxTokens(0)).request().prompt().length);
    }

    @Test
    void ofALongConversationAsLittleAsPossibleIsDroppedAfterAFewLooks() {
        int[] looks = {0};
        Tokenizer counted = (Tokenizer) Proxy.newProxyInstance(Tokenizer.class.getClassLoader(), new Class<?>[] {Tokenizer.class}, (_, method, arguments) -> {
            looks[0] += method.getName().equals("encode") ? 1 : 0;
            return method.invoke(Kind.QWEN.tokenizer(), arguments);
        });
        ChatTemplate template = ChatTemplate.of("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}", "", "");
        List<Message> messages = new ArrayList<>(List.of(Message.of("system", "be brief")));
        for (int i = 0; i < 300; i++) {
            messages.add(Message.of("user", "question " + "word ".repeat(i % 7)));
            messages.add(Message.of("assistant", "answer number " + i));
        }
        messages.add(Message.of("user", "last"));
        Ask ask = Ask.of(messages, Sampling.greedy()).withMaxTokens(20).withOverflow(Overflow.TRIM_START);
        for (int context : new int[] {60, 200, 1000, 3000}) {
            looks[0] = 0;
            Chat.Turn turn = Chat.of(counted, template, counted::ends, context).turn(ask);
            assertThat(looks[0]).isLessThan(14);
            int dropped = turn.droppedMessages(), length = turn.request().prompt().length;
            assertThat(length).isLessThanOrEqualTo(context - 20);
            List<Message> more = new ArrayList<>(messages.subList(0, 1));
            more.addAll(messages.subList(1 + dropped - 2, messages.size()));
            int other = Chat.of(counted, template, counted::ends, 100_000).turn(Ask.of(more, Sampling.greedy())).request().prompt().length;
            assertThat(other).as("%d messages dropped, two fewer", dropped).isGreaterThan(context - 20);
        }
    }

    @Test
    void jsonThatLooksLikeACallIsAnAnswerUnlessTheFunctionIsOffered() {
        Chat chat = Kind.LLAMA.chat(4000);
        String person = "{\"name\": \"Eve\", \"parameters\": {\"age\": 30}}";
        Ask plain = ask("Who?"), schema = plain.withSchema("{\"type\":\"object\"}"), tools = plain.withTools(List.of(ADD), new ToolChoice.Auto(), false);
        for (Ask ask : List.of(plain, schema, tools, plain.withTools(List.of(ADD), new ToolChoice.Auto(), true), tools.withTools(List.of(ADD), new ToolChoice.None(), true))) {
            Answer answer = run(Kind.LLAMA, chat, ask, new Nonsense(Kind.LLAMA.tokenizer(), person));
            assertThat(answer.message.toolCalls()).isEmpty();
            assertThat(answer.message.content()).isEqualTo(person);
        }
        assertThat(run(Kind.LLAMA, chat, schema, new Nonsense(Kind.LLAMA.tokenizer(), person)).heard).as("streamed").hasSizeGreaterThan(1);
    }

    @Test
    void manyThreadsAskAtOnce() throws Exception {
        Chat chat = Kind.QWEN.chat(4000);
        List<Callable<Message>> jobs = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            int seed = i;
            List<Map<String, Object>> tools = seed % 3 == 0 ? List.of(ADD, GREET) : List.of(tool("f" + seed % 20, "{}"), GREET);
            jobs.add(() -> run(Kind.QWEN, chat, ask("What?").withTools(tools, new ToolChoice.Named("greet"), false), new Nonsense(Kind.QWEN.tokenizer(), seed)).message);
        }
        try (var threads = Executors.newFixedThreadPool(4)) {
            for (Future<Message> answer : threads.invokeAll(jobs)) {
                assertThat(answer.get().toolCalls()).singleElement().satisfies(ChatTest::fits);
            }
        }
    }
}
