package dev.jackdaw.train.assistant;

import dev.jackdaw.agent.ability.Calculator;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.jackdaw.model.engine.Engine;
import dev.jackdaw.model.engine.TokenStream;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.train.data.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Asks an assistant questions in the way that chat asks them: by its template, token by token to the one that ends a turn, with the calculator
/// run where it calls it. The likeliest token is always taken.
public final class Examination {
    /// A turn is longer than any right one; a model that does not stop is cut here.
    private static final int MOST_TOKENS = 96;
    /// Texts in one pass. Their order does not change what a text becomes.
    private static final int TOGETHER = 32;
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Forward forward;
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final int end;
    private final Set<Integer> allowed;

    public Examination(Forward forward, Tokenizer tokenizer, ChatTemplate template) {
        this.forward = forward;
        this.tokenizer = tokenizer;
        this.template = template;
        end = tokenizer.id(SpecialTokens.MESSAGE_END).orElseThrow(() -> new IllegalArgumentException("examination: the tokenizer has no " + SpecialTokens.MESSAGE_END));
        allowed = List.of(SpecialTokens.TOOL_CALL, SpecialTokens.TOOL_CALL_END).stream().map(name -> tokenizer.id(name).orElseThrow()).collect(Collectors.toSet());
    }

    /// One turn of the model.
    ///
    /// @param stopped it ended with the token that ends turns
    /// @param foreign tokens in it that only others write: of headers, of tool responses, of the end of a document
    private record Turn(Message message, boolean stopped, int foreign) {
        boolean isWellFormed() {
            boolean isCall = !message.toolCalls().isEmpty();
            return stopped && foreign == 0 && (isCall ? message.toolCalls().size() == 1 && message.content().isBlank() : !message.content().isBlank() && !message.content().contains("<tool_call>"));
        }
    }

    /// All turns of an answer.
    ///
    /// @param text of the last
    public record Answer(Exercise exercise, String text, List<String> calls, int turns, int wellFormed, int foreign) {
        public boolean isDeclined() {
            return text.startsWith(Outside.MARK);
        }

        public boolean isRight() {
            return switch (exercise.group()) {
                case Exercise.OUTSIDE -> isDeclined();
                case Exercise.CALCULATOR -> !calls.isEmpty() && lastNumber(text).equals(exercise.expected());
                default -> topic(exercise.group()).read(text).equals(exercise.expected());
            };
        }
    }

    static Topic topic(String group) {
        for (Topic topic : Topic.values()) {
            if (topic.label().equals(group)) {
                return topic;
            }
        }
        throw new IllegalArgumentException("examination: no topic " + group);
    }

    /// The last number of a sentence.
    static String lastNumber(String text) {
        String last = "";
        var numbers = NUMBER.matcher(text);
        while (numbers.find()) {
            last = numbers.group();
        }
        return last;
    }

    private static final java.util.regex.Pattern NUMBER = java.util.regex.Pattern.compile("-?\\d+(\\.\\d+)?");

    /// The questions of an examination that [Lessons#write] wrote. What is expected is read from the answers, as an examiner reads it.
    public static List<Exercise> read(Path file) throws IOException {
        List<Exercise> exercises = new ArrayList<>();
        int number = 0;
        for (String line : Files.readAllLines(file)) {
            number++;
            JsonNode node;
            try {
                node = JSON.readTree(line);
            } catch (JacksonException e) {
                throw new DataException(file + ": line " + number + ": not JSON: " + e.getOriginalMessage(), e);
            }
            String group = node.path("group").asString(""), question = node.at("/messages/0/content").asString("");
            JsonNode messages = node.path("messages");
            String answer = messages.size() < 2 ? "" : messages.get(messages.size() - 1).path("content").asString("");
            if (question.isEmpty() || answer.isEmpty()) {
                throw new DataException(file + ": line " + number + ": expected a question and an answer in messages, found " + messages.size() + " messages");
            }
            String expected = switch (group) {
                case Exercise.OUTSIDE -> Outside.MARK;
                case Exercise.CALCULATOR -> lastNumber(answer);
                default -> topic(group).read(answer);
            };
            exercises.add(Exercise.of(group, question, answer, expected, ""));
        }
        return List.copyOf(exercises);
    }

