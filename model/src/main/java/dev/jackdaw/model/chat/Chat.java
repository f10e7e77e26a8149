package dev.jackdaw.model.chat;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.Message.ToolCall;
import dev.jackdaw.model.chat.MessageParser.Format;
import dev.jackdaw.model.generate.Constraint;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.Thinking;
import dev.jackdaw.model.generate.constrain.Grammar;
import dev.jackdaw.model.generate.constrain.GrammarConstraint;
import dev.jackdaw.model.generate.constrain.TokenTrie;
import dev.jackdaw.model.token.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The one way from a conversation to an answer: what is asked of a model ([Ask]) becomes a request for tokens, and a parser for the text
/// that comes ([Turn]). Knows nothing of how tokens are computed: the caller gives the request to a
/// [dev.jackdaw.model.generate.Generator] or to the [dev.jackdaw.model.engine.Engine].
///
/// What an answer must be is enforced, not hoped for: a call that is required, a schema or a grammar allows no other tokens, from where
/// the thinking ends. Any thread may call it, many at once.
public final class Chat {
    private static final String ANALYSIS = "<|channel|>analysis<|message|>";
    private static final String FINAL = "<|channel|>final<|message|>";
    private static final String THINK = "<think>\n";
    private static final int LEAST_ANSWER = 16;
    /// Compiled grammars are kept, with what was learned of them; each may come to hold some megabytes.
    private static final int MOST_GRAMMARS = 16;

    /// Which tools may or must be called.
    public sealed interface ToolChoice {
        /// The model decides.
        record Auto() implements ToolChoice {
        }

        /// The model does not see the tools.
        record None() implements ToolChoice {
        }

        /// At least one.
        record Required() implements ToolChoice {
        }

        /// This one.
        record Named(String name) implements ToolChoice {
        }
    }

    /// A conversation and an answer together are longer than the model can read.
    public static final class TooLong extends IllegalArgumentException {
        private static final long serialVersionUID = 1;
        private final int promptTokens;
        private final int maxTokens;
        private final int context;

        TooLong(int promptTokens, int maxTokens, int context) {
            super("chat: the conversation has " + promptTokens + " tokens and the answer needs " + maxTokens + ", together more than the model's context of " + context
                    + "; shorten it or begin anew");
            this.promptTokens = promptTokens;
            this.maxTokens = maxTokens;
            this.context = context;
        }

        public int promptTokens() {
            return promptTokens;
        }

        /// Of the answer: as many as were asked for, or the fewest that make sense.
        public int maxTokens() {
            return maxTokens;
        }

