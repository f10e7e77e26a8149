package dev.jackdaw.cli;

import dev.jackdaw.lab.probe.Extraction;
import dev.jackdaw.lab.probe.LearningPage;
import dev.jackdaw.lab.probe.MemorisationExperiment;
import dev.jackdaw.lab.probe.MemorisationExperiment.Size;
import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.data.Document;
import dev.jackdaw.train.data.Documents;
import dev.jackdaw.train.data.Tally;
import dev.jackdaw.train.data.TokenShard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw probe memorisation`: how often a text must be repeated to be recited; and how much of given documents a model recites.
@Command(name = "memorisation", description = "How often must a text be repeated to be recited? Trains small models on hidden documents; or, with MODEL, how much of given documents it recites.")
final class ProbeMemorisationCommand implements Callable<Integer> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,3})x(\\d{1,5})");

    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Parameters(index = "0", arity = "0..1", paramLabel = "MODEL", description = "A model to examine. Default: new small ones are trained.")
    private Path path;

    @Option(names = "--data", paramLabel = "SOURCE", split = ",", description = "With MODEL: documents it learned from. Default: those of the run.", showDefaultValue = Visibility.NEVER)
    private List<String> data;

    @Option(names = "--held-out", paramLabel = "SOURCE", split = ",", description = "With MODEL: documents it did not. Default: those of the run.", showDefaultValue = Visibility.NEVER)
    private List<String> heldOut;

    @Option(names = "--prefix", paramLabel = "N", split = ",", defaultValue = "16,32,64", description = "With MODEL: tokens of a document that are given.")
    private int[] prefixes;

    @Option(names = "--asked", paramLabel = "N", defaultValue = "32", description = "With MODEL: tokens it must then recite.")
    private int asked;

    @Option(names = "--documents", paramLabel = "N", defaultValue = "200", description = "With MODEL: documents to try at most, of each kind.")
    private int documents;

    @Option(names = "--sizes", paramLabel = "LxW", split = ",", defaultValue = "2x64,3x128", description = "Without: layers and width of the models to train.")
    private List<String> sizes;

    @Option(names = "--repetitions", paramLabel = "N", defaultValue = "64", description = "Without: the most frequent documents stand so often in the text, others 1, 2, 4, 8, … times.")
    private int repetitions;

    @Option(names = "--canaries", paramLabel = "N", defaultValue = "16", description = "Without: documents at each of these levels.")
    private int canaries;

    @Option(names = "--fillers", paramLabel = "N", defaultValue = "12000", description = "Without: other documents to hide them among.")
    private int fillers;

    @Option(names = {"-o", "--out"}, paramLabel = "PATH", description = "Where to write a page: a folder, which also keeps results so that a run that was stopped goes on; with MODEL an HTML file.",
            showDefaultValue = Visibility.NEVER)
    private Path out;

    /// What `--json` prints without MODEL.
    record Trained(MemorisationExperiment.Settings settings, List<MemorisationExperiment.Outcome> models) {
    }

    /// What `--json` prints with MODEL.
    record Examined(List<Extraction.Rate> rates) {
    }

    @Override
    public Integer call() throws IOException {
        if (path == null) {
            if (data != null || heldOut != null) {
                throw common.wrong("--data, --held-out: they are for the examination of a MODEL, which was not given");
            }
            train();
        } else {
            examine();
        }
        return 0;
    }

    private void train() throws IOException {
        List<Size> chosen = sizes.stream().map(this::size).toList();
        MemorisationExperiment.Settings settings;
        try {
            settings = new MemorisationExperiment.Settings(repetitions, canaries, fillers, common.seed(0));
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
        List<MemorisationExperiment.Outcome> outcomes;
        try (Device device = Device.cpu(common.threads()); ProgressBar bar = common.output().progress("memorisation")) {
            outcomes = new MemorisationExperiment(settings).run(chosen, out, device, (size, step, of, loss) ->
                    bar.updateShare((chosen.indexOf(size) + (double) step / of) / chosen.size(), String.format(Locale.ROOT, "%s, loss %.3f", size, loss)));
        }
        Output output = common.output();
        if (out != null) {
            LearningPage.writeMemorisation(out, settings, outcomes);
            output.note("wrote %s", out.resolve("report.html"));
        }
        output.json(new Trained(settings, outcomes));
        List<List<String>> rows = new ArrayList<>();
        for (MemorisationExperiment.Outcome o : outcomes) {
            for (MemorisationExperiment.Level l : o.levels()) {
                rows.add(List.of(o.layers() + "x" + o.width(), Integer.toString(l.times()), l.recited().toString(), String.format(Locale.ROOT, "%.1f%%", 100 * l.tokensRight()),
                        String.format(Locale.ROOT, "%.2f (%.2f to %.2f)", l.exposure().mean(), l.exposure().low(), l.exposure().high()), Integer.toString(l.medianRank())));
            }
        }
        output.table(List.of("model", "times", "recited exactly", "until the first error", "exposure, bits", "median rank"), rows);
        output.line("n = %d documents at each level, 95%% intervals; exposure is at most %.2f bits", canaries, MemorisationExperiment.MOST_EXPOSURE);
    }

    private Size size(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw common.wrong("--sizes " + text + ": give layers and width, 2x64 for instance");
        }
        try {
            return new Size(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
    }

    private void examine() throws IOException {
        List<Extraction.Rate> rates = new ArrayList<>();
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.open(path, device)) {
            Path ofRun = path.resolve("data");
            if (data == null && !Files.exists(ofRun.resolve("train.tokens"))) {
                throw common.wrong("--data: give the documents it learned from; " + path + " is not the directory of a run, which would hold them");
            }
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            Extraction extraction = new Extraction(model.forward(), model.hasTokenizer() ? model.tokenizer().idsBefore() : new int[0], prefixes, asked, documents, common.seed(0));
            recite(rates, "learned from", model, extraction, data, data == null ? ofRun.resolve("train.tokens") : null);
            if (heldOut != null || data == null && Files.exists(ofRun.resolve("held-out.tokens"))) {
                recite(rates, "held out", model, extraction, heldOut, heldOut == null ? ofRun.resolve("held-out.tokens") : null);
            } else {
                common.output().note("give --held-out documents to compare with: what is recited of texts that cannot have been seen");
            }
        }
        if (out != null) {
            LearningPage.writeExtraction(out, path.toAbsolutePath().normalize().getFileName().toString(), rates);
            common.output().note("wrote %s", out);
        }
        common.output().json(new Examined(rates));
        common.output().table(List.of("documents", "given", "asked", "recited exactly", "until the first error"), rates.stream().map(r -> List.of(r.documents(),
                Integer.toString(r.prefix()), Integer.toString(r.asked()), r.recited().toString(),
                String.format(Locale.ROOT, "%.1f%%", 100 * r.tokensRight()))).toList());
    }

    private void recite(List<Extraction.Rate> rates, String name, Model model, Extraction extraction, List<String> sources, Path shard) throws IOException {
        Extraction.Sample sample = extraction.sample();
        if (shard != null) {
            try (TokenShard tokens = TokenShard.open(shard)) {
                sample.add(tokens);
            }
        } else {
            Sources.documents(sources).forEach(new Documents.Sink() {
                @Override
                public void accept(Document document) {
                    sample.add(model.tokenizer().encode(document.bytes(), false, false));
                }
            }, new Tally());
        }
        try (ProgressBar bar = common.output().progress(name)) {
            rates.addAll(sample.recite(name, done -> bar.updateShare(done, "")));
        }
    }
}
