package dev.jackdaw.serve.improve;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.loop.RunPlan;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// What an improvement needs of the run that made the first version. It is copied into the deployment, which then stands on its own: the run may be
/// deleted or go on.
///
/// @param origin      the model or the run directory
/// @param replay      conversations that the model was finetuned on, as JSON lines: of these it is reminded, so that it does not forget
/// @param examination `held-out.jsonl` of a speedrun's assistant, or null
/// @param text        `held-out.tokens` of a pretraining, or null
/// @param settings    of the run, for the record
public record Kept(String origin, List<Path> replay, Path examination, Path text, Map<String, Object> settings) {
    private static final String REPLAY = "replay";
    private static final String EXAMINATION = "examination.jsonl";
    private static final String TEXT = "held-out.tokens";

    public Kept {
        replay = List.copyOf(replay);
    }

    /// Looks into a run directory, a speedrun's or a finetuning's; of another kind of model nothing is known.
    ///
    /// @param replay conversations, instead of those of the run; null: those of the run
    public static Kept of(Path model, List<Path> replay) throws IOException {
        Path run = Files.isDirectory(model) ? model : model.toAbsolutePath().getParent();
        Path plan = run.resolve("run.json"), learned = run.resolve("assistant/finetune.jsonl"), examination = run.resolve("assistant/held-out.jsonl"), text = run.resolve("data/held-out.tokens");
        List<Path> own = new ArrayList<>();
        Map<String, Object> settings = new LinkedHashMap<>();
        boolean isItsModel = Files.isDirectory(model) || model.getFileName().toString().equals(Lineage.PARAMETERS);
        if (isItsModel && Files.exists(plan)) {
            RunPlan found = RunPlan.read(plan);
            settings.put("run", found.name());
            settings.put("seed", found.settings().seed());
            settings.put("steps", found.settings().steps());
            settings.put("data", found.data().sources());
            settings.put("dataFingerprint", found.data().trainFingerprint());
            if (found.base() != null) {
                settings.put("base", found.base().model());
                settings.put("tuning", found.base().tuning());
                found.data().sources().stream().map(Path::of).filter(Files::isRegularFile).forEach(own::add);
            } else if (Files.exists(learned)) {
                own.add(learned);
            }
        }
        return new Kept(model.toString(), replay != null ? replay : own, isItsModel && Files.exists(examination) ? examination : null, isItsModel && Files.exists(text) ? text : null, settings);
    }

    /// Copies all of it into a new folder.
    List<Lineage.FileFacts> keep(Path folder) throws IOException {
        List<Lineage.FileFacts> facts = new ArrayList<>();
        AtomicFile.writeFolder(folder, aside -> {
            Files.createDirectory(aside.resolve(REPLAY));
            for (int i = 0; i < replay.size(); i++) {
                facts.add(copy(replay.get(i), aside.resolve(REPLAY), (i + 1) + "-" + replay.get(i).getFileName(), true));
            }
            if (examination != null) {
                facts.add(copy(examination, aside, EXAMINATION, true));
            }
            if (text != null) {
                facts.add(copy(text, aside, TEXT, false));
            }
        });
        return facts;
    }

    private static Lineage.FileFacts copy(Path from, Path folder, String name, boolean isLines) throws IOException {
        Path to = folder.resolve(name);
        Files.copy(from, to);
        long lines = 0;
        if (isLines && name.endsWith(".jsonl")) {
            try (Stream<String> all = Files.lines(to)) {
                lines = all.filter(line -> !line.isBlank()).count();
            }
        }
        return Deployments.facts((folder.getFileName().toString().equals(REPLAY) ? REPLAY + "/" : "") + name, to, lines);
    }

    /// The conversations kept in a deployment, in order.
    static List<Path> replay(Deployment deployment) throws IOException {
        List<Path> files = new ArrayList<>();
        Path folder = deployment.folder().resolve("kept").resolve(REPLAY);
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
                entries.forEach(files::add);
            }
        }
        files.sort(null);
        return files;
    }

    /// Null if the first version had none.
    static Path examination(Deployment deployment) {
        return existing(deployment, EXAMINATION);
    }

    /// Null if the first version had none.
    static Path text(Deployment deployment) {
        return existing(deployment, TEXT);
    }

    private static Path existing(Deployment deployment, String name) {
        Path file = deployment.folder().resolve("kept").resolve(name);
        return Files.exists(file) ? file : null;
    }
}