    /// Asks all questions of all groups.
    public AssistantResult ask(Lessons lessons, DoubleConsumer progress) {
        List<Exercise> all = lessons.examined().values().stream().flatMap(List::stream).toList();
        return AssistantResult.of(answers(all, progress), lessons);
    }

    /// The answers, in the order of the questions.
    public List<Answer> answers(List<Exercise> exercises, DoubleConsumer progress) {
        long pageBytes = 1L << 30;
        Engine.Settings settings = new Engine.Settings(TOGETHER, 2 * TOGETHER, pageBytes, pageBytes / 2, 256, 256, 60_000);
        try (Engine engine = new Engine(forward, tokenizer, settings)) {
            List<List<Message>> conversations = new ArrayList<>();
            exercises.forEach(exercise -> conversations.add(new ArrayList<>(List.of(exercise.messages().getFirst()))));
            List<Turn> first = turns(engine, conversations, done -> progress.accept(0.9 * done));
            List<Integer> calling = new ArrayList<>();
            for (int i = 0; i < first.size(); i++) {
                List<Message> conversation = conversations.get(i);
                List<Message.ToolCall> calls = first.get(i).message().toolCalls();
                if (!calls.isEmpty()) {
                    calling.add(i);
                    conversation.add(first.get(i).message());
                    calls.forEach(call -> conversation.add(Message.of("tool", result(call))));
                }
            }
            List<Turn> second = turns(engine, calling.stream().map(conversations::get).toList(), done -> progress.accept(0.9 + 0.1 * done));
            List<Answer> answers = new ArrayList<>();
            for (int i = 0; i < first.size(); i++) {
                Turn turn = first.get(i);
                int again = calling.indexOf(i);
                List<Turn> own = again < 0 ? List.of(turn) : List.of(turn, second.get(again));
                answers.add(new Answer(exercises.get(i), own.getLast().message().content().strip(), turn.message().toolCalls().stream().map(Message.ToolCall::arguments).toList(), own.size(),
                        (int) own.stream().filter(Turn::isWellFormed).count(), own.stream().mapToInt(Turn::foreign).sum()));
            }
            return answers;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("examination: interrupted", e);
        }
    }

    /// What a call of the model gives; only the calculator can be called.
    static String result(Message.ToolCall call) {
        return call.name().equals(Calculator.NAME) ? Calculator.call(call.arguments()) : "error: there is no tool " + call.name();
    }

    private List<Turn> turns(Engine engine, List<List<Message>> conversations, DoubleConsumer progress) throws InterruptedException {
        List<Turn> turns = new ArrayList<>();
        ArrayDeque<TokenStream> streams = new ArrayDeque<>();
        int submitted = 0;
        while (turns.size() < conversations.size()) {
            while (submitted < conversations.size() && streams.size() < 2 * TOGETHER) {
                List<Message> messages = conversations.get(submitted++);
                int[] prompt = template.render(messages.stream().map(Message::toMap).toList(), null, true, Map.of()).encode(tokenizer);
                int room = Math.min(MOST_TOKENS, forward.spec().context() - prompt.length);
                streams.add(engine.submit(new Request(prompt, room, Sampling.greedy(), id -> id == end, List.of(), -1, true, null, null, Overflow.REFUSE)));
            }
            try (TokenStream stream = streams.remove()) {
                turns.add(turn(stream.result()));
            }
            progress.accept((double) turns.size() / conversations.size());
        }
        return turns;
    }

    private Turn turn(Generator.Result result) {
        MessageParser parser = new MessageParser(MessageParser.Format.of(template.source()), false, new MessageParser.Listener() { });
        parser.accept(result.text());
        int foreign = 0;
        for (int id : result.ids()) {
            foreign += tokenizer.isSpecial(id) && !allowed.contains(id) ? 1 : 0;
        }
        return new Turn(parser.finish(), result.finishReason() == Generator.FinishReason.STOP, foreign);
    }
}
