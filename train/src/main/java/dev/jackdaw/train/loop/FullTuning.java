package dev.jackdaw.train.loop;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Weights;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/// Every weight moves. Writes a whole model, `params.gguf`.
public final class FullTuning implements Tuning {
    private final Arena arena = Arena.ofShared();
    private final ModelSpec spec;
    private final Device device;
    private final FlatWeights weights;

    private FullTuning(ModelSpec spec, Device device) {
        this.spec = spec;
        this.device = device;
        weights = new FlatWeights(arena, spec.parameters());
    }

    /// Begins with the weights of a model, in whatever number format its file has them.
    public static FullTuning of(Model model, Device device) {
        FullTuning tuning = new FullTuning(model.spec(), device);
        load(tuning.weights, model.file());
        return tuning;
    }

    /// Fills weights from a file, one after another, as F32.
    static void load(FlatWeights weights, ModelFile file) {
        for (FlatWeights.Entry entry : weights.entries()) {
            try (Arena temporary = Arena.ofShared()) {
                Tensor found = file.tensor(temporary, entry.parameter().name());
                Tensor wide = found.type() == DType.F32 ? found : Conversion.to(temporary, found, DType.F32);
                entry.data().copyFrom(wide);
            }
        }
    }

    @Override
    public Weights model() {
        return weights;
    }

    @Override
    public FlatWeights trained() {
        return weights;
    }

    @Override
    public Forward forward() {
        return new Forward(spec, device, name -> weights.entry(name).data());
    }

    @Override
    public Path write(Path directory, Written written) throws IOException {
        Path file = directory.resolve("params.gguf");
        ModelExport.gguf(file, written.name(), spec, name -> weights.entry(name).data(), written.tokenizer(), written.template(), written.facts(), DType.F32);
        return file;
    }

    @Override
    public void close() {
        arena.close();
    }
}
