package dev.jackdaw.train.loop;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.FrozenWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.WeightSource;
import dev.jackdaw.model.arch.Weights;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.model.format.PeftWriter;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;

/// The model stays as it is, in four bits if its file has it so; an adapter beside it moves. Writes the adapter alone, as PEFT keeps it.
public final class LoraTuning implements Tuning {
    /// Folder in the directory of the run.
    public static final String ADAPTER = "adapter";

    private final Arena arena = Arena.ofShared();
    private final Model base;
    private final Device device;
    private final WeightSource source;
    private final LoraWeights weights;

    private LoraTuning(Model base, Device device, LoraSettings settings, DType as, long seed) {
        this.base = base;
        this.device = device;
        source = FrozenWeights.as(base.spec(), base.file(), as);
        try {
            FrozenWeights frozen = new FrozenWeights(arena, device, base.spec(), source);
            weights = new LoraWeights(arena, device, base.spec(), frozen, settings);
            weights.initialize(seed);
            frozen.loaded();
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// How a finetuning trains an adapter.
    ///
    /// @param as   the number format of the weights that stay, see [FrozenWeights]; null: each as the file has it
    /// @param seed of the numbers with which the pairs begin
    public static Finetuning.Method method(LoraSettings settings, DType as, long seed) {
        return new Finetuning.Method(name(settings, as), (base, device) -> new LoraTuning(base, device, settings, as, seed),
                (base, train) -> Trainer.bytesNeeded(train, settings, FrozenWeights.bytes(base.spec(), FrozenWeights.as(base.spec(), base.file(), as))), LEARNING_RATE);
    }

    /// A pair is zero at first and small for long, so it takes larger steps than weights that are whole.
    private static final double LEARNING_RATE = 5;

    private static String name(LoraSettings s, DType as) {
        return (s.dora() ? "DoRA" : "LoRA") + " of rank " + s.rank() + ", alpha " + s.alpha() + (s.rankStabilised() ? " (rank-stabilised)" : "") + (s.dropout() == 0 ? "" : ", dropout " + s.dropout())
                + ", " + (s.targets().isEmpty() ? "all linear layers" : String.join(", ", s.targets())) + (as == null ? "" : ", over " + as);
    }

    @Override
    public Weights model() {
        return weights;
    }

    @Override
    public FlatWeights trained() {
        return weights.trained();
    }

    @Override
    public Forward forward() {
        Forward forward = new Forward(base.spec(), device, source);
        try (Arena temporary = Arena.ofShared()) {
            forward.adapters(List.of(forward.adapter(weights.lora(temporary, "the adapter in training"), 1)));
        }
        return forward;
    }

    @Override
    public Path write(Path directory, Written written) throws IOException {
        Path folder = directory.resolve(ADAPTER);
        ModelSpec spec = base.spec();
        LoraSettings settings = weights.settings();
        try (Arena temporary = Arena.ofShared()) {
            Lora lora = weights.lora(temporary, folder.toString());
            PeftWriter.write(folder, spec, lora, new PeftWriter.Facts(base.path().toString(), settings.rankStabilised(), settings.dropout()));
        }
        return folder;
    }

    @Override
    public void close() {
        arena.close();
    }
}
