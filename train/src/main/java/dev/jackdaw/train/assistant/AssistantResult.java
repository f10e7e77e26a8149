package dev.jackdaw.train.assistant;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.eval.Share;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// What an examination of an assistant found, `assistant.json` in the run.
///
/// @param groups      of questions
/// @param turns       that the model wrote in all of them
/// @param wellFormed  of these, ended by the token that ends a turn, with a text or one whole call in them
/// @param foreign     tokens in them that only others write
/// @param inside      questions about facts and sums
/// @param insideDeclined of these, those it said not to know
/// @param facts       how many facts there were to learn from, and how many kept for the examination
/// @param documents   how many documents the held-out facts could stand in
/// @param examples    a few questions and answers of each group, as they came
public record AssistantResult(List<Group> groups, int turns, int wellFormed, int foreign, int inside, int insideDeclined, int conversations, long seed, Counts facts, List<Example> examples) {
    /// One kind of question.
    ///
    /// @param measured       one of the four kinds whose margin counts
    /// @param low            of the 95% interval of `right / n` (Wilson)
    /// @param commonest      the answer that is right most often among the learned facts of this kind; null where there is no such
    /// @param commonestRight how many of the same questions it answers
    public record Group(String name, boolean measured, int n, int right, double accuracy, double low, double high, String commonest, int commonestRight, double commonestAccuracy, int declined) {
        /// Accuracy above the commonest answer, in points.
        public double margin() {
            return 100 * (accuracy - commonestAccuracy);
        }
    }

    /// @param readDocuments that were read from beginning to end in pretraining
    public record Counts(int learnedFacts, int heldOutFacts, int readDocuments, int documents) {
    }

    public record Example(String group, String question, String answer, String expected, boolean right) {
    }

    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final int EXAMPLES = 4;
    public static final String FILE = "assistant.json";

    static AssistantResult of(List<Examination.Answer> answers, Lessons lessons) {
        Map<String, List<Examination.Answer>> byGroup = new LinkedHashMap<>();
        answers.forEach(answer -> byGroup.computeIfAbsent(answer.exercise().group(), _ -> new ArrayList<>()).add(answer));
        List<Group> groups = new ArrayList<>();
        List<Example> examples = new ArrayList<>();
        int inside = 0, insideDeclined = 0;
        for (Map.Entry<String, List<Examination.Answer>> entry : byGroup.entrySet()) {
            String name = entry.getKey();
            List<Examination.Answer> own = entry.getValue();
            boolean isFact = own.getFirst().exercise().isFact();
            Share share = Share.of(own.stream().filter(Examination.Answer::isRight).count(), own.size());
            String commonest = isFact ? lessons.commonest().get(Examination.topic(name)) : null;
            int commonestRight = (int) own.stream().filter(answer -> answer.exercise().expected().equals(commonest)).count();
            int declined = (int) own.stream().filter(Examination.Answer::isDeclined).count();
            groups.add(new Group(name, isFact && Examination.topic(name).isMeasured(), own.size(), (int) share.right(), share.share(), share.low(), share.high(), commonest, commonestRight,
                    (double) commonestRight / own.size(), declined));
            if (!name.equals(Exercise.OUTSIDE)) {
                inside += own.size();
                insideDeclined += declined;
            }
            own.stream().limit(EXAMPLES).forEach(answer -> examples.add(new Example(name, answer.exercise().question(), answer.text(), answer.exercise().expected(), answer.isRight())));
        }
        return new AssistantResult(List.copyOf(groups), answers.stream().mapToInt(Examination.Answer::turns).sum(), answers.stream().mapToInt(Examination.Answer::wellFormed).sum(),
                answers.stream().mapToInt(Examination.Answer::foreign).sum(), inside, insideDeclined, lessons.learned().size(), 0, null, examples);
    }

    public AssistantResult with(long ofSeed, Counts counts) {
        return new AssistantResult(groups, turns, wellFormed, foreign, inside, insideDeclined, conversations, ofSeed, counts, examples);
    }

    /// Mean of the margins of the four measured kinds, in points.
    public double meanMargin() {
        return groups.stream().filter(Group::measured).mapToDouble(Group::margin).average().orElse(Double.NaN);
    }

    public void write(Path run) throws IOException {
        AtomicFile.write(run.resolve(FILE), JSON.writeValueAsString(this) + "\n");
    }

    /// @return null if the run has none
    public static AssistantResult read(Path run) throws IOException {
        Path file = run.resolve(FILE);
        try {
            return Files.exists(file) ? JSON.readValue(Files.readAllBytes(file), AssistantResult.class) : null;
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage(), e);
        }
    }
}
