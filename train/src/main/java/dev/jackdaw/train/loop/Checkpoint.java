package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.model.format.SafetensorsWriter;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.data.BatchReader;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Everything a run needs to go on as if it had never stopped, in a folder of plain files: `model.safetensors` (weights under their
/// Hugging Face names), `optimizer.safetensors` (moments), `state.json` (step and position in the data).
///
/// The folder is written under another name, synced and renamed, so one that is there is whole; `state.json` holds checksums of the other
/// two, so one that was damaged later is noticed, and the run goes on from the one before it.
public record Checkpoint(Path folder, State state) {
    private static final String MODEL = "model.safetensors";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String PREFIX = "step-";
    /// Older ones are deleted; two, so that a damaged disk block does not cost the run.
    private static final int KEEP = 2;

    /// @param step         optimizer steps taken
    /// @param seconds      spent training so far
    /// @param position     where the data goes on
    /// @param modelCrc     CRC-32C of `model.safetensors`
    /// @param optimizerCrc CRC-32C of `optimizer.safetensors`
    public record State(long step, double seconds, BatchReader.Position position, long modelCrc, long optimizerCrc) {
    }

    /// Writes `checkpoints/step-N` and deletes all but the newest.
    public static void write(Path run, Trainer trainer, long step, double seconds, BatchReader.Position position) throws IOException {
        Path folder = run.resolve("checkpoints").resolve(PREFIX + step);
        Files.createDirectories(folder.getParent());
        if (Files.exists(folder)) {
            AtomicFile.deleteTree(folder);          // damaged, or we would have gone on from it
        }
        AtomicFile.writeFolder(folder, into -> {
            SafetensorsWriter model = new SafetensorsWriter();
            for (FlatWeights.Entry entry : trainer.weights().entries()) {
                model.add(entry.parameter().name(), entry.data());
            }
            model.write(into.resolve(MODEL));
            SafetensorsWriter optimizer = new SafetensorsWriter();
            trainer.optimizer().state().forEach(optimizer::add);
            optimizer.write(into.resolve(OPTIMIZER));
            AtomicFile.write(into.resolve("state.json"), JSON.writeValueAsString(new State(step, seconds, position, crc(into.resolve(MODEL)), crc(into.resolve(OPTIMIZER)))));
        });
        List<Path> all = folders(run);
        for (Path old : all.subList(0, Math.max(0, all.size() - KEEP))) {
            AtomicFile.deleteTree(old);
        }
    }

    /// The newest checkpoint of a run that is undamaged.
    ///
    /// @param damaged told of each one that is passed over
    public static Optional<Checkpoint> latest(Path run, Consumer<String> damaged) throws IOException {
        List<Path> all = folders(run);
        String problem = null;
        for (Path folder : all.reversed()) {
            Path file = folder.resolve("state.json");
            try {
                State state = JSON.readValue(Files.readAllBytes(file), State.class);
                if (crc(folder.resolve(MODEL)) == state.modelCrc() && crc(folder.resolve(OPTIMIZER)) == state.optimizerCrc()) {
                    return Optional.of(new Checkpoint(folder, state));
                }
                problem = "checkpoint " + folder + ": the checksum of a file does not match the one in state.json";
            } catch (JacksonException e) {
                problem = "checkpoint " + file + ": " + e.getOriginalMessage();
            } catch (NoSuchFileException e) {
                problem = "checkpoint " + folder + ": " + Path.of(e.getFile()).getFileName() + " is missing";
            }
            damaged.accept(problem);
        }
        if (problem != null) {
            throw new IOException(problem + "; no checkpoint before it is whole. Delete " + run.resolve("checkpoints") + " to train from the beginning");
        }
        return Optional.empty();
    }

    private static long crc(Path file) throws IOException {
        CRC32C crc = new CRC32C();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                crc.update(buffer, 0, n);
            }
        }
        return crc.getValue();
    }

    /// Puts weights, moments and step back into `trainer`.
    public void restore(Trainer trainer) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            Safetensors model = Safetensors.open(folder.resolve(MODEL), arena);
            trainer.weights().load(model::tensor);
            Safetensors moments = Safetensors.open(folder.resolve(OPTIMIZER), arena);
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
