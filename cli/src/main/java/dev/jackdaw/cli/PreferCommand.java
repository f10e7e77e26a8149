package dev.jackdaw.cli;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.train.loop.PreferenceScores;
import dev.jackdaw.train.loop.PreferenceTraining;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.loss.PreferenceLoss;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw prefer`: from a model and comparisons of answers to a model that answers as was preferred.
@Command(name = "prefer", description = "Teach a model which of two answers is the better one: DPO, IPO, KTO, ORPO or SimPO.")
final class PreferCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, the directory of a training run, or a name in the store.")
    private Path model;

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe run:%n")
    private ComparisonOptions options = new ComparisonOptions();

    @ArgGroup(exclusive = false, validate = false, heading = "%nAn adapter, instead of all weights:%n")
    private AdapterOptions adapter = new AdapterOptions();

    @Option(names = "--loss", order = 50, paramLabel = "NAME", defaultValue = "dpo", description = "dpo, ipo, kto, orpo or simpo.")
    private String loss;

    @Option(names = "--beta", order = 51, paramLabel = "X", showDefaultValue = Visibility.NEVER,
            description = "How firmly the model is held to its reference (dpo, ipo, kto; default 0.1), the scale of the reward (simpo; 2) or the weight of the penalty (orpo; 0.1).")
    private Double beta;

    @Option(names = "--label-smoothing", order = 52, paramLabel = "X", defaultValue = "0", description = "dpo: share of the pairs that are taken to be the wrong way round.")
    private double labelSmoothing;

    @Option(names = "--per-token", order = 53, description = "ipo: means over tokens instead of sums, as TRL has it.")
    private boolean perToken;

    @Option(names = "--gamma", order = 54, paramLabel = "X", defaultValue = "1", description = "simpo: by how much the chosen answer should be better.")
    private double gamma;

    @Option(names = "--desirable", order = 55, paramLabel = "X", defaultValue = "1", description = "kto: weight of good answers.")
    private double desirable;

    @Option(names = "--undesirable", order = 56, paramLabel = "X", defaultValue = "1", description = "kto: weight of bad answers.")
    private double undesirable;

    @Option(names = "--nll", order = 57, paramLabel = "X", defaultValue = "0", description = "Share of finetuning on the chosen answers that is mixed in.")
    private double nll;

    @Option(names = "--open", order = 58, description = "With --plain: answers are parts of a longer text, so no end of text follows them.")
    private boolean open;

    @Option(names = "--text", order = 59, paramLabel = "SOURCE", split = ",", showDefaultValue = Visibility.NEVER,
            description = "Text whose bits per byte are measured before and after. Default: what the run that made MODEL held out.")
    private List<Path> text;

    /// The last line of `--json`.
    ///
    /// @param before     share of the held-out pairs that are preferred rightly before the first step, in three ways; null without held-out pairs
    /// @param textBefore bits per byte of held-out text before; null without any
    /// @param textRise   by how much they have risen, as a share
    record Result(String directory, String written, String loss, long steps, int comparisons, int heldOut, Map<String, Long> rejected, List<Rejections.Rejection> rejectedLines, PreferenceScores before,
                  PreferenceScores after, Text textBefore, Text textAfter, Double textRise, double seconds) {
    }

    /// @param n tokens that were predicted
    record Text(double bitsPerByte, long n, double bytes) {
        static Text of(BitsPerByte.Result measured) {
            return measured == null ? null : new Text(measured.bitsPerByte(), measured.tokens(), measured.bytes());
        }
    }

    @Override
    public Integer call() throws IOException {
        PreferenceLoss chosen = chosenLoss();
        if (!(nll >= 0 && nll < 1000)) {
            throw common.wrong("--nll " + nll + ": give 0 or a positive number");
        }
        Path out = options.out != null ? options.out : Path.of("runs", "prefer-" + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss")));
        PreferenceTraining.Request request = new PreferenceTraining.Request(model, options.data, out, options.heldOut, options.strict, options.plain || open, open, options.template,
                text == null ? List.of() : text, chosen, nll, options.settings(common), adapter.method(common), common.seed(0), program());
        Output output = common.output();
        try (Device device = Device.cpu(common.threads()); ComparisonProgress progress = new ComparisonProgress(output)) {
            PreferenceTraining.Result r = new PreferenceTraining(request, device, progress).run();
            progress.close();
            output.json(new Result(r.directory().toString(), r.written().toString(), chosen.label(), r.plan().settings().steps(), r.counts().comparisons(), r.counts().heldOut(),
                    RejectedLines.byLabel(r.counts().reasons()), r.counts().lines(), r.before(), r.after(), Text.of(r.textBefore()), Text.of(r.textAfter()), r.textBefore() == null ? null : r.textLoss(), r.seconds()));
            output.line("");
            output.line("%s", output.bold("Done in " + ProgressBar.duration(r.seconds()) + "."));
            show(output, r);
        }
        return 0;
    }

    static RunPlan.Program program() {
        return new RunPlan.Program(JackdawCommand.version(), JackdawCommand.commit(), Runtime.version().toString(), "");
    }

    private static void show(Output output, PreferenceTraining.Result r) {
        if (r.after() != null) {
            output.line("held-out pairs in which the chosen answer");
            output.line("  is likelier            %s, before %s", r.after().likelier(), r.before().likelier());
            output.line("  is likelier per token  %s, before %s", r.after().likelierPerToken(), r.before().likelierPerToken());
            output.line("  has the larger reward  %s%s; mean margin %.3f", r.after().rewarded(), r.before().rewarded() == null ? "" : ", before " + r.before().rewarded(), r.after().margin());
        }
        if (r.textBefore() != null) {
            output.line("held-out text: %.4f bits per byte, before %.4f (%+.2f%%), over %,d tokens", r.textAfter().bitsPerByte(), r.textBefore().bitsPerByte(), 100 * r.textLoss(), r.textAfter().tokens());
        }
        RejectedLines.sum(output, r.counts().rejected(), r.counts().reasons());
        output.line("written: %s", r.written());
        output.line("Look at it: %s", r.directory().resolve("report.html"));
    }

    private PreferenceLoss chosenLoss() {
        String name = loss.toLowerCase(Locale.ROOT);
        double b = beta != null ? beta : name.equals("simpo") ? 2 : 0.1;
        try {
            return switch (name) {
                case "dpo" -> new PreferenceLoss.Dpo(b, labelSmoothing);
                case "ipo" -> new PreferenceLoss.Ipo(b, perToken);
                case "kto" -> new PreferenceLoss.Kto(b, desirable, undesirable);
                case "orpo" -> new PreferenceLoss.Orpo(b);
                case "simpo" -> new PreferenceLoss.Simpo(b, gamma);
                default -> throw common.wrong("--loss " + loss + ": give dpo, ipo, kto, orpo or simpo");
            };
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
    }
}
