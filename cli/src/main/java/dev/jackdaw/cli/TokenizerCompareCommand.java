package dev.jackdaw.cli;

import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `jackdaw tokenizer compare`: the same text through several tokenizers.
@Command(name = "compare", description = "Encode the same text with several tokenizers: tokens, bytes per token, speed of one thread.")
final class TokenizerCompareCommand implements Callable<Integer> {
    private static final double MEASURED_SECONDS = 0.5;

    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "TEXT", description = "The text; - for standard input, @FILE for a file. The longer, the better measured.")
    private String text;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "SOURCE", description = TokenizerCommand.SOURCE)
    private List<Path> sources;

    /// What `--json` prints.
    record Comparison(long bytes, List<Line> tokenizers) {
    }

    /// @param lossless whether decoding gave back every byte
    record Line(String source, int vocabulary, int tokens, double bytesPerToken, double megabytesPerSecond, boolean lossless) {
    }

    @Override
    public Integer call() throws IOException {
        Output output = common.output();
        byte[] bytes = common.text(text).getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0) {
            throw common.wrong("compare: the text is empty");
        }
        var lines = new ArrayList<Line>();
        for (Path source : sources) {
            lines.add(measure(source.toString(), Tokenizers.read(source), bytes));
        }
        output.json(new Comparison(bytes.length, lines));
        output.table(List.of("tokenizer", "vocabulary", "tokens", "bytes/token", "MB/s", "lossless"), lines.stream().map(line -> List.of(
                line.source(), Integer.toString(line.vocabulary()), Integer.toString(line.tokens()),
                String.format(Locale.ROOT, "%.3f", line.bytesPerToken()), String.format(Locale.ROOT, "%.1f", line.megabytesPerSecond()),
                line.lossless() ? "yes" : "no")).toList());
        return 0;
    }

    /// The speed is that of the best pass, after the first.
    private static Line measure(String name, Tokenizer tokenizer, byte[] bytes) {
        int[] ids = tokenizer.encode(bytes, false, false);
        var list = new TokenList(ids.length);
        double best = Double.MAX_VALUE;
        double spent = 0;
        while (spent < MEASURED_SECONDS) {
            list.clear();
            long start = System.nanoTime();
            tokenizer.encode(bytes, 0, bytes.length, false, list);
            double seconds = (System.nanoTime() - start) / 1e9;
            best = Math.min(best, seconds);
            spent += seconds;
        }
        boolean lossless = Arrays.equals(tokenizer.decodeBytes(ids, false), bytes);
        return new Line(name, tokenizer.vocabularySize(), ids.length, (double) bytes.length / Math.max(1, ids.length), bytes.length / best / 1e6, lossless);
    }
}
