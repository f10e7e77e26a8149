package dev.jackdaw.cli;

import dev.jackdaw.train.loop.FinetuneSettings;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.RunPlan;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// The options of `finetune`: data, how long, and everything that would follow from these for those who want to decide it themselves.
final class FinetuneOptions {
    @Option(names = "--data", order = 1, paramLabel = "FILE", split = ",", showDefaultValue = Visibility.NEVER,
            description = "Conversations as JSON lines, plain or packed (.gz, .zst, .xz): OpenAI messages, ShareGPT, Alpaca, prompt and completion, question and answer.")
    private List<Path> data;

    @Option(names = "--out", order = 2, paramLabel = "DIR", showDefaultValue = Visibility.NEVER,
            description = "Directory of the run; an unfinished run in it is resumed. Default: runs/finetune- and the date.")
    Path out;

    @Option(names = "--epochs", order = 3, paramLabel = "E", showDefaultValue = Visibility.NEVER, description = "How often each conversation is seen. Default: 3.")
    private Double epochs;

    @Option(names = "--steps", order = 4, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Optimizer steps, instead of epochs.")
    private Long steps;

    @Option(names = "--held-out", order = 5, paramLabel = "SHARE", defaultValue = "0.05", description = "Share of the conversations that are not learned but examined.")
    private double heldOut;

    @Option(names = "--strict", order = 6, description = "Stop at the first malformed line; otherwise such lines are passed over, told and counted.")
    private boolean strict;

    @Option(names = "--template", order = 7, paramLabel = "FILE", showDefaultValue = Visibility.NEVER,
            description = "Chat template to use and to store, a Jinja file or the word chatml. Default: the model's own, or chatml if it has none but has the tokens.")
    private String template;

    @Option(names = "--context", order = 20, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Tokens in a row; longer conversations are rejected. Default: 1024, or what the longest needs.")
    private Integer context;
    @Option(names = "--batch", order = 21, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Rows in a step.")
    private Integer batch;
    @Option(names = "--pass", order = 22, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Rows that go through at once; fewer need less memory.")
    private Integer pass;
    @Option(names = "--optimizer", order = 23, paramLabel = "NAME", showDefaultValue = Visibility.NEVER, description = "muon or adamw, for the matrices. Default: adamw.")
    private String optimizer;
    @Option(names = "--learning-rate", order = 24, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of the matrices. Default: 0.25 / width, 0.00002 to 0.001.")
    private Double learningRate;
    @Option(names = "--embedding-learning-rate", order = 25, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of everything else. Default: the same.")
    private Double embeddingLearningRate;
    @Option(names = "--weight-decay", order = 26, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of matrices and embeddings. Default: 0.01.")
    private Double weightDecay;
    @Option(names = "--warmup", order = 27, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Share of the steps in which the learning rate rises. Default: 0.05.")
    private Double warmup;
    @Option(names = "--cooldown", order = 28, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Share of the steps in which it falls. Default: the rest.")
    private Double cooldown;

    Finetuning.Request request(CommonOptions common, Path model, Path out, RunPlan.Program program, AdapterOptions adapter) {
        if (data == null) {
            throw common.wrong("--data FILE is missing: give conversations as JSON lines");
        }
        if (epochs != null && steps != null) {
            throw common.wrong("--epochs " + epochs + " and --steps " + steps + ": give one of them");
        }
        if (epochs != null && !(epochs > 0 && epochs < 1e6) || steps != null && steps < 1) {
            throw common.wrong(epochs != null ? "--epochs " + epochs + ": give a positive number" : "--steps " + steps + ": give a positive number");
        }
        if (!(heldOut >= 0 && heldOut < 1)) {
            throw common.wrong("--held-out " + heldOut + ": give a share of at least 0 and less than 1");
        }
        Boolean muon = optimizer == null ? null : switch (optimizer.toLowerCase(Locale.ROOT)) {
            case "muon" -> true;
            case "adamw" -> false;
            default -> throw common.wrong("--optimizer " + optimizer + ": give muon or adamw");
        };
        FinetuneSettings settings = new FinetuneSettings(epochs, steps, context, batch, pass, muon, learningRate, embeddingLearningRate, weightDecay, warmup, cooldown);
        return new Finetuning.Request(model, data, out, heldOut, strict, template, settings, adapter.method(common), common.seed(0), program);
    }
}
