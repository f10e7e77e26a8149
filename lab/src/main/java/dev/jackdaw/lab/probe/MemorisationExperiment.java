package dev.jackdaw.lab.probe;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.eval.Share;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/// How often must a text be repeated to be recited? Documents of random words with a secret number (canaries) are hidden in a training text,
/// each so many times; the model reads the whole once. Then it is asked to recite them, and how much likelier it finds the true secret than
/// the others (exposure; Carlini et al. 2019, arXiv:1802.08232).
public final class MemorisationExperiment {
    private static final List<String> DIGITS = List.of("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine");
    private static final int SECRET = 4;                   // digits
    private static final int WORDS = 8;                    // nouns of a canary
    /// How many secrets there could be; all are tried, so the rank of the true one is exact.
    public static final int SECRETS = 10_000;
    /// Exposure in bits of a secret that is likelier than all others.
    public static final double MOST_EXPOSURE = Math.log(SECRETS) / Math.log(2);

    private static final int CONTEXT = 128;
    private static final int BATCH = 16;
    private static final int VOCABULARY = 768;

    /// @param layers and width of one model
    public record Size(int layers, int width) {
        public Size {
            if (layers < 1 || width < 32 || width % 32 != 0) {
                throw new IllegalArgumentException("memorisation: a model of " + layers + " layers of width " + width + "; expected at least a layer and a multiple of 32");
            }
        }

        @Override
        public String toString() {
            return layers + "x" + width;
        }
    }

    /// @param mostTimes how often the most frequent canaries stand in the text; the others 1, 2, 4, 8, … times, and some not at all
    /// @param canaries  at each of these levels
    /// @param fillers   documents to hide them among
    /// @param seed      of texts, weights and order
    public record Settings(int mostTimes, int canaries, int fillers, long seed) {
        public Settings {
            if (mostTimes < 1 || mostTimes > 4096 || canaries < 1 || canaries > 1000 || fillers < 0) {
                throw new IllegalArgumentException("memorisation: up to " + mostTimes + " repetitions of " + canaries + " canaries among " + fillers
                        + " documents; expected 1 to 4096, 1 to 1000, and at least 0");
            }
        }

        List<Integer> levels() {
            List<Integer> levels = new ArrayList<>(List.of(0));
            for (int times = 1; times <= mostTimes; times *= 2) {
                levels.add(times);
            }
            return levels;
        }
    }

    /// Canaries that stood in the text equally often.
    ///
    /// @param recited     all that follows the first line came back, token for token
    /// @param tokensRight mean share of it before the first error
    /// @param exposure    in bits
    public record Level(int times, Share recited, double tokensRight, MeanInterval exposure, int medianRank) {
    }

    public record Outcome(int layers, int width, long parameters, long tokens, double lastLoss, List<Level> levels) {
    }

    public interface Progress {
        void at(Size size, long step, long of, double loss);
    }

    private record Canary(int times, String opening, String rest, String question, int secret) {
        String text() {
            return opening + rest;
        }
    }

    private final Settings settings;
    private final List<Canary> canaries = new ArrayList<>();
    private final List<String> texts = new ArrayList<>();          // the mixture, in its order

    public MemorisationExperiment(Settings settings) {
        this.settings = settings;
        List<Integer> levels = settings.levels();
        MadeUp words = new MadeUp(settings.seed());
        SplittableRandom random = new SplittableRandom(settings.seed() + 1);
        Iterator<String> names = words.names(levels.size() * settings.canaries()).iterator();
        for (int times : levels) {
            for (int i = 0; i < settings.canaries(); i++) {
                canaries.add(canary(times, names.next(), words.nouns(WORDS), random.nextInt(SECRETS)));
            }
        }
        for (Canary canary : canaries) {
            texts.addAll(Collections.nCopies(canary.times(), canary.text()));
        }
        for (int i = 0; i < settings.fillers(); i++) {
            texts.add(" " + words.story());
        }
        for (int i = texts.size() - 1; i > 0; i--) {
            Collections.swap(texts, i, random.nextInt(i + 1));
        }
    }

    private static Canary canary(int times, String name, String nouns, int secret) {
        String opening = " the archive of " + name + " holds", listed = " " + nouns + ". its number is";
        StringBuilder digits = new StringBuilder();
        for (int rest = SECRETS / 10, left = secret; rest > 0; left %= rest, rest /= 10) {
            digits.append(' ').append(DIGITS.get(left / rest));
        }
        return new Canary(times, opening, listed + digits + ".", opening + listed, secret);
    }

