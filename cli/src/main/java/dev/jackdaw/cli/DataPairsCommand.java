package dev.jackdaw.cli;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.data.BracePairs;
import dev.jackdaw.train.data.Document;
import dev.jackdaw.train.data.Documents;
import dev.jackdaw.train.data.Tally;
import dev.jackdaw.train.loop.Pretraining;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw data pairs`: preference pairs made by a program from Java sources, to try `prefer` and `reward` with.
@Command(name = "pairs", description = "Make preference pairs from Java sources: the statement of an if without braces is preferred to the same with them, or the other way round. For prefer --plain --open.")
final class DataPairsCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "SOURCE", arity = "1..*", description = "Folders, .java files, .zip, .jar; or jdk, the sources every JDK carries.")
    private List<String> sources;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "JSON lines with prompt, chosen, rejected.")
    private Path out;

    @Option(names = "--most", paramLabel = "N", defaultValue = "4000", description = "Most pairs; of more, some are chosen by the seed.")
    private int most;

    @Option(names = "--prefer", paramLabel = "STYLE", defaultValue = "bare", description = "braces, or bare: no braces around a single statement, which is not the habit of the JDK.")
    private String style;

    /// A line of the file.
    record Line(String prompt, String chosen, String rejected) {
    }

    /// What `--json` prints.
    ///
    /// @param found     pairs in the sources, each prompt once
    /// @param wasBraced of those written, how many the source has in braces
    record Result(String file, int found, int written, int wasBraced) {
    }

    @Override
    public Integer call() throws IOException {
        if (most < 1) {
            throw common.wrong("--most " + most + ": give a positive number");
        }
        if (!style.equals("braces") && !style.equals("bare")) {
            throw common.wrong("--prefer " + style + ": give braces or bare");
        }
        boolean bare = style.equals("bare");
        List<Path> paths = new ArrayList<>();
        for (String source : sources) {
            paths.add(source.equals("jdk") ? Pretraining.jdkSources() : Path.of(source));
        }
        List<BracePairs.Pair> pairs = new ArrayList<>();
        Set<String> prompts = new LinkedHashSet<>();
        Documents.of(paths).forEach(new Documents.Sink() {
            @Override
            public void accept(Document document) {
                for (BracePairs.Pair pair : document.id().endsWith(".java") ? BracePairs.of(new String(document.bytes(), StandardCharsets.UTF_8)) : List.<BracePairs.Pair>of()) {
                    if (prompts.add(pair.prompt())) {
                        pairs.add(pair);
                    }
                }
            }
        }, new Tally());
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("data pairs: no if with a single statement was found in " + sources + "; give Java sources");
        }
        int found = pairs.size();
        SplittableRandom random = new SplittableRandom(common.seed(0));
        for (int i = pairs.size() - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            BracePairs.Pair swap = pairs.get(i);
            pairs.set(i, pairs.get(other));
            pairs.set(other, swap);
        }
        List<BracePairs.Pair> chosen = pairs.subList(0, Math.min(most, found));
        StringBuilder lines = new StringBuilder();
        for (BracePairs.Pair pair : chosen) {
            lines.append(Json.write(bare ? new Line(pair.prompt(), pair.bare(), pair.braced()) : new Line(pair.prompt(), pair.braced(), pair.bare()))).append('\n');
        }
        AtomicFile.write(out, lines.toString());
        int braced = (int) chosen.stream().filter(BracePairs.Pair::wasBraced).count();
        common.output().json(new Result(out.toString(), found, chosen.size(), braced));
        common.output().line("%,d pairs of %,d found written to %s; the source has braces in %,d of them", chosen.size(), found, out, braced);
        return 0;
    }
}
