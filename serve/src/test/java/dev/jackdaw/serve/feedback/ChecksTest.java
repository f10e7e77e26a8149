package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksTest {
    private static final Map<String, Object> WEATHER = Map.of("type", "function", "function", Map.of("name", "weather", "parameters",
            Map.of("type", "object", "properties", Map.of("city", Map.of("type", "string"), "days", Map.of("type", "integer")), "required", List.of("city"))));
    private final Checks checks = new Checks(new Checks.Limits(1000, 5000), answer -> answer.text().contains("poison") ? Optional.of("names a poison") : Optional.empty());

    private static Answer answer(String text, Map<String, Object> more, Map<String, Object> settings, String finish, Answer.Cost cost) {
        Map<String, Object> message = new LinkedHashMap<>(Map.of("role", "assistant", "content", text));
        message.putAll(more);
        return new Answer("a", 0, "m", "", List.of(Map.of("role", "user", "content", "q")), message, finish, cost, settings);
    }

    private static Answer says(String text) {
        return answer(text, Map.of(), Map.of(), "stop", Answer.Cost.UNKNOWN);
    }

    private List<Flag.Kind> kinds(Answer answer) {
        return checks.of(answer).stream().map(Flag::kind).toList();
    }

    @Test
    void seesRefusals() {
        for (String text : List.of("I'm sorry, but I can't help with that.", "I’m sorry, but I can’t assist with that request.", "I cannot provide instructions for this.",
                "Sorry, I am unable to answer this question.", "As an AI language model, I cannot discuss it.", "I won't help you do this.", "Unfortunately, I am not able to share that.",
                "I must decline.", "Thank you for asking. I'm not able to help with medical dosage.", "I can't do that")) {
            assertThat(kinds(says(text))).as(text).containsExactly(Flag.Kind.REFUSAL);
        }
        for (String text : List.of("I can't recommend this book enough.", "You can't help people who do not want it.", "Yes. A HashMap cannot share its buckets.", "I can help with that!",
                "The method fails because I/O cannot continue with a closed stream.", "Sorry for the long answer: the sum is 5.", "He said: \"I know I can\", and did.", "I am not sure, but 7 seems right.",
                "I can't help but admire how the jackdaw does it.", "She left, but I cannot help feeling that she will return.")) {
            assertThat(kinds(says(text))).as(text).isEmpty();
        }
        assertThat(kinds(says("A long answer. ".repeat(30) + "I cannot help with that."))).as("a refusal begins the answer").doesNotContain(Flag.Kind.REFUSAL);
    }

    @Test
    void seesRefusalsInOtherLanguages() {
        for (String text : List.of(
                "Es tut mir leid, aber ich kann dir dabei nicht helfen.", "Leider kann ich Ihnen bei diesem Anliegen nicht weiterhelfen.", "Ich kann diese Frage nicht beantworten.",
                "Ich bin nicht in der Lage, solche Inhalte zu erstellen.", "Tut mir leid, diese Anfrage muss ich ablehnen. Ich muss diese Bitte leider ablehnen.",
                "Je suis désolé, mais je ne peux pas vous aider avec cela.", "Désolé, je ne peux pas répondre à cette question.", "Je ne suis pas en mesure de fournir ces informations.",
                "Malheureusement, je ne peux pas t’aider.", "Je dois refuser.",
                "Lo siento, pero no puedo ayudarte con eso.", "No puedo proporcionar esa información.", "Lo siento, no puedo responder a esa pregunta.", "Debo rechazar esta petición.",
                "Mi dispiace, ma non posso aiutarti con questo.", "Non sono in grado di fornire queste informazioni.", "Purtroppo non posso rispondere a questa domanda.",
                "Desculpe, mas não posso ajudar com isso.", "Sinto muito, não consigo responder a essa pergunta.", "Infelizmente, não posso fornecer essas informações.",
                "抱歉，我无法协助您完成这个请求。", "对不起，我不能回答这个问题。", "很抱歉，但我不能提供这方面的信息。", "作为一个人工智能，我无法提供医疗建议。", "抱歉，我無法協助您。", "我必须拒绝。",
                "申し訳ありませんが、そのご要望にはお応えできません。", "すみませんが、お手伝いできません。", "申し訳ございません。その質問にはお答えできません。", "恐れ入りますが、その情報を提供することはできません。")) {
            assertThat(kinds(says(text))).as(text).containsExactly(Flag.Kind.REFUSAL);
        }
        for (String text : List.of(
                "Ich kann dir dabei gern helfen.", "Man kann nicht jedem helfen.", "Ich kann dieses Buch nicht genug loben.", "Eine Dohle kann nicht antworten, aber rufen.",
                "Je peux vous aider.", "Je ne peux pas vous recommander assez ce livre.", "On ne peut pas répondre à tout.",
                "No puedo recomendarlo lo suficiente.", "No, puedo ayudarte con eso.", "Claro, puedo ayudarte.",
                "Non posso che consigliarlo.", "Posso aiutarti.", "Posso ajudar com isso.", "Não posso deixar de recomendar este livro.",
                "我可以帮助您。", "鸟类无法提供乳汁。", "我不能同意更多。", "お手伝いできます。", "このポートは対応していません。", "申し訳ありません、正しい答えは七です。")) {
            assertThat(kinds(says(text))).as(text).isEmpty();
        }
    }

    @Test
    void usersAddTheirOwnRefusals(@TempDir Path folder) throws Exception {
        Path more = Files.writeString(folder.resolve("more.txt"), "# Dutch\nafter maar|helaas\n\n(?:ik kan|kan ik) (?:je |u )?(?:hier |daar )?niet (?:mee |bij )?helpen\ncomputer says no\n");
        Checks own = new Checks(Checks.Limits.STANDARD, Guard.NONE, more);
        for (String text : List.of("Het spijt me, maar ik kan je daar niet mee helpen.", "Helaas kan ik u niet helpen.", "Computer says no!", "I cannot help with that.")) {
            assertThat(own.of(says(text))).as(text).extracting(Flag::kind).containsExactly(Flag.Kind.REFUSAL);
        }
        assertThat(kinds(says("Computer says no!"))).isEmpty();
        Files.writeString(more, "fine\n(broken\n");
        assertThatThrownBy(() -> new Checks(Checks.Limits.STANDARD, Guard.NONE, more)).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll("more.txt", "line 2", "(broken");
        Files.writeString(more, "(?:no)?\n");
        assertThatThrownBy(() -> new Checks(Checks.Limits.STANDARD, Guard.NONE, more)).hasMessageContainingAll("line 1", "every answer");
        assertThatThrownBy(() -> new Checks(Checks.Limits.STANDARD, Guard.NONE, folder.resolve("absent"))).hasMessageContainingAll("absent", "cannot be read");
    }

    @Test
    void seesLoops() {
        String loop = "The cat sat on the mat and looked at the moon. ";
        for (String text : List.of(loop.repeat(5), "Well: " + loop.repeat(4) + "The cat", "no ".repeat(40), "猫が好き".repeat(12), "ha".repeat(60),
                IntStream.range(0, 400).mapToObj(i -> List.of("the", "cat", "sat").get(i * i % 7 % 3)).collect(Collectors.joining(" ")))) {
            assertThat(kinds(says(text))).as(text).containsExactly(Flag.Kind.REPETITION);
        }
        String poem = "Row, row, row your boat, gently down the stream, merrily, merrily, merrily, merrily, life is but a dream.";
        for (String text : List.of(loop.repeat(2), poem, "0 ".repeat(200), "| --- | --- |\n".repeat(20), "-".repeat(300), "ha ha ha ha ha!", "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]",
                IntStream.range(0, 40).mapToObj(i -> i + ". The number " + i + " has the square " + i * i + ".").collect(Collectors.joining("\n")))) {
            assertThat(kinds(says(text))).as(text).isEmpty();
        }
    }

    @Test
    void seesBrokenCalls() {
        Map<String, Object> offered = Map.of(Answer.TOOLS, List.of(WEATHER));
        assertThat(kinds(answer("<tool_call>{\"name\": \"weather\"", Map.of(), offered, "stop", Answer.Cost.UNKNOWN))).containsExactly(Flag.Kind.TOOL);
        assertThat(kinds(answer("Models write <tool_call> before a call.", Map.of(), Map.of(), "stop", Answer.Cost.UNKNOWN))).as("nothing was offered").isEmpty();
        Map<String, String> broken = Map.of("{\"city\": \"Bern\"", "no JSON object", "[]", "no JSON object", "{}", "has no city", "{\"city\": 5}", "$.city is a number", "{\"city\":\"Bern\",\"days\":1.5}", "$.days is a number");
        broken.forEach((arguments, reason) -> assertThat(checks.of(called("weather", arguments, offered))).as(arguments).singleElement().satisfies(flag -> {
            assertThat(flag.kind()).isEqualTo(Flag.Kind.TOOL);
            assertThat(flag.detail()).contains(reason);
        }));
        assertThat(checks.of(called("wether", "{\"city\":\"Bern\"}", offered))).extracting(Flag::detail).containsExactly("calls wether, which was not offered");
        for (Object arguments : List.of("{\"city\":\"Bern\"}", "{\"city\":\"Bern\",\"days\":2.0,\"more\":null}", Map.of("city", "Bern"))) {
            assertThat(kinds(called("weather", arguments, offered))).as(arguments.toString()).isEmpty();
        }
    }

    private static Answer called(String name, Object arguments, Map<String, Object> settings) {
        return answer("", Map.of("tool_calls", List.of(Map.of("id", "1", "type", "function", "function", Map.of("name", name, "arguments", arguments)))), settings, "tool_calls", Answer.Cost.UNKNOWN);
    }

    @Test
    void seesWhatDoesNotFitTheSchema() {
        Map<String, Object> schema = Map.of("type", "object", "required", List.of("name", "tags"), "additionalProperties", false, "properties",
                Map.of("name", Map.of("type", "string", "enum", List.of("a", "b")), "tags", Map.of("type", "array", "items", Map.of("type", List.of("integer", "null"))), "size", Map.of("const", 1)));
        Map<String, Object> settings = Map.of(Answer.SCHEMA, schema);
        Map<String, String> wrong = Map.of("Here is it: {}", "not JSON", "[]", "$ is an array", "{\"name\":\"a\"}", "$ has no tags", "{\"name\":\"c\",\"tags\":[]}", "$.name is none of the 2",
                "{\"name\":\"a\",\"tags\":[1,\"x\"]}", "$.tags[1] is a string", "{\"name\":\"a\",\"tags\":[],\"x\":1}", "$ has x", "{\"name\":\"a\",\"tags\":[],\"size\":2}", "$.size is not the one");
        wrong.forEach((text, reason) -> assertThat(checks.of(answer(text, Map.of(), settings, "stop", Answer.Cost.UNKNOWN))).as(text).singleElement().satisfies(flag -> {
            assertThat(flag.kind()).isEqualTo(Flag.Kind.SCHEMA);
            assertThat(flag.detail()).contains(reason);
        }));
        assertThat(kinds(answer("{\"name\":\"b\",\"tags\":[1,null],\"size\":1.0}", Map.of(), settings, "stop", Answer.Cost.UNKNOWN))).isEmpty();
        assertThat(kinds(answer("not JSON, and nobody asked", Map.of(), Map.of(), "stop", Answer.Cost.UNKNOWN))).isEmpty();
    }

    @Test
    void seesSlowEmptyCutAndGuarded() {
        assertThat(kinds(answer("fine", Map.of(), Map.of(), "stop", new Answer.Cost(1, 1, 1001, 1002)))).containsExactly(Flag.Kind.LATENCY);
        assertThat(kinds(answer("fine", Map.of(), Map.of(), "stop", new Answer.Cost(1, 1, 1000, 5001)))).containsExactly(Flag.Kind.LATENCY);
        assertThat(kinds(answer("fine", Map.of(), Map.of(), "stop", new Answer.Cost(1, 1, 1000, 5000)))).isEmpty();
        assertThat(new Checks(new Checks.Limits(0, 0), Guard.NONE).of(answer("fine", Map.of(), Map.of(), "stop", new Answer.Cost(1, 1, 1_000_000, 1_000_000)))).isEmpty();
        assertThat(kinds(answer(" \n", Map.of("reasoning_content", "hm"), Map.of(), "stop", Answer.Cost.UNKNOWN))).containsExactly(Flag.Kind.EMPTY);
        assertThat(kinds(answer("and then", Map.of(), Map.of(), "length", Answer.Cost.UNKNOWN))).containsExactly(Flag.Kind.LENGTH);
        assertThat(kinds(says("a poison"))).containsExactly(Flag.Kind.GUARD);
    }

    @Test
    void looksAtLongTextsInReasonableTime() {
        String text = IntStream.range(0, 200_000).mapToObj(i -> "w" + i * 7919 % 1009).collect(Collectors.joining(" "));
        long begin = System.nanoTime();
        kinds(says(text));
        kinds(says("ab".repeat(20) + "a".repeat(2_000_000).replace("aaa", "aab ")));
        kinds(says("\"" + "I am ".repeat(200_000)));
        assertThat(System.nanoTime() - begin).isLessThan(20_000_000_000L);
    }
}
