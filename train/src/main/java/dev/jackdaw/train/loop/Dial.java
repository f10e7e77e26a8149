package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.optim.OptimizerSettings;
import dev.jackdaw.train.scale.FittedLaw;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/// One dial: how long a run may take decides everything else, unless it is said otherwise.
///
/// The law was found by experiment, see docs/DESIGN.md: a model of depth `d` is `64·d` wide and has `d` heads of 64 that share half as
/// many keys; what `c` floating-point operations train best has a depth that grows with their sixth root, since parameters grow with the
/// cube of the depth and the best number of parameters with the square root of `c`.
public final class Dial {
    /// What a user may fix; null leaves it to the dial.
    public record Choices(Integer depth, Integer layers, Integer width, Integer heads, Integer kvHeads, Integer feedForward, Integer vocabulary,
                          Integer context, Integer batch, Integer pass, Long steps, Boolean muon, Double learningRate, Double embeddingLearningRate, Double weightDecay,
                          Boolean qkNorm, Boolean zeroProjections, Double warmup, Double cooldown) {
        public static final Choices NONE = new Choices(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);

        public Choices withVocabulary(Integer tokens) {
            return new Choices(depth, layers, width, heads, kvHeads, feedForward, tokens, context, batch, pass, steps, muon, learningRate, embeddingLearningRate, weightDecay, qkNorm,
                    zeroProjections, warmup, cooldown);
        }
    }

    private static final int HEAD = 64;
    private static final int EVALUATIONS = 20;
    private static final int SAMPLES = 6;
    private static final int CHECKPOINTS = 10;
    private static final int DEEPEST = 24;

    private Dial() {
    }

    /// Tokens in the vocabulary that a corpus of `bytes` deserves: small, since each token costs a row of the embedding, and a small
    /// corpus shows each too seldom to learn it.
    public static int vocabulary(long bytes, Choices choices) {
        return or(choices.vocabulary, bytes < 4_000_000 ? 1024 : bytes < 16_000_000 ? 2048 : 4096);
    }

    /// The model that `flops` train best.
    public static ModelSpec model(double flops, int vocabulary, Choices choices) {
        int depth = or(choices.depth, Math.clamp(Math.round(depth(flops)), 2, 48));
        return model(depth, HEAD * depth, vocabulary, context(flops), choices);
    }

    /// The rule of thumb: the depth that suits so many operations.
    public static double depth(double flops) {
        return 3 * Math.pow(flops / 1.6e14, 1.0 / 6);
    }

    private static int context(double flops) {
        return flops < 1e14 ? 256 : 512;
    }

    /// Sizes to choose from, smallest first, each about twice the one before: whole depths, and between two of them one that has the layers
    /// of the shallower and the width of the deeper.
    public static List<ModelSpec> ladder(int vocabulary, int context, Choices choices) {
        List<ModelSpec> ladder = new ArrayList<>();
        for (int depth = 1; depth <= DEEPEST; depth++) {
            ladder.add(model(depth, HEAD * depth, vocabulary, context, choices));
            ladder.add(model(depth, HEAD * (depth + 1), vocabulary, context, choices));
        }
        return ladder;
    }

    /// Whether the size is the dial's to choose, and a law can: with a fixed number of steps the largest model would always be best.
    static boolean choosesSize(Choices c) {
        return c.depth == null && c.layers == null && c.width == null && c.heads == null && c.kvHeads == null && c.feedForward == null && c.steps == null;
    }

    /// What the law says trains best: the lowest loss, or beyond the sweep the size that its valleys lead to.
    ///
    /// @param tokens how many a model can see in the time there is
    public static ModelSpec best(FittedLaw law, List<ModelSpec> ladder, ToDoubleFunction<ModelSpec> tokens) {
        ToDoubleFunction<ModelSpec> seen = model -> Math.max(1, tokens.applyAsDouble(model));
        boolean isBeyond = ladder.stream().anyMatch(model -> law.isBeyond(model, seen.applyAsDouble(model)));
        return ladder.stream().min(Comparator.comparingDouble(model -> isBeyond ? law.sizeError(model, seen.applyAsDouble(model)) : law.loss(model, seen.applyAsDouble(model)))).orElseThrow();
    }

