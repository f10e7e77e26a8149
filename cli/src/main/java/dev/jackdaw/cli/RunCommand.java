package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.TextStream;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.IntPredicate;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw run`: the next words, one after the other.
@Command(name = "run", description = "Continue a text with a model.")
final class RunCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @ArgGroup(exclusive = false, validate = false, heading = "%nSampling:%n")
    private SamplingOptions sampling = new SamplingOptions();

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Parameters(index = "1", arity = "0..1", paramLabel = "PROMPT", description = "The text to continue; - reads standard input, @FILE a file. Default: the beginning of a document.")
    private String prompt;

    @Option(names = "--ids", paramLabel = "IDS", description = "Token ids to continue, instead of a text.", showDefaultValue = Visibility.NEVER)
    private String ids;

    @Option(names = {"-n", "--max-tokens"}, paramLabel = "N", defaultValue = "128", description = "New tokens at most.")
    private int maxTokens;

    @Option(names = "--ignore-eos", description = "Go on past the end of the text.", showDefaultValue = Visibility.NEVER)
    private boolean ignoreEnd;

    @Option(names = "--no-prompt", description = "Do not print the prompt before its continuation.", showDefaultValue = Visibility.NEVER)
    private boolean noPrompt;

    /// What `--json` prints.
    record Result(int[] promptIds, int[] ids, String text, String finishReason, double prefillTokensPerSecond, double decodeTokensPerSecond) {
    }

    @Override
    public Integer call() throws IOException {
        if (maxTokens < 1) {
            throw common.wrong("--max-tokens " + maxTokens + ": give at least 1");
        }
        if (ids != null && prompt != null) {
            throw common.wrong("give a PROMPT or --ids, not both");
        }
        Sampling chosen = sampling.sampling(common);
        try (Device device = Device.cpu(common.threads()); Model model = Model.open(this.model, device)) {
            model.engine().note().ifPresent(note -> common.output().note("%s", note));
            String text = prompt == null ? "" : common.text(prompt);
            int[] promptIds = ids != null ? TokenIds.parse(ids, common) : promptIds(model, text);
            if (!noPrompt && !text.isEmpty()) {
                common.output().text(text);
            }
            generate(model, promptIds, maxTokens, chosen, ignoreEnd, common.output());
        }
        return 0;
    }

    /// A base model has seen each document begin with the end-of-text token; an empty prompt is just that token.
    static int[] promptIds(Model model, String text) {
        int[] ids = model.tokenizer().encode(text, false, true);
        if (ids.length > 0) {
            return ids;
        }
        return new int[] {model.tokenizer().bos().orElseGet(() -> model.tokenizer().eos().orElse(0))};
    }

    /// Streams the text, or prints one JSON object.
    static void generate(Model model, int[] promptIds, int maxTokens, Sampling sampling, boolean ignoreEnd, Output output) {
        IntPredicate isEnd = ignoreEnd || !model.hasTokenizer() ? _ -> false : model.tokenizer()::ends;
        TextStream stream = model.hasTokenizer() ? model.tokenizer().stream(true) : null;
        Generator.Result result = new Generator(model.engine()).generate(promptIds, maxTokens, sampling, isEnd,
                id -> output.text(stream == null ? id + " " : stream.next(id)));
        if (stream != null) {
            output.text(stream.end());
        }
        output.line("");
        String text = model.hasTokenizer() ? model.tokenizer().decode(result.ids(), true) : "";
        output.json(new Result(promptIds, result.ids(), text, result.finishReason().name().toLowerCase(Locale.ROOT),
                result.prefillTokensPerSecond(promptIds.length), result.decodeTokensPerSecond()));
    }
}
