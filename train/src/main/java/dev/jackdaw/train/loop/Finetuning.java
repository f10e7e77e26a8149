package dev.jackdaw.train.loop;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.arch.Fingerprint;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.chat.ChatTemplates;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.TokenizerConfig;
import dev.jackdaw.model.token.TokenizerJson;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.AnswerBatches;
import dev.jackdaw.train.chat.AnswerEncoder;
import dev.jackdaw.train.chat.AnswerSet;
import dev.jackdaw.train.chat.Conversations;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.data.Packer;
import dev.jackdaw.train.report.Evaluation;
import dev.jackdaw.train.report.Machine;
import dev.jackdaw.train.report.Report;
import dev.jackdaw.train.report.ReportData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/// From a model and conversations to a model that answers like them: read and check the conversations, render them by the model's own
/// template, pack them, train on the answers, examine, write, report.
///
/// Everything lands in one directory, as with [Pretraining]. Called again on a directory whose run is not finished, it goes on where that
/// stopped; model and data must be the same, since they are read again.
public final class Finetuning {
    /// What is asked for.
    ///
    /// @param base     a GGUF file, a Hugging Face folder, the directory of a run, or a name in the store
    /// @param data     JSONL files
    /// @param out      the run's directory
    /// @param heldOut  share of the conversations to examine with, chosen by their content
    /// @param strict   the first malformed line ends it
    /// @param template `chatml`, a file, or null for the model's own
    /// @param tuning   what is to move
    /// @param program  version and commit, for the record
    public record Request(Path base, List<Path> data, Path out, double heldOut, boolean strict, String template, FinetuneSettings settings, Method tuning,
                          long seed, RunPlan.Program program) {
    }

    /// How the weights that move are made from a model.
    ///
    /// @param name         for the record: `full`, or an adapter and its settings
    /// @param make         from the opened base model
    /// @param need         of memory
    /// @param learningRate factor on the default one
    public record Method(String name, Maker make, Need need, double learningRate) {
        public static final Method FULL = new Method("full", FullTuning::of, (_, settings) -> Trainer.bytesNeeded(settings), 1);

        /// Says how many bytes training will take at most, before any is taken.
        @FunctionalInterface
        public interface Need {
            long bytes(Model base, TrainSettings settings);
        }

        /// Makes it.
        @FunctionalInterface
        public interface Maker {
            Tuning make(Model base, Device device) throws IOException;
        }
    }

    /// Told what happens; everything is optional.
    public interface Listener extends Run.Listener {
        default void phase(String name) {
        }

        /// A line gave no conversation.
        default void rejected(Rejections.Rejection rejection) {
        }

        /// So many bytes will be taken at most; there may be too few.
        default void memory(long bytes) {
        }

        /// The conversations are read.
        default void conversations(Conversations.Counts counts) {
        }

        /// All settings are known, and training is about to begin.
        default void planned(RunPlan plan, long trainedParameters, double epochs, Packer.Summary packing) {
        }
    }

    /// Passes everything on to another listener, but for what it hears itself.
    public interface Passing extends Listener, Run.Passing {
        @Override
        Listener to();

        @Override
        default void phase(String name) {
            to().phase(name);
        }

        @Override
        default void rejected(Rejections.Rejection rejection) {
            to().rejected(rejection);
        }

        @Override
        default void memory(long bytes) {
            to().memory(bytes);
        }

        @Override
        default void conversations(Conversations.Counts counts) {
            to().conversations(counts);
        }

        @Override
        default void planned(RunPlan plan, long trainedParameters, double epochs, Packer.Summary packing) {
            to().planned(plan, trainedParameters, epochs, packing);
        }
    }

    /// What came out.
    ///
    /// @param heldOutBitsPerByte of the answers; NaN if nothing was held out
    /// @param heldOutLoss        the same in nats for each answer token
    /// @param before             bits per byte of the base model on the same answers; NaN if unknown
    public record Result(Path directory, Path written, RunPlan plan, Conversations.Counts counts, double epochs, Packer.Summary packing, double heldOutBitsPerByte, double heldOutLoss,
                         double before, double seconds) {
    }

