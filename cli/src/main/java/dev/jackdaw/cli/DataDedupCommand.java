package dev.jackdaw.cli;

import dev.jackdaw.train.data.CorpusStats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw data dedup`: only duplicates are removed, the texts stay as they are (but for their encoding).
@Command(name = "dedup", description = "Remove exact and near duplicates, change nothing else, and write a corpus or JSON lines.")
final class DataDedupCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DataOptions data;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "A corpus file; JSON lines if the name ends in .jsonl.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        CorpusStats stats = data.write(common, out, false);
        common.output().json(stats);
        DataOptions.print(stats, common.output());
        return 0;
    }
}