    private static ModelSpec model(int depth, int usualWidth, int vocabulary, int context, Choices choices) {
        int width = or(choices.width, usualWidth);
        int heads = or(choices.heads, Math.max(1, width / HEAD));
        int kvHeads = or(choices.kvHeads, heads % 2 == 0 ? heads / 2 : heads);
        int feedForward = or(choices.feedForward, (width * 8 / 3 + 63) / 64 * 64);
        return ModelSpec.plain("qwen3", vocabulary, or(choices.layers, depth), width, heads, kvHeads, choices.width == null ? HEAD : width / heads, feedForward,
                or(choices.context, context), 1e-6f, 10_000, or(choices.qkNorm, true), true);
    }

    /// All settings but the number of steps, which is 1.
    public static TrainSettings settings(ModelSpec model, double flops, long seed, Choices choices) {
        int context = model.context();
        // many small steps learn faster from few tokens, larger ones waste less time on the optimizer
        int batch = or(choices.batch, Math.max(1, (flops < 1e14 ? 4096 : 8192) / context));
        double matrices = or(choices.learningRate, 0.004);
        OptimizerSettings optimizer = new OptimizerSettings(or(choices.muon, true), matrices, or(choices.embeddingLearningRate, 0.006), 0.006,
                0.9, 0.95, 1e-8, 0.95, or(choices.weightDecay, 0.05), 1.0);
        return new TrainSettings(model, seed, 1, batch, context, or(choices.pass, TrainSettings.pass(model, batch, context)), optimizer,
                or(choices.warmup, 0.02), or(choices.cooldown, 0.5), 0.02, or(choices.zeroProjections, false), 1, 1, 1);
    }

    /// The same for `steps` steps, with evaluations, samples and checkpoints spread over them.
    public static TrainSettings withSteps(TrainSettings s, long steps) {
        return new TrainSettings(s.model(), s.seed(), steps, s.batch(), s.context(), s.pass(), s.optimizer(), s.warmup(), s.cooldown(), s.floor(), s.zeroProjections(),
                every(steps, EVALUATIONS), every(steps, SAMPLES), every(steps, CHECKPOINTS));
    }

    private static int every(long steps, int times) {
        return (int) Math.max(1, steps / times);
    }

    /// Seconds one step takes on this machine now: the real step on random tokens, for at least so many seconds, since the compiler needs
    /// some; the median of the later half.
    public static double secondsPerStep(TrainSettings settings, Device device, double atLeast) {
        SplittableRandom random = new SplittableRandom(settings.seed());
        List<Double> seconds = new ArrayList<>();
        try (Trainer trainer = new Trainer(withSteps(settings, 4), device)) {
            double total = 0;
            while (seconds.size() < 4 || total < atLeast) {
                long start = System.nanoTime();
                trainer.step(batch -> {
                    fill(batch.ids(), random, settings.model().vocabulary());
                    fill(batch.targets(), random, settings.model().vocabulary());
                });
                seconds.add((System.nanoTime() - start) / 1e9);
                total += seconds.getLast();
            }
        }
        List<Double> later = seconds.subList(seconds.size() / 2, seconds.size()).stream().sorted().toList();
        return later.get(later.size() / 2);
    }

    private static void fill(Tensor ids, SplittableRandom random, int vocabulary) {
        for (long i = 0; i < ids.elements(); i++) {
            Memory.putInt(ids.address() + 4 * i, random.nextInt(vocabulary));
        }
    }

    private static <T> T or(T chosen, T otherwise) {
        return chosen == null ? otherwise : chosen;
    }
}
