package dev.jackdaw.train.loop;

import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.BytePairSpec;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.TokenizerConfig;
import dev.jackdaw.model.token.TokenizerJson;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Limits;
import dev.jackdaw.train.assistant.AssistantResult;
import dev.jackdaw.train.assistant.JavaFacts;
import dev.jackdaw.train.assistant.JavaType;
import dev.jackdaw.train.data.Corpus;
import dev.jackdaw.train.data.CorpusStats;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.data.Documents;
import dev.jackdaw.train.data.DocumentSet;
import dev.jackdaw.train.data.Packer;
import dev.jackdaw.train.data.Progress;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.train.report.Baselines;
import dev.jackdaw.train.report.Evaluation;
import dev.jackdaw.train.report.Machine;
import dev.jackdaw.train.report.Report;
import dev.jackdaw.train.report.ReportData;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import tools.jackson.databind.json.JsonMapper;

/// From raw text to two files: clean the text, train a tokenizer, plan the run, train, examine, export, report.
///
/// Everything lands in one directory. Called again on a directory whose run is not finished, it goes on where that stopped.
public final class Pretraining {
    /// What is asked for.
    ///
    /// @param sources files and folders, or `jdk`
    /// @param out     the run's directory
    /// @param minutes for everything from reading the text to the report; used where `choices` leave the number of steps open
    /// @param choices what the user fixed
    /// @param repeat  the plan of an earlier run to repeat exactly, or null
    /// @param program version and commit, for the record
    /// @param law       chooses the size, where `choices` leave it open, and predicts the loss; null: the rule of thumb
    /// @param assistant make an assistant of the base model, where the text has Java sources to ask about
    public record Request(List<String> sources, Path out, double minutes, Dial.Choices choices, RunPlan repeat, long seed, RunPlan.Program program, FittedLaw law,
                          boolean assistant) {
        public Request(List<String> sources, Path out, double minutes, Dial.Choices choices, RunPlan repeat, long seed, RunPlan.Program program) {
            this(sources, out, minutes, choices, repeat, seed, program, null, false);
        }
    }

    /// Told what happens; everything is optional.
    public interface Listener extends Run.Listener, Progress {
        /// Something worth a line.
        default void remark(String text) {
        }

        /// A new piece of work begins.
        default void phase(String name) {
        }

        /// The text is ready.
        default void corpus(CorpusStats stats) {
        }

        /// All settings are known, and training is about to begin.
        default void planned(RunPlan plan, double secondsExpected, long bytes) {
        }

        /// What the law says will come out.
        default void predicted(Prediction prediction) {
        }

        /// What came out of it.
        default void checked(Prediction.Check check) {
        }

        /// The law cannot be used, or not for everything, and why.
        default void lawSetAside(String why) {
        }

        @Override
        default void update(String phase, long documents, long bytes, double fraction) {
        }
    }

    /// What came out.
    ///
    /// @param evaluation of the base model
    /// @param assistant  what its examination found; null if none was made
    public record Result(Path directory, Path parameters, RunPlan plan, Evaluation evaluation, AssistantResult assistant, double seconds) {
    }

    /// Of the time, for pretraining; the rest is for the assistant. docs/DESIGN.md, "How to divide ten minutes".
    private static final double PRETRAINING = 0.55;
    /// Less of an assistant teaches nothing.
    private static final int LEAST_TYPES = 40;

    private static final JsonMapper JSON = JsonMapper.shared();

    private final Request request;
    private final Device device;
    private final Listener listener;
    private final long start = System.nanoTime();

    public Pretraining(Request request, Device device, Listener listener) {
        this.request = request;
        this.device = device;
        this.listener = listener;
    }

    public Result run() throws IOException {
        Path out = request.out();
        Files.createDirectories(out.resolve("data"));
        boolean resuming = Files.exists(out.resolve("run.json"));
        BytePairTokenizer tokenizer = resuming ? Tokenizers.readBytePair(out) : prepare();
        try (Corpus corpus = Corpus.open(out.resolve("data/corpus"));
             TokenShard train = TokenShard.open(out.resolve("data/train.tokens"));
             TokenShard heldOut = TokenShard.open(out.resolve("data/held-out.tokens"))) {
            RunPlan plan = resuming ? RunPlan.read(out.resolve("run.json")) : plan(tokenizer, train, heldOut);
            checkData(plan, train, heldOut);
            requireMemory(plan.settings());
            if (!resuming) {
                predict(plan);
            }
            plan.write(out);
            Path base = out.resolve("base.gguf");
            if (plan.assistant() != null && Files.exists(base)) {
                return assistant(plan, train, ReportData.read(out).evaluation());
            }
            long most = plan.assistant() == null ? 0 : plan.assistant().readTokens();
            Evaluation evaluation;
            try (Trainer trainer = new Trainer(plan.settings(), device); TextCourse course = new TextCourse(train, heldOut, tokenizer, trainer, most)) {
                listener.phase("train");
                new Run(out, course).train(trainer, listener);
                check(course, heldOut);
                listener.phase("evaluate");
                evaluation = evaluate(course, trainer, corpus, train, heldOut);
                ReportData.writeEvaluation(out, evaluation);
                listener.phase("export");
                export(plan.assistant() == null ? out.resolve("params.gguf") : base, plan, trainer, tokenizer);
            }
            if (plan.assistant() != null) {
                return assistant(plan, train, evaluation);
            }
            Report.write(out);
            return new Result(out, out.resolve("params.gguf"), plan, evaluation, null, seconds());
        }
    }

