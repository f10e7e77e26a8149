package dev.jackdaw.train.loop;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.chat.ChatTemplates;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.assistant.AssistantResult;
import dev.jackdaw.train.assistant.Examination;
import dev.jackdaw.train.assistant.Facts;
import dev.jackdaw.train.assistant.JavaType;
import dev.jackdaw.train.assistant.Lessons;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/// The second half of a speedrun: questions and answers from the facts of the sources, finetuning on them, and an examination by those that
/// were kept out. What it makes is in the folder `assistant` of the run, a finetuning run of its own; the finished model becomes the run's
/// `params.gguf`, beside the base model in `base.gguf`. Called again after it was stopped, it goes on.
final class AssistantStage {
    /// Tokens that a conversation takes, its share of the gaps in rows included.
    private static final double TOKENS = 48;
    /// Finetuning moves weights at this share of the rates at which pretraining does at its fastest.
    private static final double RATE = 0.7;
    /// Making, writing, reading and encoding a conversation.
    private static final double SECONDS_EACH = 0.0006;
    /// Tokens read and written in the examination.
    private static final double EXAMINED_TOKENS = 150_000;

    private final Path out;
    private final RunPlan plan;
    private final List<JavaType> types;
    private final BitSet read;
    private final int documents;
    private final Device device;
    private final Pretraining.Listener listener;

    /// @param read      documents that pretraining reads whole
    /// @param documents how many there are
    AssistantStage(Path out, RunPlan plan, List<JavaType> types, BitSet read, int documents, Device device, Pretraining.Listener listener) {
        this.out = out;
        this.plan = plan;
        this.types = types;
        this.read = read;
        this.documents = documents;
        this.device = device;
        this.listener = listener;
    }

    /// Seconds for all but the steps.
    ///
    /// @param perToken of training
    /// @param tokens   of pretraining
    static double secondsBeside(double perToken, double tokens) {
        return 5 + perToken * EXAMINED_TOKENS + 0.5 * tokens / TOKENS * SECONDS_EACH;
    }

    /// So many steps of the same size as those before, on the conversations that fill them once.
    static RunPlan.Assistant plan(TrainSettings base, long trainTokens, long steps) {
        long n = Math.max(5, steps);
        var optimizer = base.optimizer();
        FinetuneSettings settings = new FinetuneSettings(null, n, base.context(), base.batch(), base.pass(), optimizer.muon(), RATE * optimizer.matrixLearningRate(),
                RATE * optimizer.embeddingLearningRate(), optimizer.weightDecay(), 0.02, 0.9);
        return new RunPlan.Assistant(base.tokens() < trainTokens ? base.tokens() : 0, (int) Math.max(100, n * base.tokensPerStep() / TOKENS), settings);
    }

    AssistantResult run() throws IOException {
        listener.phase("make conversations");
        Facts facts = Facts.of(types, read::get);
        long seed = plan.settings().seed();
        Lessons lessons = Lessons.of(facts, plan.assistant().conversations(), seed);
        Path folder = out.resolve("assistant"), learned = folder.resolve("finetune.jsonl");
        lessons.write(learned, folder.resolve("held-out.jsonl"));
        listener.remark(String.format(Locale.ROOT, "assistant: %,d facts to learn from, %,d held out in %,d of %,d documents that pretraining read; %,d conversations, %,d steps",
                facts.learned().size(), facts.heldOut().size(), read.cardinality(), documents, lessons.learned().size(), plan.assistant().settings().steps()));
        listener.phase("finetune");
        new Finetuning(new Finetuning.Request(out.resolve("base.gguf"), List.of(learned), folder, 0, false, null, plan.assistant().settings(), Finetuning.Method.FULL, seed, plan.program()),
                device, new Passed(listener)).run();
        listener.phase("examine");
        Path parameters = folder.resolve("params.gguf");
        AssistantResult result;
        try (Model model = Model.open(parameters, device)) {
            Forward forward = model.forward();
            result = new Examination(forward, model.tokenizer(), ChatTemplates.read(parameters).orElseThrow()).ask(lessons, done -> listener.update("examine", 0, 0, done))
                    .with(seed, new AssistantResult.Counts(facts.learned().size(), facts.heldOut().size(), read.cardinality(), documents));
        }
        result.write(out);
        AtomicFile.write(out.resolve("params.gguf"), Files.readAllBytes(parameters));
        return result;
    }

    /// The pretraining's listener is told of the finetuning's steps, but not of its counts and plans.
    private record Passed(Pretraining.Listener to) implements Finetuning.Listener, Run.Passing {
        @Override
        public void phase(String name) {
            to.phase(name.equals("train") ? "finetune" : name);
        }
    }
}
