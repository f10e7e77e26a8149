package dev.jackdaw.cli;

import dev.jackdaw.train.loop.PreferenceTraining;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.loop.TrainSettings;
import dev.jackdaw.train.report.StepMetrics;
import java.util.Locale;

/// Shows a training on comparisons as it goes; with `--json` a line for each step.
final class ComparisonProgress extends RunProgress implements PreferenceTraining.Listener {
    private double heldOut = Double.NaN;

    ComparisonProgress(Output output) {
        super(output);
    }

    @Override
    public void planned(RunPlan plan, PreferenceTraining.Counts counts) {
        TrainSettings s = plan.settings();
        output.note("%,d comparisons to learn from, %,d pairs held out, %,d lines rejected", counts.comparisons(), counts.heldOut(), counts.rejected());
        output.note("plan: %s, %,d parameters; %,d steps of %d comparisons (%.1f epochs) in up to %d rows of %,d tokens, learning rate %.2g", s.model().family(), s.model().parameterCount(), s.steps(),
                counts.perStep(), (double) s.steps() * counts.perStep() / counts.comparisons(), s.batch(), s.context(), s.optimizer().matrixLearningRate());
    }

    @Override
    public void done(double share) {
        if (bar == null) {
            bar = output.progress(phase);
        }
        bar.updateShare(share, "");
    }

    @Override
    public void step(StepMetrics m, long steps) {
        if (output.isJson()) {
            output.jsonLine(m);
        }
        if (bar == null) {
            bar = output.progress("train", steps, "steps");
        }
        heldOut = m.more().getOrDefault("heldOutAccuracy", heldOut);
        bar.update(m.step(), String.format(Locale.ROOT, "loss %.3f  right %.0f%%  margin %.2f%s  %,.0f tokens/s", m.trainLoss(), 100 * m.more().getOrDefault("accuracy", Double.NaN),
                m.more().getOrDefault("margin", Double.NaN), Double.isNaN(heldOut) ? "" : String.format(Locale.ROOT, "  held-out %.1f%%", 100 * heldOut), m.tokensPerSecond()));
    }
}
