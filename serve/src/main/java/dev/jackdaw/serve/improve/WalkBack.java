package dev.jackdaw.serve.improve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleConsumer;

/// How far to go from the deployed weights toward the trained ones: no further than the corrections need. Weights between those before and after a
/// finetuning keep more of what the model could before, and most of what it has learned (WiSE-FT, Wortsman et al., 2022). Only the corrections are
/// asked here, nothing of what the candidate is examined by.
final class WalkBack {
    /// The least share is looked for in steps of 1/32.
    private static final int HALVINGS = 5;
    /// Of what the whole way gained in likelihood, where an answer is not repeated word for word.
    private static final double KEPT = 0.75;
    /// Of the rest of the way, for questions in other words: the least share answers those that were corrected and hardly others.
    private static final double BEYOND = 0.5;

    /// Writes the model so far on the way.
    @FunctionalInterface
    interface Writer {
        void write(double share) throws IOException;
    }

    /// What a model answers to the corrected questions; the same ones each time.
    @FunctionalInterface
    interface Asker {
        List<Marks.Answer> ask(Path parameters) throws IOException, InterruptedException;
    }

    private WalkBack() {
    }

    /// Leaves the model at the share that is returned in `candidate`, to which `writer` writes.
    static double walk(Path deployed, Path candidate, Writer writer, Asker asker, DoubleConsumer progress) throws IOException, InterruptedException {
        List<Marks.Answer> before = asker.ask(deployed);
        writer.write(1);
        List<Marks.Answer> whole = asker.ask(candidate);
        double low = 0, high = 1;
        for (int i = 0; i < HALVINGS; i++) {
            progress.accept((i + 2.0) / (HALVINGS + 2));
            double middle = (low + high) / 2;
            writer.write(middle);
            if (isLearned(before, whole, asker.ask(candidate))) {
                high = middle;
            } else {
                low = middle;
            }
        }
        double share = high + BEYOND * (1 - high);
        writer.write(share);
        progress.accept(1);
        return share;
    }

    /// Whether as much is learned `here` as on the whole way: as many answers word for word, and most of the gain in likelihood of those that are not.
    static boolean isLearned(List<Marks.Answer> before, List<Marks.Answer> whole, List<Marks.Answer> here) {
        double gain = 0, kept = 0;
        for (int i = 0; i < whole.size(); i++) {
            if (!whole.get(i).isExact()) {
                gain += whole.get(i).margin() - before.get(i).margin();
                kept += here.get(i).margin() - before.get(i).margin();
            }
        }
        return exact(here) >= exact(whole) && kept >= KEPT * gain;
    }

    private static long exact(List<Marks.Answer> answers) {
        return answers.stream().filter(Marks.Answer::isExact).count();
    }
}
