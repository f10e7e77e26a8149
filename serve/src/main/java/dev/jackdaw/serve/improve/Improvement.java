package dev.jackdaw.serve.improve;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.serve.feedback.Correction;
import dev.jackdaw.serve.feedback.Corrections;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.assistant.Examination;
import dev.jackdaw.train.assistant.Exercise;
import dev.jackdaw.train.eval.TaskSpec;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.RunPlan;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// One turn of the loop: from what people corrected to a better version of a deployed model, served or not.
///
/// | stage    | leaves in `improvements/N`             | what happens                                                              |
/// |----------|----------------------------------------|---------------------------------------------------------------------------|
/// | collect  | `request.json`, `corrections.jsonl`    | the corrections there are now                                             |
/// | curate   | `learn.jsonl`, `dataset.json`          | [Curation] and [Mixture]                                                  |
/// | train    | `training/`, `candidate.gguf`          | [Candidate], with [WalkBack]                                              |
/// | examine  | `deployed.json`, `candidate.json`      | [Trial], the same for both                                                |
/// | decide   | `decision.json`                        | [Verdict]                                                                 |
/// | version  | the folder `vN` of the deployment      | kept with its [Lineage] whatever the verdict                              |
/// | promote  | `deployment.json`, `result.json`       | if the verdict says so, to everybody or to a share of the keys            |
///
/// A stage that is done is not done again: called again with the same request after it was killed, an improvement goes on, and the same corrections
/// and seed give the same bytes. What it found when all is done is in `result.json`.
public final class Improvement {
    private static final JsonMapper LINES = JsonMapper.shared();

    /// What is asked for.
    ///
    /// @param name        of the deployment
    /// @param corrections where they come from
    /// @param models      whose answers were corrected, with all their versions; empty: all
    /// @param tuning      what moves: all weights, or an adapter
    public record Request(String name, Corrections corrections, Set<String> models, ImproveSettings settings, Finetuning.Method tuning, Lineage.Program program) {
        public Request {
            models = new TreeSet<>(models);
        }
    }

    /// Told what happens; everything is optional.
    public interface Listener extends Finetuning.Listener {
        /// How far a phase other than training is, 0 to 1.
        default void progress(double share) {
        }

        default void remark(String text) {
        }
    }

    /// A collected case before and after.
    ///
    /// @param margin likelihood of the good answer over the bad one, in nats
    public record Told(String id, boolean isHeldOut, String question, String bad, String good, String before, String after, boolean rightBefore, boolean rightAfter, double marginBefore, double marginAfter) {
    }

    /// What came out.
    ///
    /// @param folder    with what every stage left; null of a dry run
    /// @param collected corrections there were
    /// @param learned   of them
    /// @param fresh     of these, not yet learned by the deployed model
    /// @param heldOut   examined only
    /// @param removed   for each reason
    /// @param rejected  ids that could not be trained on, too long ones for instance
    /// @param replay    earlier conversations in the mixture
    /// @param from      the version that was to be improved
    /// @param version   that was made, or null
    /// @param promoted  it is served, to everybody or as a canary
    public record Result(String name, String folder, boolean dryRun, int collected, int learned, int fresh, int heldOut, Map<String, Long> removed, List<Curation.Removed> removedIds, List<String> rejected,
                         long replay, int from, Integer version, boolean promoted, Double canary, Verdict verdict, List<Verdict.Row> evaluation, List<Told> cases) {
    }

    private record Asked(int from, String source, List<String> models, ImproveSettings settings, String tuning) {
    }

    private record Dataset(int collected, Curation curation, Mixture mixture) {
    }

    /// @param share of the way to the trained weights, see [WalkBack]
    private record Trained(long steps, double epochs, long conversations, double share, List<String> rejected) {
    }

    private record Decision(Verdict verdict, List<Verdict.Row> evaluation, List<Told> cases) {
    }

    private final Deployments deployments;
    private final Request request;
    private final Device device;
    private final Listener listener;
    private final ImproveSettings settings;

    public Improvement(Deployments deployments, Request request, Device device, Listener listener) {
        this.deployments = deployments;
        this.request = request;
        this.device = device;
        this.listener = listener;
        settings = request.settings();
    }

