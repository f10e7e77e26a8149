package dev.jackdaw.train.loop;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.arch.Fingerprint;
import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.eval.Share;
import dev.jackdaw.train.loss.BradleyTerry;
import dev.jackdaw.train.report.Report;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// From a language model and pairs of answers to a reward model: the same trunk with one score in place of the head, zero at first.
///
/// Everything lands in one directory, which is resumed as that of a [PreferenceTraining]. The result is `params.gguf` with the score as
/// `cls.output.weight`, and `hf`, a folder that transformers opens as a model for sequence classification with one label.
public final class RewardTraining {
    /// What is asked for; see [PreferenceTraining.Request].
    public record Request(Path base, List<Path> data, Path out, Integer heldOut, boolean strict, boolean plain, String template, BradleyTerry loss, ComparisonSettings settings, long seed,
                          RunPlan.Program program) {
    }

    /// What came out.
    ///
    /// @param accuracy share of the held-out pairs whose chosen answer has the higher score; null if nothing was held out
    public record Result(Path directory, Path written, RunPlan plan, PreferenceTraining.Counts counts, Share accuracy, double seconds) {
    }

    /// What else decides what comes out; `comparison.json`.
    private record Facts(String loss, int perStep, boolean plain, int heldOut) {
    }

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int MOST_HELD_OUT = 500;
    private static final String TUNING = "reward";

    private final Request request;
    private final Device device;
    private final PreferenceTraining.Listener listener;
    private final long start = System.nanoTime();

    public RewardTraining(Request request, Device device, PreferenceTraining.Listener listener) {
        this.request = request;
        this.device = device;
        this.listener = listener;
    }

    public Result run() throws IOException {
        Path out = request.out();
        try (Model model = Model.open(request.base(), device); Arena arena = Arena.ofShared()) {
            RunPlan old = Files.exists(out.resolve("run.json")) ? RunPlan.read(out.resolve("run.json")) : null;
            String fingerprint = Fingerprint.of(model.spec(), model.file());
            ComparisonRuns.checkBase(old, fingerprint, request.base(), out, TUNING);
            Tokenizer tokenizer = model.tokenizer();
            ChatTemplate template = request.plain() ? null : old != null ? Finetuning.template(tokenizer, old.base().template()) : Finetuning.template(model, request.template());
            listener.phase("read the comparisons");
            Rejections rejections = new Rejections(request.strict(), listener::rejected);
            int context = request.settings().context() != null ? Math.min(request.settings().context(), model.spec().context()) : model.spec().context();
            List<Encoded> all = Comparisons.read(request.data(), ComparisonRuns.encoder(template, tokenizer, context - 1, true), rejections);    // the last id is read too
            int held = request.heldOut() != null ? request.heldOut() : Math.min(MOST_HELD_OUT, all.size() / 10);
            Comparisons.Split split = Comparisons.split(all, held);
            List<Encoded> train = split.train();
            if (train.isEmpty() || all.stream().anyMatch(comparison -> !comparison.isPair())) {
                throw new DataException("reward: " + train.size() + " comparisons to learn from, " + all.stream().filter(comparison -> !comparison.isPair()).count() + " single answers among all; "
                        + "expected pairs of chosen and rejected answers. " + rejections.count() + " lines were rejected (" + rejections.describe() + ")");
            }
            String trainFingerprint = Comparisons.fingerprint(train);
            int perStep = request.settings().batch(train.size()), longest = split.heldOut().stream().flatMap(pair -> pair.answers().stream()).mapToInt(text -> text.length() + 1).max().orElse(0);
            List<List<Sequence>> groups = ComparisonRuns.withLongest(train.stream().map(RewardTrainer::whole).toList(), longest);
            TrainSettings settings = request.settings().train(model.spec(), groups, new ComparisonOrder(trainFingerprint, train.size(), perStep, request.seed()), request.seed());
            Facts facts = new Facts(request.loss().toString(), perStep, request.plain(), held);
            PreferenceTraining.Counts counts = new PreferenceTraining.Counts(train.size(), split.heldOut().size(), rejections.count(), rejections.counts(), rejections.kept(), perStep);
            RunPlan plan = ComparisonRuns.plan(request.base(), request.data(), out, model, fingerprint, template, settings, trainFingerprint, Comparisons.fingerprint(split.heldOut()), train,
                    (double) held / Math.max(1, all.size()), TUNING, request.program(), device);
            ComparisonRuns.check(old, plan, out, facts, "reward");
            ComparisonRuns.requireMemory(settings, "reward");
            Files.createDirectories(out);
            ModelSpec spec = model.spec().withOutput(new ModelSpec.Reward(1));
            FlatWeights weights = new FlatWeights(arena, spec.parameters());
            load(weights, model);
            try (Trainer trainer = new Trainer(withModel(settings, spec), device, weights, weights)) {
                AtomicFile.write(out.resolve("comparison.json"), JSON.writeValueAsString(facts));
                plan.write(out);
                listener.planned(plan, counts);
                double flops = model.spec().trainingFlopsPerToken((int) train.stream().flatMap(pair -> pair.answers().stream()).mapToInt(Sequence::length).average().orElse(1));
                RewardCourse course = new RewardCourse(new RewardTrainer(trainer, request.loss()), flops, train, split.heldOut(),
                        new ComparisonOrder(trainFingerprint, train.size(), perStep, request.seed()));
                listener.phase("train");
                new Run(out, course).train(trainer, listener);
                listener.phase("evaluate");
                Share accuracy = course.accuracy();
                listener.phase("export");
                Path written = write(spec, weights, tokenizer, template == null ? null : template.source(), plan);
                AtomicFile.write(out.resolve("reward.json"), JSON.writeValueAsString(Map.of("accuracy", accuracy == null ? Map.of() : accuracy)) + "\n");
                Report.write(out);
                return new Result(out, written, plan, counts, accuracy, (System.nanoTime() - start) / 1e9);
            }
        }
    }

