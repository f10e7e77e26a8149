package dev.jackdaw.lab.probe;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Machine;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.loop.Batch;
import dev.jackdaw.train.loop.Trainer;
import dev.jackdaw.train.loop.TrainSettings;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Supplier;

/// Trains a small model on short texts, each of which is on its own: it begins and ends with the end-of-text token, and texts that share a
/// row do not see each other.
final class Drill implements AutoCloseable {
    private static final int PASS_TOKENS = 2048;
    private static final double SHARE = 0.8;               // of free memory

    /// What decides the result, beside the texts.
    ///
    /// @param steps        of the optimizer
    /// @param batch        rows in a step
    /// @param context      tokens in a row
    /// @param learningRate of AdamW, for a model that is there already; 0: Muon at the rates of pretraining
    record Settings(long steps, int batch, int context, double learningRate, long seed) {
        long tokens() {
            return steps * batch * context;
        }
    }

    private final Trainer trainer;
    private final Settings settings;
    private final Device device;
    private Forward forward;

    /// A new model.
    Drill(ModelSpec spec, Settings settings, Device device) {
        this.settings = settings;
        this.device = device;
        TrainSettings train = train(spec, settings);
        long needed = Trainer.bytesNeeded(train), free = Machine.availableBytes();
        if (free >= 0 && needed > SHARE * free) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "probe: training this model takes %,d MB and %,d MB are free; take a smaller model", needed >> 20, free >> 20));
        }
        trainer = new Trainer(train, device);
    }

    /// A model that is there already.
    Drill(ModelFile start, Settings settings, Device device) {
        this(start.spec(), settings, device);
        try (Arena arena = Arena.ofShared()) {
            trainer.weights().load(name -> start.tensor(name).type() == DType.F32 ? start.tensor(name) : Conversion.to(arena, start.tensor(name), DType.F32));
        }
    }

    private static TrainSettings train(ModelSpec spec, Settings s) {
        OptimizerSettings optimizer = s.learningRate > 0 ? OptimizerSettings.adamW(s.learningRate, 0.01)
                : new OptimizerSettings(true, 0.004, 0.006, 0.006, 0.9, 0.95, 1e-8, 0.95, 0.05, 1.0);
        int pass = Math.clamp(PASS_TOKENS / s.context, 1, s.batch);
        while (s.batch % pass != 0) {
            pass--;
        }
        return new TrainSettings(spec, s.seed, s.steps, s.batch, s.context, pass, optimizer, 0.02, 0.4, 0.02, false, 1, 1, 1);
    }

    /// A small model of the kind we pretrain.
    static ModelSpec spec(int vocabulary, int layers, int width, int context) {
        int heads = Math.max(1, width / 32);
        return ModelSpec.plain("qwen3", vocabulary, layers, width, heads, heads % 2 == 0 ? heads / 2 : heads, 32, width * 8 / 3 / 32 * 32, context, 1e-6f, 10_000, true, true);
    }

    /// A byte-level tokenizer that knows the words of these texts.
    static Tokenizer tokenizer(List<String> texts, int vocabulary) {
        Set<String> distinct = new TreeSet<>(texts);                 // counted once, however often a text is repeated
        List<byte[]> bytes = distinct.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
        return new BytePairTokenizer(BpeTrainer.train(bytes, BpeTrainer.Settings.of(vocabulary, 1), BpeTrainer.Progress.none()).spec());
    }

    /// The end-of-text token of a tokenizer, which stands before and after each text.
    static int end(Tokenizer tokenizer) {
        return tokenizer.id(SpecialTokens.END_OF_TEXT).orElseGet(() -> tokenizer.eos().orElse(0));
    }

    /// The ids of a text with the end of one before and of its own behind.
    static int[] ids(Tokenizer tokenizer, String text) {
        int[] inner = tokenizer.encode(text), ids = new int[inner.length + 2];
        ids[0] = ids[ids.length - 1] = end(tokenizer);
        System.arraycopy(inner, 0, ids, 1, inner.length);
        return ids;
    }

    /// The ids with which a text begins that is not complete.
    static int[] prompt(Tokenizer tokenizer, String text) {
        int[] ids = ids(tokenizer, text);
        return java.util.Arrays.copyOf(ids, ids.length - 1);
    }

    /// Told of each step.
    @FunctionalInterface
    interface Progress {
        void step(long done, long of, double loss);
    }

    /// Trains `steps` steps more on what `texts` gives; returns the mean loss of the last tenth of them.
    double train(Supplier<int[]> texts, long steps, Progress progress) {
        closeForward();
        Rows rows = new Rows(texts, settings.context);
        double sum = 0;
        long counted = Math.max(1, steps / 10), done = trainer.optimizer().steps();
        for (long step = 1; step <= steps; step++) {
            Trainer.Step result = trainer.step(rows::fill);
            if (!Double.isFinite(result.loss())) {
                throw new IllegalStateException("probe: the loss of step " + (done + step) + " is " + result.loss() + "; give a smaller learning rate");
            }
            sum += step > steps - counted ? result.loss() : 0;
            progress.step(done + step, settings.steps, result.loss());
        }
        return sum / counted;
    }

    /// The model as it is now; it belongs to the drill.
    Forward forward() {
        if (forward == null) {
            forward = new Forward(trainer.settings().model(), device, name -> trainer.weights().entry(name).data());
        }
        return forward;
    }

    private void closeForward() {
        if (forward != null) {
            forward.close();
            forward = null;
        }
    }

    /// Texts in an order that begins anew when all were given, shuffled each time.
    static Supplier<int[]> shuffled(List<int[]> texts, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<int[]> order = new ArrayList<>(texts);
        int[] next = {0};
        return () -> {
            if (next[0] == 0) {
                for (int i = order.size() - 1; i > 0; i--) {
                    java.util.Collections.swap(order, i, random.nextInt(i + 1));
                }
            }
            int[] text = order.get(next[0]);
            next[0] = (next[0] + 1) % order.size();
            return text;
        };
    }

    /// Whole texts side by side in rows; what does not fit any more begins the next row.
    private static final class Rows {
        private final Supplier<int[]> texts;
        private final int context;
        private int[] waiting;

        Rows(Supplier<int[]> texts, int context) {
            this.texts = texts;
            this.context = context;
        }

        void fill(Batch batch) {
            for (long row = 0; row < batch.ids().size(0); row++) {
                int at = 0;
                while (true) {
                    waiting = waiting == null ? texts.get() : waiting;
                    int n = waiting.length - 1;
                    if (n > context) {
                        throw new IllegalArgumentException("probe: a text of " + n + " tokens does not fit in rows of " + context);
                    }
                    if (at + n > context) {
                        break;
                    }
                    for (int i = 0; i < n; i++) {
                        put(batch, row * context + at + i, waiting[i], waiting[i + 1], at);
                    }
                    at += n;
                    waiting = null;
                }
                for (int start = at; at < context; at++) {            // the rest of the row teaches nothing
                    put(batch, row * context + at, waiting[0], -1, start);
                }
            }
        }

        private static void put(Batch batch, long at, int id, int target, int start) {
            set(batch.ids(), at, id);
            set(batch.targets(), at, target);
            set(batch.starts(), at, start);
        }

        private static void set(Tensor tensor, long at, int value) {
            Memory.putInt(tensor.address() + 4 * at, value);
        }
    }

    @Override
    public void close() {
        closeForward();
        trainer.close();
    }
}
