package dev.jackdaw.train.chat;

import dev.jackdaw.model.chat.ChatPrompt;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.chat.jinja.TemplateException;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.train.chat.Conversation.Turn;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Turns a conversation into token ids by the model's own chat template, and marks those that the model writes itself: what an answer says,
/// what it calls, and the token that ends it. Headers, questions and results are only read.
///
/// No template says which part of its text is the answer, but chat shows it: the template is given the turns before an answer and asked to
/// begin it, and given them with the answer. The second text must go on where the first ends; what it adds, up to the first token that ends a
/// turn, is what the model has to write, and what it will be asked for in chat, id by id. Answers of one conversation share a sequence
/// where each is found unchanged in the text of the last one. Some templates change earlier turns as a conversation goes on (they drop
/// thoughts, for instance): then an answer gets a sequence of its own, as it was when it was asked for.
///
/// A template that marks answers itself (`{% generation %}`, as transformers has it) is believed.
public final class AnswerEncoder {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// Token ids, of which some are learned.
    public record Sequence(int[] ids, BitSet trained) {
        /// Places it takes in a row: the last id is only ever a target.
        public int length() {
            return ids.length - 1;
        }
    }

    private final ChatTemplate template;
    private final Tokenizer tokenizer;
    private final int context;
    private final Map<String, ?> more;

    /// @param context places in a row; a longer conversation is refused
    /// @param more    further variables of the template, such as `enable_thinking`
    public AnswerEncoder(ChatTemplate template, Tokenizer tokenizer, int context, Map<String, ?> more) {
        this.template = template;
        this.tokenizer = tokenizer;
        this.context = context;
        this.more = more;
    }

    /// Refuses a template with which nothing could be learned, and says why.
    ///
    /// @throws IllegalArgumentException if not even one question with its answer can be encoded
    public void check() {
        try {
            List<Sequence> sequences = new AnswerEncoder(template, tokenizer, Integer.MAX_VALUE, more).encode(Conversation.of("What is this?", "A question."));
            if (sequences.getFirst().trained().isEmpty()) {
                throw new Malformed(Fault.TEMPLATE, "its {% generation %} marks nothing");
            }
        } catch (Malformed e) {
            throw new IllegalArgumentException("chat template: it cannot be learned which part of its text is the answer: " + e.getMessage()
                    + "; give another one with --template FILE, or --template chatml", e);
        }
    }

    /// One sequence, or more where the template changes earlier turns.
    ///
    /// @throws Malformed if the template refuses the conversation or leaves a part of it out, or if it is too long
    public List<Sequence> encode(Conversation conversation) throws Malformed {
        List<Sequence> sequences = encoded(conversation);
        for (Sequence sequence : sequences) {
            if (sequence.length() > context) {
                throw new Malformed(Fault.TOO_LONG, "the conversation has " + sequence.ids().length + " tokens; " + (context + 1) + " fit into the context of " + context);
            }
        }
        return sequences;
    }

    /// What the model is asked for the first answer with.
    public int[] prompt(Conversation conversation) throws Malformed {
        int turn = 0;
        while (!conversation.turns().get(turn).role().equals("assistant")) {
            turn++;
        }
        return render(conversation, turn, true).encode(tokenizer);
    }

