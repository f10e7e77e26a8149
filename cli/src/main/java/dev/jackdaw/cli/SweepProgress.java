package dev.jackdaw.cli;

import dev.jackdaw.train.data.CorpusStats;
import dev.jackdaw.train.report.StepMetrics;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.Prediction;
import dev.jackdaw.train.sweep.Sweep;
import dev.jackdaw.train.sweep.SweepAnalysis;
import dev.jackdaw.train.sweep.SweepPlan;
import java.util.Locale;

/// Shows a sweep as it goes: one bar over the operations of all runs, the larger one included; with `--json` a line for each model.
final class SweepProgress implements Sweep.Listener, AutoCloseable {
    /// What `--json` prints for each model, as it is finished.
    record Trained(String name, double budget, int layers, int width, long parameters, long tokens, double operations, double loss, double bitsPerByte) {
    }

    private final Output output;
    private final TrainingProgress before;
    private SweepPlan plan;
    private SweepPlan.Point point;
    private int index;
    private double done;
    private double all;
    private boolean old;
    private ProgressBar bar;

    SweepProgress(Output output) {
        this.output = output;
        this.before = new TrainingProgress(output);
    }

    @Override
    public void phase(String name) {
        before.phase(name);
    }

    @Override
    public void update(String what, long documents, long bytes, double fraction) {
        before.update(what, documents, bytes, fraction);
    }

    @Override
    public void corpus(CorpusStats stats) {
        before.corpus(stats);
    }

    @Override
    public void planned(SweepPlan plan) {
        before.close();
        this.plan = plan;
        all = plan.operations() + plan.largerOperations();
        var s = plan.points().getFirst().settings();
        note(String.format(Locale.ROOT, "plan: %d models of %.1e to %.1e operations, then one of %.1e; vocabulary %,d, context %d, steps of %,d tokens; %,d held-out tokens measure", plan.points().size(),
                plan.points().getFirst().budget(), plan.largestBudget(), plan.largerOperations(), s.model().vocabulary(), s.context(), s.tokensPerStep(), plan.heldOutTokens()));
        bar = output.progress("scale");
    }

    @Override
    public void begun(int index, SweepPlan.Point point) {
        this.index = index;
        this.point = point;
        old = true;
        if (bar == null) {
            bar = output.progress("scale");
        }
    }

    @Override
    public void step(StepMetrics m, long steps) {
        old = false;
        bar.updateShare(Math.min(1, (done + point.settings().flops() * m.step() / steps) / all), String.format(Locale.ROOT, "%s: %d × %d, step %,d of %,d, loss %.3f, %,.0f tokens/s",
                index < plan.points().size() ? "model " + (index + 1) + " of " + plan.points().size() : "the larger run", point.settings().model().layers(), point.settings().model().width(), m.step(), steps,
                m.trainLoss(), m.tokensPerSecond()));
    }

    @Override
    public void resumed(long step) {
        note(String.format(Locale.ROOT, "%s goes on after step %,d", point.name(), step));
    }

    @Override
    public void damaged(String problem) {
        note(problem + "; trying the one before");
    }

    @Override
    public void finished(int index, SweepPlan.Point point, SweepPlan.Result result) {
        var s = point.settings();
        done += s.flops();
        if (output.isJson()) {
            output.jsonLine(new Trained(point.name(), point.budget(), s.model().layers(), s.model().width(), s.model().parameterCount(), s.tokens(), s.flops(), result.loss(), result.bitsPerByte()));
        }
        note(String.format(Locale.ROOT, "%-24s %,11d parameters %,13d tokens  %.4f nats per token, %.4f bits per byte%s", point.name(), s.model().parameterCount(), s.tokens(), result.loss(), result.bitsPerByte(),
                old ? " (from before)" : ""));
    }

    @Override
    public void fitted(SweepAnalysis analysis, FittedLaw law) {
        note(String.format(Locale.ROOT, "law (%s): E %.3f, A %.4g, alpha %.3f, B %.4g, beta %.3f; residual %.2f%%", law.counting().label(), law.law().E(), law.law().A(), law.law().alpha(), law.law().B(), law.law().beta(),
                100 * law.residual()));
    }

    @Override
    public void shrunk(double operations, double planned) {
        note(String.format(Locale.ROOT, "the machine was slower than it was measured: the larger run gets %.1e operations in place of %.1e, to end in time", operations, planned));
    }

    @Override
    public void repeats(long tokens, long available) {
        note(String.format(Locale.ROOT, "the larger run reads %,d tokens and there are %,d: some are read again, and the law is about text seen once", tokens, available));
    }

    @Override
    public void predicted(Prediction p) {
        note(String.format(Locale.ROOT, "prediction for %d × %d after %,d tokens: %.4f nats per token%s, %.4f bits per byte; written at %s, sha256 %s", p.model().layers(), p.model().width(), p.tokens(), p.loss(),
                p.interval() == null ? "" : String.format(Locale.ROOT, " (%.0f%% interval %.4f to %.4f)", 100 * p.confidence(), p.interval().low(), p.interval().high()), p.bitsPerByte(), p.made(), p.hash()));
    }

    @Override
    public void checked(Prediction.Check c) {
        note(String.format(Locale.ROOT, "measured %.4f: %+.2f%%, %s the interval", c.loss(), 100 * c.error(), c.insideInterval() ? "inside" : "outside"));
    }

    private void note(String text) {
        if (bar == null) {
            output.note(text);
        } else {
            bar.note(text);
        }
    }

    @Override
    public void close() {
        before.close();
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
