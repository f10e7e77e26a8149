package dev.jackdaw.cli;

import dev.jackdaw.train.data.CorpusStats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw data clean`: raw text to a corpus: cleaned, without duplicates, divided into what is learned from and what is held out.
@Command(name = "clean", description = "Clean text, remove duplicates, hold some out, and write the rest as a corpus or as JSON lines.")
final class DataCleanCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DataOptions data;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "A corpus file; JSON lines if the name ends in .jsonl.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        CorpusStats stats = data.write(common, out, true);
        common.output().json(stats);
        DataOptions.print(stats, common.output());
        return 0;
    }
}