        public int context() {
            return context;
        }
    }

    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final IntPredicate isEnd;
    private final int context;
    private final Format format;
    private TokenTrie trie;                                                       // with its lock: grammars
    private final Map<List<Object>, GrammarConstraint> grammars = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<List<Object>, GrammarConstraint> eldest) {
            return size() > MOST_GRAMMARS;
        }
    };

    private Chat(Tokenizer tokenizer, ChatTemplate template, IntPredicate isEnd, int context) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.isEnd = isEnd;
        this.context = context;
        format = Format.of(template.source());
    }

    /// @throws IllegalArgumentException if the model has no chat template
    public static Chat open(Model model) throws IOException {
        return open(model, model.spec().context());
    }

    static Chat open(Model model, int context) throws IOException {
        ChatTemplate template = ChatTemplates.read(model.path()).orElseThrow(() -> new IllegalArgumentException(model.path()
                + ": this is a base model, it has no chat template and cannot converse; continue a text with: jackdaw run"));
        return of(model.tokenizer(), template, model.tokenizer()::ends, context);
    }

    /// The same from its parts.
    ///
    /// @param isEnd   tokens that end an answer
    /// @param context the longest conversation, in tokens
    public static Chat of(Tokenizer tokenizer, ChatTemplate template, IntPredicate isEnd, int context) {
        return new Chat(tokenizer, template, isEnd, context);
    }

    /// Does the model have a chat template? A base model has none.
    public static boolean has(Model model) {
        return model.template().isPresent();
    }

    /// What is asked.
    ///
    /// @param messages    oldest first
    /// @param tools       as templates want to see them: `{"type": "function", "function": {"name", "description", "parameters"}}`; empty: none
    /// @param parallel    more than one call in an answer is allowed
    /// @param schema      JSON Schema that the answer must fit, or null
    /// @param grammar     a GBNF grammar that the answer must fit, or null
    /// @param maxTokens   of the answer; 0: as many as fit
    /// @param thinkBudget tokens to think with; null: as the template has it, -1: as many as the model likes, 0: none
    /// @param stop        strings that end the answer
    /// @param topLogprobs -1: no probabilities; else those of the chosen tokens and so many of the likeliest
    /// @param overflow    a conversation that is too long is refused, or loses its oldest messages
    /// @param more        further variables of the template
    public record Ask(List<Message> messages, List<Map<String, Object>> tools, ToolChoice choice, boolean parallel, String schema, String grammar, int maxTokens,
                      Sampling sampling, Integer thinkBudget, List<String> stop, int topLogprobs, Overflow overflow, Map<String, Object> more) {
        public Ask {
            messages = List.copyOf(messages);
            tools = List.copyOf(tools);
            stop = List.copyOf(stop);
            if (messages.isEmpty()) {
                throw new IllegalArgumentException("chat: there are no messages; give at least one");
            }
            if (maxTokens < 0) {
                throw new IllegalArgumentException("chat: an answer of at most " + maxTokens + " tokens was asked for; give at least 1, or 0 for as many as fit");
            }
            if (schema != null && grammar != null) {
                throw new IllegalArgumentException("chat: the answer has a JSON schema and a grammar; give one of them");
            }
        }

        public static Ask of(List<Message> messages, Sampling sampling) {
            return new Ask(messages, List.of(), new ToolChoice.Auto(), true, null, null, 0, sampling, null, List.of(), -1, Overflow.REFUSE, Map.of());
        }

        public Ask withTools(List<Map<String, Object>> other, ToolChoice which, boolean several) {
            return new Ask(messages, other, which, several, schema, grammar, maxTokens, sampling, thinkBudget, stop, topLogprobs, overflow, more);
        }

        public Ask withSchema(String other) {
            return new Ask(messages, tools, choice, parallel, other, grammar, maxTokens, sampling, thinkBudget, stop, topLogprobs, overflow, more);
        }

        public Ask withGrammar(String other) {
            return new Ask(messages, tools, choice, parallel, schema, other, maxTokens, sampling, thinkBudget, stop, topLogprobs, overflow, more);
        }

        public Ask withMaxTokens(int other) {
            return new Ask(messages, tools, choice, parallel, schema, grammar, other, sampling, thinkBudget, stop, topLogprobs, overflow, more);
        }

        public Ask withThinkBudget(Integer other) {
            return new Ask(messages, tools, choice, parallel, schema, grammar, maxTokens, sampling, other, stop, topLogprobs, overflow, more);
        }

        public Ask withStop(List<String> other) {
            return new Ask(messages, tools, choice, parallel, schema, grammar, maxTokens, sampling, thinkBudget, other, topLogprobs, overflow, more);
        }

        public Ask withTopLogprobs(int other) {
            return new Ask(messages, tools, choice, parallel, schema, grammar, maxTokens, sampling, thinkBudget, stop, other, overflow, more);
        }

        public Ask withOverflow(Overflow other) {
            return new Ask(messages, tools, choice, parallel, schema, grammar, maxTokens, sampling, thinkBudget, stop, topLogprobs, other, more);
        }

        boolean offersTools() {
            return !tools.isEmpty() && !(choice instanceof ToolChoice.None);
        }

        boolean mustCall() {
            return choice instanceof ToolChoice.Required || choice instanceof ToolChoice.Named;
        }
    }

    /// Ready to run, once: what the answer must be is remembered in the request.
    ///
    /// @param droppedMessages how many of the oldest messages the model does not see
    /// @param format          of the answer
    /// @param thinks          the prompt ends where the model begins to think
    /// @param head            what the prompt says of the answer already
    /// @param oneCall         the first call ends the answer
    /// @param functions       that may be called
    public record Turn(Request request, int droppedMessages, Format format, boolean thinks, String head, boolean oneCall, Set<String> functions) {
        /// Takes the answer apart as it comes. Calls without an id get one that is unique.
        public MessageParser parser(MessageParser.Listener listener) {
            MessageParser parser = new MessageParser(format, thinks, oneCall, functions, () -> "call_" + UUID.randomUUID().toString().replace("-", ""), listener);
            parser.accept(head);
            return parser;
        }
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /// All tokens as a tree of bytes, for what an answer must look like; made once.
    public TokenTrie trie() {
        synchronized (grammars) {
            return trie = trie == null ? TokenTrie.of(tokenizer) : trie;
        }
    }

    /// Does the model know how to think before it answers?
    public boolean canThink() {
        return format == Format.CHANNELS || template.knows("<think>") || template.knows("enable_thinking");
    }

    /// Does the model's template show tools to it?
    public boolean canCallTools() {
        return template.knows("tools");
    }

    /// @throws TooLong                                             if the conversation leaves no room for the answer
    /// @throws IllegalArgumentException                            if a tool, schema or grammar cannot be used; it says where
    /// @throws dev.jackdaw.model.chat.jinja.TemplateException      if the template refuses the conversation
    public Turn turn(Ask ask) {
        return turn(ask, null);
    }

    /// @param given what the answer may be, instead of what the question says; or null
    Turn turn(Ask ask, Constraint given) {
        List<CallGrammar.Function> functions = functions(ask);
        Set<String> names = ask.offersTools() ? functions.stream().map(CallGrammar.Function::name).collect(Collectors.toUnmodifiableSet()) : Set.of();
        boolean isBound = given != null || ask.mustCall() || ask.schema() != null || ask.grammar() != null;
        Map<String, Object> variables = variables(ask);
        ChatPrompt prompt = render(ask, 0, variables);
        if (isBound && !opensThinking(prompt) && ask.thinkBudget() == null && template.knows("enable_thinking")) {
            variables.put("enable_thinking", false);                              // it could not think anyway, and shall know
            prompt = render(ask, 0, variables);
        }
        String head = isBound ? head(ask, given, opensThinking(prompt)) : "";
        boolean thinks = format != Format.CHANNELS && (opensThinking(prompt) || head.equals(THINK));
        Fitted fitted = fit(ask, prompt, variables, head.isEmpty() ? new int[0] : tokenizer.encode(head, true, false));
        Constraint constraint = given != null ? given : isBound ? constraint(ask, functions, head, thinks || head.equals(ANALYSIS))
                : ask.offersTools() && !ask.parallel() && format != Format.CHANNELS ? new OneCall(format, names, tokenizer) : null;       // there, the end of a call ends the answer
        int room = context - fitted.ids.length;
        Request request = new Request(fitted.ids, ask.maxTokens() > 0 ? Math.min(ask.maxTokens(), room) : room, ask.sampling(), isEnd, ask.stop(), ask.topLogprobs(), true,
                constraint, thinking(ask, constraint != null, isBound, head, thinks), Overflow.REFUSE);
        return new Turn(request, fitted.dropped, format, thinks, format == Format.CHANNELS ? head : "", ask.offersTools() && !ask.parallel(), names);
    }

    /// The functions that may be called, checked.
    private List<CallGrammar.Function> functions(Ask ask) {
        List<CallGrammar.Function> all = CallGrammar.functions(ask.tools());
        if (ask.mustCall() && all.isEmpty()) {
            throw new IllegalArgumentException("chat: a tool must be called, but there are no tools; give some or let the model choose");
        }
        if (ask.mustCall() && !canCallTools()) {
            throw new IllegalArgumentException("chat: a tool must be called, but the template of this model does not show tools; take a model that knows them");
        }
        if (!(ask.choice() instanceof ToolChoice.Named(String name))) {
            return all;
        }
        List<CallGrammar.Function> named = all.stream().filter(function -> function.name().equals(name)).toList();
        if (named.isEmpty()) {
            throw new IllegalArgumentException("chat: the tool " + name + " must be called, but there is none of this name; found "
                    + all.stream().map(CallGrammar.Function::name).toList());
        }
        return named;
    }

    private Map<String, Object> variables(Ask ask) {
        Map<String, Object> variables = new HashMap<>(ask.more());
        if (ask.thinkBudget() != null) {
            variables.put("enable_thinking", ask.thinkBudget() != 0);
            if (format == Format.CHANNELS && ask.thinkBudget() >= 0) {
                variables.putIfAbsent("reasoning_effort", ask.thinkBudget() == 0 ? "low" : "medium");
            }
        }
        return variables;
    }

    private boolean opensThinking(ChatPrompt prompt) {
        return format != Format.CHANNELS && prompt.text().stripTrailing().endsWith("<think>");
    }

    /// What is written for a model whose answer is bound: the beginning of its thoughts, if it shall think, since afterwards it is too late,
    /// or the header of an answer that follows a grammar.
    private String head(Ask ask, Constraint given, boolean isOpen) {
        boolean shallThink = ask.thinkBudget() != null && ask.thinkBudget() != 0 && canThink();
        if (format == Format.CHANNELS) {
            return shallThink && given == null ? ANALYSIS : given != null || !ask.offersTools() ? FINAL : "";
        }
        return shallThink && !isOpen ? THINK : "";
    }

    private Thinking thinking(Ask ask, boolean isConstrained, boolean isBound, String head, boolean thinks) {
        int budget = ask.thinkBudget() == null ? -1 : ask.thinkBudget();
        if (!canThink() || budget < 0 && !isConstrained) {
            return null;
        }
        if (format != Format.CHANNELS) {
            return new Thinking("<think>", "</think>", tokenizer.encode("\n</think>\n\n", true, false), budget, thinks);
        }
        if (isBound) {
            return head.equals(ANALYSIS) ? new Thinking(ANALYSIS, "<|end|>", tokenizer.encode("<|end|>", true, false), budget, true) : null;
        }
        return new Thinking(ANALYSIS, "<|end|>", tokenizer.encode("<|end|><|start|>assistant" + FINAL, true, false), budget, false);
    }

    /// @param isAfter the thinking comes first
    private Constraint constraint(Ask ask, List<CallGrammar.Function> functions, String head, boolean isAfter) {
        List<Object> key = Arrays.asList(ask.offersTools() ? functions : List.of(), ask.mustCall(), ask.parallel(), ask.schema(), ask.grammar(), head, isAfter);
        TokenTrie tokens;
        synchronized (grammars) {
            GrammarConstraint known = grammars.get(key);
            if (known != null) {
                return known.fresh();
            }
            tokens = trie();
        }
        GrammarConstraint made = new GrammarConstraint(grammar(ask, functions, head, isAfter), tokens);
        synchronized (grammars) {
            grammars.putIfAbsent(key, made);
        }
        return made.fresh();
    }

    private Grammar grammar(Ask ask, List<CallGrammar.Function> functions, String head, boolean isAfter) {
        List<Grammar> options = new ArrayList<>();
        if (ask.offersTools()) {
            options.add(CallGrammar.of(format, functions, ask.mustCall(), ask.parallel()));
        }
        if (!ask.mustCall()) {
            Grammar answer = ask.schema() != null ? Grammar.ofJsonSchema(ask.schema()) : Grammar.ofGbnf(ask.grammar());
            options.add(format != Format.CHANNELS || head.equals(FINAL) ? answer
                    : Grammar.sequence(Grammar.ofToken("<|channel|>"), Grammar.ofText("final"), Grammar.ofToken("<|message|>"), answer));
        }
        Grammar said = options.size() == 1 ? options.getFirst() : Grammar.choice(options);
        if (!isAfter) {
            return said;
        }
        return format == Format.CHANNELS ? Grammar.sequence(Grammar.ofToken("<|start|>"), Grammar.ofText("assistant"), said)
                : Grammar.sequence(Grammar.ofText("\n").repeated(0, 2), said);
    }

    private record Fitted(int[] ids, int dropped) {
    }

    /// Leaves out the oldest messages until the rest fits, if that is allowed. How many must go is found by halves: each look renders and
    /// encodes what is left of the conversation, and long ones have thousands of messages.
    private Fitted fit(Ask ask, ChatPrompt whole, Map<String, Object> variables, int[] head) {
        int least = ask.maxTokens() > 0 ? ask.maxTokens() : Math.min(LEAST_ANSWER, context / 4), dropped = 0;
        int most = context - head.length - least;
        int[] ids = whole.encode(tokenizer);
        List<Integer> drops = ids.length <= most || ask.overflow() == Overflow.REFUSE ? List.of() : drops(ask.messages());
        for (int low = 0, high = drops.size() - 1; low <= high; ) {
            int middle = (low + high) >>> 1;
            int[] shorter = render(ask, drops.get(middle), variables).encode(tokenizer);
            if (shorter.length <= most || ids.length > most) {        // fits, or comes nearer than anything before
                ids = shorter;
                dropped = drops.get(middle);
            }
            if (shorter.length <= most) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        if (ids.length > most) {
            throw new TooLong(ids.length + head.length, least, context);
        }
        int[] all = Arrays.copyOf(ids, ids.length + head.length);
        System.arraycopy(head, 0, all, ids.length, head.length);
        return new Fitted(all, dropped);
    }

    /// The first message may tell the model how to behave and stays; of the others, the oldest `dropped` are left out.
    private ChatPrompt render(Ask ask, int dropped, Map<String, Object> variables) {
        int first = firstDroppable(ask.messages());
        List<Map<String, Object>> shown = new ArrayList<>();
        Map<String, String> called = new HashMap<>();
        for (int i = 0; i < ask.messages().size(); i++) {
            if (i < first || i >= first + dropped) {
                shown.add(shown(ask.messages().get(i), called).toMap());
            }
        }
        return template.render(shown, ask.offersTools() ? ask.tools() : null, true, variables);
    }

    /// Clients give a result with the id of its call only; some templates want the name of the function, and Mistral's ids of their own length.
    private Message shown(Message message, Map<String, String> called) {
        message.toolCalls().stream().filter(call -> call.id() != null).forEach(call -> called.put(call.id(), call.name()));
        if (message.toolCalls().isEmpty() && message.toolCallId() == null) {
            return message;
        }
        String name = message.name() == null && message.toolCallId() != null ? called.get(message.toolCallId()) : message.name();
        List<ToolCall> calls = message.toolCalls().stream().map(call -> new ToolCall(shownId(call.id()), call.name(), call.arguments())).toList();
        return new Message(message.role(), message.content(), message.reasoning(), calls, shownId(message.toolCallId()), name);
    }

    private String shownId(String id) {
        if (id == null || format != Format.TOOL_CALLS && format != Format.NAMED_CALLS || id.matches("[a-zA-Z0-9]{9}")) {
            return id;
        }
        String plain = "000000000" + id.replaceAll("[^a-zA-Z0-9]", "0");
        return plain.substring(plain.length() - 9);
    }

    private static int firstDroppable(List<Message> messages) {
        return messages.getFirst().role().equals("system") ? 1 : 0;
    }

    /// How many messages may go: up to any other one of the user, so that roles still alternate; the last one stays.
    private static List<Integer> drops(List<Message> messages) {
        int first = firstDroppable(messages);
        return IntStream.range(1, Math.max(1, messages.size() - first)).filter(dropped -> messages.get(first + dropped).role().equals("user")).boxed().toList();
    }
}
