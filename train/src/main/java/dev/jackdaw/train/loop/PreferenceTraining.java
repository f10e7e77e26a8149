package dev.jackdaw.train.loop;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Fingerprint;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.TokenizerConfig;
import dev.jackdaw.model.token.TokenizerJson;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.chat.Fault;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.train.loss.PreferenceLoss;
import dev.jackdaw.train.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import tools.jackson.databind.json.JsonMapper;

/// From a model and comparisons to a model that answers as was preferred: read and check the comparisons, hold some prompts out, ask the model
/// as it is about all answers (it is the reference from then on), train, examine, write.
///
/// Everything lands in one directory, as with [Finetuning]. Called again on a directory whose run is not finished, it goes on where that
/// stopped; model and data must be the same, since they are read again.
public final class PreferenceTraining {
    /// What is asked for.
    ///
    /// @param base     a GGUF file, a Hugging Face folder, the directory of a run, or a name in the store
    /// @param data     JSONL files
    /// @param heldOut  about how many comparisons are kept for examination; null: a tenth, at most 500
    /// @param plain    no chat template: answers go on where prompts end
    /// @param open     plain answers are parts of a longer text, no end follows them
    /// @param template `chatml`, a file, or null for the model's own
    /// @param text     what should stay as likely as it was; empty: what the run of the base model held out
    /// @param nll      share of finetuning on the chosen answers that is mixed in
    /// @param tuning   what is to move
    /// @param program  version and commit, for the record
    public record Request(Path base, List<Path> data, Path out, Integer heldOut, boolean strict, boolean plain, boolean open, String template, List<Path> text, PreferenceLoss loss, double nll,
                          ComparisonSettings settings, Finetuning.Method tuning, long seed, RunPlan.Program program) {
    }

    /// Told what happens; everything is optional.
    public interface Listener extends Run.Listener {
        default void phase(String name) {
        }

        /// A line gave no comparison.
        default void rejected(Rejections.Rejection rejection) {
        }

        /// All settings are known, and training is about to begin.
        default void planned(RunPlan plan, Counts counts) {
        }

        /// How far a phase is, 0 to 1.
        default void done(double share) {
        }
    }

    /// @param comparisons to learn from
    /// @param heldOut     pairs to examine with
    /// @param rejected    lines, by reason
    /// @param perStep     comparisons in a step
    public record Counts(int comparisons, int heldOut, long rejected, Map<Fault, Long> reasons, List<Rejections.Rejection> lines, int perStep) {
    }

    /// What came out.
    ///
    /// @param before     the held-out pairs before training; null if nothing was held out
    /// @param textBefore held-out text before training; null if there was none
    public record Result(Path directory, Path written, RunPlan plan, Counts counts, PreferenceScores before, PreferenceScores after, BitsPerByte.Result textBefore, BitsPerByte.Result textAfter,
                         double seconds) {
        /// By how much the bits per byte of held-out text have risen, as a share; NaN without any.
        public double textLoss() {
            return textBefore == null ? Double.NaN : textAfter.bitsPerByte() / textBefore.bitsPerByte() - 1;
        }
    }

    /// What else decides what comes out; `comparison.json`.
    private record Facts(String loss, double nll, int perStep, boolean plain, boolean open, int heldOut) {
    }

    /// What the model thought before the first step; `data/reference.json`.
    ///
    /// @param of         fingerprints of the model and of all comparisons
    /// @param train      log-probabilities of all answers to learn from, one after another; empty if the loss needs none
    /// @param mismatched of the answers to other prompts; empty if the loss needs none
    /// @param heldOut    of the held-out answers
    private record Reference(String of, double[] train, double[] mismatched, double[] heldOut, BitsPerByte.Result text) {
    }

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int MOST_HELD_OUT = 500;

    private final Request request;
    private final Device device;
    private final Listener listener;
    private final long start = System.nanoTime();

    public PreferenceTraining(Request request, Device device, Listener listener) {
        this.request = request;
        this.device = device;
        this.listener = listener;
    }

