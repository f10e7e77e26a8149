package dev.jackdaw.cli;

import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.train.data.Corpus;
import dev.jackdaw.train.data.CorpusStats;
import dev.jackdaw.train.data.Progress;
import dev.jackdaw.train.data.TokenShard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw data stats`: what is in some text, and what cleaning would leave of it. Writes nothing.
@Command(name = "stats", description = "Count documents, bytes, kinds, duplicates and what cleaning leaves out; with --tokenizer also tokens.")
final class DataStatsCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DataOptions data;

    @Option(names = "--tokenizer", paramLabel = "SOURCE", description = TokenizerCommand.SOURCE)
    private Path tokenizer;

    @Override
    public Integer call() throws IOException {
        Tokenizer encoder = tokenizer == null ? null : Tokenizers.read(tokenizer);
        CorpusStats stats = data.withTemporary(common, true, corpus -> encoder == null ? corpus.stats() : withTokens(corpus, encoder));
        common.output().json(stats);
        DataOptions.print(stats, common.output());
        return 0;
    }

    private CorpusStats withTokens(Corpus corpus, Tokenizer encoder) {
        try {
            Path file = Files.createTempFile("jackdaw", ".tokens");
            try (TokenShard shard = DataTokenizeCommand.write(file, corpus.train(), encoder, common, Progress.SILENT)) {
                return corpus.stats().withTokens(shard);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