    private static final int QUESTIONS = 3;

    private final Request request;
    private final Device device;
    private final Listener listener;
    private final long start = System.nanoTime();

    public Finetuning(Request request, Device device, Listener listener) {
        this.request = request;
        this.device = device;
        this.listener = listener;
    }

    public Result run() throws IOException {
        Path out = request.out(), planFile = out.resolve("run.json");
        if (!(request.heldOut() >= 0 && request.heldOut() < 1)) {
            throw new IllegalArgumentException("finetune: a held-out share of " + request.heldOut() + "; give at least 0 and less than 1");
        }
        try (Model model = Model.open(request.base(), device)) {
            RunPlan old = Files.exists(planFile) ? RunPlan.read(planFile, model.spec()) : null;
            String fingerprint = Fingerprint.of(model.spec(), model.file());
            checkBase(old, fingerprint);
            Tokenizer tokenizer = model.tokenizer();
            ChatTemplate template = old != null ? template(tokenizer, old.base().template()) : template(model, request.template());
            new AnswerEncoder(template, tokenizer, 2, Map.of()).check();
            listener.phase("read the conversations");
            int context = old != null ? old.settings().context() : request.settings().context() != null ? request.settings().context() : model.spec().context();
            Prepared prepared = prepare(template, tokenizer, Math.min(context, model.spec().context()), old != null ? old.base().heldOut() : request.heldOut());
            RunPlan plan = old != null ? old : plan(model, fingerprint, template, prepared);
            checkData(plan, prepared);
            TrainSettings settings = plan.settings();
            requireMemory(model, settings);
            try (Tuning tuning = request.tuning().make().make(model, device);
                 Trainer trainer = new Trainer(settings, device, tuning.model(), tuning.trained());
                 AnswerCourse course = new AnswerCourse(prepared.train, prepared.heldOut, prepared.questions, tokenizer, tuning, trainer)) {
                AnswerBatches batches = AnswerBatches.training(prepared.train, settings.context(), settings.seed());
                double epochs = (double) settings.steps() * settings.batch() / batches.rows();
                Files.createDirectories(out);
                AtomicFile.write(out.resolve("tokenizer.json"), TokenizerJson.write(tokenizer));
                AtomicFile.write(out.resolve("tokenizer_config.json"), new TokenizerConfig(piece(tokenizer, tokenizer.bos()), piece(tokenizer, tokenizer.eos()), template.source(), 0).write());
                plan.write(out);
                listener.planned(plan, tuning.trained().entries().stream().mapToLong(entry -> entry.parameter().elements()).sum(), epochs, batches.packing());
                listener.phase("train");
                new Run(out, course).train(trainer, listener);
                listener.phase("evaluate");
                AnswerCourse.Measured measured = prepared.heldOut == null ? null : course.measure(Integer.MAX_VALUE);
                listener.phase("export");
                Path written = tuning.write(out, new Tuning.Written("jackdaw finetuned model", tokenizer, template.source(), facts(plan, prepared)));
                if (measured != null) {
                    ReportData.writeEvaluation(out, evaluation(measured, prepared, settings.model()));
                }
                Report.write(out);
                double before = ReportData.read(out).metrics().stream().filter(m -> m.step() == 0).mapToDouble(m -> m.heldOutBitsPerByte()).findFirst().orElse(Double.NaN);
                return new Result(out, written, plan, prepared.counts, epochs, batches.packing(), measured == null ? Double.NaN : measured.bitsPerByte(),
                        measured == null ? Double.NaN : measured.nats() / measured.tokens(), before, (System.nanoTime() - start) / 1e9);
            }
        }
    }

