package dev.jackdaw.cli;

import dev.jackdaw.train.loop.Dial;
import dev.jackdaw.train.scale.FittedLaw;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// The options of `pretrain` and `speedrun`: one dial, and everything the dial would decide for those who want to decide it themselves.
final class TrainingOptions {
    @Option(names = "--data", order = 1, paramLabel = "SOURCE", defaultValue = "jdk", split = ",",
            description = "What to learn from: folders, text and source files, .zip, .jar, .jsonl, .gz, .zst; or jdk, the sources every JDK carries.")
    List<String> data;

    @Option(names = "--minutes", order = 2, paramLabel = "M", defaultValue = "10", description = "How long everything may take, from reading the text to the report.")
    double minutes;

    @Option(names = "--out", order = 3, paramLabel = "DIR", showDefaultValue = Visibility.NEVER,
            description = "Directory of the run; an unfinished run in it is resumed. Default: runs/ and the date.")
    Path out;

    @Option(names = "--plan", order = 4, paramLabel = "FILE", showDefaultValue = Visibility.NEVER, description = "Repeat the run that this run.json describes, to the same bits.")
    Path plan;

    @Option(names = "--law", order = 5, paramLabel = "FILE", defaultValue = "built-in",
            description = "The law.json of a sweep (see scale), which chooses the size and predicts the loss; built-in: that of our own sweep; none: a rule of thumb.")
    String law;

    @Option(names = "--depth", order = 10, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Layers, with 64 times as many numbers in the stream.")
    private Integer depth;
    @Option(names = "--steps", order = 11, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Optimizer steps, instead of as many as fit in the time.")
    private Long steps;
    @Option(names = "--layers", order = 12, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Layers.")
    private Integer layers;
    @Option(names = "--width", order = 13, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Width of the residual stream.")
    private Integer width;
    @Option(names = "--heads", order = 14, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Query heads.")
    private Integer heads;
    @Option(names = "--kv-heads", order = 15, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Key and value heads.")
    private Integer kvHeads;
    @Option(names = "--ffn", order = 16, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Feed-forward width.")
    private Integer feedForward;
    @Option(names = "--vocab", order = 17, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Tokens in the vocabulary, special ones included.")
    private Integer vocabulary;
    @Option(names = "--context", order = 18, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Tokens in a sequence.")
    private Integer context;
    @Option(names = "--batch", order = 19, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Sequences in a step.")
    private Integer batch;
    @Option(names = "--pass", order = 20, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Sequences that go through at once; fewer need less memory.")
    private Integer pass;
    @Option(names = "--optimizer", order = 21, paramLabel = "NAME", showDefaultValue = Visibility.NEVER, description = "muon or adamw, for the matrices.")
    private String optimizer;
    @Option(names = "--learning-rate", order = 22, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of the matrices.")
    private Double learningRate;
    @Option(names = "--embedding-learning-rate", order = 23, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of the embedding and the head.")
    private Double embeddingLearningRate;
    @Option(names = "--weight-decay", order = 24, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of matrices and embeddings.")
    private Double weightDecay;
    @Option(names = "--qk-norm", order = 25, negatable = true, showDefaultValue = Visibility.NEVER, description = "A norm over each query and key head, as in Qwen3.")
    private Boolean qkNorm;
    @Option(names = "--zero-projections", order = 26, negatable = true, showDefaultValue = Visibility.NEVER, description = "Layers start as the identity.")
    private Boolean zeroProjections;
    @Option(names = "--warmup", order = 27, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Share of the steps in which the learning rate rises.")
    private Double warmup;
    @Option(names = "--cooldown", order = 28, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Share of the steps in which it falls.")
    private Double cooldown;

    FittedLaw law() throws IOException {
        return switch (law) {
            case "none" -> null;
            case "built-in" -> FittedLaw.builtIn().orElse(null);
            default -> FittedLaw.read(Path.of(law));
        };
    }

    Dial.Choices choices(CommonOptions common) {
        Boolean muon = optimizer == null ? null : switch (optimizer.toLowerCase(java.util.Locale.ROOT)) {
            case "muon" -> true;
            case "adamw" -> false;
            default -> throw common.wrong("--optimizer " + optimizer + ": give muon or adamw");
        };
        return new Dial.Choices(depth, layers, width, heads, kvHeads, feedForward, vocabulary, context, batch, pass, steps, muon, learningRate,
                embeddingLearningRate, weightDecay, qkNorm, zeroProjections, warmup, cooldown);
    }
}
