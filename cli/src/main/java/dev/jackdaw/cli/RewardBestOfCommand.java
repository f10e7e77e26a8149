package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.Malformed;
import dev.jackdaw.train.eval.RewardScorer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw reward best-of`: a model answers several times, a reward model chooses.
@Command(name = "best-of", description = "Let a model answer several times and give the answer that a reward model likes best.")
final class RewardBestOfCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Parameters(index = "0", paramLabel = "REWARD", description = "A reward model: the directory of its run, a GGUF file, or a Hugging Face folder.")
    private Path reward;

    @Parameters(index = "1", paramLabel = "PROMPT", description = "What is to be answered; - for standard input, @FILE for a file.")
    private String prompt;

    @Option(names = "--model", paramLabel = "MODEL", required = true, description = "Who answers.")
    private Path model;

    @Option(names = {"-n", "--best-of"}, paramLabel = "N", defaultValue = "8", description = "How many answers.")
    private int n;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "128", description = "Most tokens of an answer.")
    private int maxTokens;

    @Option(names = "--temperature", paramLabel = "X", defaultValue = "0.8", description = "Below 1 bolder choices become rarer, above 1 more frequent.")
    private double temperature;

    @Option(names = "--plain", description = "Answers go on where the prompt ends, without a chat template.")
    private boolean plain;

    /// What `--json` prints.
    ///
    /// @param answers all, the best first
    /// @param mean    of their scores
    record Result(String text, double score, double mean, List<RewardScorer.Candidate> answers) {
    }

    @Override
    public Integer call() throws IOException {
        if (n < 1 || n > 1000 || maxTokens < 1 || !(temperature >= 0)) {
            throw common.wrong("--best-of " + n + ", --max-tokens " + maxTokens + ", --temperature " + temperature + ": give 1 to 1000 answers, at least 1 token, and a temperature of 0 or more");
        }
        try (Device device = activations.exactUnlessAsked(common); Model judge = Model.open(reward, device); Model writer = Model.open(model, device)) {
            List<RewardScorer.Candidate> all = new RewardScorer(judge).best(writer, common.text(prompt), plain, n, maxTokens, temperature, common.seed(System.nanoTime()));
            if (all.isEmpty()) {
                throw new IllegalArgumentException("best-of: all " + n + " answers were empty; ask otherwise, or raise --max-tokens");
            }
            double mean = all.stream().mapToDouble(RewardScorer.Candidate::score).average().orElseThrow();
            common.output().json(new Result(all.getFirst().text(), all.getFirst().score(), mean, all));
            common.output().line("%s", all.getFirst().text());
            common.output().note("score %.3f; mean of %d answers %.3f, lowest %.3f", all.getFirst().score(), all.size(), mean, all.getLast().score());
        } catch (Malformed e) {
            throw new IllegalArgumentException("best-of: " + e.getMessage(), e);
        }
        return 0;
    }
}