    private static Map<String, GgufValue> facts(RunPlan plan, Prepared prepared) {
        Map<String, GgufValue> facts = new LinkedHashMap<>();
        facts.put("jackdaw.finetuning.steps", GgufValue.u64(plan.settings().steps()));
        facts.put("jackdaw.finetuning.seed", GgufValue.of(Long.toString(plan.settings().seed())));
        facts.put("jackdaw.finetuning.data", GgufValue.of(plan.data().trainFingerprint()));
        facts.put("jackdaw.finetuning.conversations", GgufValue.u64(prepared.train.conversations()));
        facts.put("jackdaw.finetuning.base", GgufValue.of(plan.base().fingerprint()));
        return facts;
    }

    private static Evaluation evaluation(AnswerCourse.Measured measured, Prepared prepared, ModelSpec spec) {
        List<Evaluation.FileSize> files = new ArrayList<>();
        for (DType type : List.of(DType.F32, DType.F16, DType.Q8_0)) {
            files.add(new Evaluation.FileSize(type.name(), ModelExport.bytes(spec, type)));
        }
        return new Evaluation(measured.bitsPerByte(), prepared.heldOut.conversations(), prepared.heldOut.answerBytes(), prepared.heldOut.trainedTokens(),
                prepared.train.answerBytes(), prepared.train.trainedTokens(), spec.parameterCount(), files, List.of());
    }

    /// The template that is asked for, or the model's own, or ChatML where the model has the tokens for it.
    static ChatTemplate template(Model model, String asked) throws IOException {
        Tokenizer tokenizer = model.tokenizer();
        boolean knowsChatMl = tokenizer.id(SpecialTokens.MESSAGE_START).isPresent() && tokenizer.id(SpecialTokens.MESSAGE_END).isPresent();
        if (asked != null && !asked.equals("chatml")) {
            Path file = Path.of(asked);
            if (!Files.isRegularFile(file)) {
                throw new IllegalArgumentException("--template " + file + " is no file; give a file with a Jinja template, or chatml");
            }
            return template(tokenizer, Files.readString(file));
        }
        if (asked == null) {
            ChatTemplate own = ChatTemplates.read(model.path()).orElse(null);
            if (own != null) {
                return own;
            }
        }
        if (!knowsChatMl) {
            throw new IllegalArgumentException(model.path() + (asked == null ? " is a base model without a chat template, and it" : "")
                    + " has no tokens <|im_start|> and <|im_end|>, which ChatML needs; give a template made of tokens that the model has with --template FILE");
        }
        return template(tokenizer, SpecialTokens.CHAT_TEMPLATE);
    }

    static ChatTemplate template(Tokenizer tokenizer, String source) {
        String bos = piece(tokenizer, tokenizer.bos()), eos = piece(tokenizer, tokenizer.eos());
        return ChatTemplate.of(source, bos == null ? "" : bos, eos == null ? "" : eos);
    }

    static String piece(Tokenizer tokenizer, OptionalInt id) {
        return id.isPresent() ? tokenizer.piece(id.getAsInt()) : null;
    }

    /// @param heldOut or null
    private record Prepared(AnswerSet train, AnswerSet heldOut, List<AnswerCourse.Question> questions, Conversations.Counts counts, int longest) {
    }

