package dev.jackdaw.cli;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.assistant.AssistantResult;
import dev.jackdaw.train.loop.FixedBatches;
import dev.jackdaw.train.loop.Pretraining;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.loop.Trainer;
import dev.jackdaw.train.report.Evaluation;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw pretrain`: from raw text to a base model. Also trains a given model on given batches, to compare steps with other programs.
@Command(name = "pretrain", description = "Train a tokenizer and a base model on text, evaluate and export them, and write a report.")
final class PretrainCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe run:%n")
    private TrainingOptions training = new TrainingOptions();

    @Option(names = "--model", order = 100, paramLabel = "MODEL", showDefaultValue = Visibility.NEVER, description = "Train this model for a few steps on --batches instead.")
    private Path model;

    @Option(names = "--batches", order = 101, paramLabel = "FILE", showDefaultValue = Visibility.NEVER, description = "safetensors with tokens I32 [steps,B,T+1].")
    private Path batches;

    @Option(names = "--save-gradients", order = 102, paramLabel = "FILE", showDefaultValue = Visibility.NEVER, description = "Where to write the gradients of the first step.")
    private Path gradients;

    /// What `--json` prints for `--batches`.
    record Losses(List<Double> loss, List<Double> gradientNorm) {
    }

    @Override
    public Integer call() throws IOException {
        if (model != null || batches != null) {
            return fixedBatches();
        }
        pretrain(common, training, false);
        return 0;
    }

    private int fixedBatches() throws IOException {
        if (model == null || batches == null) {
            throw common.wrong("--model and --batches go together");
        }
        Long steps = training.choices(common).steps();
        try (Device device = Device.cpu(common.threads())) {
            List<Trainer.Step> done = FixedBatches.train(model, batches, steps == null ? 1 : Math.toIntExact(steps), gradients, device);
            common.output().json(new Losses(done.stream().map(Trainer.Step::loss).toList(), done.stream().map(Trainer.Step::gradientNorm).toList()));
            for (Trainer.Step step : done) {
                common.output().line("step %d: loss %.8f, gradient norm %.8f", step.number(), step.loss(), step.gradientNorm());
            }
        }
        return 0;
    }

    /// What `speedrun --json` prints in the end.
    record Whole(Evaluation base, AssistantResult assistant) {
    }

    /// Also the main job of `speedrun`.
    ///
    /// @param assistant go on to an assistant
    static Pretraining.Result pretrain(CommonOptions common, TrainingOptions training, boolean assistant) throws IOException {
        Output output = common.output();
        RunPlan repeat = training.plan == null ? null : RunPlan.read(training.plan);
        Path out = training.out != null ? training.out : Path.of("runs", LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss")));
        RunPlan.Program program = new RunPlan.Program(JackdawCommand.version(), JackdawCommand.commit(), Runtime.version().toString(), "");
        try (Device device = Device.cpu(common.threads()); TrainingProgress progress = new TrainingProgress(output)) {
            Pretraining.Result result = new Pretraining(new Pretraining.Request(training.data, out, training.minutes, training.choices(common), repeat,
                    common.seed(0), program, training.law(), assistant), device, progress).run();
            progress.close();
            output.json(result.assistant() == null ? result.evaluation() : new Whole(result.evaluation(), result.assistant()));
            output.line("");
            output.line("%s held-out bits per byte: %.4f, document by document", output.bold("Done in " + ProgressBar.duration(result.seconds()) + "."), result.evaluation().bitsPerByte());
            result.evaluation().baselines().forEach(b -> output.line("  %-28s %.4f", b.name() + ", " + b.scope(), b.bitsPerByte()));
            return result;
        }
    }
}