    private Result assistant(RunPlan plan, TokenShard train, Evaluation evaluation) throws IOException {
        Path out = request.out();
        BitSet read = new BitSet();
        for (int document : Packer.selection(train, plan.settings().seed(), plan.assistant().readTokens())) {
            read.set(document);
        }
        AssistantResult result = new AssistantStage(out, plan, readTypes(), read, train.documents(), device, listener).run();
        Report.write(out);
        return new Result(out, out.resolve("params.gguf"), plan, evaluation, result, seconds());
    }

    private Path typesFile() {
        return request.out().resolve("data/types.json");
    }

    private List<JavaType> readTypes() throws IOException {
        return List.of(JSON.readValue(Files.readAllBytes(typesFile()), JavaType[].class));
    }

    private void export(Path file, RunPlan plan, Trainer trainer, BytePairTokenizer tokenizer) throws IOException {
        Map<String, GgufValue> facts = new LinkedHashMap<>();
        TrainSettings settings = plan.settings();
        facts.put("jackdaw.training.tokens", GgufValue.u64(settings.tokens()));
        facts.put("jackdaw.training.steps", GgufValue.u64(settings.steps()));
        facts.put("jackdaw.training.seed", GgufValue.of(Long.toString(settings.seed())));
        facts.put("jackdaw.training.data", GgufValue.of(plan.data().trainFingerprint()));
        ModelExport.gguf(file, "jackdaw base model", settings.model(), name -> trainer.weights().entry(name).data(), tokenizer,
                SpecialTokens.CHAT_TEMPLATE, facts, DType.F32);
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /// What the prepared data were made from; written when they are complete.
    private record Prepared(List<String> sources, Integer vocabulary, boolean facts) {
    }

    /// Text to cleaned documents, tokenizer and token shards, unless that was done before.
    public BytePairTokenizer prepare() throws IOException {
        Path out = request.out(), done = out.resolve("data/prepared.json");
        Prepared wanted = request.repeat() == null ? new Prepared(request.sources(), request.choices().vocabulary(), request.assistant())
                : new Prepared(request.repeat().data().sources(), request.repeat().data().vocabulary(), request.repeat().assistant() != null);
        if (Files.exists(done) && JSON.readValue(Files.readAllBytes(done), Prepared.class).equals(wanted)) {
            return Tokenizers.readBytePair(out);
        }
        Files.deleteIfExists(done);
        List<Path> paths = new ArrayList<>();
        for (String source : wanted.sources()) {
            paths.add(source.equals("jdk") ? jdkSources() : Path.of(source));
        }
        listener.phase("read and clean");
        try (Corpus corpus = Corpus.build(Documents.of(paths), out.resolve("data/corpus"), Corpus.Settings.DEFAULT, device.threads(), listener)) {
            listener.corpus(corpus.stats());
            if (corpus.heldOut().size() == 0 || corpus.train().size() == 0) {
                throw new DataException("pretrain: " + (corpus.heldOut().size() + corpus.train().size()) + " documents were left after cleaning, "
                        + corpus.train().size() + " to learn from and " + corpus.heldOut().size() + " to examine with; both need one at least: give more text");
            }
            int vocabulary = request.repeat() == null ? Dial.vocabulary(corpus.train().bytes(), request.choices()) : request.repeat().data().vocabulary();
            listener.phase("train the tokenizer");
            BpeTrainer.Settings settings = BpeTrainer.Settings.of(vocabulary, device.threads());
            BytePairSpec spec = BpeTrainer.train(texts(corpus.train()), settings, (_, _, _) -> { }).spec();
            AtomicFile.write(out.resolve("tokenizer.json"), TokenizerJson.write(spec));
            AtomicFile.write(out.resolve("tokenizer_config.json"), TokenizerConfig.ofOurs(0).write());
            BytePairTokenizer tokenizer = Tokenizers.readBytePair(out);       // the same object whether the run is new or resumed
            listener.phase("tokenize");
            String fingerprint = Tokenizers.fingerprint(tokenizer);
            int end = tokenizer.id(SpecialTokens.END_OF_TEXT).orElseThrow();
            TokenShard.Encoder encoder = text -> tokenizer.encode(text, false, false);
            TokenShard.write(out.resolve("data/held-out.tokens"), corpus.heldOut(), encoder, tokenizer.vocabularySize(), end, fingerprint, device.threads(), Progress.SILENT).close();
            TokenShard.write(out.resolve("data/train.tokens"), corpus.train(), encoder, tokenizer.vocabularySize(), end, fingerprint, device.threads(), listener).close();
            if (wanted.facts()) {
                listener.phase("read the facts");
                List<JavaType> types = JavaFacts.read(corpus.train(), device.threads(), share -> listener.update("facts", 0, 0, share));
                AtomicFile.write(typesFile(), JSON.writeValueAsString(types));
            }
            AtomicFile.write(done, JSON.writeValueAsString(wanted));
            return tokenizer;
        }
    }

    private static Iterable<byte[]> texts(DocumentSet documents) {
        return () -> new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < documents.size();
            }

            @Override
            public byte[] next() {
                return documents.text(next++);
            }
        };
    }

    /// The sources that every JDK carries, or can.
    public static Path jdkSources() throws IOException {
        Path file = Path.of(System.getProperty("java.home"), "lib", "src.zip");
        if (!Files.exists(file)) {
            throw new IOException("data jdk: this JDK has no " + file + "; install its sources (on Debian and Ubuntu the package openjdk-25-source, "
                    + "on Fedora java-25-openjdk-src; Temurin's archives contain them), or train on text of your own with --data DIR");
        }
        return file.toRealPath();
    }

    /// All settings, from the time that is left and the speed that was measured.
    private RunPlan plan(BytePairTokenizer tokenizer, TokenShard train, TokenShard heldOut) throws IOException {
        double peak = Limits.measure(device.threads()).gflops();
        Machine machine = Machine.here(device.threads(), peak);
        RunPlan.Data data = new RunPlan.Data(request.repeat() == null ? request.sources() : request.repeat().data().sources(), tokenizer.vocabularySize(),
                Tokenizers.fingerprint(tokenizer), train.fingerprint(), heldOut.fingerprint(), train.tokens(), train.textBytes(), train.bytesPerToken());
        if (request.repeat() != null) {
            RunPlan repeat = request.repeat();
            checkData(repeat, train, heldOut);
            return new RunPlan(repeat.name(), repeat.settings(), data, request.program(), machine, null, repeat.assistant());
        }
        Dial.Choices choices = request.choices();
        boolean isAssistant = request.assistant() && hasFacts();
        double share = isAssistant ? PRETRAINING : 1;
        double left = Math.max(5, request.minutes() * 60 - seconds());
        double flops = left * 0.6 * peak * 1e9;               // of both stages: they train the same weights
        ModelSpec model = Dial.model(flops, tokenizer.vocabularySize(), choices);
        TrainSettings settings = Dial.settings(model, flops, request.seed(), choices);
        long steps;
        if (choices.steps() != null) {
            steps = choices.steps();
        } else {
            listener.phase("measure this machine");
            DoubleUnaryOperator secondsToPretrain = perToken -> secondsToPretrain(perToken, heldOut, isAssistant);
            // both stages learn, so the size follows from the work of both
            DialByLaw sizes = new DialByLaw(device, left, peak, perToken -> secondsToPretrain.applyAsDouble(perToken) / (isAssistant ? PRETRAINING : 1));
            settings = sizes.settings(request.law(), settings, choices, train.tokens(), listener);
            requireMemory(settings);
            double perStep = Dial.secondsPerStep(settings, device, Math.clamp(0.05 * left, 0.5, 6));
            left = secondsToPretrain.applyAsDouble(perStep / settings.tokensPerStep());
            steps = Math.max(10, (long) (left / perStep));
        }
        settings = Dial.withSteps(settings, steps);
        RunPlan.Assistant assistant = isAssistant ? AssistantStage.plan(settings, train.tokens(), (long) (steps * (1 - share) / share)) : null;
        String name = request.out().toAbsolutePath().normalize().getFileName().toString();
        RunPlan plan = new RunPlan(name, settings, data, request.program(), machine, null, assistant);
        listener.planned(plan, left, 0);
        return plan;
    }

    /// What is left of the time for training steps, if each token takes so long.
    private double secondsToTrain(double perToken, TokenShard heldOut) {
        // a third of the work of training for each token that is examined at the end, then compressors and report; on the way, 5% for glimpses, 2% for samples and checkpoints
        double examination = perToken / 3 * heldOut.tokens() * 1.2 + heldOut.textBytes() * 2e-6 + 3;
        return Math.max(5, (request.minutes() * 60 - seconds() - examination) * 0.93);
    }

    /// The same for the first stage of two: making conversations and the examination of the assistant take their time too.
    private double secondsToPretrain(double perToken, TokenShard heldOut, boolean isAssistant) {
        double all = secondsToTrain(perToken, heldOut);
        return isAssistant ? PRETRAINING * Math.max(0.8 * all, all - AssistantStage.secondsBeside(perToken, PRETRAINING * all / perToken)) : all;
    }

    /// Writes down what the law says of the run, if it was fitted to such runs on such text.
    private void predict(RunPlan plan) throws IOException {
        FittedLaw law = request.law();
        TrainSettings settings = plan.settings();
        if (law == null) {
            return;
        }
        FittedLaw.Recipe recipe = new FittedLaw.Recipe(settings.model().vocabulary(), settings.context(), Math.toIntExact(settings.tokensPerStep()));
        if (!law.recipe().equals(recipe) || !law.text().sources().equals(plan.data().sources())) {
            listener.lawSetAside(String.format(Locale.ROOT, "no prediction: the law is about %s with vocabulary %,d, context %d and steps of %,d tokens, this run is about %s with %,d, %d and %,d",
                    law.text().sources(), law.recipe().vocabulary(), law.recipe().context(), law.recipe().tokensPerStep(), plan.data().sources(), recipe.vocabulary(), recipe.context(), recipe.tokensPerStep()));
            return;
        }
        Prediction prediction = Prediction.of(law, settings.model(), settings.tokens(), settings.flops(), Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        prediction.write(request.out());
        listener.predicted(prediction);
    }

    /// Compares the prediction, if there was one, with the same held-out tokens read in the same way.
    private void check(TextCourse course, TokenShard heldOut) throws IOException {
        Optional<Prediction> prediction = Prediction.read(request.out());
        if (prediction.isEmpty()) {
            return;
        }
        listener.phase("compare with the prediction");
        BitsPerByte.Result measured = course.examination().measure(heldOut, 0, prediction.get().heldOutTokens(), _ -> { });
        Prediction.Check check = prediction.get().check(measured.bitsPerByte(), measured.natsPerToken());
        check.write(request.out());
        listener.checked(check);
    }

    private boolean hasFacts() throws IOException {
        int types = readTypes().size();
        if (types < LEAST_TYPES) {
            listener.remark("no assistant will be made: its questions come from public types of Java sources, of which this text has " + types + "; " + LEAST_TYPES
                    + " are needed. The base model is the result; finetune it on conversations of your own with: jackdaw finetune");
        }
        return types >= LEAST_TYPES;
    }

    private static void checkData(RunPlan plan, TokenShard train, TokenShard heldOut) throws IOException {
        if (!plan.data().trainFingerprint().equals(train.fingerprint()) || !plan.data().heldOutFingerprint().equals(heldOut.fingerprint())) {
            throw new IOException("plan: it was made for training tokens " + plan.data().trainFingerprint() + ", but these data give " + train.fingerprint()
                    + "; repeat it with the same text and the same version of Jackdaw, or leave --plan out");
        }
    }

    /// Refuses a model that cannot fit before anything is allocated.
    public static void requireMemory(TrainSettings settings) throws IOException {
        long needed = Trainer.bytesNeeded(settings), available = dev.jackdaw.tensor.Machine.availableBytes();
        if (available > 0 && needed > available) {
            throw new IOException(String.format(Locale.ROOT, "memory: training %,d parameters in passes of %d sequences of %d tokens needs %,d MB, but %,d MB are available; "
                            + "choose a smaller --width, --layers, --pass or --context", settings.model().parameterCount(), settings.pass(), settings.context(),
                    needed >> 20, available >> 20));
        }
    }

    private Evaluation evaluate(TextCourse course, Trainer trainer, Corpus corpus, TokenShard train, TokenShard heldOut) throws IOException {
        int overlap = request.minutes() < 5 ? 0 : trainer.settings().context() / 4;
        BitsPerByte.Result result = course.examination().measure(heldOut, overlap, 0, done -> listener.update("evaluate", 0, 0, done));
        List<byte[]> documents = new ArrayList<>();
        for (int i = 0; i < corpus.heldOut().size(); i++) {
            documents.add(corpus.heldOut().text(i));
        }
        listener.phase("compare with compressors");
        ModelSpec spec = trainer.settings().model();
        List<Evaluation.FileSize> files = new ArrayList<>();
        for (DType type : List.of(DType.F32, DType.F16, DType.Q8_0)) {
            files.add(new Evaluation.FileSize(type.name(), ModelExport.bytes(spec, type)));
        }
        return new Evaluation(result.bitsPerByte(), documents.size(), heldOut.textBytes(), heldOut.tokens(), train.textBytes(), train.tokens(),
                spec.parameterCount(), files, Baselines.measure(documents));
    }
}
