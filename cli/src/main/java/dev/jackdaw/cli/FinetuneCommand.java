package dev.jackdaw.cli;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.RunPlan;
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
import picocli.CommandLine.Parameters;

/// `jackdaw finetune`: from a model and conversations to a model that answers like them.
@Command(name = "finetune", description = "Train a model on conversations, only on what the assistant says in them; it keeps its tokenizer and its chat template.")
final class FinetuneCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, the directory of a training run, or a name in the store.")
    private Path model;

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe run:%n")
    private FinetuneOptions options = new FinetuneOptions();

    @ArgGroup(exclusive = false, validate = false, heading = "%nAn adapter, instead of all weights:%n")
    private AdapterOptions adapter = new AdapterOptions();

    /// The last line of `--json`.
    ///
    /// @param rejected      lines that gave no conversation, by reason
    /// @param rejectedLines their numbers and reasons, at most ten thousand
    /// @param padding       share of the places that hold nothing
    record Result(String directory, String written, long steps, double epochs, long conversations, long heldOut, long sequences, long tokens, long answerTokens, Map<String, Long> rejected,
                  List<Rejections.Rejection> rejectedLines, double padding, Double heldOutBitsPerByteBefore, Double heldOutBitsPerByte, Double heldOutLoss, double seconds) {
        static Result of(Finetuning.Result r) {
            return new Result(r.directory().toString(), r.written().toString(), r.plan().settings().steps(), r.epochs(), r.counts().conversations(), r.counts().heldOut(), r.counts().sequences(),
                    r.counts().tokens(), r.counts().answerTokens(), RejectedLines.byLabel(r.counts().reasons()), r.counts().lines(), (double) r.packing().padding() / (r.packing().rows() * r.plan().settings().context()),
                    known(r.before()), known(r.heldOutBitsPerByte()), known(r.heldOutLoss()), r.seconds());
        }

        private static Double known(double value) {
            return Double.isNaN(value) ? null : value;
        }
    }

    @Override
    public Integer call() throws IOException {
        Path out = options.out != null ? options.out : Path.of("runs", "finetune-" + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss")));
        RunPlan.Program program = new RunPlan.Program(JackdawCommand.version(), JackdawCommand.commit(), Runtime.version().toString(), "");
        Finetuning.Request request = options.request(common, model, out, program, adapter);
        Output output = common.output();
        try (Device device = Device.cpu(common.threads()); TrainingProgress progress = new TrainingProgress(output)) {
            Finetuning.Result result = new Finetuning(request, device, progress).run();
            progress.close();
            output.json(Result.of(result));
            output.line("");
            output.line("%s", output.bold("Done in " + ProgressBar.duration(result.seconds()) + "."));
            if (!Double.isNaN(result.heldOutBitsPerByte())) {
                output.line("held-out answers: %.4f bits per byte%s, %.4f nats per token, %,d conversations", result.heldOutBitsPerByte(),
                        Double.isNaN(result.before()) ? "" : " (%.4f before)".formatted(result.before()), result.heldOutLoss(), result.counts().heldOut());
            }
            RejectedLines.sum(output, result.counts().rejected(), result.counts().reasons());
            output.line("");
            output.line("Talk with it:   ./jackdaw chat %s", adapter.isGiven() ? model + " --lora " + result.written() : result.directory());
            if (adapter.isGiven()) {
                output.line("As one file:    ./jackdaw merge %s --lora %s --out FILE.gguf", model, result.written());
            }
            output.line("Look at it:     %s", result.directory().resolve("report.html"));
        }
        return 0;
    }
}
