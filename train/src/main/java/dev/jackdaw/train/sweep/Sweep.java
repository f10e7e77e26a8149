package dev.jackdaw.train.sweep;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Limits;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.loop.Dial;
import dev.jackdaw.train.loop.Pretraining;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.loop.TextRun;
import dev.jackdaw.train.loop.TrainSettings;
import dev.jackdaw.train.report.Machine;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Trains the models of a [SweepPlan], fits the law, writes down what it says of one larger run, trains that, and compares.
///
/// Everything lands in one directory: `scale.json` (the plan), `points/NAME/` (a run each, with `result.json`), `law.json`,
/// `larger/prediction.json` (before) and `larger/prediction-check.json` (after), `law-with-larger.json`, `report.html`, `report.md`. Called
/// again on a directory whose sweep is not finished, it goes on: points that have a result are kept, a run that was cut off goes on from
/// its checkpoint, and what comes out is the same.
public final class Sweep {
    /// @param sources       files and folders, or `jdk`
    /// @param out           the sweep's directory
    /// @param hours         for everything, the larger run included
    /// @param flops         operations of the smallest budget; null: as many as fit in the time
    /// @param budgets       how many
    /// @param sizes         of models for each
    /// @param growth        each budget over the one before
    /// @param larger        operations of the larger run over the largest budget
    /// @param heldOutTokens each model is measured on
    /// @param bootstraps    draws for the intervals
    /// @param choices       what the user fixed of the recipe
    /// @param repeat        the plan of an earlier sweep to repeat, or null
    /// @param command       for the record
    public record Request(List<String> sources, Path out, double hours, Double flops, int budgets, int sizes, double growth, double larger, long heldOutTokens, int bootstraps, Dial.Choices choices,
                          SweepPlan repeat, long seed, String command, RunPlan.Program program) {
        public Request {
            if (!(hours > 0) || flops != null && !(flops > 0) || budgets < 2 || sizes < 3 || budgets > 12 || sizes > 15 || !(growth > 1) || !(growth <= 100) || !(larger >= 1) || heldOutTokens < 1 || bootstraps < 10 || bootstraps > 100_000) {
                throw new IllegalArgumentException("scale: " + hours + " hours, " + budgets + " budgets of " + sizes + " sizes, each budget " + growth + " times the one before, then one run "
                        + larger + " times larger, measured on " + heldOutTokens + " tokens, " + bootstraps + " bootstraps; give at least 2 budgets, 3 sizes, a growth above 1 and a larger run of at least 1, 10 bootstraps or more, all above 0");
            }
        }
    }

    /// Told what happens; everything is optional.
    public interface Listener extends Pretraining.Listener {
        default void planned(SweepPlan plan) {
        }

        /// @param index of the point, counted from 0; that of the larger run is the number of points
        default void begun(int index, SweepPlan.Point point) {
        }

        default void finished(int index, SweepPlan.Point point, SweepPlan.Result result) {
        }

        default void fitted(SweepAnalysis analysis, FittedLaw law) {
        }

        /// The larger run was made smaller to stay within the time.
        default void shrunk(double operations, double planned) {
        }

        /// There is less text than the larger run reads.
        default void repeats(long tokens, long available) {
        }
    }

    /// What came out.
    ///
    /// @param lawWithLarger the same law, fitted anew with the larger run
    public record Outcome(Path directory, SweepPlan plan, SweepAnalysis analysis, FittedLaw law, Prediction prediction, Prediction.Check check, FittedLaw lawWithLarger) {
    }

    private static final String LARGER = "larger";
    private static final String LAW = "law.json";
    private static final String AFTER = "law-with-larger.json";
    private static final double LEAST_LARGER = 1.5;

    private final Request request;
    private final Device device;
    private final Listener listener;
    private final long start = System.nanoTime();

    public Sweep(Request request, Device device, Listener listener) {
        this.request = request;
        this.device = device;
        this.listener = listener;
    }

