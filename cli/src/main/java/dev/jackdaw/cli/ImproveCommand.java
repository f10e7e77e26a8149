package dev.jackdaw.cli;

import dev.jackdaw.serve.feedback.Corrections;
import dev.jackdaw.serve.feedback.Database;
import dev.jackdaw.serve.feedback.Feedback;
import dev.jackdaw.serve.improve.CorrectionFile;
import dev.jackdaw.serve.improve.Curation;
import dev.jackdaw.serve.improve.Deployment;
import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.serve.improve.ImproveSettings;
import dev.jackdaw.serve.improve.Improvement;
import dev.jackdaw.serve.improve.Lineage;
import dev.jackdaw.serve.improve.Verdict;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.eval.Format;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw improve`: from what people corrected to a better version of a deployed model.
@Command(name = "improve", description = "Finetune a deployed model on the corrections of its answers, examine it against the deployed version, and promote it if the corrected cases "
        + "got better and nothing else got worse. Called again after it was stopped, it goes on.")
final class ImproveCommand implements Callable<Integer> {
    /// Removed corrections and cases that are printed one by one; all are in `result.json` and in `--json`.
    private static final int SHOWN = 20;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME", description = "A deployment, as jackdaw deploy create made it.")
    private String name;

    @Option(names = "--database", order = 0, paramLabel = "WHERE", showDefaultValue = Visibility.NEVER,
            description = "Where the server collects feedback, a file or jdbc:postgresql://HOST:PORT/NAME. Default: feedback.db in our folder.")
    private String database;

    @Option(names = "--corrections", order = 1, paramLabel = "FILE", showDefaultValue = Visibility.NEVER,
            description = "Corrections from a file instead, as JSON lines: {\"messages\": […], \"bad\": \"…\", \"good\": \"…\"}, or question instead of messages; also id, created, model.")
    private Path corrections;

    @Option(names = "--model", order = 2, paramLabel = "NAME", split = ",", showDefaultValue = Visibility.NEVER, description = "Only corrections of answers that these models gave. Default: NAME, of a file all.")
    private List<String> models = List.of();

    @Option(names = "--dry-run", order = 3, description = "Only say what would be learned, and what would not.")
    private boolean dryRun;

    @Option(names = "--canary", order = 4, paramLabel = "SHARE", showDefaultValue = Visibility.NEVER, description = "Serve a better version to this share of the users first, 0.1 for a tenth. Default: to everybody.")
    private Double canary;

    @Option(names = "--steps", order = 10, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Optimizer steps. Default: one pass over the mixture.")
    private Long steps;

    @Option(names = "--learning-rate", order = 11, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of the matrices. Default: a fifth of that of finetune.")
    private Double learningRate;

    @Option(names = "--sightings", order = 12, paramLabel = "N", defaultValue = "64", description = "How often each correction is in the mixture.")
    private int sightings;

    @Option(names = "--replay", order = 13, paramLabel = "SHARE", defaultValue = "0.9", description = "Share of the mixture that is earlier finetuning data, against forgetting.")
    private double replay;

    @Option(names = "--least-replay", order = 14, paramLabel = "N", defaultValue = "6000", description = "Conversations of it, however few corrections there are.")
    private int leastReplay;

    @Option(names = "--held-out", order = 15, paramLabel = "SHARE", defaultValue = "0.2", description = "Share of the corrections that is examined and not learned, where there are at least 20.")
    private double heldOut;

    @Option(names = "--questions", order = 20, paramLabel = "N", defaultValue = "0", description = "Questions of each group of the assistant's examination; 0: all.")
    private int questions;

    @Option(names = "--text-tokens", order = 21, paramLabel = "N", defaultValue = "32768", description = "Tokens of held-out text to measure bits per byte on; 0: all.")
    private long textTokens;

    @Option(names = "--tolerance", order = 22, paramLabel = "SHARE", defaultValue = "0.05", description = "By how much the bits per byte of text may rise.")
    private double tolerance;

    @Option(names = "--tasks", order = 23, paramLabel = "NAMES", split = ",", showDefaultValue = Visibility.NEVER, description = "Further fixed evaluations, as for eval: names of tasks, or files ending in .yaml.")
    private List<String> tasks = List.of();

    @Option(names = "--data-dir", order = 24, paramLabel = "DIR", split = ",", showDefaultValue = Visibility.NEVER, description = "Where the data of tasks is; for a task file also its own folder.")
    private List<Path> dataFolders = List.of();

    @Option(names = "--limit", order = 25, paramLabel = "N", defaultValue = "0", description = "Only the first N items of a task; 0: all.")
    private int limit;

    @Option(names = "--format", order = 26, paramLabel = "HOW", defaultValue = "base", description = "How tasks are asked, base or chat.")
    private Format format;

    @Option(names = "--max-tokens", order = 27, paramLabel = "N", defaultValue = "256", description = "Tokens of an answer to a corrected case at most.")
    private int maxTokens;

    @ArgGroup(exclusive = false, validate = false, heading = "%nAn adapter, instead of all weights (it is merged into the new version):%n")
    private AdapterOptions adapter = new AdapterOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (database != null && corrections != null) {
            throw common.wrong("--database and --corrections: give one of them");
        }
        if (corrections != null) {
            return improve(CorrectionFile.read(corrections), new LinkedHashSet<>(models));
        }
        Deployments.here().require(name);                           // before a database is made for it
        try (Database opened = Feedback.read(database != null ? database : Database.standard().toString())) {
            return improve(Feedback.corrections(opened), models.isEmpty() ? Set.of(name) : new LinkedHashSet<>(models));
        }
    }

    private Integer improve(Corrections from, Set<String> of) throws IOException, InterruptedException {
        Deployments deployments = Deployments.here();
        Lineage.Program program = new Lineage.Program(JackdawCommand.version(), JackdawCommand.commit(), Runtime.version().toString());
        Improvement.Request request = new Improvement.Request(name, from, of, settings(), adapter.method(common), program);
        Output output = common.output();
        Improvement.Result result;
        try (Device device = Device.cpu(common.threads()); ImproveProgress progress = new ImproveProgress(output)) {
            result = new Improvement(deployments, request, device, progress).run();
        }
        output.json(result);
        print(result, deployments.require(name), output);
        return 0;
    }

    private ImproveSettings settings() {
        try {
            return new ImproveSettings(steps, learningRate, sightings, replay, leastReplay, heldOut, questions, textTokens, tolerance, tasks, dataFolders.stream().map(Path::toString).toList(), format, limit,
                    maxTokens, canary, dryRun, common.seed(0));
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
    }

    private static void print(Improvement.Result r, Deployment now, Output output) {
        output.line("");
        output.line("%d corrections: %d to learn (%d of them new), %d held out, %d removed; %d earlier conversations beside them", r.collected(), r.learned(), r.fresh(), r.heldOut(), r.removedIds().size(), r.replay());
        for (Curation.Removed one : r.removedIds().stream().limit(SHOWN).toList()) {
            output.line("  %s: %s%s", one.id(), one.why().meaning(), one.detail().isEmpty() ? "" : " (" + one.detail() + ")");
        }
        if (r.removedIds().size() > SHOWN) {
            output.line("  … and %d more, in --json", r.removedIds().size() - SHOWN);
        }
        r.rejected().forEach(id -> output.line("  %s: could not be trained on; the reason stands above", id));
        if (!r.evaluation().isEmpty()) {
            output.line("");
            List<List<String>> rows = new ArrayList<>();
            for (Verdict.Row row : r.evaluation()) {
                rows.add(List.of(row.name(), Integer.toString(row.n()), number(row.before()), number(row.after()), String.format(Locale.ROOT, "%+.4f", row.difference()),
                        String.format(Locale.ROOT, "%+.4f to %+.4f", row.low(), row.high()), row.isWorse() ? output.bad("worse") : row.isGuess() ? "guessed" : ""));
            }
            output.table(List.of("evaluation", "n", "v" + r.from(), "v" + r.version(), "difference", "95% interval", ""), rows);
        }
        for (Improvement.Told told : r.cases().stream().limit(SHOWN).toList()) {
            output.line("");
            output.line("%s%s", output.bold(told.question()), told.isHeldOut() ? " (held out)" : "");
            output.line("  before  %s", told.before());
            output.line("  after   %s %s", told.after(), told.rightAfter() ? output.good("as corrected") : "expected: " + told.good());
        }
        output.line("");
        if (r.verdict() != null) {
            r.verdict().reasons().forEach(reason -> output.line("%s %s", r.verdict().promote() ? "+" : "-", reason));
        }
        if (r.dryRun()) {
            output.line("Nothing was trained or changed (--dry-run).");
        } else if (r.promoted()) {
            output.line("%s", output.good(r.canary() == null ? "Version " + r.version() + " is served now, instead of " + r.from() + "."
                    : "Version " + r.version() + " is served to " + String.format(Locale.ROOT, "%.0f%%", 100 * r.canary()) + " of the users, " + now.current() + " to the others."));
            output.line("Go back:          ./jackdaw deploy rollback %s", r.name());
            if (r.canary() != null) {
                output.line("Serve it to all:  ./jackdaw deploy promote %s %d", r.name(), r.version());
            }
        } else {
            output.line("%s", output.warning("Not promoted; version " + now.current() + " is served as before." + (r.version() == null ? "" : " The candidate is kept as version " + r.version() + ".")));
        }
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }
}
