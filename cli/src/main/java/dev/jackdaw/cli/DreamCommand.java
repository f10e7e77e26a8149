package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw dream`: what a base model writes when it is given nothing.
@Command(name = "dream", description = "Let a base model write documents from nothing: dreams of the text it was trained on.")
final class DreamCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @ArgGroup(exclusive = false, validate = false, heading = "%nSampling:%n")
    private SamplingOptions sampling = new SamplingOptions();

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Option(names = {"-n", "--max-tokens"}, paramLabel = "N", defaultValue = "256", description = "New tokens at most.")
    private int maxTokens;

    @Override
    public Integer call() throws IOException {
        sampling.check(common);
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.open(this.model, device)) {
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            int most = Math.min(maxTokens, model.spec().context() - 1);
            if (most < maxTokens) {
                common.output().note("the model's context holds %d tokens: dreaming %d instead of %d", model.spec().context(), most, maxTokens);
            }
            RunCommand.generate(model, RunCommand.promptIds(model, ""), most, sampling.sampling(common, model.hasTokenizer() ? model.tokenizer() : null), common.output());
        }
        return 0;
    }
}
