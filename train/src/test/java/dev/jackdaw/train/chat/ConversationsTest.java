package dev.jackdaw.train.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.train.data.DataException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Lines that are conversations, and lines that are none.
class ConversationsTest {
    @TempDir
    private Path folder;

    private static List<Conversation> read(Path file, Rejections rejections) {
        List<Conversation> all = new ArrayList<>();
        Conversations.read(List.of(file), (_, _, conversation) -> all.add(conversation), rejections);
        return all;
    }

    private static String described(Conversation conversation) {
        StringBuilder text = new StringBuilder();
        conversation.turns().forEach(turn -> text.append(turn.role()).append(turn.isTrained() ? "!" : "").append('=').append(turn.content())
                .append(turn.callsTools() ? "+" + turn.message().get("tool_calls") : "").append(" | "));
        return text + (conversation.tools() == null ? "" : "tools " + conversation.tools());
    }

    private static String one(String json) throws Malformed {
        List<Conversation> found = Conversations.parse(json.getBytes(StandardCharsets.UTF_8));
        assertThat(found).hasSize(1);
        return described(found.getFirst());
    }

    @Test
    void readsEveryForm() throws Malformed {
        assertThat(one("{\"messages\": [{\"role\": \"developer\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"q\"}]}, {\"role\": \"assistant\", \"content\": \"a\"}]}"))
                .isEqualTo("system=s | user=q | assistant!=a | ");
        assertThat(one("{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"x\", \"type\": \"function\", \"function\": {\"name\": \"f\", "
                + "\"arguments\": \"{\\\"n\\\": 1}\"}}]}, {\"role\": \"tool\", \"tool_call_id\": \"x\", \"content\": \"\"}, {\"role\": \"assistant\", \"content\": \"a\"}], "
                + "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]}"))
                .isEqualTo("user=q | assistant!=+[{id=x, type=function, function={name=f, arguments={n=1}}}] | tool= | assistant!=a | tools [{type=function, function={name=f}}]");
        assertThat(one("{\"conversations\": [{\"from\": \"human\", \"value\": \"q\"}, {\"from\": \"gpt\", \"value\": \"a\"}], \"system\": \"s\"}")).isEqualTo("system=s | user=q | assistant!=a | ");
        assertThat(one("{\"conversations\": [{\"from\": \"human\", \"value\": \"q\"}, {\"from\": \"function_call\", \"value\": \"{\\\"name\\\": \\\"f\\\", \\\"arguments\\\": {}}\"}, "
                + "{\"from\": \"observation\", \"value\": \"r\"}, {\"from\": \"gpt\", \"value\": \"a\"}], \"tools\": \"[{\\\"name\\\": \\\"f\\\"}]\"}"))
                .isEqualTo("user=q | assistant!=+[{type=function, function={name=f, arguments={}}}] | tool=r | assistant!=a | tools [{name=f}]");
        assertThat(one("{\"conversations\": [{\"from\": \"human\", \"value\": \"q\"}, {\"from\": \"gpt\", \"value\": \"I call.\\n<tool_call>\\n{\\\"name\\\": \\\"f\\\", \\\"arguments\\\": {\\\"n\\\": 2}}\\n</tool_call>\"}, "
                + "{\"from\": \"tool\", \"value\": \"<tool_response>\\nr\\n</tool_response>\"}, {\"from\": \"gpt\", \"value\": \"a\"}]}"))
                .isEqualTo("user=q | assistant!=I call.+[{type=function, function={name=f, arguments={n=2}}}] | tool=r | assistant!=a | ");
        assertThat(one("{\"instruction\": \"Do\", \"input\": \"this\", \"output\": \"done\"}")).isEqualTo("user=Do\n\nthis | assistant!=done | ");
        assertThat(one("{\"instruction\": \"Do\", \"input\": \"\", \"output\": \"done\"}")).isEqualTo("user=Do | assistant!=done | ");
        assertThat(one("{\"prompt\": \"q\", \"completion\": \"a\"}")).isEqualTo("user=q | assistant!=a | ");
        assertThat(one("{\"question\": \"q\", \"answer\": \"a\"}")).isEqualTo("user=q | assistant!=a | ");
        assertThat(Conversations.parse("{\"instruction\": \"Do\", \"instances\": [{\"input\": \"1\", \"output\": \"x\"}, {\"input\": \"\", \"output\": \"y\"}]}".getBytes(StandardCharsets.UTF_8)))
                .extracting(ConversationsTest::described).containsExactly("user=Do\n\n1 | assistant!=x | ", "user=Do | assistant!=y | ");
        assertThat(Conversations.parse("  \t".getBytes(StandardCharsets.UTF_8))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '§', quoteCharacter = '`', textBlock = """
        {"messages": [ § NOT_JSON § end-of-input
        {"a": 1} {"b": 2} § NOT_JSON § more than one
        ["not", "an", "object"] § NOT_JSON § a list
        17 § NOT_JSON § 17
        {"text": "a document"} § UNKNOWN_FORM § [text]
        {"instruction": "Do"} § UNKNOWN_FORM § instruction
        {"messages": "none"} § MISSING_FIELD § messages is "none"
        {"messages": [{"content": "q"}]} § MISSING_FIELD § message 1 has no role
        {"messages": [{"role": "user"}, {"role": "assistant", "content": "a"}]} § MISSING_FIELD § message 1 has no content
        {"messages": [{"role": 3, "content": "q"}]} § MISSING_FIELD § role 3
        {"messages": ["q", "a"]} § MISSING_FIELD § message 1 is "q"
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 0.5}]} § MISSING_FIELD § weight is 0.5
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "tools": [{"x": 1}]} § MISSING_FIELD § with their names
        {"conversations": [{"from": "human"}]} § MISSING_FIELD § no value
        {"instruction": "Do", "output": 3} § MISSING_FIELD § output 3
        {"instruction": "Do", "input": [1], "output": "a"} § MISSING_FIELD § input is a list
        {"messages": [{"role": "bird", "content": "q"}]} § UNKNOWN_ROLE § turn 1 (bird)
        {"conversations": [{"from": "bird", "value": "q"}]} § UNKNOWN_ROLE § from "bird"
        {"messages": [{"role": "assistant", "content": "a"}]} § ROLE_ORDER § turn 1 (assistant) comes first; expected system or user
        {"messages": [{"role": "user", "content": "q"}, {"role": "user", "content": "q"}]} § ROLE_ORDER § turn 2 (user) follows user; expected assistant
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "a"}]} § ROLE_ORDER § turn 3 (assistant) follows assistant; expected user
        {"messages": [{"role": "user", "content": "q"}, {"role": "system", "content": "s"}]} § ROLE_ORDER § turn 2 (system) follows user
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}, {"role": "tool", "content": "r"}]} § ROLE_ORDER § turn 3 (tool) follows assistant; expected user
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "q"}]} § ROLE_ORDER § turn 3 (user) comes last
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, {"role": "user", "content": "q"}]} § ROLE_ORDER § with a tool call; expected tool
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}, {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}, {"role": "assistant", "content": "a"}]} § ROLE_ORDER § 2 results follow 1 tool calls
        {"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "a"}]} § EMPTY_TURN § turn 1 (user)
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": ""}]} § EMPTY_ANSWER § turn 2 (assistant)
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": null}]} § EMPTY_ANSWER § turn 2 (assistant)
        {"question": "q", "answer": " "} § EMPTY_ANSWER § turn 2
        {"messages": []} § NO_ANSWER § no turns
        {"messages": [{"role": "user", "content": "q"}]} § NO_ANSWER § none of the 1 turns
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 0}]} § NO_ANSWER § weight 0
        {"instruction": "Do", "instances": []} § NO_ANSWER § instances
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"name": 4}]}]} § BAD_CALL § tool_calls
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "n=1"}}]}]} § BAD_CALL § arguments of f
        {"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "f(1)"}]} § BAD_CALL § f(1)
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]} § NOT_TEXT § image_url
        {"messages": [{"role": "user", "content": {"a": 1}}]} § NOT_TEXT § content is an object
        """)
    void rejectsWithTheReason(String line, Fault fault, String reason) {
        assertThatThrownBy(() -> Conversations.parse(line.strip().getBytes(StandardCharsets.UTF_8))).isInstanceOf(Malformed.class).hasMessageContaining(reason.strip())
                .extracting(e -> ((Malformed) e).fault()).isEqualTo(fault);
    }

    @Test
    void countsRejectedLinesByNumberAndReason() throws IOException {
        String good = "{\"question\": \"q\", \"answer\": \"a\"}\n";
        Path file = Files.writeString(folder.resolve("mixed.jsonl"), good + "{oops\n\n" + good + "{\"question\": \"q\", \"answer\": \"\"}\n{\"text\": 1}\n{oops\n");
        Files.write(file, new byte[] {'{', (byte) 0xFF, '}', '\n'}, StandardOpenOption.APPEND);
        List<String> told = new ArrayList<>();
        Rejections rejections = new Rejections(false, rejection -> told.add(rejection.line() + " " + rejection.fault()));
        assertThat(read(file, rejections)).hasSize(2);
        assertThat(told).containsExactly("2 NOT_JSON", "5 EMPTY_ANSWER", "6 UNKNOWN_FORM", "7 NOT_JSON", "8 NOT_JSON");
        assertThat(rejections.counts()).isEqualTo(Map.of(Fault.NOT_JSON, 3L, Fault.EMPTY_ANSWER, 1L, Fault.UNKNOWN_FORM, 1L));
        assertThat(rejections.describe()).isEqualTo("3 not json, 1 unknown form, 1 empty answer");
        assertThat(rejections.kept().getFirst().toString()).startsWith("mixed.jsonl: line 2: not json: ");
        assertThatThrownBy(() -> read(file, new Rejections(true, _ -> { }))).isInstanceOf(DataException.class).hasMessageContaining("mixed.jsonl: line 2").hasMessageContaining("--strict");
    }

    @Test
    void readsPackedFiles() throws IOException {
        Path file = folder.resolve("packed.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("{\"question\": \"q\", \"answer\": \"a\"}\r\n\uFEFF{\"prompt\": \"q\", \"completion\": \"b\"}".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(read(file, new Rejections(true, _ -> { }))).hasSize(2);
        byte[] whole = Files.readAllBytes(file);
        Path torn = Files.write(folder.resolve("torn.jsonl.gz"), Arrays.copyOf(whole, whole.length - 12));
        assertThatThrownBy(() -> read(torn, new Rejections(false, _ -> { }))).isInstanceOf(DataException.class).hasMessageContaining("torn.jsonl.gz");
        assertThatThrownBy(() -> read(folder.resolve("none.jsonl"), new Rejections(false, _ -> { }))).isInstanceOf(DataException.class).hasMessageContaining("does not exist");
    }
}
