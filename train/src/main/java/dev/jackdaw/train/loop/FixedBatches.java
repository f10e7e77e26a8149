package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.model.format.SafetensorsWriter;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Trains a given model on given batches for a few steps and shows losses and gradients: the way to compare a training step with that of
/// another program, number by number.
public final class FixedBatches {
    private FixedBatches() {
    }

    /// One AdamW step a batch (decoupled weight decay 0.1 on matrices, clipping at 1, learning rate 1e-3, as in the fixtures).
    ///
    /// @param model     a Hugging Face folder or a GGUF file
    /// @param batches   safetensors with `tokens` I32 `[steps,B,T+1]`
    /// @param gradients where to write the gradients of the first step, before clipping; or null
    public static List<Trainer.Step> train(Path model, Path batches, int steps, Path gradients, Device device) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            ModelFile file = ModelFile.open(model, arena);
            Tensor tokens = Safetensors.open(batches, arena).tensor("tokens");
            if (tokens.type() != DType.I32 || tokens.shape().rank() != 3 || tokens.size(2) < 3) {
                throw new IOException("batches " + batches + ": tokens is " + tokens + "; expected I32 [steps,B,T+1] with T of at least 2");
            }
            if (steps > tokens.size(0)) {
                throw new IOException("batches " + batches + ": " + tokens.size(0) + " batches were found, " + steps + " steps were asked for");
            }
            int B = Math.toIntExact(tokens.size(1)), T = Math.toIntExact(tokens.size(2)) - 1;
            TrainSettings settings = new TrainSettings(file.spec(), 0, steps, B, T, B, OptimizerSettings.adamW(1e-3, 0.1), 0, 0, 1, false, 1, 1, 1);
            List<Trainer.Step> done = new ArrayList<>();
            try (Trainer trainer = new Trainer(settings, device)) {
                trainer.weights().load(name -> file.tensor(name).type() == DType.F32 ? file.tensor(name) : Conversion.to(arena, file.tensor(name), DType.F32));
                for (int step = 0; step < steps; step++) {
                    Tensor given = tokens.slice(step, step + 1);
                    done.add(trainer.step(batch -> fill(given, batch.ids(), batch.targets())));
                    if (step == 0 && gradients != null) {
                        SafetensorsWriter writer = new SafetensorsWriter();
                        for (FlatWeights.Entry entry : trainer.weights().entries()) {
                            writer.add(entry.parameter().name(), entry.gradient());
                        }
                        writer.write(gradients);
                    }
                }
            }
            return done;
        }
    }

    /// Inputs are all tokens of a row but the last, targets all but the first.
    private static void fill(Tensor batch, Tensor ids, Tensor targets) {
        long B = ids.size(0), T = ids.size(1);
        for (long b = 0; b < B; b++) {
            for (long t = 0; t < T; t++) {
                long from = batch.address() + 4 * (b * (T + 1) + t);
                Memory.putInt(ids.address() + 4 * (b * T + t), Memory.getInt(from));
                Memory.putInt(targets.address() + 4 * (b * T + t), Memory.getInt(from + 4));
            }
        }
    }
}