    private static TrainSettings withModel(TrainSettings s, ModelSpec spec) {
        return new TrainSettings(spec, s.seed(), s.steps(), s.batch(), s.context(), s.pass(), s.optimizer(), s.warmup(), s.cooldown(), s.floor(), s.zeroProjections(), s.evaluateEvery(),
                s.sampleEvery(), s.checkpointEvery());
    }

    private static void load(FlatWeights weights, Model model) {
        for (FlatWeights.Entry entry : weights.entries()) {
            if (entry.parameter().name().equals("score.weight")) {
                continue;                                      // zero: every answer is as good as any other
            }
            try (Arena temporary = Arena.ofShared()) {
                Tensor found = model.file().tensor(temporary, entry.parameter().name());
                entry.data().copyFrom(found.type() == DType.F32 ? found : Conversion.to(temporary, found, DType.F32));
            }
        }
    }

    private Path write(ModelSpec spec, FlatWeights weights, Tokenizer tokenizer, String template, RunPlan plan) throws IOException {
        Map<String, GgufValue> facts = new LinkedHashMap<>();
        facts.put("jackdaw.reward.steps", GgufValue.u64(plan.settings().steps()));
        facts.put("jackdaw.reward.seed", GgufValue.of(Long.toString(plan.settings().seed())));
        facts.put("jackdaw.reward.data", GgufValue.of(plan.data().trainFingerprint()));
        facts.put("jackdaw.reward.base", GgufValue.of(plan.base().fingerprint()));
        Path file = request.out().resolve("params.gguf");
        ModelExport.huggingFace(request.out().resolve("hf"), spec, name -> weights.entry(name).data(), tokenizer, template, DType.F32);
        ModelExport.gguf(file, "jackdaw reward model", spec, name -> weights.entry(name).data(), tokenizer, template, facts, DType.F32);
        return file;
    }
}
