package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.generate.Sampler;
import dev.jackdaw.model.token.VisibleText;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw next`: the distribution over the next token, which is all that a language model computes.
@Command(name = "next", description = "Show how likely each next token is: jackdaw next MODEL \"the cat sat on a\"")
final class NextCommand implements Callable<Integer> {
    private static final int BAR = 30;

    @Mixin
    private CommonOptions common;

    @Mixin
    private LoraOptions lora;

    @Mixin
    private ActivationOptions activations;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Parameters(index = "1", paramLabel = "TEXT", description = "The text so far; - reads standard input, @FILE a file.")
    private String text;

    @Option(names = "--top", paramLabel = "K", defaultValue = "10", description = "How many tokens to show.")
    private int top;

    /// What `--json` prints.
    record Result(int[] ids, List<Candidate> next) {
    }

    record Candidate(int id, String text, double probability, double logit) {
    }

    @Override
    public Integer call() throws IOException {
        if (top < 1) {
            throw common.wrong("--top " + top + ": give at least 1");
        }
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.openToRun(this.model, device)) {
            cache.apply(model, CacheType.F32, common);
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            lora.apply(model, common);
            int[] ids = RunCommand.promptIds(model, common.text(text));
            float[] logits;
            try (KvCache past = model.forward().newCache(ids.length)) {
                logits = model.forward().logits(past, ids);
            }
            float[] probabilities = logits.clone();
            Sampler.softmax(probabilities);
            List<Candidate> candidates = IntStream.range(0, logits.length).boxed().sorted((a, b) -> Float.compare(logits[b], logits[a])).limit(top)
                    .map(id -> new Candidate(id, model.tokenizer().decode(id), probabilities[id], logits[id])).toList();
            Output output = common.output();
            output.json(new Result(ids, candidates));
            for (Candidate c : candidates) {
                output.line("%6.2f%%  %-" + BAR + "s  %s", 100 * c.probability(), "█".repeat((int) Math.round(BAR * c.probability())), VisibleText.of(c.text()));
            }
        }
        return 0;
    }
}
