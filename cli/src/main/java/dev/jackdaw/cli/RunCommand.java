package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.generate.FillInTheMiddle;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.Speculation;
import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

    @Mixin
    private ActivationOptions activations;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe text:%n")
    private GenerationOptions generation = new GenerationOptions();

    @ArgGroup(exclusive = false, validate = false, heading = "%nSampling, in a fixed order:%n")
    private SamplingOptions sampling = new SamplingOptions();

    @Mixin
    private LoraOptions lora;

    @ArgGroup(exclusive = false, validate = false, heading = "%nGuessing ahead:%n")
    private SpeculationOptions speculation = new SpeculationOptions();

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Parameters(index = "1", arity = "0..1", paramLabel = "PROMPT", description = "The text to continue; - reads standard input, @FILE a file. Default: the beginning of a document.")
    private String prompt;

    @Option(names = "--suffix", paramLabel = "TEXT", description = "Write what stands between PROMPT and this text (fill in the middle); @FILE reads a file.", showDefaultValue = Visibility.NEVER)
    private String suffix;

    @Option(names = "--ids", paramLabel = "IDS", description = "Token ids to continue, instead of a text.", showDefaultValue = Visibility.NEVER)
    private String ids;

    @Option(names = {"-n", "--max-tokens"}, paramLabel = "N", defaultValue = "128", description = "New tokens at most.")
    private int maxTokens;

    @Option(names = "--ignore-eos", description = "Go on past the end of the text.", showDefaultValue = Visibility.NEVER)
    private boolean ignoreEnd;

    @Option(names = "--no-prompt", description = "Do not print the prompt before its continuation.", showDefaultValue = Visibility.NEVER)
    private boolean noPrompt;

    /// What `--json` prints.
    ///
    /// @param speculation what became of the guesses; null without `--speculate`
    record Result(int[] promptIds, int[] ids, String text, String finishReason, List<Logprob> logprobs, Overflow.Trim trimmed, Timings timings, double prefillTokensPerSecond,
                  double decodeTokensPerSecond, Speculation.Statistics speculation) {
        static Result of(Model model, Generator.Result result, boolean withLogprobs, Speculation.Statistics speculation) {
            return new Result(result.promptIds(), result.ids(), result.text(), result.finishReason().name().toLowerCase(Locale.ROOT),
                    withLogprobs ? result.logprobs().stream().map(p -> Logprob.of(p, model.hasTokenizer() ? model.tokenizer() : null)).toList() : null, result.trimmed(),
                    Timings.of(result), result.prefillTokensPerSecond(result.promptIds().length), result.decodeTokensPerSecond(), speculation);
        }
    }

    record Logprob(int id, String text, double logprob, List<Logprob> top) {
        static Logprob of(TokenProbability p, Tokenizer tokenizer) {
            return new Logprob(p.id(), tokenizer == null ? null : tokenizer.decode(p.id()), p.logprob(), p.top().isEmpty() ? null : p.top().stream().map(t -> of(t, tokenizer)).toList());
        }
    }

    /// @param maskMillis spent on a grammar, part of the generation
    record Timings(double promptMillis, double generateMillis, double maskMillis) {
        static Timings of(Generator.Result result) {
            return new Timings(result.prefillNanos() / 1e6, result.decodeNanos() / 1e6, result.maskNanos() / 1e6);
        }
    }

    @Override
    public Integer call() throws IOException {
        if (maxTokens < 1) {
            throw common.wrong("--max-tokens " + maxTokens + ": give at least 1");
        }
        if (ids != null && (prompt != null || suffix != null)) {
            throw common.wrong("give a PROMPT or --ids, not both");
        }
        sampling.check(common);
        generation.check(common);
        speculation.check(common);
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.openToRun(this.model, device)) {
            cache.apply(model, CacheType.F32, common);
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            lora.apply(model, common);
            String text = prompt == null ? "" : common.text(prompt);
            int[] promptIds = ids != null ? TokenIds.parse(ids, common) : suffix != null ? FillInTheMiddle.prompt(model.tokenizer(), text, common.text(suffix)) : promptIds(model, text);
            if (!noPrompt && !text.isEmpty() && suffix == null) {
                common.output().text(text);
            }
            IntPredicate isEnd = ignoreEnd && !generation.isConstrained() || !model.hasTokenizer() ? _ -> false : model.tokenizer()::ends;
            Sampling chosen = sampling.sampling(common, model.hasTokenizer() ? model.tokenizer() : null);
            try (SpeculationOptions.Asked asked = speculation.open(model, device, Predictor.of(model.forward()), chosen)) {
                generate(model, asked, new Request(promptIds, maxTokens, chosen, isEnd, generation.stop(), generation.topLogprobs(), false, generation.constraint(model), null,
                        generation.overflow()), common.output());
            }
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

    static void generate(Model model, int[] promptIds, int maxTokens, Sampling sampling, Output output) throws IOException {
        generate(model, new SpeculationOptions.Asked(Predictor.of(model.forward()), null, null), Request.of(promptIds, maxTokens, sampling, model.hasTokenizer() ? model.tokenizer()::ends : _ -> false), output);
    }

    /// Streams the text, or prints one JSON object.
    private static void generate(Model model, SpeculationOptions.Asked asked, Request request, Output output) {
        boolean hasText = model.hasTokenizer();
        Generator.Result result = new Generator(asked.predictor(), hasText ? model.tokenizer() : null).generate(request, new Generator.Listener() {
            @Override
            public void token(int id) {
                if (!hasText) {
                    output.text(id + " ");
                }
            }

            @Override
            public void text(String piece) {
                output.text(piece);
            }
        });
        output.line("");
        remarks(result, request, output);
        output.json(Result.of(model, result, request.topLogprobs() >= 0, asked.statistics()));
    }

    /// What the reader of the text must know about it.
    static void remarks(Generator.Result result, Request request, Output output) {
        if (result.trimmed() != null) {
            output.note(result.trimmed().toString());
        }
        if (result.finishReason() == Generator.FinishReason.GRAMMAR) {
            output.note("stopped: the grammar allows none of the model's tokens here, and the text is not complete");
        } else if (result.finishReason() == Generator.FinishReason.LENGTH && request.constraint() != null && !request.constraint().mayEnd()) {
            output.note("the text is not complete: it was cut after " + result.ids().length + " tokens, --max-tokens allows more");
        }
    }
}
