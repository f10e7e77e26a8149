package dev.jackdaw.cli;

import dev.jackdaw.lab.probe.LearningPage;
import dev.jackdaw.lab.probe.ReversalExperiment;
import dev.jackdaw.lab.probe.ReversalExperiment.Condition;
import dev.jackdaw.lab.probe.ReversalExperiment.Outcome;
import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw probe reversal`: does a model that learned "A is B" know that B is A?
@Command(name = "reversal", description = "The reversal curse: teach a small model made-up facts one way, ask both ways, and see which change of the training text cures it.")
final class ProbeReversalCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", arity = "0..1", paramLabel = "MODEL", description = "A model of the llama or qwen3 shape to teach the facts to. Default: a new small one.")
    private Path model;

    @Option(names = "--conditions", paramLabel = "NAMES", split = ",", description = "Only these: one-way, others-both-ways, paraphrases, reversed-words, reversed-entities, both-ways, "
            + "questions-about-others, questions-about-same. Default: all.", showDefaultValue = Visibility.NEVER)
    private List<String> conditions;

    @Option(names = "--facts", paramLabel = "N", defaultValue = "24", description = "Facts to examine, and as many others.")
    private int facts;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "200", description = "Training steps in each condition.")
    private long steps;

    @Option(names = "--layers", paramLabel = "N", defaultValue = "2", description = "Layers of the new model.")
    private int layers;

    @Option(names = "--width", paramLabel = "N", defaultValue = "128", description = "Width of the new model, a multiple of 32.")
    private int width;

    @Option(names = "--learning-rate", paramLabel = "X", defaultValue = "0.0003", description = "Of AdamW, where MODEL is given.")
    private double learningRate;

    @Option(names = {"-o", "--out"}, paramLabel = "DIR", description = "Keep results and a page here; a run that was stopped goes on from them.", showDefaultValue = Visibility.NEVER)
    private Path out;

    /// What `--json` prints.
    record Result(ReversalExperiment.Settings settings, List<Outcome> conditions) {
    }

    @Override
    public Integer call() throws IOException {
        ReversalExperiment.Settings settings;
        try {
            settings = new ReversalExperiment.Settings(facts, steps, layers, width, learningRate, model == null ? null : model.toString(), common.seed(0));
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
        List<Condition> chosen = conditions == null ? List.of(Condition.values()) : conditions.stream().map(this::condition).toList();
        List<Outcome> outcomes;
        long total = chosen.size() * settings.steps();
        try (Device device = Device.cpu(common.threads()); Model start = model == null ? null : Model.open(model, device);
             ProgressBar bar = common.output().progress("reversal", total, "steps")) {
            String[] present = {""};
            long[] before = {-settings.steps()};
            outcomes = new ReversalExperiment(settings).run(chosen, start == null ? null : start.file(), start == null ? null : start.tokenizer(), out, device, (condition, step, of, loss) -> {
                if (!condition.equals(present[0])) {
                    present[0] = condition;
                    before[0] += of;
                }
                bar.update(before[0] + step, String.format(Locale.ROOT, "%s, loss %.3f", condition, loss));
            });
        }
        Output output = common.output();
        if (out != null) {
            LearningPage.writeReversal(out, settings, outcomes);
            output.note("wrote %s", out.resolve("report.html"));
        }
        output.json(new Result(settings, outcomes));
        output.table(List.of("training text", "A to B, exact", "B to A, exact", "A to B, likeliest", "B to A, likeliest", "B to A, mean rank"), outcomes.stream().map(o -> List.of(o.title(),
                o.forward().exact().toString(), o.backward().exact().toString(), o.forward().likeliest().toString(), o.backward().likeliest().toString(),
                String.format(Locale.ROOT, "%.1f of %d", o.backward().meanRank(), settings.facts()))).toList());
        output.line("shares of n = %d facts with 95%% intervals; by chance the truth would be the likeliest in %.1f%%, its mean rank %.1f", settings.facts(), 100.0 / settings.facts(),
                (settings.facts() + 1) / 2.0);
        return 0;
    }

    private Condition condition(String name) {
        return Arrays.stream(Condition.values()).filter(c -> c.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(name)).findFirst()
                .orElseThrow(() -> common.wrong("--conditions " + name + ": there is none of that name; known: "
                        + String.join(", ", Arrays.stream(Condition.values()).map(c -> c.name().toLowerCase(Locale.ROOT).replace('_', '-')).toList())));
    }
}
