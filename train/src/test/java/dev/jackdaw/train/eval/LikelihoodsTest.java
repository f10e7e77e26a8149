package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.eval.Examinee.Likelihood;
import dev.jackdaw.train.eval.Examinee.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Against transformers: `src/test/resources/reference/eval/scores.py` made the numbers.
class LikelihoodsTest {
    private static final Path MODELS = Path.of("../model/src/test/resources/reference/models");

    private static JsonNode expected() throws IOException {
        return JsonMapper.builder().build().readTree(Files.readAllBytes(Path.of("src/test/resources/reference/eval/scores.json")));
    }

    private static List<Question> questions(JsonNode expected) {
        List<Question> questions = new ArrayList<>();
        for (JsonNode question : expected.at("/questions")) {
            questions.add(new Question(Prompt.text(question.at("/prompt").asString()), question.at("/continuations").valueStream().map(JsonNode::asString).toList()));
        }
        return questions;
    }

    private static List<List<Likelihood>> judge(ModelExaminee examinee, List<Question> questions) {
        List<List<Likelihood>> results = new ArrayList<>(Collections.nCopies(questions.size(), null));
        examinee.judge(questions, results::set);
        return results;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "qwen3"})
    void agreeWithTransformers(String name) throws IOException {
        JsonNode expected = expected(), answers = expected.at("/models/" + name);
        List<Question> questions = questions(expected);
        try (Device device = Device.cpu(2); Model model = Model.open(MODELS.resolve(name), device)) {
            ModelExaminee examinee = new ModelExaminee(model);
            List<List<Likelihood>> results = judge(examinee, questions);
            for (int i = 0; i < questions.size(); i++) {
                Likelihoods.Encoded encoded = examinee.encode(questions.get(i));
                for (int c = 0; c < questions.get(i).continuations().size(); c++) {
                    JsonNode own = answers.get(i).get(c);
                    String place = name + ", question " + i + ", continuation " + c;
                    assertThat(encoded.prompt()).as(place).containsExactly(ids(own.at("/promptIds")));
                    assertThat(encoded.continuations().get(c)).as(place).containsExactly(ids(own.at("/ids")));
                    assertThat(results.get(i).get(c).logprob()).as(place).isCloseTo(own.at("/logprob").asDouble(), within(1e-3));
                    assertThat(results.get(i).get(c).greedy()).as(place).isEqualTo(own.at("/greedy").asBoolean());
                    assertThat(results.get(i).get(c).tokens()).as(place).isEqualTo(own.at("/ids").size());
                }
            }
        }
    }

    private static int[] ids(JsonNode list) {
        return list.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    @Test
    void haveTheSameBitsInAnyCompanyAndAtAnyNumberOfThreads() throws IOException {
        List<Question> questions = new ArrayList<>(questions(expected()));
        for (int i = 0; i < 20; i++) {
            questions.add(new Question(Prompt.text("A long beginning that all of these questions share, so that its pages are read once and then taken over by those that come later. Item "
                    + i + ":"), List.of(" yes", " no, " + i, " perhaps")));
        }
        List<List<Likelihood>> together;
        try (Device device = Device.cpu(2); Model model = Model.open(MODELS.resolve("qwen3"), device)) {
            together = judge(new ModelExaminee(model), questions);
            List<Question> backwards = new ArrayList<>(questions);
            Collections.reverse(backwards);
            List<List<Likelihood>> reversed = judge(new ModelExaminee(model), backwards);
            Collections.reverse(reversed);
            assertThat(reversed).isEqualTo(together);
        }
        try (Device device = Device.cpu(1); Model model = Model.open(MODELS.resolve("qwen3"), device)) {
            for (int i = 0; i < questions.size(); i++) {
                assertThat(judge(new ModelExaminee(model), List.of(questions.get(i)))).containsExactly(together.get(i));
            }
        }
    }

    @Test
    void aPromptThatIsTooLongIsNotCut() throws IOException {
        try (Device device = Device.cpu(1); Model model = Model.open(MODELS.resolve("llama-gqa"), device)) {
            List<List<Likelihood>> results = judge(new ModelExaminee(model), List.of(new Question(Prompt.text("word ".repeat(model.spec().context())), List.of(" a")),
                    new Question(Prompt.text("word"), List.of(" a"))));
            assertThat(results.get(0)).isNull();
            assertThat(results.get(1)).hasSize(1);
        }
    }
}
