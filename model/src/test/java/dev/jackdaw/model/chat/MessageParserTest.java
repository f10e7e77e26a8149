package dev.jackdaw.model.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.chat.Message.ToolCall;
import dev.jackdaw.model.chat.MessageParser.Format;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageParserTest {
    /// Parses at once and in pieces of every small size; all must agree, and the listener hears what the message holds.
    private static Message parse(Format format, boolean thinks, String text) {
        MessageParser whole = new MessageParser(format, thinks, new MessageParser.Listener() { });
        whole.accept(text);
        Message expected = whole.finish();
        for (int size = 1; size <= 12; size++) {
            StringBuilder content = new StringBuilder(), reasoning = new StringBuilder();
            int[] calls = {0};
            MessageParser parser = new MessageParser(format, thinks, new MessageParser.Listener() {
                @Override
                public void content(String piece) {
                    content.append(piece);
                }

                @Override
                public void reasoning(String piece) {
                    reasoning.append(piece);
                }

                @Override
                public void toolCall(ToolCall call) {
                    calls[0]++;
                }
            });
            for (int i = 0; i < text.length(); i += size) {
                parser.accept(text.substring(i, Math.min(text.length(), i + size)));
            }
            assertThat(parser.finish()).as("pieces of %d of %s", size, text).isEqualTo(expected);
            assertThat(content.toString()).isEqualTo(expected.content());
            assertThat(reasoning.toString().stripTrailing()).isEqualTo(expected.reasoning() == null ? "" : expected.reasoning());
            assertThat(calls[0]).isEqualTo(expected.toolCalls().size());
        }
        return expected;
    }

    @Test
    void plainTextStaysAsItIs() {
        for (Format format : Format.values()) {
            assertThat(parse(format, false, "Hello < world <thi nk> [x]").content()).as(format.name()).isEqualTo("Hello < world <thi nk> [x]");
        }
        assertThat(parse(Format.TAGS, false, "").content()).isEmpty();
    }

    @Test
    void thinking() {
        assertThat(parse(Format.TAGS, false, "<think>\nLet me see.\n</think>\n\nThe answer.")).isEqualTo(new Message("assistant", "The answer.", "Let me see.", List.of()));
        assertThat(parse(Format.TAGS, true, "I think</think>\n\nYes\n")).isEqualTo(new Message("assistant", "Yes\n", "I think", List.of()));
        assertThat(parse(Format.TAGS, true, "cut off </thi")).isEqualTo(new Message("assistant", "", "cut off </thi", List.of()));
    }

    @Test
    void toolCallsInTags() {
        assertThat(parse(Format.TAGS, false, "I look.\n<tool_call>\n{\"name\": \"get\", \"arguments\": {\"a\": [1]}}\n</tool_call>\n<tool_call>{\"name\":\"b\"}</tool_call>"))
                .isEqualTo(new Message("assistant", "I look.\n", null, List.of(new ToolCall(null, "get", "{\"a\":[1]}"), new ToolCall(null, "b", "{}"))));
        assertThat(parse(Format.TAGS, false, "<tool_call>not json</tool_call>").content()).isEqualTo("<tool_call>not json</tool_call>");
        assertThat(parse(Format.TAGS, false, "<tool_call>{\"name\": \"cut").content()).isEqualTo("<tool_call>{\"name\": \"cut");
        assertThat(parse(Format.TAGS, false, "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": \"\\\"</tool_call>\"}}</tool_call>.")).as("a marker in an argument")
                .isEqualTo(new Message("assistant", ".", null, List.of(new ToolCall(null, "f", "{\"x\":\"\\\"</tool_call>\"}"))));
        assertThat(parse(Format.TAGS, false, "<tool_call>{\"broken</tool_call> more").content()).isEqualTo("<tool_call>{\"broken</tool_call>more");
    }

    @Test
    void channels() {
        Message message = parse(Format.CHANNELS, false, "<|channel|>analysis<|message|>We think.<|end|><|start|>assistant<|channel|>final<|message|>The answer<|return|>");
        assertThat(message).isEqualTo(new Message("assistant", "The answer", "We think.", List.of()));
        message = parse(Format.CHANNELS, false, "<|channel|>commentary to=functions.f<|message|>{\"x\":\"<|end|>\"}");
        assertThat(message).as("a marker in an argument, and no end").isEqualTo(new Message("assistant", "", null, List.of(new ToolCall(null, "f", "{\"x\":\"<|end|>\"}"))));
        message = parse(Format.CHANNELS, false, "<|channel|>analysis<|message|>Need a tool.<|end|><|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{\"city\":\"Rome\"}<|call|>");
        assertThat(message).isEqualTo(new Message("assistant", "", "Need a tool.", List.of(new ToolCall(null, "weather", "{\"city\":\"Rome\"}"))));
    }

    @Test
    void bareJson() {
        assertThat(parse(Format.BARE_JSON, false, "{\"name\": \"f\", \"parameters\": {\"x\": 1}}").toolCalls()).containsExactly(new ToolCall(null, "f", "{\"x\":1}"));
        assertThat(parse(Format.BARE_JSON, false, "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}").toolCalls()).hasSize(1);
        assertThat(parse(Format.BARE_JSON, false, "{\"name\": \"f\", \"parameters\": {\"x\": \"};{\"}}; {\"name\": \"g\"} ;\n{\"name\": \"h\"}").toolCalls())
                .extracting(ToolCall::name).containsExactly("f", "g", "h");
        assertThat(parse(Format.BARE_JSON, false, "{\"name\": \"f\"} and {\"name\": \"g\"}").content()).isEqualTo("{\"name\": \"f\"} and {\"name\": \"g\"}");
        assertThat(parse(Format.BARE_JSON, true, "Hm.</think>\n\n{\"name\": \"f\"}")).isEqualTo(new Message("assistant", "", "Hm.", List.of(new ToolCall(null, "f", "{}"))));
        assertThat(parse(Format.BARE_JSON, false, "{\"an\": \"object\"}").content()).isEqualTo("{\"an\": \"object\"}");
    }

    @Test
    void mistral() {
        Message message = parse(Format.TOOL_CALLS, false, "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"x\": 1}, \"id\": \"abcdefghi\"}]");
        assertThat(message.toolCalls()).containsExactly(new ToolCall("abcdefghi", "f", "{\"x\":1}"));
        assertThat(message.toMap().get("tool_calls").toString()).contains("id=abcdefghi", "name=f", "x=1");
    }

    @Test
    void namesBeforeArguments() {
        assertThat(Format.of("{{ '[TOOL_CALLS]' + name + '[ARGS]' }}")).isEqualTo(Format.NAMED_CALLS);
        Message message = parse(Format.NAMED_CALLS, false, "I look.[TOOL_CALLS]f[ARGS]{\"x\": \"[TOOL_CALLS]}\"}[TOOL_CALLS]g[CALL_ID]abcdefghi[ARGS]{}");
        assertThat(message.content()).isEqualTo("I look.");
        assertThat(message.toolCalls()).containsExactly(new ToolCall(null, "f", "{\"x\": \"[TOOL_CALLS]}\"}"), new ToolCall("abcdefghi", "g", "{}"));
        for (String broken : List.of("[TOOL_CALLS]f[ARGS]{\"x\": 1", "[TOOL_CALLS]f", "[TOOL_CALLS]f[ARGS]x")) {
            assertThat(parse(Format.NAMED_CALLS, false, broken).content()).isEqualTo(broken);
        }
    }

    @Test
    void randomMixturesNeverFail() {
        String[] parts = {"<think>", "</think>", "<tool_call>", "</tool_call>", "{\"name\":\"f\"}", "<|channel|>", "analysis", "final", "<|message|>", "<|end|>", "<|start|>", "<|call|>", "to=functions.x",
            "[TOOL_CALLS]", "[ARGS]", "<|python_tag|>", "text", " ", "\n", "<", "|>"};
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i > 0; i--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            for (Format format : Format.values()) {
                assertThat(parse(format, random.nextBoolean(), text.toString())).as("seed %d", seed).isNotNull();
            }
        }
    }
}
