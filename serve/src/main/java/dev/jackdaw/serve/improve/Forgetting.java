package dev.jackdaw.serve.improve;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.serve.feedback.Correction;
import dev.jackdaw.serve.feedback.Corrections;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Takes out of the folders of earlier improvements what is no longer in the database: corrections of a user who was erased, or that were kept
/// long enough. Each improvement begins with it, and `jackdaw deploy forget` does only this.
///
/// In each folder the corrections go from `corrections.jsonl` and `learn.jsonl`, and whatever else has their id from every `.json`; `training/` goes as
/// a whole. An improvement that was stopped before it made a version is deleted, since going on would train on what is gone. The lineage of a
/// version that had learned from it says how many rows were taken out. Ids and numbers stay.
///
/// Only improvements by corrections of the same collection are looked at: that another database has none of them says nothing.
///
/// Not undone: weights that were trained on it. Who needs that, makes the deployment anew and improves it from what there is now.
public final class Forgetting {
    private static final String CORRECTIONS = "corrections.jsonl", LEARNED = "learn.jsonl", DATASET = "dataset.json", REQUEST = "request.json";

    private final Deployments deployments;
    private final String name;
    private final Corrections source;

    /// @param source the database that the deployment's corrections come from
    public Forgetting(Deployments deployments, String name, Corrections source) {
        this.deployments = deployments;
        this.name = name;
        this.source = source;
    }

    /// @return how many corrections were taken out, of all folders together
    public long run() throws IOException {
        Path all = deployments.require(name).folder().resolve("improvements");
        if (!Files.isDirectory(all)) {
            return 0;
        }
        try (FileChannel channel = FileChannel.open(all.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE); FileLock lock = tryLock(channel)) {
            if (lock == null) {
                throw new IOException("an improvement of " + name + " is running; wait for it");
            }
            return run(all);
        }
    }

    /// Null if another holds it.
    static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /// With the folder's lock held.
    long run(Path all) throws IOException {
        TreeMap<Path, Set<String>> folders = new TreeMap<>();
        Set<String> ids = new HashSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(all, "[0-9]*")) {
            for (Path folder : entries) {
                if (Files.exists(folder.resolve(CORRECTIONS)) && json(folder.resolve(REQUEST)).path("source").asString("").equals(source.source())) {
                    Set<String> own = new HashSet<>();
                    CorrectionFile.read(folder.resolve(CORRECTIONS)).all().stream().map(Correction::id).forEach(own::add);
                    folders.put(folder, own);
                    ids.addAll(own);
                }
            }
        }
        Set<String> stored = source.stored(ids);
        long count = 0;
        for (var folder : folders.entrySet()) {
            Set<String> gone = folder.getValue();
            gone.removeAll(stored);
            if (!gone.isEmpty()) {
                forget(folder.getKey(), gone);
                count += gone.size();
            }
        }
        return count;
    }

    private void forget(Path folder, Set<String> gone) throws IOException {
        Integer version = version(folder);
        if (version == null && !Files.exists(folder.resolve("result.json"))) {
            AtomicFile.deleteTree(folder);
            return;
        }
        AtomicFile.deleteTree(folder.resolve("training"));
        if (Files.exists(folder.resolve(LEARNED))) {
            Set<String> lines = new HashSet<>();
            for (JsonNode each : json(folder.resolve(DATASET)).at("/curation/learned")) {
                if (gone.contains(each.path("id").asString(""))) {
                    lines.add(Mixture.line(Deployments.JSON.treeToValue(each, Curation.Case.class)));
                }
            }
            keep(folder.resolve(LEARNED), line -> !lines.contains(line));
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.json")) {
            for (Path file : files) {
                JsonNode root = json(file);
                prune(root, gone);
                AtomicFile.write(file, Deployments.JSON.writeValueAsString(root) + "\n");
            }
        }
        // after all else that has a text, since what is still in it is what is still to be done
        keep(folder.resolve(CORRECTIONS), line -> !gone.contains(Deployments.JSON.readTree(line).path("id").asString("")));
        if (version != null) {
            deployments.forgot(name, version, folder, gone.size());
        }
    }

    /// That came of this improvement; null if it ended without one.
    private Integer version(Path folder) throws IOException {
        for (int version : deployments.versions(name)) {
            if (("improvements/" + folder.getFileName()).equals(deployments.lineage(name, version).origin())) {
                return version;
            }
        }
        return null;
    }

    private static JsonNode json(Path file) throws IOException {
        return Deployments.JSON.readTree(Files.readAllBytes(file));
    }

    private static void keep(Path file, Predicate<String> isKept) throws IOException {
        StringBuilder text = new StringBuilder();
        for (String line : Files.readAllLines(file)) {
            if (!line.isBlank() && isKept.test(line)) {
                text.append(line).append('\n');
            }
        }
        AtomicFile.write(file, text.toString());
    }

    /// Removes all objects of lists that have one of these ids.
    private static void prune(JsonNode node, Set<String> gone) {
        if (node instanceof ArrayNode list) {
            List<Integer> out = new ArrayList<>();
            int i = 0;
            for (Iterator<JsonNode> each = list.iterator(); each.hasNext(); i++) {
                if (each.next() instanceof ObjectNode object && gone.contains(object.path("id").asString(""))) {
                    out.add(i);
                }
            }
            out.reversed().forEach(index -> list.remove(index.intValue()));
        }
        node.forEach(each -> prune(each, gone));
    }
}
