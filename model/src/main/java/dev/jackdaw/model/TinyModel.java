package dev.jackdaw.model;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// A model of random numbers with everything a real one has, for the start-up cache and for tests. The same bytes every time.
public final class TinyModel {
    public static final int CONTEXT = 64;
    private static final String TEXT = "The jackdaw sat on the wall. The cat sat on a mat and the jackdaw sat on a cat.\n";

    private TinyModel() {
    }

    public static void write(Path gguf) throws IOException {
        write(gguf, "qwen3", DType.F32, 2, 64, CONTEXT);
    }

    /// @param family of one of those whose description is that of Llama, with or without norms of heads
    /// @param width  and layers: more take longer for a token
    public static void write(Path gguf, String family, DType type, int layers, int width, int context) throws IOException {
        BpeTrainer.Settings settings = BpeTrainer.Settings.of(256 + 20 + SpecialTokens.names().size(), 1);
        var tokenizer = new BytePairTokenizer(BpeTrainer.train(List.of(TEXT.repeat(3).getBytes(StandardCharsets.UTF_8)), settings,
                BpeTrainer.Progress.none()).spec());
        var spec = ModelSpec.plain(family, tokenizer.vocabularySize(), layers, width, 2, 1, 32, 3 * width / 2, context, 1e-6f, 10_000, family.equals("qwen3"), true);
        try (Arena arena = Arena.ofShared()) {
            var weights = new FlatWeights(arena, spec.parameters());
            var random = new SplittableRandom(1);
            for (FlatWeights.Entry entry : weights.entries()) {
                Tensor data = entry.data();
                boolean isNorm = entry.parameter().role() == ModelSpec.Role.NORM;
                for (long i = 0; i < data.elements(); i++) {
                    data.set(i, isNorm ? 1 : (float) random.nextDouble(-0.2, 0.2));
                }
            }
            ModelExport.gguf(gguf, "tiny", spec, name -> weights.entry(name).data(), tokenizer, SpecialTokens.CHAT_TEMPLATE, Map.of(), type);
        }
    }
}