    public Outcome run() throws IOException {
        Path out = request.out();
        Files.createDirectories(out.resolve("data"));
        boolean resuming = Files.exists(out.resolve(SweepPlan.FILE));
        BytePairTokenizer tokenizer = resuming ? Tokenizers.readBytePair(out) : preparation().prepare();
        try (TokenShard train = TokenShard.open(out.resolve("data/train.tokens")); TokenShard heldOut = TokenShard.open(out.resolve("data/held-out.tokens"))) {
            SweepPlan plan = resuming ? SweepPlan.read(out.resolve(SweepPlan.FILE)) : plan(tokenizer, train, heldOut);
            if (!plan.data().trainFingerprint().equals(train.fingerprint()) || !plan.data().heldOutFingerprint().equals(heldOut.fingerprint())) {
                throw new IOException("scale: the plan was made for training tokens " + plan.data().trainFingerprint() + ", but these data give " + train.fingerprint()
                        + "; repeat it with the same text and the same version of Jackdaw");
            }
            plan.write(out);
            listener.planned(plan);
            List<SweepAnalysis.Measured> measured = new ArrayList<>();
            for (int i = 0; i < plan.points().size(); i++) {
                SweepPlan.Point point = plan.points().get(i);
                measured.add(new SweepAnalysis.Measured(point, train(i, point, out.resolve("points").resolve(point.name()), plan, train, heldOut, tokenizer)));
            }
            long seed = plan.points().getFirst().settings().seed();
            listener.phase("fit the law");
            SweepAnalysis analysis = SweepAnalysis.of(measured, plan.bootstraps(), seed);
            FittedLaw law = analysis.law(plan);
            law.write(out.resolve(LAW));
            listener.fitted(analysis, law);
            return check(plan, analysis, law, train, heldOut, tokenizer, seed);
        }
    }

