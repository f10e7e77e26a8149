package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.embed.Embedder;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw embed`: a text as a vector.
@Command(name = "embed", description = "Turn a text into a vector, pooled as the model says, or the mean over its tokens where it says nothing.")
final class EmbedCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "The text; - reads standard input, @FILE a file.")
    private String text;

    @Option(names = "--ids", paramLabel = "IDS", description = "Token ids instead of a text: 1,2,3.")
    private String ids;

    @Option(names = "--jsonl", paramLabel = "FILE", description = "Lines {\"text\"}, one answer for each; - for standard input.")
    private String jsonLines;

    @Option(names = "--raw", description = "Do not bring the vector to length 1.")
    private boolean raw;

    /// What `--json` prints, and a line of the answer to `--jsonl`.
    record Result(int[] ids, float[] embedding) {
    }

    @Override
    public Integer call() throws IOException {
        if (IntStream.of(text == null ? 0 : 1, ids == null ? 0 : 1, jsonLines == null ? 0 : 1).sum() != 1) {
            throw common.wrong("embed: give one of TEXT, --ids IDS and --jsonl FILE");
        }
        int[] given = ids == null ? null : TokenIds.parse(ids, common);
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.open(this.model, device)) {
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            Embedder embedder = new Embedder(model.forward());
            if (jsonLines != null) {
                JsonLinesInput.forEach(jsonLines, common.in(), line -> common.output().jsonLine(embed(embedder, ids(model, JsonLinesInput.text(line, "text")))));
                return 0;
            }
            Result result = embed(embedder, given != null ? given : ids(model, common.text(text)));
            common.output().json(result);
            common.output().line(IntStream.range(0, result.embedding().length).mapToObj(i -> Float.toString(result.embedding()[i])).collect(Collectors.joining(" ")));
        }
        return 0;
    }

    private static int[] ids(Model model, String text) {
        int[] ids = model.tokenizer().encode(text, false, true);
        if (ids.length == 0) {
            throw new IllegalArgumentException("embed: the text has no tokens; give at least one character");
        }
        return ids;
    }

    private Result embed(Embedder embedder, int[] ids) {
        return new Result(ids, raw ? embedder.pool(ids) : embedder.embed(ids));
    }
}