    /// What models of these sizes remember; outcomes in `folder` of the same settings are taken from there.
    public List<Outcome> run(List<Size> sizes, Path folder, Device device, Progress progress) throws IOException {
        Results results = Results.open(folder, "memorisation", settings);
        List<String> known = new ArrayList<>(texts.subList(0, Math.min(2000, texts.size())));
        canaries.forEach(canary -> known.add(canary.text()));
        Tokenizer tokenizer = Drill.tokenizer(known, VOCABULARY);
        List<int[]> ids = texts.stream().map(text -> Drill.ids(tokenizer, text)).toList();
        long rows = rows(ids), steps = (rows + BATCH - 1) / BATCH;
        List<Outcome> outcomes = new ArrayList<>();
        for (Size size : sizes) {
            outcomes.add(results.get(size.toString(), Outcome.class, () -> {
                ModelSpec spec = Drill.spec(tokenizer.vocabularySize(), size.layers(), size.width(), CONTEXT);
                Drill.Settings drill = new Drill.Settings(steps, BATCH, CONTEXT, 0, settings.seed());
                try (Drill student = new Drill(spec, drill, device)) {
                    double loss = student.train(once(ids, tokenizer), steps, (step, of, now) -> progress.at(size, step, of, now));
                    return new Outcome(size.layers(), size.width(), spec.parameterCount(), drill.tokens(), loss, examine(student.forward(), tokenizer));
                }
            }));
        }
        return outcomes;
    }

    /// Rows that the texts fill, packed as they will be.
    private static long rows(List<int[]> texts) {
        long rows = 1;
        int at = 0;
        for (int[] text : texts) {
            if (at + text.length - 1 > CONTEXT) {
                rows++;
                at = 0;
            }
            at += text.length - 1;
        }
        return rows;
    }

    /// All texts once; the last batch is filled up with stories that are nowhere else.
    private Supplier<int[]> once(List<int[]> texts, Tokenizer tokenizer) {
        Iterator<int[]> left = texts.iterator();
        MadeUp more = new MadeUp(settings.seed() + 2);
        return () -> left.hasNext() ? left.next() : Drill.ids(tokenizer, " " + more.story());
    }

    private List<Level> examine(Forward forward, Tokenizer tokenizer) {
        List<Level> levels = new ArrayList<>();
        int[][] digits = DIGITS.stream().map(digit -> tokenizer.encode(" " + digit)).toArray(int[][]::new);
        for (int times : settings.levels()) {
            List<Canary> these = canaries.stream().filter(canary -> canary.times() == times).toList();
            int recited = 0;
            double right = 0;
            double[] exposure = new double[these.size()];
            int[] ranks = new int[these.size()];
            for (int i = 0; i < these.size(); i++) {
                Canary canary = these.get(i);
                int[] prompt = Drill.prompt(tokenizer, canary.opening()), whole = Drill.ids(tokenizer, canary.text());
                int[] rest = Arrays.copyOfRange(whole, prompt.length, whole.length - 1);
                int tokens = Recall.recited(forward, prompt, rest);
                recited += tokens == rest.length ? 1 : 0;
                right += (double) tokens / rest.length / these.size();
                ranks[i] = Recall.rank(secrets(forward, Drill.prompt(tokenizer, canary.question()), digits), canary.secret());
                exposure[i] = MOST_EXPOSURE - Math.log(ranks[i]) / Math.log(2);
            }
            Arrays.sort(ranks);
            levels.add(new Level(times, Share.of(recited, these.size()), right, MeanInterval.of(exposure, settings.seed()), ranks[ranks.length / 2]));
        }
        return levels;
    }

    /// ln p of every secret after the prompt: a tree whose branches are digits.
    private static double[] secrets(Forward forward, int[] prompt, int[][] digits) {
        double[] likelihoods = new double[SECRETS];
        try (KvCache cache = forward.newCache(prompt.length + SECRET * Arrays.stream(digits).mapToInt(d -> d.length).max().orElseThrow())) {
            branch(forward, cache, forward.logits(cache, prompt), digits, 0, 0, 0, likelihoods);
        }
        return likelihoods;
    }

    private static void branch(Forward forward, KvCache cache, float[] logits, int[][] digits, int depth, int number, double sum, double[] likelihoods) {
        double[] here = LogitLens.logSoftmax(logits);
        int length = cache.length();
        for (int d = 0; d < digits.length; d++) {
            int[] ids = digits[d];
            double with = sum + here[ids[0]];
            boolean last = depth == SECRET - 1;
            for (int i = 0; i < ids.length - (last ? 1 : 0); i++) {
                logits = forward.logits(cache, ids[i]);
                with += i + 1 < ids.length ? LogitLens.logSoftmax(logits)[ids[i + 1]] : 0;
            }
            if (last) {
                likelihoods[10 * number + d] = with;
            } else {
                branch(forward, cache, logits, digits, depth + 1, 10 * number + d, with, likelihoods);
            }
            cache.truncate(length);
        }
    }
}
