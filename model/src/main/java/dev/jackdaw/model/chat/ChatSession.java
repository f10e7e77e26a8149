package dev.jackdaw.model.chat;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.generate.Constraint;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.generate.PromptCache;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.Thinking;
import dev.jackdaw.model.token.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;

/// A conversation with a model: the messages so far, and the model's memory of them. One caller at a time.
public final class ChatSession implements AutoCloseable {
    private static final String FINAL = "<|channel|>final<|message|>";
    private static final int LEAST_ANSWER = 16;

    /// How the next answer is made.
    ///
    /// @param maxTokens   of the answer; 0: as many as the context holds
    /// @param thinkBudget tokens to think with; -1: as many as the model likes, 0: none; null: as the template has it
    /// @param constraint  what the answer may be, or null
    /// @param overflow    a conversation that is too long is refused, or loses its oldest messages
    public record Settings(int maxTokens, Sampling sampling, Integer thinkBudget, List<String> stop, int topLogprobs, Constraint constraint, Overflow overflow) {
        public static Settings of(Sampling sampling) {
            return new Settings(0, sampling, null, List.of(), -1, null, Overflow.REFUSE);
        }
    }

    /// An answer.
    ///
    /// @param droppedMessages how many of the oldest messages the model did not see
    public record Reply(Message message, Generator.Result result, int droppedMessages) {
    }

    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final MessageParser.Format format;
    private final Predictor predictor;
    private final IntPredicate isEnd;
    private final PromptCache cache;
    private final List<Message> messages = new ArrayList<>();

    private ChatSession(Tokenizer tokenizer, ChatTemplate template, Predictor predictor, IntPredicate isEnd) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.predictor = predictor;
        this.isEnd = isEnd;
        format = MessageParser.Format.of(template.source());
        cache = new PromptCache(predictor);
    }

    /// @throws IllegalArgumentException if the model has no chat template
    public static ChatSession open(Model model) throws IOException {
        return open(model, Predictor.of(model.forward()));
    }

    /// The same with another way to ask the model, for instance [dev.jackdaw.model.generate.Speculation].
    public static ChatSession open(Model model, Predictor predictor) throws IOException {
        ChatTemplate template = ChatTemplates.read(model.path()).orElseThrow(() -> new IllegalArgumentException(model.path()
                + ": this is a base model, it has no chat template and cannot converse; continue a text with: jackdaw run"));
        return new ChatSession(model.tokenizer(), template, predictor, model.tokenizer()::ends);
    }

    static ChatSession of(Tokenizer tokenizer, ChatTemplate template, Predictor predictor, IntPredicate isEnd) {
        return new ChatSession(tokenizer, template, predictor, isEnd);
    }

    /// The conversation; callers add to it and take from it.
    public List<Message> messages() {
        return messages;
    }

    /// Does the model know how to think before it answers?
    public boolean canThink() {
        return format == MessageParser.Format.CHANNELS || template.knows("<think>") || template.knows("enable_thinking");
    }

    /// Lets the model answer and appends the answer, also one that was interrupted.
    public Reply reply(Settings settings, MessageParser.Listener listener, BooleanSupplier isCancelled) {
        Map<String, Object> more = new HashMap<>();
        if (settings.thinkBudget() != null) {
            more.put("enable_thinking", settings.thinkBudget() != 0);
            if (format == MessageParser.Format.CHANNELS && settings.thinkBudget() >= 0) {
                more.put("reasoning_effort", settings.thinkBudget() == 0 ? "low" : "medium");
            }
        }
        int dropped = 0;
        ChatPrompt prompt = render(dropped, more);
        int[] ids = prompt.encode(tokenizer);
        int least = settings.maxTokens() > 0 ? settings.maxTokens() : Math.min(LEAST_ANSWER, predictor.context() / 4);
        while (ids.length + least > predictor.context() && settings.overflow() != Overflow.REFUSE && droppable(dropped)) {
            dropped = nextDrop(dropped);
            prompt = render(dropped, more);
            ids = prompt.encode(tokenizer);
        }
        int room = predictor.context() - ids.length;
        if (room < least) {
            throw new IllegalArgumentException("chat: the conversation has " + ids.length + " tokens and the answer needs " + least + ", together more than the model's context of "
                    + predictor.context() + "; shorten it or begin anew" + (settings.overflow() == Overflow.REFUSE ? ", or allow dropping the oldest messages with --overflow trim-start" : ""));
        }
        boolean skipsHeader = format == MessageParser.Format.CHANNELS && settings.constraint() != null;
        if (skipsHeader) {                        // the answer itself follows the grammar, so its header is written for the model
            int[] header = tokenizer.encode(FINAL, true, false);
            int[] longer = Arrays.copyOf(ids, ids.length + header.length);
            System.arraycopy(header, 0, longer, ids.length, header.length);
            ids = longer;
            room -= header.length;
        }
        boolean inside = format != MessageParser.Format.CHANNELS && prompt.text().stripTrailing().endsWith("<think>");
        MessageParser parser = new MessageParser(format, inside, listener);
        if (skipsHeader) {
            parser.accept(FINAL);
        }
        Request request = new Request(ids, Math.min(settings.maxTokens() > 0 ? settings.maxTokens() : Integer.MAX_VALUE, room), settings.sampling(), isEnd, settings.stop(),
                settings.topLogprobs(), true, settings.constraint(), skipsHeader ? null : thinking(settings, inside), Overflow.REFUSE);
        Generator.Result result = new Generator(predictor, tokenizer).generate(request, cache, new Generator.Listener() {
            @Override
            public void text(String piece) {
                parser.accept(piece);
            }

            @Override
            public boolean isCancelled() {
                return isCancelled.getAsBoolean();
            }
        });
        Message message = parser.finish();
        messages.add(message);
        return new Reply(message, result, dropped);
    }

    private Thinking thinking(Settings settings, boolean inside) {
        int budget = settings.thinkBudget() == null ? -1 : settings.thinkBudget();
        if (!canThink() || budget < 0 && settings.constraint() == null) {
            return null;
        }
        return format == MessageParser.Format.CHANNELS
                ? new Thinking("<|channel|>analysis<|message|>", "<|end|>", tokenizer.encode("<|end|><|start|>assistant" + FINAL, true, false), budget, false)
                : new Thinking("<think>", "</think>", tokenizer.encode("\n</think>\n\n", true, false), budget, inside);
    }

    /// The first message may tell the model how to behave and stays; of the others, the oldest `dropped` are left out.
    private ChatPrompt render(int dropped, Map<String, Object> more) {
        int first = firstDroppable();
        List<Map<String, Object>> shown = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            if (i < first || i >= first + dropped) {
                shown.add(messages.get(i).toMap());
            }
        }
        return template.render(shown, null, true, more);
    }

    private int firstDroppable() {
        return !messages.isEmpty() && messages.getFirst().role().equals("system") ? 1 : 0;
    }

    private boolean droppable(int dropped) {
        return nextDrop(dropped) > dropped;
    }

    /// Messages go up to the next one of the user, so that roles still alternate; the last one stays.
    private int nextDrop(int dropped) {
        int first = firstDroppable();
        for (int next = dropped + 1; first + next < messages.size(); next++) {
            if (messages.get(first + next).role().equals("user")) {
                return next;
            }
        }
        return dropped;
    }

    @Override
    public void close() {
        cache.close();
    }
}