    public Result run() throws IOException {
        Path out = request.out();
        boolean kto = request.loss() instanceof PreferenceLoss.Kto;
        try (Model model = Model.open(request.base(), device)) {
            RunPlan old = Files.exists(out.resolve("run.json")) ? RunPlan.read(out.resolve("run.json")) : null;
            String fingerprint = Fingerprint.of(model.spec(), model.file());
            ComparisonRuns.checkBase(old, fingerprint, request.base(), out, request.tuning().name());
            Tokenizer tokenizer = model.tokenizer();
            ChatTemplate template = request.plain() ? null : old != null ? Finetuning.template(tokenizer, old.base().template()) : Finetuning.template(model, request.template());
            listener.phase("read the comparisons");
            Rejections rejections = new Rejections(request.strict(), listener::rejected);
            int context = request.settings().context() != null ? Math.min(request.settings().context(), model.spec().context()) : model.spec().context();
            List<Encoded> all = Comparisons.read(request.data(), ComparisonRuns.encoder(template, tokenizer, context, !request.open()), rejections);
            int held = request.heldOut() != null ? request.heldOut() : Math.min(MOST_HELD_OUT, all.size() / 10);
            Comparisons.Split split = Comparisons.split(all, held);
            List<Encoded> train = kto ? verdicts(split.train()) : requirePairs(split.train()), heldOut = pairs(split.heldOut());
            if (train.isEmpty()) {
                throw new DataException("prefer: there are no comparisons to learn from: " + rejections.count() + " lines were rejected (" + rejections.describe() + "), " + split.heldOut().size() + " held out"
                        + (rejections.kept().isEmpty() ? "" : "; the first: " + rejections.kept().getFirst()));
            }
            List<Sequence> mismatched = kto ? mismatched(train, context) : List.of();
            int perStep = request.settings().batch(train.size());
            String trainFingerprint = Comparisons.fingerprint(train);
            List<List<Sequence>> groups = new ArrayList<>(train.stream().map(Encoded::answers).toList());
            TrainSettings settings = request.settings().train(model.spec(), fitting(groups, mismatched, heldOut), new ComparisonOrder(trainFingerprint, train.size(), perStep, request.seed()), request.seed());
            Facts facts = new Facts(request.loss().toString(), request.nll(), perStep, request.plain(), request.open(), held);
            Counts counts = new Counts(train.size(), heldOut.size(), rejections.count(), rejections.counts(), rejections.kept(), perStep);
            RunPlan plan = ComparisonRuns.plan(request.base(), request.data(), out, model, fingerprint, template, settings, trainFingerprint, Comparisons.fingerprint(heldOut), train,
                    (double) held / Math.max(1, all.size()), request.tuning().name(), request.program(), device);
            ComparisonRuns.check(old, plan, out, facts, "prefer");
            ComparisonRuns.requireMemory(settings, "prefer");
            Files.createDirectories(out.resolve("data"));
            try (Tuning tuning = request.tuning().make().make(model, device);
                 Trainer trainer = new Trainer(settings, device, tuning.model(), tuning.trained());
                 HeldOutText text = HeldOutText.open(out, model.path(), request.text(), tokenizer, model.spec(), tuning.model(), device)) {
                AtomicFile.write(out.resolve("comparison.json"), JSON.writeValueAsString(facts));
                plan.write(out);
                listener.planned(plan, counts);
                PreferenceTrainer trainerOfPairs = new PreferenceTrainer(trainer, request.loss(), request.nll());
                Reference reference = reference(fingerprint + " " + trainFingerprint + " " + plan.data().heldOutFingerprint(), trainerOfPairs, train, mismatched, heldOut, text);
                PreferenceScores before = heldOut.isEmpty() ? null : PreferenceScores.of(heldOut, reference.heldOut(), reference.heldOut(), request.loss(), true);
                PreferenceCourse course = new PreferenceCourse(trainerOfPairs, settings, request.loss(), items(train, mismatched, reference),
                        new ComparisonOrder(trainFingerprint, train.size(), perStep, request.seed()), heldOut, reference.heldOut(), () -> text == null ? Double.NaN : text.measure().bitsPerByte());
                listener.phase("train");
                new Run(out, course).train(trainer, listener);
                listener.phase("evaluate");
                PreferenceScores after = heldOut.isEmpty() ? null : course.scores();
                BitsPerByte.Result textAfter = text == null ? null : text.measure();
                listener.phase("export");
                String source = template != null ? template.source() : model.template().orElse(null);
                AtomicFile.write(out.resolve("tokenizer.json"), TokenizerJson.write(tokenizer));
                AtomicFile.write(out.resolve("tokenizer_config.json"), new TokenizerConfig(Finetuning.piece(tokenizer, tokenizer.bos()), Finetuning.piece(tokenizer, tokenizer.eos()), source, 0).write());
                Path written = tuning.write(out, new Tuning.Written("jackdaw preferred model", tokenizer, source, written(plan)));
                Result result = new Result(out, written, plan, counts, before, after, reference.text(), textAfter, (System.nanoTime() - start) / 1e9);
                AtomicFile.write(out.resolve("preference.json"), JSON.writeValueAsString(new Measured(before, after, reference.text(), textAfter)) + "\n");
                Report.write(out);
                return result;
            }
        }
    }

