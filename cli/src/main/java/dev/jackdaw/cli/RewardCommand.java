package dev.jackdaw.cli;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.eval.Share;
import dev.jackdaw.train.loop.RewardTraining;
import dev.jackdaw.train.loss.BradleyTerry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw reward`: from a language model and pairs of answers to a model that scores answers; its actions use such a model.
@Command(name = "reward", description = "Train a reward model on pairs of answers; score answers with one, or answer by the best of several.",
        subcommands = {
            RewardScoreCommand.class,
            RewardBestOfCommand.class,
        })
final class RewardCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", arity = "0..1", description = "What it begins with: a GGUF file, a Hugging Face folder, the directory of a training run, or a name in the store.")
    private Path model;

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe run:%n")
    private ComparisonOptions options = new ComparisonOptions();

    @Option(names = "--centering", order = 50, paramLabel = "X", defaultValue = "0.01", description = "How firmly the mean score of a pair is held at zero.")
    private double centering;

    /// The last line of `--json`.
    ///
    /// @param accuracy share of the held-out pairs whose chosen answer has the higher score; null without held-out pairs
    record Result(String directory, String written, long steps, int pairs, int heldOut, Map<String, Long> rejected, List<Rejections.Rejection> rejectedLines, Share accuracy, double seconds) {
    }

    @Override
    public Integer call() throws IOException {
        if (model == null) {
            throw common.wrong("reward: give a MODEL to begin with, or say what to do: score, best-of");
        }
        BradleyTerry loss;
        try {
            loss = new BradleyTerry(centering);
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
        Path out = options.out != null ? options.out : Path.of("runs", "reward-" + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss")));
        RewardTraining.Request request = new RewardTraining.Request(model, options.data, out, options.heldOut, options.strict, options.plain, options.template, loss, options.settings(common),
                common.seed(0), PreferCommand.program());
        Output output = common.output();
        try (Device device = Device.cpu(common.threads()); ComparisonProgress progress = new ComparisonProgress(output)) {
            RewardTraining.Result r = new RewardTraining(request, device, progress).run();
            progress.close();
            output.json(new Result(r.directory().toString(), r.written().toString(), r.plan().settings().steps(), r.counts().comparisons(), r.counts().heldOut(), RejectedLines.byLabel(r.counts().reasons()),
                    r.counts().lines(), r.accuracy(), r.seconds()));
            output.line("");
            output.line("%s", output.bold("Done in " + ProgressBar.duration(r.seconds()) + "."));
            if (r.accuracy() != null) {
                output.line("held-out pairs whose chosen answer has the higher score: %s", r.accuracy());
            }
            RejectedLines.sum(output, r.counts().rejected(), r.counts().reasons());
            output.line("Score with it:       ./jackdaw reward score %s --prompt TEXT ANSWER…", r.directory());
            output.line("Best of 8 with it:   ./jackdaw reward best-of %s --model MODEL PROMPT", r.directory());
            output.line("Look at it:          %s", r.directory().resolve("report.html"));
        }
        return 0;
    }
}
