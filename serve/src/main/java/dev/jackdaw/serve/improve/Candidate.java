package dev.jackdaw.serve.improve;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.FileType;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.model.format.LoraMerge;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.Quantizer;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.FinetuneSettings;
import dev.jackdaw.train.loop.RunPlan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// The candidate: the deployed model, finetuned on the mixture, as one file in the number format of the deployed one, so that what is examined is
/// what would be served.
final class Candidate {
    /// Of a finetuning's default learning rate: corrections change little, and what they do not mean must stay.
    private static final double RATE = 0.1;
    /// In a step. With fewer, the few corrections of one step would each time undo what another one did.
    private static final int TOKENS = 4096;
    private static final int MOST_CONTEXT = 1024;
    /// Of the file, for a token: about.
    private static final int BYTES = 4;

    private Candidate() {
    }

    /// Says before any work whether the deployed file can be trained and written again.
    static void check(Path deployed, boolean isFull) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(deployed, arena);
            if (file.text("tokenizer.chat_template", null) == null) {
                throw new IOException("improve: " + deployed + " is a base model without a chat template; corrections are conversations. Finetune it first (jackdaw finetune)");
            }
            if (isFull) {
                type(file);
            }
        }
    }

    private static FileType type(Gguf file) throws IOException {
        long code = file.integer("general.file_type", FileType.F32.code());
        return Arrays.stream(FileType.values()).filter(type -> type.code() == code).findFirst()
                .orElseThrow(() -> new IOException("improve: " + file.path() + " has weights of file type " + code + ", which Jackdaw does not write; train an adapter with --lora RANK"));
    }

    /// Trains, or goes on training, in `folder`, and writes the candidate.
    static Finetuning.Result make(Path deployed, Path mixture, Path folder, Path candidate, ImproveSettings settings, Finetuning.Method tuning, RunPlan.Program program, Device device,
                                  Finetuning.Listener listener) throws IOException {
        int width, rows;
        try (Model model = Model.open(deployed, device)) {
            width = model.spec().width();
            int context = Math.min(MOST_CONTEXT, model.spec().context());
            rows = (int) Math.clamp(Files.size(mixture) / BYTES / context, 1, Math.max(1, TOKENS / context));
        }
        double rate = settings.learningRate() != null ? settings.learningRate() : RATE * tuning.learningRate() * Math.clamp(0.25 / width, 2e-5, 1e-3);
        FinetuneSettings training = new FinetuneSettings(settings.steps() == null ? 1.0 : null, settings.steps(), null, rows, null, null, rate, null, null, null, null);
        Finetuning.Result result = new Finetuning(new Finetuning.Request(deployed, List.of(mixture), folder, 0, false, null, training, tuning, settings.seed(), program), device, listener).run();
        Files.deleteIfExists(candidate);
        if (Files.isDirectory(result.written())) {
            try (Arena arena = Arena.ofShared()) {
                ModelFile file = ModelFile.open(deployed, arena);
                LoraMerge.write(file, List.of(new LoraMerge.Use(Lora.open(result.written(), file.spec(), arena), 1)), candidate, null, device, _ -> { });
            }
        } else {
            quantize(deployed, result.written(), candidate, device);
        }
        AtomicFile.deleteTree(folder.resolve("checkpoints"));       // the candidate holds what they led to
        return result;
    }

    private static void quantize(Path deployed, Path trained, Path candidate, Device device) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            FileType type = type(Gguf.open(deployed, arena));
            if (type == FileType.F32) {
                Files.move(trained, candidate);
                return;
            }
            try (Workers workers = Workers.of(device.threads())) {
                Quantizer.quantize(Gguf.open(trained, arena), candidate, new Quantizer.Settings(type, null, false, false), workers, _ -> { });
            }
        }
        Files.delete(trained);
    }
}