    private List<Sequence> encoded(Conversation conversation) throws Malformed {
        List<Turn> turns = conversation.turns();
        ChatPrompt whole = render(conversation, turns.size(), false);
        if (whole.answers().isPresent()) {
            return List.of(marked(conversation, whole));
        }
        if (conversation.tools() != null && whole.text().equals(render(new Conversation(turns, null), turns.size(), false).text())) {
            throw new Malformed(Fault.TEMPLATE, "the template does not show the tools; give one that does with --template, chatml for instance");
        }
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < turns.size(); i++) {
            if (turns.get(i).isTrained()) {
                answers.add(answer(conversation, i));
            }
        }
        List<Sequence> sequences = new ArrayList<>();
        while (!answers.isEmpty()) {
            Answer last = answers.removeLast();
            BitSet trained = new BitSet();
            trained.set(last.begin, last.ids.length);
            answers.removeIf(earlier -> {
                boolean isInside = startsWith(last.ids, earlier.ids);
                if (isInside) {
                    trained.set(earlier.begin, earlier.ids.length);
                }
                return isInside;
            });
            sequences.addFirst(new Sequence(last.ids, trained));
        }
        return sequences;
    }

    /// Everything up to the end of an answer.
    ///
    /// @param begin index of its first token
    private record Answer(int[] ids, int begin) {
    }

    private Answer answer(Conversation conversation, int turn) throws Malformed {
        ChatPrompt before = render(conversation, turn, true), with = render(conversation, turn + 1, false);
        String prompt = before.text(), text = with.text();
        if (!text.startsWith(prompt)) {
            int same = Arrays.mismatch(prompt.toCharArray(), text.toCharArray());
            throw new Malformed(Fault.TEMPLATE, where(turn) + "the template asks for the answer with " + quoted(prompt.substring(Math.max(0, same - 20)))
                    + ", but shows the answer after " + quoted(text.substring(Math.max(0, same - 20))));
        }
        checkContents(conversation.turns(), turn, text, prompt.length());
        int[] asked = before.encode(tokenizer), ids = with.encode(tokenizer);
        if (!startsWith(ids, asked)) {                         // a token spans the border; in chat it cannot
            int[] added = with.from(prompt.length()).encode(tokenizer);
            int[] apart = Arrays.copyOf(asked, asked.length + added.length);
            System.arraycopy(added, 0, apart, asked.length, added.length);
            if (!tokenizer.decode(apart).equals(tokenizer.decode(ids))) {
                throw new Malformed(Fault.TEMPLATE, where(turn) + "the tokenizer cannot encode the answer apart from what stands before it");
            }
            ids = apart;
        }
        int end = asked.length;
        while (end < ids.length && !tokenizer.ends(ids[end])) {
            end++;
        }
        if (end == ids.length) {
            throw new Malformed(Fault.TEMPLATE, where(turn) + "the template writes no token after the answer that would end it; found "
                    + quoted(text.substring(Math.max(prompt.length(), text.length() - 40))));
        }
        // some templates end the text as well as the turn
        String rest = tokenizer.decode(Arrays.stream(ids, end + 1, ids.length).filter(id -> !tokenizer.ends(id)).toArray());
        if (!rest.isBlank()) {
            throw new Malformed(Fault.TEMPLATE, where(turn) + "the template writes " + quoted(rest) + " after the token that ends the answer");
        }
        return new Answer(Arrays.copyOf(ids, end + 1), asked.length);
    }

    /// The whole conversation with the marks that the template itself makes.
    private Sequence marked(Conversation conversation, ChatPrompt whole) throws Malformed {
        int[] ranges = whole.answers().orElseThrow();
        List<Turn> answers = conversation.turns().stream().filter(turn -> turn.role().equals("assistant")).toList();
        boolean all = answers.stream().allMatch(Turn::isTrained);
        if (ranges.length == 0 || !all && ranges.length != 2 * answers.size()) {
            throw new Malformed(Fault.TEMPLATE, "the template marks " + ranges.length / 2 + " answers by {% generation %}, the conversation has " + answers.size());
        }
        checkContents(conversation.turns(), conversation.turns().size() - 1, whole.text(), 0);
        int[] ids = whole.encode(tokenizer);
        int[] ends = ends(ids, whole.text());
        BitSet trained = new BitSet();
        for (int i = 0; i < ranges.length; i += 2) {
            if (!all && !answers.get(i / 2).isTrained()) {
                continue;
            }
            int from = bytes(whole.text(), ranges[i]), to = bytes(whole.text(), ranges[i + 1]);
            for (int token = 0; token < ids.length; token++) {
                if (ends[token] > from && (token == 0 ? 0 : ends[token - 1]) < to) {
                    trained.set(token);
                }
            }
        }
        int last = trained.length();                           // what follows the last answer teaches nothing
        if (last == 0) {
            throw new Malformed(Fault.TEMPLATE, "its {% generation %} marks nothing");
        }
        return new Sequence(Arrays.copyOf(ids, last), trained);
    }

    /// Where in the UTF-8 text each token ends.
    private int[] ends(int[] ids, String text) throws Malformed {
        int[] ends = new int[ids.length];
        int at = 0;
        for (int i = 0; i < ids.length; i++) {
            at += tokenizer.bytes(ids[i]).length;
            ends[i] = at;
        }
        if (at != bytes(text, text.length())) {
            throw new Malformed(Fault.TEMPLATE, "the template marks answers by {% generation %}, but this tokenizer changes the text, so that characters cannot be assigned to tokens");
        }
        return ends;
    }

    private static int bytes(String text, int chars) {
        return text.substring(0, chars).getBytes(StandardCharsets.UTF_8).length;
    }

    /// Nothing of a conversation may be lost on the way: every content must be found in the text, that of the answer behind its prompt.
    private static void checkContents(List<Turn> turns, int answer, String text, int promptLength) throws Malformed {
        for (int i = 0; i <= answer; i++) {
            Turn turn = turns.get(i);
            boolean isEarlierAnswer = i < answer && turn.role().equals("assistant");
            if (isEarlierAnswer && promptLength > 0) {
                continue;                                      // has its own turn
            }
            String shown = i == answer ? text.substring(promptLength) : text;
            String reasoning = turn.message().get("reasoning_content") instanceof String thought ? thought : "";
            for (String piece : (reasoning + "<think>" + turn.content()).split("</?think>")) {
                String wanted = piece.strip();
                if (!shown.contains(wanted) && !(turn.role().equals("tool") && shown.contains(escaped(wanted)))) {
                    throw new Malformed(Fault.TEMPLATE, where(i) + "the template leaves out " + quoted(wanted));
                }
            }
            if (turn.callsTools()) {
                for (Object call : (List<?>) turn.message().get("tool_calls")) {
                    String name = (String) ((Map<?, ?>) ((Map<?, ?>) call).get("function")).get("name");
                    if (!shown.contains(name)) {
                        throw new Malformed(Fault.TEMPLATE, where(i) + "the template leaves out the call of " + name + "; give one that shows tools with --template, chatml for instance");
                    }
                }
            }
        }
    }

    private static String escaped(String text) {
        String quoted = JSON.writeValueAsString(text);
        return quoted.substring(1, quoted.length() - 1);
    }

    private ChatPrompt render(Conversation conversation, int turns, boolean asks) throws Malformed {
        try {
            return template.render(conversation.messages().subList(0, turns), conversation.tools(), asks, more);
        } catch (TemplateException e) {
            throw new Malformed(Fault.TEMPLATE, where(turns - 1) + e.getMessage());
        }
    }

    private static boolean startsWith(int[] ids, int[] beginning) {
        return beginning.length <= ids.length && Arrays.equals(ids, 0, beginning.length, beginning, 0, beginning.length);
    }

    private static String where(int turn) {
        return "turn " + (turn + 1) + ": ";
    }

    private static String quoted(String text) {
        String brief = text.length() > 60 ? text.substring(0, 60) + "…" : text;
        return '"' + brief.replace("\n", "\\n") + '"';
    }
}