    public Result run() throws IOException, InterruptedException {
        Deployment deployment = deployments.require(request.name());
        Candidate.check(deployment.version(deployment.current()).model());
        List<TaskSpec> tasks = Trial.tasks(settings);
        List<Exercise> exercises = Kept.examination(deployment) == null ? List.of() : Examination.read(Kept.examination(deployment));
        Overlap overlap = overlap(exercises, tasks);
        if (settings.dryRun()) {
            return dry(deployment, overlap, exercises.isEmpty());
        }
        Path all = Files.createDirectories(deployment.folder().resolve("improvements"));
        try (FileChannel channel = FileChannel.open(all.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE); FileLock lock = Forgetting.tryLock(channel)) {
            if (lock == null) {
                throw new IOException("improve: another improvement of " + request.name() + " is running; wait for it");
            }
            long forgotten = new Forgetting(deployments, request.name(), request.corrections()).run(all);
            if (forgotten > 0) {
                listener.remark(forgotten + " corrections of earlier improvements are no longer stored, and were taken out of their folders");
            }
            return run(deployment, all, overlap, exercises, tasks);
        }
    }

    private Result run(Deployment deployment, Path all, Overlap overlap, List<Exercise> exercises, List<TaskSpec> tasks) throws IOException, InterruptedException {
        Path folder = begin(deployment, all);
        int from = read(folder.resolve("request.json"), Asked.class).from;
        Path deployed = deployment.version(from).model();
        Dataset dataset = dataset(deployment, from, folder, overlap, exercises.isEmpty());
        Curation curation = dataset.curation;
        if (curation.fresh() == 0) {
            return finish(folder, dataset, List.of(), from, null, false, new Decision(new Verdict(false, List.of(nothing(dataset))), List.of(), List.of()));
        }
        Trial trial = new Trial(Trial.first(exercises, settings.questions()), Kept.text(deployment), dataset.mixture.reminders(), curation.learned(), curation.heldOut(), tasks, settings);
        Trained trained = train(deployed, folder, dataset, trial);
        Path candidate = folder.resolve("candidate.gguf");
        Marks before = marks(trial, "deployed", deployed, folder), after = marks(trial, "candidate", candidate, folder);
        Decision decision = decide(folder, curation, before, after);
        int version = version(folder, from, dataset, decision, candidate);
        return finish(folder, dataset, trained.rejected, from, version, promote(version, from, decision.verdict), decision);
    }

    private static String nothing(Dataset dataset) {
        Curation curation = dataset.curation;
        return dataset.collected == 0 ? "there are no corrections"
                : curation.learned().isEmpty() ? "there is nothing to learn: all " + dataset.collected + " corrections were removed or held out (" + curation.reasons() + ")"
                : "there is nothing new: the deployed model has learned all " + curation.learned().size() + " corrections already";
    }

    // ---- collect and curate

    /// Everything that is fixed and asked.
    private Overlap overlap(List<Exercise> exercises, List<TaskSpec> tasks) throws IOException {
        Overlap overlap = new Overlap();
        for (int i = 0; i < exercises.size(); i++) {
            overlap.add("examination " + (i + 1) + " (" + exercises.get(i).group() + ")", exercises.get(i).question());
        }
        for (TaskSpec task : tasks) {
            dev.jackdaw.train.eval.Examination.texts(task, Trial.options(task, settings), overlap::add);
        }
        return overlap;
    }

    private List<Correction> collected() {
        return request.corrections().since(0).stream().filter(one -> isAbout(one.model())).toList();
    }

    /// A model asked for, or a version of it, as in `birds@v3`.
    private boolean isAbout(String model) {
        return model == null || request.models().isEmpty() || request.models().stream().anyMatch(name -> model.equals(name) || model.startsWith(name + "@v"));
    }

    private Curation curate(List<Correction> corrections, Overlap overlap, int from) throws IOException {
        return Curation.of(corrections, new LinkedHashSet<>(deployments.lineage(request.name(), from).corrections()), overlap, settings.heldOut());
    }

    private Result dry(Deployment deployment, Overlap overlap, boolean examine) throws IOException {
        listener.phase("collect");
        List<Correction> corrections = collected();
        Curation curation = curate(corrections, overlap, deployment.current());
        Path temporary = Files.createTempDirectory("jackdaw-improve");
        try {
            Mixture mixture = Mixture.write(temporary.resolve("learn.jsonl"), curation, Kept.replay(deployment), overlap, settings, examine);
            Dataset dataset = new Dataset(corrections.size(), curation, mixture);
            return result(null, dataset, List.of(), deployment.current(), null, false, new Decision(curation.fresh() == 0 ? new Verdict(false, List.of(nothing(dataset))) : null, List.of(), List.of()));
        } finally {
            AtomicFile.deleteTree(temporary);
        }
    }

