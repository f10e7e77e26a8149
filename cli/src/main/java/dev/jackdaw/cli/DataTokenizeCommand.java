package dev.jackdaw.cli;

import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.train.data.Corpus;
import dev.jackdaw.train.data.DocumentSet;
import dev.jackdaw.train.data.Progress;
import dev.jackdaw.train.data.TokenShard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw data tokenize`: a corpus to token shards, what training reads.
@Command(name = "tokenize", description = "Turn a corpus (see data clean) into two token shards, train.tokens and held-out.tokens.")
final class DataTokenizeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "CORPUS", description = "A corpus file that data clean or data dedup wrote.")
    private Path corpusFile;

    @Option(names = "--tokenizer", paramLabel = "SOURCE", required = true, description = TokenizerCommand.SOURCE)
    private Path tokenizer;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder for the shards; it is made if it does not exist.")
    private Path out;

    /// What `--json` prints.
    record Result(int vocabulary, Shard train, Shard heldOut) {
    }

    record Shard(String file, int documents, long tokens, long textBytes, double bytesPerToken, String fingerprint) {
    }

    @Override
    public Integer call() throws IOException {
        Output output = common.output();
        Tokenizer encoder = Tokenizers.read(tokenizer);
        Files.createDirectories(out);
        try (Corpus corpus = Corpus.open(corpusFile)) {
            var result = new Result(encoder.vocabularySize(), shard("train.tokens", corpus.train(), encoder),
                    corpus.heldOut().size() == 0 ? null : shard("held-out.tokens", corpus.heldOut(), encoder));
            output.json(result);
            print(result.train(), output);
            if (result.heldOut() != null) {
                print(result.heldOut(), output);
            }
        }
        return 0;
    }

    private Shard shard(String name, DocumentSet documents, Tokenizer encoder) throws IOException {
        Path file = out.resolve(name);
        try (ProgressBar bar = common.output().progress(name, documents.bytes(), "bytes");
             TokenShard shard = write(file, documents, encoder, common, (_, _, bytes, _) -> bar.update(bytes))) {
            return new Shard(file.toString(), shard.documents(), shard.tokens(), shard.textBytes(), shard.bytesPerToken(), shard.fingerprint());
        }
    }

    private static void print(Shard shard, Output output) {
        output.line("%s: %,d documents, %,d bytes, %,d tokens, %.3f bytes each", shard.file(), shard.documents(), shard.textBytes(), shard.tokens(),
                shard.bytesPerToken());
    }

    static TokenShard write(Path file, DocumentSet documents, Tokenizer tokenizer, CommonOptions common, Progress progress) {
        int end = tokenizer.eos().orElseThrow(() -> new IllegalArgumentException(
                "tokenize: this tokenizer names no end-of-text token, which must stand between documents; its tokenizer_config.json should say eos_token"));
        return TokenShard.write(file, documents, text -> tokenizer.encode(text, false, false), tokenizer.vocabularySize(), end, Tokenizers.fingerprint(tokenizer),
                common.threads(), progress);
    }
}