    private Prepared prepare(ChatTemplate template, Tokenizer tokenizer, int context, double share) {
        AnswerEncoder encoder = new AnswerEncoder(template, tokenizer, context, Map.of());
        AnswerSet.Builder train = new AnswerSet.Builder(tokenizer), heldOut = new AnswerSet.Builder(tokenizer);
        List<AnswerCourse.Question> asked = new ArrayList<>(), unasked = new ArrayList<>();
        int[] longest = {0};
        Rejections rejections = new Rejections(request.strict(), listener::rejected);
        Conversations.read(request.data(), (_, _, conversation) -> {
            List<AnswerEncoder.Sequence> sequences = encoder.encode(conversation);
            boolean isHeldOut = conversation.isHeldOut(share);
            (isHeldOut ? heldOut : train).add(sequences);
            sequences.forEach(sequence -> longest[0] = Math.max(longest[0], sequence.length()));
            List<AnswerCourse.Question> questions = isHeldOut ? unasked : asked;
            if (questions.size() < QUESTIONS) {
                questions.add(new AnswerCourse.Question(conversation.question(), encoder.prompt(conversation)));
            }
        }, rejections);
        AnswerSet learned = train.build(), kept = heldOut.build();
        Conversations.Counts counts = new Conversations.Counts(learned.conversations(), kept.conversations(), learned.sequences() + kept.sequences(),
                learned.tokens(), learned.trainedTokens(), rejections.count(), rejections.counts(), rejections.kept());
        listener.conversations(counts);
        if (learned.conversations() == 0) {
            throw new DataException("finetune: there are no conversations to learn from: " + rejections.count() + " lines were rejected (" + rejections.describe() + "), "
                    + kept.conversations() + " held out" + (rejections.kept().isEmpty() ? "" : "; the first: " + rejections.kept().getFirst()));
        }
        return new Prepared(learned, kept.conversations() == 0 ? null : kept, List.copyOf(unasked.isEmpty() ? asked : unasked), counts, longest[0]);
    }

    private RunPlan plan(Model model, String fingerprint, ChatTemplate template, Prepared prepared) {
        TrainSettings settings = request.settings().train(model.spec(), prepared.train, prepared.longest, request.seed(), request.tuning().learningRate());
        RunPlan.Data data = new RunPlan.Data(request.data().stream().map(Path::toString).toList(), model.spec().vocabulary(), Tokenizers.fingerprint(model.tokenizer()),
                prepared.train.fingerprint(), prepared.heldOut == null ? "" : prepared.heldOut.fingerprint(), prepared.train.trainedTokens(), prepared.train.answerBytes(),
                prepared.train.bytesPerToken());
        String name = request.out().toAbsolutePath().normalize().getFileName().toString();
        return new RunPlan(name, settings, data, request.program(), Machine.here(device.threads(), 0),
                new RunPlan.Base(request.base().toString(), fingerprint, template.source(), request.heldOut(), request.tuning().name()));
    }

    private void checkBase(RunPlan plan, String fingerprint) throws IOException {
        if (plan == null) {
            return;
        }
        if (plan.base() == null) {
            throw new IOException("finetune: " + request.out() + " holds a pretraining run; give another directory with --out");
        }
        if (!plan.base().fingerprint().equals(fingerprint)) {
            throw new IOException("finetune: the run in " + request.out() + " began with " + plan.base().model() + ", whose weights were others than those of " + request.base()
                    + "; go on with the same model, or give another directory with --out");
        }
        if (!plan.base().tuning().equals(request.tuning().name())) {
            throw new IOException("finetune: the run in " + request.out() + " trains " + plan.base().tuning() + ", not " + request.tuning().name()
                    + "; go on with the same options, or give another directory with --out");
        }
    }

    private void checkData(RunPlan plan, Prepared prepared) throws IOException {
        if (!plan.data().trainFingerprint().equals(prepared.train.fingerprint())) {
            throw new IOException("finetune: the run in " + request.out() + " began with other conversations than these (" + plan.data().trainFingerprint() + ", now "
                    + prepared.train.fingerprint() + "); go on with the same files, or give another directory with --out");
        }
    }

    /// Refuses a model that cannot fit before anything is allocated.
    private void requireMemory(Model model, TrainSettings settings) throws IOException {
        long needed = request.tuning().need().bytes(model, settings), available = dev.jackdaw.tensor.Machine.availableBytes();
        listener.memory(needed);
        if (available > 0 && needed > available) {
            throw new IOException(String.format(Locale.ROOT, "memory: finetuning %,d parameters in passes of %d rows of %d tokens needs %,d MB, but %,d MB are available; "
                            + "choose a smaller --pass or --context, or train an adapter with --lora", settings.model().parameterCount(), settings.pass(), settings.context(),
                    needed >> 20, available >> 20));
        }
    }
}