    /// `preference.json`
    private record Measured(PreferenceScores before, PreferenceScores after, BitsPerByte.Result textBefore, BitsPerByte.Result textAfter) {
    }

    private Map<String, GgufValue> written(RunPlan plan) {
        Map<String, GgufValue> facts = new LinkedHashMap<>();
        facts.put("jackdaw.preference.loss", GgufValue.of(request.loss().label()));
        facts.put("jackdaw.preference.steps", GgufValue.u64(plan.settings().steps()));
        facts.put("jackdaw.preference.seed", GgufValue.of(Long.toString(plan.settings().seed())));
        facts.put("jackdaw.preference.data", GgufValue.of(plan.data().trainFingerprint()));
        facts.put("jackdaw.preference.base", GgufValue.of(plan.base().fingerprint()));
        return facts;
    }

    /// Everything that a pass may have to hold: the groups in their order first, since steps are made of those.
    private static List<List<Sequence>> fitting(List<List<Sequence>> groups, List<Sequence> mismatched, List<Encoded> heldOut) {
        int longest = 0;
        for (Sequence text : mismatched) {
            longest = Math.max(longest, text.length());
        }
        for (Encoded pair : heldOut) {
            longest = Math.max(longest, pair.answers().stream().mapToInt(Sequence::length).max().orElse(0));
        }
        return ComparisonRuns.withLongest(groups, longest);
    }

    private List<Encoded> requirePairs(List<Encoded> comparisons) {
        long single = comparisons.stream().filter(comparison -> !comparison.isPair()).count();
        if (single > 0) {
            throw new DataException("prefer: " + single + " of " + comparisons.size() + " comparisons are single answers with a label; " + request.loss().label()
                    + " needs pairs of chosen and rejected answers, single ones are for --loss kto");
        }
        return comparisons;
    }

    /// Pairs taken apart.
    private static List<Encoded> verdicts(List<Encoded> comparisons) {
        List<Encoded> verdicts = new ArrayList<>();
        for (Encoded comparison : comparisons) {
            for (int i = 0; i < comparison.answers().size(); i++) {
                verdicts.add(new Encoded(List.of(comparison.answers().get(i)), comparison.isPair() ? i == 0 : comparison.isGood(), 0, comparison.prompt()));
            }
        }
        return verdicts;
    }

