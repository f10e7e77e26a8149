package dev.jackdaw.serve.improve;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.WeightMerge;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.FinetuneSettings;
import dev.jackdaw.train.loop.RunPlan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The candidate: the deployed model, finetuned on the mixture and walked back as far as the corrections allow, as one file in the number formats of
/// the deployed one, so that what is examined is what would be served.
final class Candidate {
    /// Of a finetuning's default learning rate: corrections change little, and what they do not mean must stay.
    private static final double RATE = 0.2;
    /// In a step. With fewer, the few corrections of one step would each time undo what another one did.
    private static final int TOKENS = 4096;
    private static final int MOST_CONTEXT = 1024;
    /// Of the file, for a token: about.
    private static final int BYTES = 4;

    /// @param share of the way from the deployed weights to the trained ones, see [WalkBack]
    record Made(Finetuning.Result training, double share) {
    }

    private final Path deployed;
    private final Path file;
    private final Finetuning.Method tuning;
    private final Device device;

    /// @param file to be written
    Candidate(Path deployed, Path file, Finetuning.Method tuning, Device device) {
        this.deployed = deployed;
        this.file = file;
        this.tuning = tuning;
        this.device = device;
    }

    /// Says before any work whether the deployed file can be trained.
    static void check(Path deployed) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            if (Gguf.open(deployed, arena).text("tokenizer.chat_template", null) == null) {
                throw new IOException("improve: " + deployed + " is a base model without a chat template; corrections are conversations. Finetune it first (jackdaw finetune)");
            }
        }
    }

    /// Trains, or goes on training, in `folder`, and writes the candidate.
    Made make(Path mixture, Path folder, ImproveSettings settings, RunPlan.Program program, WalkBack.Asker asker, Improvement.Listener listener, Finetuning.Listener training)
            throws IOException, InterruptedException {
        Finetuning.Result result = new Finetuning(new Finetuning.Request(deployed, List.of(mixture), folder, 0, false, null, settings(mixture, settings), tuning, settings.seed(), program), device, training).run();
        listener.phase("walk back");
        double share = WalkBack.walk(deployed, file, there -> write(result.written(), (float) there), asker, listener::progress);
        if (Files.isRegularFile(result.written())) {
            Files.delete(result.written());
        }
        AtomicFile.deleteTree(folder.resolve("checkpoints"));       // the candidate holds what they led to
        return new Made(result, share);
    }

    private FinetuneSettings settings(Path mixture, ImproveSettings settings) throws IOException {
        try (Model model = Model.open(deployed, device)) {
            int context = Math.min(MOST_CONTEXT, model.spec().context());
            int rows = (int) Math.clamp(Files.size(mixture) / BYTES / context, 1, Math.max(1, TOKENS / context));
            double rate = settings.learningRate() != null ? settings.learningRate() : RATE * tuning.learningRate() * Math.clamp(0.25 / model.spec().width(), 2e-5, 1e-3);
            return new FinetuneSettings(settings.steps() == null ? 1.0 : null, settings.steps(), null, rows, null, null, rate, null, null, null, null);
        }
    }

    private void write(Path trained, float share) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            ModelFile from = ModelFile.open(deployed, arena);
            WeightMerge.Change change = Files.isDirectory(trained) ? new WeightMerge.Adapter(Lora.open(trained, from.spec(), arena), share) : new WeightMerge.Towards(ModelFile.open(trained, arena), share);
            WeightMerge.write(from, List.of(change), file, null, device, _ -> { });
        }
    }
}
