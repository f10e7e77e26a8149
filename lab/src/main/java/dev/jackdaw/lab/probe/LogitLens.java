package dev.jackdaw.lab.probe;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Observer;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// What a model would say if it stopped thinking early: after each layer the final norm and the head are applied to the residual stream
/// (the logit lens, nostalgebraist 2020).
///
/// The last row of the picture is the model's own prediction. An early row need not mean much: nobody trained the middle of the stream to
/// be read by the head, and in some models its directions turn on the way (Belrose et al. 2023, arXiv:2303.08112, who train a
/// translator for each layer; we do not).
///
/// @param text the prompt
/// @param rows by layers done, from 0 (the embedding alone); in each, a cell for each position
public record LogitLens(ProbedText text, List<List<Cell>> rows) {
    /// More would be a page that nobody can read, and takes `positions · vocabulary` numbers.
    public static final int MOST_POSITIONS = 512;
    private static final int ROWS = 16;
    private static final double LN2 = Math.log(2);

    /// What one position would predict after so many layers.
    ///
    /// @param top              the likeliest tokens, best first
    /// @param finalProbability of the token that the whole model finds likeliest here
    /// @param nextProbability  of the token that stands next in the text; null at the last position
    /// @param entropyBits      of the prediction
    /// @param klBits           from the final prediction to this one, Σ p_final · log(p_final / p)
    public record Cell(List<Guess> top, double finalProbability, Double nextProbability, double entropyBits, double klBits) {
    }

    public record Guess(int id, String text, double probability) {
    }

    /// Reads `ids` with the adapters that the model's texts usually use.
    ///
    /// @param top how many tokens to name in each cell
    public static LogitLens of(Model model, int[] ids, int top) {
        if (ids.length > MOST_POSITIONS) {
            throw new IllegalArgumentException("lens: the prompt has " + ids.length + " tokens; at most " + MOST_POSITIONS + " can be shown, shorten it");
        }
        Forward forward = model.forward();
        int L = forward.spec().layers(), C = forward.spec().width(), T = ids.length;
        if (!(forward.spec().output() instanceof ModelSpec.Logits)) {
            throw new IllegalArgumentException("lens: a " + forward.spec().family() + " model is an encoder and predicts no tokens; look at its attention instead");
        }
        float[][] streams = new float[L + 1][T * C];
        Cell[][] cells = new Cell[L + 1][T];
        try (KvCache cache = forward.newCache(T)) {
            forward.watch(cache, ids, new Observer() {
                @Override
                public void stream(int layers, int from, Tensor stream) {
                    float[] rows = stream.toFloats();
                    System.arraycopy(rows, 0, streams[layers], from * C, rows.length);
                }
            });
            for (int from = 0; from < T; from += ROWS) {                 // predictions over a large vocabulary are large: a few positions at once
                int n = Math.min(ROWS, T - from), first = from;
                double[][] last = new double[n][];
                read(forward, cache, streams[L], C, from, n, (i, logits) -> last[i] = logSoftmax(logits));
                for (int layers = 0; layers <= L; layers++) {
                    Cell[] row = cells[layers];
                    read(forward, cache, streams[layers], C, from, n, (i, logits) ->
                            row[first + i] = cell(model, logSoftmax(logits), last[i], first + i + 1 < T ? ids[first + i + 1] : -1, top));
                }
            }
        }
        return new LogitLens(ProbedText.of(model, ids), Arrays.stream(cells).map(List::of).toList());
    }

    @FunctionalInterface
    private interface Row {
        void accept(int index, float[] logits);
    }

    private static void read(Forward forward, KvCache cache, float[] stream, int C, int from, int n, Row row) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor rows = Tensor.of(arena, Arrays.copyOfRange(stream, from * C, (from + n) * C), n, C);
            forward.unembed(cache, rows, (i, logits) -> row.accept(i, logits.toFloats()));
        }
    }

    private static Cell cell(Model model, double[] here, double[] last, int next, int top) {
        double entropy = 0, kl = 0;
        int best = 0;
        for (int id = 0; id < here.length; id++) {
            entropy -= here[id] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(here[id]) * here[id];
            kl += last[id] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(last[id]) * (last[id] - here[id]);
            best = last[id] > last[best] ? id : best;
        }
        List<Guess> guesses = new ArrayList<>();
        for (int id : largest(here, top)) {
            guesses.add(new Guess(id, ProbedText.name(model, id), Math.exp(here[id])));
        }
        return new Cell(guesses, Math.exp(here[best]), next < 0 ? null : Math.exp(here[next]), Math.max(0, entropy / LN2), Math.max(0, kl / LN2));
    }

    /// Indices of the `count` largest, best first; of equals the first.
    private static int[] largest(double[] values, int count) {
        int n = Math.min(count, values.length), held = 0;
        int[] best = new int[n + 1];
        for (int id = 0; id < values.length; id++) {
            if (held == n && values[id] <= values[best[n - 1]]) {
                continue;
            }
            int at = held == n ? n - 1 : held++;
            while (at > 0 && values[best[at - 1]] < values[id]) {
                best[at] = best[at - 1];
                at--;
            }
            best[at] = id;
        }
        return Arrays.copyOf(best, n);
    }

    static double[] logSoftmax(float[] logits) {
        double max = IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).max().orElseThrow(), sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        double log = max + Math.log(sum);
        double[] result = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            result[i] = logits[i] - log;
        }
        return result;
    }
}