    /// Pairs to examine with: those there are, and good single answers beside bad ones, to the same prompt where there is one.
    private static List<Encoded> pairs(List<Encoded> comparisons) {
        List<Encoded> pairs = new ArrayList<>(comparisons.stream().filter(Encoded::isPair).toList());
        List<Encoded> good = new ArrayList<>(comparisons.stream().filter(c -> !c.isPair() && c.isGood()).toList()), bad = new ArrayList<>(comparisons.stream().filter(c -> !c.isPair() && !c.isGood()).toList());
        for (boolean same : new boolean[] {true, false}) {
            for (Encoded better : List.copyOf(good)) {
                bad.stream().filter(worse -> !same || worse.prompt().equals(better.prompt())).findFirst().ifPresent(worse -> {
                    pairs.add(new Encoded(List.of(better.answers().getFirst(), worse.answers().getFirst()), true, 0, better.prompt()));
                    good.remove(better);
                    bad.remove(worse);
                });
            }
        }
        return pairs;
    }

    /// For KTO each prompt with the answer of the next comparison that has another prompt and fits. (The paper takes another one of the same
    /// batch; here it is always the same one, so that the reference is asked once.)
    private static List<Sequence> mismatched(List<Encoded> verdicts, int context) {
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < verdicts.size(); i++) {
            Sequence own = verdicts.get(i).answers().getFirst();
            int prompt = own.trained().nextSetBit(0);
            Sequence found = null;
            for (int d = 1; d < verdicts.size() && found == null; d++) {
                Encoded other = verdicts.get((i + d) % verdicts.size());
                Sequence text = other.answers().getFirst();
                int from = text.trained().nextSetBit(0), length = text.ids().length - from;
                if (!other.prompt().equals(verdicts.get(i).prompt()) && prompt + length - 1 <= context) {
                    int[] ids = Arrays.copyOf(own.ids(), prompt + length);
                    System.arraycopy(text.ids(), from, ids, prompt, length);
                    BitSet trained = new BitSet();
                    trained.set(prompt, ids.length);
                    found = new Sequence(ids, trained);
                }
            }
            if (found == null) {
                throw new DataException("prefer: KTO needs answers to other prompts, and none of the " + verdicts.size() + " fits behind the prompt of comparison " + (i + 1) + "; give more prompts, or use another loss");
            }
            all.add(found);
        }
        return all;
    }

    private static List<PreferenceTrainer.Item> items(List<Encoded> train, List<Sequence> mismatched, Reference reference) {
        List<PreferenceTrainer.Item> items = new ArrayList<>();
        int at = 0;
        for (Encoded comparison : train) {
            int n = comparison.answers().size(), i = items.size();
            double[] own = reference.train().length == 0 ? new double[n] : Arrays.copyOfRange(reference.train(), at, at + n);
            items.add(new PreferenceTrainer.Item(comparison, own, mismatched.isEmpty() ? null : mismatched.get(i), mismatched.isEmpty() ? 0 : reference.mismatched()[i]));
            at += n;
        }
        return items;
    }

    /// What the untrained model thinks, from the run's directory if it was asked before.
    private Reference reference(String of, PreferenceTrainer trainer, List<Encoded> train, List<Sequence> mismatched, List<Encoded> heldOut, HeldOutText text) throws IOException {
        Path file = request.out().resolve("data/reference.json");
        if (Files.exists(file)) {
            Reference stored = JSON.readValue(Files.readAllBytes(file), Reference.class);
            if (stored.of().equals(of)) {
                return stored;
            }
        }
        listener.phase("ask the reference");
        boolean needed = request.loss().needsReference();
        List<Sequence> learned = needed ? train.stream().flatMap(comparison -> comparison.answers().stream()).toList() : List.of(), kept = heldOut.stream().flatMap(pair -> pair.answers().stream()).toList();
        double all = Math.max(1, learned.size() + mismatched.size() + kept.size());
        DoubleConsumer first = share -> listener.done(share * learned.size() / all);
        Reference reference = new Reference(of, trainer.logProbabilities(learned, first), trainer.logProbabilities(mismatched, share -> listener.done((learned.size() + share * mismatched.size()) / all)),
                trainer.logProbabilities(kept, share -> listener.done((all - kept.size() + share * kept.size()) / all)), text == null ? null : text.measure());
        AtomicFile.write(file, JSON.writeValueAsString(reference));
        return reference;
    }
}
