package dev.jackdaw.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.constrain.Grammar;
import dev.jackdaw.model.generate.constrain.GrammarConstraint;
import dev.jackdaw.model.generate.constrain.TokenTrie;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// A conversation with a "model" that says what the test wants and keeps what it was told.
class ChatSessionTest {
    private static Tokenizer tokenizer;
    private static String template;

    @BeforeAll
    static void open() throws Exception {
        tokenizer = Tokenizers.read(Path.of("src/test/resources/reference/models/qwen3"));
        template = Files.readString(Path.of("src/test/resources/reference/chat-templates/chatml-qwen/template.jinja"));
    }

    private static final class Told implements Predictor {
        private final int context;
        private int[] script = {};
        private final List<Integer> heard = new ArrayList<>();
        private int promptEnd;

        Told(int context) {
            this.context = context;
        }

        void say(String text) {
            script = tokenizer.encode(text, true, false);
            promptEnd = -1;
        }

        String heard() {
            return tokenizer.decode(heard.stream().limit(promptEnd).mapToInt(Integer::intValue).toArray());
        }

        @Override
        public int context() {
            return context;
        }

        @Override
        public Past newText(int capacity) {
            return new Past() {
                @Override
                public float[] logits(int... tokens) {
                    Arrays.stream(tokens).forEach(heard::add);
                    promptEnd = promptEnd < 0 ? heard.size() : promptEnd;
                    int at = heard.size() - promptEnd;
                    float[] logits = new float[tokenizer.vocabularySize()];
                    logits[at < script.length ? script[at] : tokenizer.id("<|im_end|>").orElseThrow()] = 20;
                    return logits;
                }

                @Override
                public void truncate(int tokens) {
                    heard.subList(tokens, heard.size()).clear();
                }

                @Override
                public void close() {
                }
            };
        }
    }

    private static ChatSession session(Told model, String template) {
        return ChatSession.of(Chat.of(tokenizer, ChatTemplate.of(template, "", ""), id -> id == tokenizer.id("<|im_end|>").orElse(-1), model.context()), model);
    }

    private static ChatSession session(Told model) {
        return session(model, template);
    }

    private static ChatSession.Reply ask(ChatSession session, String text, ChatSession.Settings settings) {
        session.messages().add(Message.of("user", text));
        return session.reply(settings, new MessageParser.Listener() { }, () -> false);
    }

    private static ChatSession.Settings settings(int maxTokens, Integer think, Overflow overflow) {
        return new ChatSession.Settings(maxTokens, Sampling.greedy(), think, List.of(), -1, null, overflow);
    }

    @Test
    void remembersTheConversation() {
        Told model = new Told(2000);
        ChatSession session = session(model);
        session.messages().add(Message.of("system", "Be kind."));
        model.say("Hello!");
        assertThat(ask(session, "Hi", ChatSession.Settings.of(Sampling.greedy())).message()).isEqualTo(Message.of("assistant", "Hello!"));
        assertThat(model.heard()).isEqualTo("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
        model.say("Fine.");
        ask(session, "And you?", ChatSession.Settings.of(Sampling.greedy()));
        assertThat(model.heard()).contains("Hello!<|im_end|>\n<|im_start|>user\nAnd you?<|im_end|>");
        assertThat(session.messages()).hasSize(5);
    }

    @Test
    void thinkingIsSwitchedOffByTheTemplate() {
        Told model = new Told(2000);
        ChatSession session = session(model);
        model.say("4");
        ask(session, "2+2?", settings(0, 0, Overflow.REFUSE));
        assertThat(model.heard()).endsWith("<think>\n\n</think>\n\n");
        model.say("<think>Hm.</think>\n\n5");
        ChatSession.Reply reply = ask(session, "2+3?", settings(0, -1, Overflow.REFUSE));
        assertThat(model.heard()).endsWith("assistant\n");
        assertThat(reply.message()).isEqualTo(new Message("assistant", "5", "Hm.", List.of()));
    }

    @Test
    void aThinkingBudgetIsKept() {
        Told model = new Told(2000);
        ChatSession session = session(model);
        model.say("<think>one two three four five six seven eight nine ten eleven twelve");
        ChatSession.Reply reply = ask(session, "Think", settings(60, 3, Overflow.REFUSE));
        assertThat(reply.message().reasoning()).startsWith("o");
        assertThat(tokenizer.encode(reply.message().reasoning()).length).isLessThanOrEqualTo(5);
    }

    @Test
    void theGrammarBindsTheAnswerNotTheThoughts() {
        Told model = new Told(2000);
        ChatSession session = session(model, template + "<think>\n");
        model.say("Free words</think>maybe");
        GrammarConstraint yesOrNo = new GrammarConstraint(Grammar.ofRegex("yes|no"), TokenTrie.of(tokenizer));
        ChatSession.Reply reply = ask(session, "Sure?", new ChatSession.Settings(0, Sampling.greedy(), null, List.of(), -1, yesOrNo, Overflow.REFUSE));
        assertThat(reply.message().reasoning()).isEqualTo("Free words");
        assertThat(reply.message().content()).isIn("yes", "no");
    }

    @Test
    void oldMessagesAreDroppedOnlyWhenAllowedAndSaid() {
        Told model = new Told(120);
        ChatSession session = session(model);
        session.messages().add(Message.of("system", "S"));
        for (int i = 0; i < 4; i++) {
            session.messages().add(Message.of("user", "question number " + i));
            session.messages().add(Message.of("assistant", "answer number " + i));
        }
        model.say("ok");
        session.messages().add(Message.of("user", "last"));
        assertThatThrownBy(() -> session.reply(settings(20, null, Overflow.REFUSE), new MessageParser.Listener() { }, () -> false))
                .hasMessageContaining("120").hasMessageContaining("--overflow");
        ChatSession.Reply reply = session.reply(settings(20, null, Overflow.TRIM_START), new MessageParser.Listener() { }, () -> false);
        assertThat(reply.droppedMessages()).isPositive().isEven();
        assertThat(model.heard()).startsWith("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n").contains("last").doesNotContain("number 0");
        assertThat(session.messages()).as("nothing is forgotten by the session itself").hasSize(11);
    }

    @Test
    void anInterruptedAnswerIsKept() {
        Told model = new Told(500);
        ChatSession session = session(model);
        model.say("one two three four five six");
        int[] pieces = {0};
        session.messages().add(Message.of("user", "Count"));
        session.reply(ChatSession.Settings.of(Sampling.greedy()), new MessageParser.Listener() {
            @Override
            public void content(String piece) {
                pieces[0]++;
            }
        }, () -> pieces[0] >= 2);
        assertThat(session.messages().getLast().content()).startsWith("o").isNotEqualTo("one two three four five six");
    }
}
