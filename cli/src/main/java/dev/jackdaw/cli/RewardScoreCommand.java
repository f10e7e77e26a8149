package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.Malformed;
import dev.jackdaw.train.eval.RewardScorer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw reward score`: what a reward model thinks of answers.
@Command(name = "score", description = "Score answers to a prompt with a reward model; only differences between answers to one prompt mean anything.")
final class RewardScoreCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Parameters(index = "0", paramLabel = "REWARD", description = "A reward model: the directory of its run, a GGUF file, or a Hugging Face folder.")
    private Path model;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "ANSWER", description = "The answers.")
    private List<String> answers = List.of();

    @Option(names = "--prompt", paramLabel = "TEXT", description = "What they answer.", showDefaultValue = Visibility.NEVER)
    private String prompt;

    @Option(names = "--jsonl", paramLabel = "FILE", description = "Lines {\"prompt\", \"answer\"}, one score for each; - for standard input.", showDefaultValue = Visibility.NEVER)
    private String jsonLines;

    /// What `--json` prints, in the order of the answers.
    record Result(List<RewardScorer.Candidate> answers) {
    }

    @Override
    public Integer call() throws IOException {
        boolean given = prompt != null && !answers.isEmpty();
        if (given == (jsonLines != null)) {
            throw common.wrong("reward score: give --prompt TEXT and at least one ANSWER, or --jsonl FILE");
        }
        try (Device device = activations.exactUnlessAsked(common); Model reward = Model.open(model, device)) {
            RewardScorer scorer = new RewardScorer(reward);
            if (jsonLines != null) {
                JsonLinesInput.forEach(jsonLines, common.in(), line -> common.output().jsonLine(scored(scorer, JsonLinesInput.text(line, "prompt"), JsonLinesInput.text(line, "answer"))));
                return 0;
            }
            List<RewardScorer.Candidate> scores = new ArrayList<>();
            for (String answer : answers) {
                scores.add(scored(scorer, common.text(prompt), common.text(answer)));
            }
            common.output().json(new Result(scores));
            scores.forEach(scored -> common.output().line("%8.4f  %s", scored.score(), scored.text()));
        }
        return 0;
    }

    private static RewardScorer.Candidate scored(RewardScorer scorer, String prompt, String answer) {
        try {
            return new RewardScorer.Candidate(answer, scorer.score(prompt, answer));
        } catch (Malformed e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }
}
