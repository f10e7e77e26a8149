package dev.jackdaw.cli;

import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw tokenizer decode`: token ids to text.
@Command(name = "decode", description = "Turn token ids into text. With --jsonl many lists of ids, a line of JSON for each.")
final class TokenizerDecodeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "SOURCE", description = TokenizerCommand.SOURCE)
    private Path source;

    @Parameters(index = "1..*", paramLabel = "ID", split = ",", description = "Token ids, separated by blanks or commas.")
    private List<Integer> ids;

    @Option(names = "--jsonl", paramLabel = "FILE", description = "Lines {\"ids\": […], \"skipSpecial\"}; - for standard input. The last may be left out.")
    private String jsonLines;

    @Option(names = "--skip-special", description = "Leave special tokens out.")
    private boolean skipSpecial;

    /// What `--json` prints, and a line of the answer to `--jsonl`.
    record Decoded(String text) {
    }

    @Override
    public Integer call() throws IOException {
        if ((ids == null) == (jsonLines == null)) {
            throw common.wrong("decode: give token ids, or --jsonl FILE");
        }
        Output output = common.output();
        Tokenizer tokenizer = Tokenizers.read(ModelStore.resolve(source));
        if (jsonLines != null) {
            JsonLinesInput.forEach(jsonLines, common.in(), line -> output.jsonLine(
                    new Decoded(tokenizer.decode(JsonLinesInput.ids(line, "ids"), JsonLinesInput.flag(line, "skipSpecial", skipSpecial)))));
            return 0;
        }
        for (int id : ids) {
            if (id < 0 || id >= tokenizer.vocabularySize()) {
                throw common.wrong("decode: id " + id + " is not in the vocabulary; ids go from 0 to " + (tokenizer.vocabularySize() - 1));
            }
        }
        String text = tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray(), skipSpecial);
        output.json(new Decoded(text));
        output.line(text);
        return 0;
    }
}
