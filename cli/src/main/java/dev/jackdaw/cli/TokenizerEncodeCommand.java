package dev.jackdaw.cli;

import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `jackdaw tokenizer encode`: text to token ids.
@Command(name = "encode", description = "Turn text into token ids. With --jsonl many texts, a line of JSON for each.")
final class TokenizerEncodeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "SOURCE", description = TokenizerCommand.SOURCE)
    private Path source;

    @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "The text; - for standard input, @FILE for a file.")
    private String text;

    @Option(names = "--jsonl", paramLabel = "FILE",
            description = "Lines {\"text\", \"parseSpecial\", \"addSpecial\"}; - for standard input. The last two may be left out.")
    private String jsonLines;

    @Option(names = "--parse-special", description = "Recognise special tokens such as <|im_end|> in the text, instead of reading them as characters.")
    private boolean parseSpecial;

    @Option(names = "--add-special", description = "Add the tokens that the model expects around a text, at its beginning for instance.")
    private boolean addSpecial;

    /// What `--json` prints, and a line of the answer to `--jsonl`.
    ///
    /// @param tokens each as its vocabulary file writes it
    record Encoded(int[] ids, List<String> tokens) {
    }

    @Override
    public Integer call() throws IOException {
        if ((text == null) == (jsonLines == null)) {
            throw common.wrong("encode: give a TEXT, or --jsonl FILE");
        }
        Output output = common.output();
        Tokenizer tokenizer = Tokenizers.read(ModelStore.resolve(source));
        if (jsonLines != null) {
            JsonLinesInput.forEach(jsonLines, common.in(), line -> output.jsonLine(encode(tokenizer, line)));
            return 0;
        }
        Encoded encoded = encoded(tokenizer, tokenizer.encode(common.text(text), parseSpecial, addSpecial));
        output.json(encoded);
        output.line(Arrays.stream(encoded.ids()).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
        output.line(output.dim(String.join(" ", encoded.tokens())));
        return 0;
    }

    private Encoded encode(Tokenizer tokenizer, JsonNode line) {
        return encoded(tokenizer, tokenizer.encode(JsonLinesInput.text(line, "text"), JsonLinesInput.flag(line, "parseSpecial", parseSpecial),
                JsonLinesInput.flag(line, "addSpecial", addSpecial)));
    }

    private static Encoded encoded(Tokenizer tokenizer, int[] ids) {
        List<String> tokens = new ArrayList<>(ids.length);
        for (int id : ids) {
            tokens.add(tokenizer.piece(id));
        }
        return new Encoded(ids, tokens);
    }
}
