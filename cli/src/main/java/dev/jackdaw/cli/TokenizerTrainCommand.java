package dev.jackdaw.cli;

import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Split;
import dev.jackdaw.model.token.TokenizerConfig;
import dev.jackdaw.model.token.TokenizerJson;
import dev.jackdaw.train.data.Documents;
import dev.jackdaw.train.data.Tally;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw tokenizer train`: learns a byte-level BPE vocabulary from text as it lies there, uncleaned.
@Command(name = "train", description = "Learn a byte-level BPE vocabulary from text and write tokenizer.json and tokenizer_config.json.")
final class TokenizerTrainCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(arity = "1..*", paramLabel = "SOURCE", description = Sources.DESCRIPTION)
    private List<String> sources;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder for the two files; it is made if it does not exist.")
    private Path out;

    @Option(names = "--vocab", paramLabel = "N", defaultValue = "8192",
            description = "Tokens in all: 256 bytes, the merges and the special tokens.")
    private int vocabulary;

    @Option(names = "--split", paramLabel = "RULE", defaultValue = "llama3",
            description = "How text is cut into words before merging: ${COMPLETION-CANDIDATES}.")
    private Split split;

    @Option(names = "--min-count", paramLabel = "N", defaultValue = "2", description = "Pairs seen less often are not merged.")
    private long minimumCount;

    @Option(names = "--special", paramLabel = "NAMES", split = ",",
            description = "Names of the special tokens, separated by commas; none for no special token. Default: the 23 of our models.")
    private List<String> special;

    @Option(names = "--words", paramLabel = "N", defaultValue = "4194304",
            description = "Different words kept in memory, about 60 bytes each; beyond, the rarest are forgotten.")
    private int words;

    /// What `--json` prints.
    record Result(String file, int vocabulary, int merges, long documents, long bytes, long words, long forgottenBelow, double seconds,
            double megabytesPerSecond) {
    }

    @Override
    public Integer call() throws IOException {
        Output output = common.output();
        List<String> names = special == null ? SpecialTokens.names() : special.equals(List.of("none")) ? List.of() : special;
        var settings = new BpeTrainer.Settings(vocabulary, split, names, minimumCount, common.threads(), words);
        Documents documents = Sources.documents(sources);
        var skipped = new Tally();
        long start = System.nanoTime();
        BpeTrainer.Trained trained = train(documents, skipped, settings, output);
        double seconds = (System.nanoTime() - start) / 1e9;
        Files.createDirectories(out);
        Path file = out.resolve("tokenizer.json");
        Files.write(file, TokenizerJson.write(trained.spec()));
        if (names.contains(SpecialTokens.END_OF_TEXT)) {
            Files.write(out.resolve("tokenizer_config.json"), TokenizerConfig.ofOurs(0).write());
        }
        var result = new Result(file.toString(), trained.spec().size(), trained.spec().mergeCount(), trained.documents(), trained.bytes(),
                trained.words(), trained.forgottenBelow(), seconds, trained.bytes() / seconds / 1e6);
        output.json(result);
        output.line("%s: %,d tokens, %,d of them merges, learned from %,d documents (%,d bytes, %,d different words) in %s, %.1f MB/s", file,
                result.vocabulary(), result.merges(), result.documents(), result.bytes(), result.words(), ProgressBar.duration(seconds),
                result.megabytesPerSecond());
        if (result.vocabulary() < vocabulary) {
            output.note("note: %,d tokens were asked for; no further pair is seen %d times", vocabulary, minimumCount);
        }
        if (result.forgottenBelow() > 0) {
            output.note("note: words seen less than %d times may have been forgotten; more --words keeps them", result.forgottenBelow());
        }
        if (skipped.documents() > 0) {
            output.note("left out: " + skipped.describe());
        }
        return 0;
    }

    private static BpeTrainer.Trained train(Documents documents, Tally skipped, BpeTrainer.Settings settings, Output output) {
        var fraction = new double[1];
        try (ProgressBar counting = output.progress("count words"); var merging = new LateBar(output)) {
            return BpeTrainer.train(Sources.texts(documents, skipped, done -> fraction[0] = done), settings, (stage, done, total) -> {
                switch (stage) {
                    case COUNTING -> counting.updateShare(fraction[0], String.format(Locale.ROOT, "%.1f MB", done / 1e6));
                    case MERGING -> {
                        counting.close();
                        merging.update(done, total);
                    }
                }
            });
        }
    }

    /// A bar that begins when there is something to show.
    private static final class LateBar implements AutoCloseable {
        private final Output output;
        private ProgressBar bar;

        LateBar(Output output) {
            this.output = output;
        }

        void update(long done, long total) {
            if (bar == null) {
                bar = output.progress("merge pairs", total, "merges");
            }
            bar.update(done);
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