    /// The prediction, the run it is about, and what came of it.
    private Outcome check(SweepPlan plan, SweepAnalysis analysis, FittedLaw law, TokenShard train, TokenShard heldOut, BytePairTokenizer tokenizer, long seed) throws IOException {
        Path out = request.out(), folder = out.resolve(LARGER);
        Prediction prediction = Prediction.read(folder).orElse(null);
        TrainSettings settings;
        if (prediction == null) {
            settings = larger(plan, analysis, law);
            prediction = Prediction.of(law, settings.model(), settings.tokens(), settings.flops(), Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
            Files.createDirectories(folder);
            prediction.write(folder);
        } else {
            if (!prediction.law().equals(law.fingerprint())) {
                throw new IOException("scale: the prediction in " + folder + " was made by law " + prediction.law() + ", but the points give law " + law.fingerprint()
                        + "; delete " + folder + " to predict and train anew");
            }
            settings = settings(plan, prediction.model(), prediction.tokens());
        }
        if (prediction.tokens() > train.tokens()) {
            listener.repeats(prediction.tokens(), train.tokens());
        }
        listener.predicted(prediction);
        SweepPlan.Point point = new SweepPlan.Point(LARGER, prediction.operations(), settings);
        SweepPlan.Result result = train(plan.points().size(), point, folder, plan, train, heldOut, tokenizer);
        Prediction.Check check = prediction.check(result.bitsPerByte(), result.loss());
        check.write(folder);
        listener.checked(check);
        FittedLaw after = analysis.with(new SweepAnalysis.Measured(point, result), plan, seed);
        after.write(out.resolve(AFTER));
        Outcome outcome = new Outcome(out, plan, analysis, law, prediction, check, after);
        SweepReport.write(outcome);
        return outcome;
    }

    private Pretraining preparation() {
        return new Pretraining(new Pretraining.Request(request.repeat() == null ? request.sources() : request.repeat().data().sources(), request.out(), request.hours() * 60,
                request.repeat() == null ? request.choices() : request.repeat().choices().withVocabulary(request.repeat().data().vocabulary()), null, request.seed(), request.program()), device, listener);
    }

    private SweepPlan plan(BytePairTokenizer tokenizer, TokenShard train, TokenShard heldOut) throws IOException {
        if (request.repeat() != null) {
            return request.repeat();
        }
        double peak = Limits.measure(device.threads()).gflops();
        RunPlan.Data data = new RunPlan.Data(request.sources(), tokenizer.vocabularySize(), Tokenizers.fingerprint(tokenizer), train.fingerprint(), heldOut.fingerprint(), train.tokens(),
                train.textBytes(), train.bytesPerToken());
        long heldOutTokens = Math.min(request.heldOutTokens(), heldOut.tokens());
        double left = Math.max(5, request.hours() * 3600 - seconds());
        SweepPlanner planner = new SweepPlanner(request, tokenizer.vocabularySize(), heldOutTokens, settings -> Dial.secondsPerStep(settings, device, Math.clamp(left / 1000, 0.1, 3)));
        listener.phase("measure this machine");
        int context = planner.context(left, peak);
        double smallest = planner.smallest(left, peak, context);
        List<SweepPlan.Point> points = planner.points(smallest, context);
        for (SweepPlan.Point point : points) {
            Pretraining.requireMemory(point.settings());
        }
        return new SweepPlan(data, heldOutTokens, heldOut.bytesPerToken(), points, planner.largerOperations(smallest), request.flops() == null, request.bootstraps(), request.hours(), request.choices(), request.command(), request.program(),
                Machine.here(device.threads(), peak));
    }

    /// Trains one model to its end, or reads what came of it earlier.
    private SweepPlan.Result train(int index, SweepPlan.Point point, Path folder, SweepPlan plan, TokenShard train, TokenShard heldOut, BytePairTokenizer tokenizer) throws IOException {
        listener.begun(index, point);
        SweepPlan.Result result;
        if (Files.exists(folder.resolve(SweepPlan.RESULT))) {
            result = SweepPlan.Result.read(folder);
        } else {
            RunPlan runPlan = new RunPlan(point.name(), point.settings(), plan.data(), plan.program(), plan.machine());
            TextRun.Result done = TextRun.train(folder, runPlan, device, train, heldOut, tokenizer, plan.heldOutTokens(), listener);
            result = new SweepPlan.Result(done.heldOut().natsPerToken(), done.heldOut().bitsPerByte(), done.heldOut().tokens(), done.seconds());
            result.write(folder);
        }
        TextRun.forgetCheckpoints(folder);
        listener.finished(index, point, result);
        return result;
    }

    /// What the law holds for best with the operations of the larger run, or with those there is still time for.
    private TrainSettings larger(SweepPlan plan, SweepAnalysis analysis, FittedLaw law) {
        double operations = plan.largerOperations();
        if (plan.shrinkable()) {
            double trained = analysis.measured().stream().mapToDouble(m -> m.result().seconds()).sum();
            double left = plan.hours() * 3600 - Math.max(seconds(), trained);
            double largest = plan.largestBudget();
            double rate = analysis.measured().stream().filter(m -> m.point().budget() == largest).mapToDouble(m -> m.point().settings().flops() / m.result().seconds()).average().orElseThrow();
            double affordable = 0.88 * left * rate;                 // the rest: looking on the way, the last measurement, the report
            if (affordable < operations) {
                operations = Math.max(affordable, LEAST_LARGER * largest);
                listener.shrunk(operations, plan.largerOperations());
            }
        }
        TrainSettings like = plan.points().getFirst().settings();
        double C = operations;
        List<ModelSpec> ladder = Dial.ladder(like.model().vocabulary(), like.context(), plan.choices());
        ModelSpec model = Dial.best(law, ladder, m -> C / m.trainingFlopsPerToken(like.context()));
        return settings(plan, model, Math.round(C / model.trainingFlopsPerToken(like.context())));
    }

    /// The recipe of the points, in at least as many steps as `tokens` take.
    private static TrainSettings settings(SweepPlan plan, ModelSpec model, long tokens) {
        TrainSettings like = plan.points().getFirst().settings();
        TrainSettings own = new TrainSettings(model, like.seed(), 1, like.batch(), like.context(), like.pass(), like.optimizer(), like.warmup(), like.cooldown(), like.floor(),
                like.zeroProjections(), 1, 1, 1);
        return Dial.withSteps(own, Math.max(1, (tokens + own.tokensPerStep() / 2) / own.tokensPerStep()));
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /// Writes the report of a finished sweep again, from its files.
    public static void report(Path directory) throws IOException {
        SweepReport.write(read(directory));
    }

    /// Whether this is the directory of a sweep.
    public static boolean isAt(Path directory) {
        return Files.exists(directory.resolve(SweepPlan.FILE));
    }

    static Outcome read(Path directory) throws IOException {
        Path folder = directory.resolve(LARGER);
        Optional<Prediction.Check> check = Prediction.Check.read(folder);
        if (check.isEmpty() || !Files.exists(directory.resolve(AFTER))) {
            throw new IOException("report " + directory + ": the sweep is not finished; `scale --out " + directory + "` goes on with it");
        }
        SweepPlan plan = SweepPlan.read(directory.resolve(SweepPlan.FILE));
        List<SweepAnalysis.Measured> measured = new ArrayList<>();
        for (SweepPlan.Point point : plan.points()) {
            measured.add(new SweepAnalysis.Measured(point, SweepPlan.Result.read(directory.resolve("points").resolve(point.name()))));
        }
        SweepAnalysis analysis = SweepAnalysis.of(measured, plan.bootstraps(), plan.points().getFirst().settings().seed());
        return new Outcome(directory, plan, analysis, FittedLaw.read(directory.resolve(LAW)), Prediction.read(folder).orElseThrow(), check.get(), FittedLaw.read(directory.resolve(AFTER)));
    }
}