    /// The last improvement's folder if it asked for the same and is not finished, else a new one.
    private Path begin(Deployment deployment, Path all) throws IOException {
        TreeMap<Integer, Path> folders = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(all, "[0-9]*")) {
            for (Path entry : entries) {
                folders.put(Integer.parseInt(entry.getFileName().toString()), entry);
            }
        }
        Asked asked = new Asked(deployment.current(), request.corrections().source(), List.copyOf(request.models()), settings, request.tuning().name());
        if (!folders.isEmpty()) {
            Path last = folders.lastEntry().getValue();
            if (!Files.exists(last.resolve("request.json"))) {
                AtomicFile.deleteTree(last);                        // stopped before it was asked for anything
            } else if (!Files.exists(last.resolve("result.json"))) {
                Asked before = read(last.resolve("request.json"), Asked.class);
                if (new Asked(asked.from, before.source, before.models, before.settings, before.tuning).equals(asked) && (before.from == asked.from || made(last, before.from) != null)) {
                    listener.remark("going on with improvement " + last.getFileName());
                    return last;
                }
            }
        }
        Path folder = Files.createDirectories(all.resolve(Integer.toString(folders.isEmpty() ? 1 : folders.lastKey() + 1)));
        write(folder.resolve("request.json"), asked);
        return folder;
    }

    private Dataset dataset(Deployment deployment, int from, Path folder, Overlap overlap, boolean examine) throws IOException {
        Path done = folder.resolve("dataset.json"), snapshot = folder.resolve("corrections.jsonl");
        if (Files.exists(done)) {
            return read(done, Dataset.class);
        }
        listener.phase("collect");
        if (!Files.exists(snapshot)) {
            StringBuilder lines = new StringBuilder();
            for (Correction correction : collected()) {
                lines.append(LINES.writeValueAsString(correction)).append('\n');
            }
            AtomicFile.write(snapshot, lines.toString());
        }
        List<Correction> corrections = CorrectionFile.read(snapshot).since(0);
        Curation curation = curate(corrections, overlap, from);
        Mixture mixture = Mixture.write(folder.resolve("learn.jsonl"), curation, Kept.replay(deployment), overlap, settings, examine);
        Dataset dataset = new Dataset(corrections.size(), curation, mixture);
        write(done, dataset);
        listener.remark(corrections.size() + " corrections: " + curation.learned().size() + " to learn (" + curation.fresh() + " new), " + curation.heldOut().size() + " held out, "
                + curation.removed().size() + " removed; " + mixture.replay() + " of " + mixture.pool() + " earlier conversations against forgetting");
        return dataset;
    }

    // ---- train

    private Trained train(Path deployed, Path folder, Dataset dataset, Trial trial) throws IOException, InterruptedException {
        Path done = folder.resolve("trained.json"), candidate = folder.resolve("candidate.gguf");
        if (Files.exists(done)) {
            return read(done, Trained.class);
        }
        listener.phase("train");
        Set<String> rejected = new LinkedHashSet<>();
        List<Curation.Case> learned = dataset.curation.learned();
        Finetuning.Listener watching = new Watching(listener, line -> {
            if (line <= dataset.mixture.corrections()) {
                rejected.add(learned.get((int) ((line - 1) % learned.size())).id());
            }
        });
        RunPlan.Program program = new RunPlan.Program(request.program().version(), request.program().commit(), request.program().java(), "");
        Candidate.Made made = new Candidate(deployed, candidate, request.tuning(), device)
                .make(folder.resolve("learn.jsonl"), folder.resolve("training"), settings, program, parameters -> trial.learned(parameters, device), listener, watching);
        Finetuning.Result result = made.training();
        listener.remark(String.format(Locale.ROOT, "the candidate goes %.0f%% of the way to the trained weights, as far as the corrections need", 100 * made.share()));
        Trained trained = new Trained(result.plan().settings().steps(), result.epochs(), result.counts().conversations(), made.share(), List.copyOf(rejected));
        write(done, trained);
        return trained;
    }

    // ---- examine and decide

    private Marks marks(Trial trial, String who, Path parameters, Path folder) throws IOException, InterruptedException {
        Path done = folder.resolve(who + ".json");
        if (!Files.exists(done)) {
            listener.phase("examine " + (who.equals("deployed") ? "the deployed model" : "the candidate"));
            write(done, trial.of(parameters, Files.createDirectories(folder.resolve("answers").resolve(who)), device, listener::progress));
        }
        return read(done, Marks.class);
    }

    private Decision decide(Path folder, Curation curation, Marks before, Marks after) throws IOException {
        Path done = folder.resolve("decision.json");
        if (!Files.exists(done)) {
            listener.phase("decide");
            List<Verdict.Row> rows = Verdict.rows(before, after, settings);
            Map<String, Curation.Case> cases = new LinkedHashMap<>();
            curation.learned().forEach(one -> cases.put(one.id(), one));
            curation.heldOut().forEach(one -> cases.put(one.id(), one));
            List<Told> told = new ArrayList<>();
            for (int i = 0; i < before.answers().size(); i++) {
                Marks.Answer first = before.answers().get(i), second = after.answers().get(i);
                Curation.Case one = cases.get(first.id());
                told.add(new Told(one.id(), first.isHeldOut(), one.question(), one.bad(), one.good(), first.text(), second.text(), first.isExact(), second.isExact(), first.margin(), second.margin()));
            }
            write(done, new Decision(Verdict.of(rows), rows, told));
        }
        return read(done, Decision.class);
    }

    // ---- version and promote

    private static String origin(Path folder) {
        return "improvements/" + folder.getFileName();
    }

    /// The version that this improvement made before it was stopped, or null.
    private Integer made(Path folder, int from) throws IOException {
        for (int version : deployments.versions(request.name()).reversed()) {
            if (version > from && origin(folder).equals(deployments.lineage(request.name(), version).origin())) {
                return version;
            }
        }
        return null;
    }

    private int version(Path folder, int from, Dataset dataset, Decision decision, Path candidate) throws IOException {
        Integer before = made(folder, from);
        if (before != null) {
            return before;
        }
        listener.phase("keep the candidate");
        Set<String> corrections = new LinkedHashSet<>(deployments.lineage(request.name(), from).corrections());
        dataset.curation.learned().forEach(one -> corrections.add(one.id()));
        List<Lineage.FileFacts> data = List.of(Deployments.facts(origin(folder) + "/corrections.jsonl", folder.resolve("corrections.jsonl"), dataset.collected),
                Deployments.facts(origin(folder) + "/learn.jsonl", folder.resolve("learn.jsonl"), dataset.mixture.corrections() + dataset.mixture.replay()));
        @SuppressWarnings("unchecked")
        Map<String, Object> record = Deployments.JSON.convertValue(read(folder.resolve("request.json"), Asked.class), LinkedHashMap.class);
        record.put("trained", read(folder.resolve("trained.json"), Trained.class));
        return deployments.add(request.name(), candidate, new Lineage(0, from, Deployments.now(), origin(folder), null, data, List.copyOf(corrections), record, decision.evaluation, decision.verdict,
                request.program(), null));
    }

    private boolean promote(int version, int from, Verdict verdict) throws IOException {
        Deployment now = deployments.require(request.name());
        boolean isServed = now.current() == version || now.canary() != null && now.canary() == version;
        if (!verdict.promote() || isServed) {
            return isServed;
        }
        if (now.current() != from) {
            listener.remark("version " + version + " is not promoted: it was made from version " + from + ", and version " + now.current() + " is served by now");
            return false;
        }
        listener.phase("promote");
        if (settings.canary() != null) {
            deployments.canary(request.name(), version, settings.canary());
        } else {
            deployments.promote(request.name(), version);
        }
        return true;
    }

    private Result finish(Path folder, Dataset dataset, List<String> rejected, int from, Integer version, boolean promoted, Decision decision) throws IOException {
        Result result = result(folder, dataset, rejected, from, version, promoted, decision);
        write(folder.resolve("result.json"), result);
        return result;
    }

    private Result result(Path folder, Dataset dataset, List<String> rejected, int from, Integer version, boolean promoted, Decision decision) {
        Curation curation = dataset.curation;
        return new Result(request.name(), folder == null ? null : folder.toString(), settings.dryRun(), dataset.collected, curation.learned().size(), (int) curation.fresh(), curation.heldOut().size(),
                curation.reasons(), curation.removed(), rejected, dataset.mixture.replay(), from, version, promoted, promoted ? settings.canary() : null, decision.verdict, decision.evaluation, decision.cases);
    }

    private static void write(Path file, Object value) throws IOException {
        AtomicFile.write(file, Deployments.JSON.writeValueAsString(value) + "\n");
    }

    private static <T> T read(Path file, Class<T> type) throws IOException {
        try {
            return Deployments.JSON.readValue(Files.readAllBytes(file), type);
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage(), e);
        }
    }
}
