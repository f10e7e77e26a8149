package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.model.format.SafetensorsWriter;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.data.BatchReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Everything a run needs to go on as if it had never stopped, in a folder of plain files: `model.safetensors` (weights under their
/// Hugging Face names), `optimizer.safetensors` (moments), `state.json` (step and position in the data).
///
/// The folder is written under another name, synced and renamed, so one that is there is whole.
public record Checkpoint(Path folder, State state) {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String PREFIX = "step-";
    /// Older ones are deleted; two, so that a damaged disk block does not cost the run.
    private static final int KEEP = 2;

    /// @param step     optimizer steps taken
    /// @param seconds  spent training so far
    /// @param position where the data goes on
    public record State(long step, double seconds, BatchReader.Position position) {
    }

    /// Writes `checkpoints/step-N` and deletes all but the newest.
    public static void write(Path run, Trainer trainer, State state) throws IOException {
        Path folder = run.resolve("checkpoints").resolve(PREFIX + state.step());
        Files.createDirectories(folder.getParent());
        AtomicFile.writeFolder(folder, into -> {
            SafetensorsWriter model = new SafetensorsWriter();
            for (FlatWeights.Entry entry : trainer.weights().entries()) {
                model.add(entry.parameter().name(), entry.data());
            }
            model.write(into.resolve("model.safetensors"));
            SafetensorsWriter optimizer = new SafetensorsWriter();
            trainer.optimizer().state().forEach(optimizer::add);
            optimizer.write(into.resolve("optimizer.safetensors"));
            AtomicFile.write(into.resolve("state.json"), JSON.writeValueAsString(state));
        });
        List<Path> all = folders(run);
        for (Path old : all.subList(0, Math.max(0, all.size() - KEEP))) {
            AtomicFile.deleteTree(old);
        }
    }

    /// The newest checkpoint of a run.
    public static Optional<Checkpoint> latest(Path run) throws IOException {
        List<Path> all = folders(run);
        if (all.isEmpty()) {
            return Optional.empty();
        }
        Path state = all.getLast().resolve("state.json");
        try {
            return Optional.of(new Checkpoint(all.getLast(), JSON.readValue(Files.readAllBytes(state), State.class)));
        } catch (JacksonException e) {
            throw new IOException("checkpoint " + state + ": " + e.getOriginalMessage() + "; delete the folder to go on from the checkpoint before it", e);
        }
    }

    /// Puts weights, moments and step back into `trainer`.
    public void restore(Trainer trainer) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            Safetensors model = Safetensors.open(folder.resolve("model.safetensors"), arena);
            trainer.weights().load(model::tensor);
            Safetensors moments = Safetensors.open(folder.resolve("optimizer.safetensors"), arena);
            for (Map.Entry<String, Tensor> entry : trainer.optimizer().state().entrySet()) {
                entry.getValue().copyFrom(moments.tensor(entry.getKey()));
            }
        }
        trainer.optimizer().resume(state.step());
    }

    private static List<Path> folders(Path run) throws IOException {
        Path parent = run.resolve("checkpoints");
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(parent)) {
            List<Path> found = new ArrayList<>(children.filter(child -> child.getFileName().toString().matches(PREFIX + "\\d+")).toList());
            found.sort(Comparator.comparingLong(child -> Long.parseLong(child.getFileName().toString().substring(PREFIX.length()))));
            return found;
        }
    }
}
