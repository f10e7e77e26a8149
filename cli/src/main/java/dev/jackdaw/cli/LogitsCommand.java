package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.generate.Sampler;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw logits`: the raw numbers, to compare one engine with another.
@Command(name = "logits", description = "Print the raw logits after the last of some token ids, and the likeliest token after each of them.")
final class LogitsCommand implements Callable<Integer> {
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

    @Option(names = "--ids", required = true, paramLabel = "IDS", description = "Token ids: 1,2,3.")
    private String ids;

    /// What `--json` prints: logits `[V]` of the last position, the arg-max of every position.
    record Result(float[] logits, int[] argmax) {
    }

    @Override
    public Integer call() throws IOException {
        int[] tokens = TokenIds.parse(ids, common);
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.open(this.model, device)) {
            cache.apply(model, CacheType.F32, common);
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            lora.apply(model, common);
            int[] argmax = new int[tokens.length];
            float[][] last = new float[1][];
            try (KvCache past = model.forward().newCache(tokens.length)) {
                model.forward().allLogits(past, tokens, (i, logits) -> {
                    float[] values = logits.toFloats();
                    argmax[i] = Sampler.argmax(values);
                    last[0] = values;
                });
            }
            common.output().json(new Result(last[0], argmax));
            for (int id = 0; id < last[0].length; id++) {
                common.output().line("%d\t%s", id, Float.toString(last[0][id]));
            }
        }
        return 0;
    }
}
