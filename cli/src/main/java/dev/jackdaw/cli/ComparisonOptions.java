package dev.jackdaw.cli;

import dev.jackdaw.train.loop.ComparisonSettings;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// The options that `prefer` and `reward` share: comparisons, how long, and how.
final class ComparisonOptions {
    @Option(names = "--data", order = 1, paramLabel = "FILE", split = ",", showDefaultValue = Visibility.NEVER,
            description = "Comparisons as JSON lines, plain or packed (.gz, .zst, .xz): prompt, chosen and rejected as texts or messages; whole conversations; HH-RLHF transcripts; "
                    + "for KTO also prompt, completion and label.")
    List<Path> data;

    @Option(names = "--out", order = 2, paramLabel = "DIR", showDefaultValue = Visibility.NEVER, description = "Directory of the run; an unfinished run in it is resumed. Default: runs/ and the date.")
    Path out;

    @Option(names = "--epochs", order = 3, paramLabel = "E", showDefaultValue = Visibility.NEVER, description = "How often each comparison is seen. Default: 1.")
    private Double epochs;

    @Option(names = "--steps", order = 4, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Optimizer steps, instead of epochs.")
    private Long steps;

    @Option(names = "--held-out", order = 5, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "About how many comparisons are not learned but examined, whole prompts. Default: a tenth, at most 500.")
    Integer heldOut;

    @Option(names = "--strict", order = 6, description = "Stop at the first malformed line; otherwise such lines are passed over, told and counted.")
    boolean strict;

    @Option(names = "--plain", order = 7, description = "No chat template: answers go on where prompts end. For base models.")
    boolean plain;

    @Option(names = "--template", order = 8, paramLabel = "FILE", showDefaultValue = Visibility.NEVER, description = "Chat template to use, a Jinja file or the word chatml. Default: the model's own.")
    String template;

    @Option(names = "--context", order = 20, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Tokens in a row; longer answers are rejected. Default: what the longest needs.")
    private Integer context;
    @Option(names = "--batch", order = 21, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Comparisons in a step. Default: 16.")
    private Integer batch;
    @Option(names = "--pass", order = 22, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Rows that go through at once; fewer need less memory.")
    private Integer pass;
    @Option(names = "--learning-rate", order = 23, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of all weights, by AdamW. Default: 0.02 / width, 0.000001 to 0.0002.")
    private Double learningRate;
    @Option(names = "--weight-decay", order = 24, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Default: 0.")
    private Double weightDecay;
    @Option(names = "--warmup", order = 25, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Share of the steps in which the learning rate rises. Default: 0.1.")
    private Double warmup;
    @Option(names = "--cooldown", order = 26, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Share of the steps in which it falls. Default: the rest.")
    private Double cooldown;

    ComparisonSettings settings(CommonOptions common) {
        if (data == null) {
            throw common.wrong("--data: give files with comparisons");
        }
        if (epochs != null && steps != null) {
            throw common.wrong("--epochs " + epochs + " and --steps " + steps + ": give one of them");
        }
        if (epochs != null && !(epochs > 0 && epochs < 1e6) || steps != null && steps < 1 || batch != null && batch < 1 || pass != null && pass < 1) {
            throw common.wrong("--epochs, --steps, --batch, --pass: give positive numbers");
        }
        if (heldOut != null && heldOut < 0) {
            throw common.wrong("--held-out " + heldOut + ": give 0 or a number of comparisons");
        }
        if (plain && template != null) {
            throw common.wrong("--plain and --template: give one of them");
        }
        return new ComparisonSettings(epochs, steps, context, batch, pass, learningRate, weightDecay, warmup, cooldown);
    }
}
