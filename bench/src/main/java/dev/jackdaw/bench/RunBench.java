package dev.jackdaw.bench;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.generate.Sampler;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.kernel.CacheType;
import dev.jackdaw.tensor.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// How fast this machine runs a model: reading a prompt of random tokens, and writing token after token. As in llama-bench, the two are
/// measured apart, and both begin from the same number of tokens in the cache (usually none). No tokenizer is needed.
///
/// Each is repeated until it no longer gets faster (the JIT), then measured. What the first request after loading cost is told beside it.
public final class RunBench {
    /// Warming up ends after so many seconds, however fast the model has become.
    private static final double PATIENCE = 8;
    /// A repetition this much better than all before it means that the warming up is not over.
    private static final double BETTER = 0.97;
    private static final int STEADY = 2;

    /// @param prompt      tokens read at once; 0: none
    /// @param generate    tokens written; 0: none
    /// @param depth       tokens in the cache beforehand
    /// @param repetitions measured, after the warming up
    /// @param activations how x is multiplied with quantised weights
    /// @param cacheType   how keys and values are kept; the same for all depths of a model
    public record Settings(int prompt, int generate, int depth, int repetitions, int threads, long seed, Activations activations, CacheType cacheType) {
        public Settings {
            if (prompt < 0 || generate < 0 || depth < 0 || repetitions < 1 || prompt + generate == 0) {
                throw new IllegalArgumentException("bench run: prompt " + prompt + ", generate " + generate + ", depth " + depth + ", repetitions " + repetitions
                        + "; none may be negative, there must be one repetition, and a prompt or something to generate");
            }
        }
    }

    /// @param median tokens per second, of all repetitions
    /// @param runs   of each repetition, in order
    public record Rate(double median, double lowest, double highest, List<Double> runs) {
        static Rate of(List<Double> runs) {
            double[] sorted = runs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            int n = sorted.length;
            return new Rate(n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1], runs);
        }
    }

    /// @param prefill            null without a prompt
    /// @param decode             null if nothing is generated
    /// @param timeToFirstTokenMillis a warm request: reading the prompt and choosing a token
    /// @param loadMillis         opening the file and packing the weights
    /// @param firstRequestMillis the first request after loading: prompt and first token, with cold code
    /// @param warmUp             tokens per second of the prompts of the warming up, the first request first
    /// @param residentBytes      of this process after the measurement
    public record Result(Path model, String family, long parameters, Settings settings, Rate prefill, Rate decode, double timeToFirstTokenMillis, double loadMillis,
                         double firstRequestMillis, List<Double> warmUp, long residentBytes, long peakResidentBytes) {
    }

    private final Settings settings;
    private final Forward forward;
    private final SplittableRandom random;
    private final KvCache cache;
    private int token;

    private RunBench(Settings settings, Forward forward, KvCache cache) {
        this.settings = settings;
        this.forward = forward;
        this.cache = cache;
        random = new SplittableRandom(settings.seed());
    }

    /// Measures at each of the depths in turn; the model is loaded once.
    public static List<Result> run(Path path, List<Settings> settings) throws IOException {
        List<Result> results = new ArrayList<>();
        long start = System.nanoTime();
        try (Device device = Device.cpu(settings.getFirst().threads(), settings.getFirst().activations()); Model model = Model.open(path, device)) {
            Forward forward = model.forward();
            double loadMillis = (System.nanoTime() - start) / 1e6;
            if (forward.spec().isEncoder()) {
                throw new IllegalArgumentException("bench run: a " + forward.spec().family() + " model is an encoder, it writes no tokens; give a decoder");
            }
            forward.cacheType(settings.getFirst().cacheType());
            for (Settings s : settings) {
                long positions = s.depth() + Math.max(s.prompt() + 1L, s.generate() + 1L);
                if (positions > forward.spec().context()) {
                    throw new IllegalArgumentException("bench run: " + s.depth() + " tokens in the cache and " + Math.max(s.prompt(), s.generate())
                            + " more, and one to begin with, are " + positions + "; the model's context is " + forward.spec().context());
                }
                try (KvCache cache = forward.newCache((int) positions)) {
                    results.add(new RunBench(s, forward, cache).measure(path, loadMillis));
                }
            }
        }
        return results;
    }

    private Result measure(Path path, double loadMillis) {
        if (settings.depth() > 0) {
            forward.logits(cache, tokens(settings.depth()));
        }
        List<Double> warmUp = new ArrayList<>();
        int shown = Math.max(1, settings.prompt());
        double firstRequest = prompt(shown);
        warmUp.add(shown / firstRequest);
        Rate prefill = null, decode = null;
        double firstToken = firstRequest;
        if (settings.prompt() > 0) {
            warmUp(() -> {
                double seconds = prompt(settings.prompt());
                warmUp.add(settings.prompt() / seconds);
                return seconds;
            });
            List<Double> runs = repeat(() -> settings.prompt() / prompt(settings.prompt()));
            prefill = Rate.of(runs);
            firstToken = settings.prompt() / prefill.median();
        }
        if (settings.generate() > 0) {
            warmUp(this::generate);
            decode = Rate.of(repeat(() -> settings.generate() / generate()));
        }
        return new Result(path, forward.spec().family(), forward.spec().parameterCount(), settings, prefill, decode, 1e3 * firstToken, loadMillis, 1e3 * firstRequest, warmUp,
                Machine.residentBytes(), Machine.peakResidentBytes());
    }

    private interface Seconds {
        double spend();
    }

    private static void warmUp(Seconds run) {
        double best = Double.MAX_VALUE, spent = 0;
        for (int steady = 0; steady < STEADY && spent < PATIENCE;) {
            double seconds = run.spend();
            steady = seconds < BETTER * best ? 0 : steady + 1;
            best = Math.min(best, seconds);
            spent += seconds;
        }
    }

    private List<Double> repeat(Seconds run) {
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < settings.repetitions(); i++) {
            values.add(run.spend());
        }
        return values;
    }

    /// Seconds to read `n` tokens and choose the next.
    private double prompt(int n) {
        int[] ids = tokens(n);
        cache.truncate(settings.depth());
        long start = System.nanoTime();
        token = Sampler.argmax(forward.logits(cache, ids));
        return (System.nanoTime() - start) / 1e9;
    }

    /// Seconds to write the tokens, one by one: the first follows a random one.
    private double generate() {
        cache.truncate(settings.depth());
        token = random.nextInt(forward.spec().vocabulary());
        long start = System.nanoTime();
        for (int i = 0; i < settings.generate(); i++) {
            token = Sampler.argmax(forward.logits(cache, token));
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private int[] tokens(int n) {
        int[] ids = new int[n];
        Arrays.setAll(ids, _ -> random.nextInt(forward.spec().vocabulary()));
        return ids;
    }
}
