package dev.jackdaw.cli;

import dev.jackdaw.train.chat.Conversations;
import dev.jackdaw.train.data.CorpusStats;
import dev.jackdaw.train.data.Packer;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.Pretraining;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.loop.TrainSettings;
import dev.jackdaw.train.report.Sample;
import dev.jackdaw.train.report.StepMetrics;
import dev.jackdaw.train.scale.Prediction;
import java.util.Locale;

/// Shows a training run as it goes: bars with the time left, the plan, dreams; with `--json` a line for each step.
final class TrainingProgress extends RunProgress implements Pretraining.Listener, Finetuning.Listener {
    private double peak;
    private double heldOut = Double.NaN;

    TrainingProgress(Output output) {
        super(output);
    }

    @Override
    public void phase(String name) {
        super.phase(name);
        heldOut = Double.NaN;
        if (name.equals("export") || name.equals("compare with compressors") || name.equals("train the tokenizer") || name.equals("measure this machine")) {
            output.note(name);
        }
    }

    @Override
    public void remark(String text) {
        close();
        output.note("%s", text);
    }

    @Override
    public void update(String what, long documents, long bytes, double fraction) {
        if (bar == null) {
            bar = output.progress(phase);
        }
        bar.updateShare(fraction, bytes == 0 ? "" : String.format(Locale.ROOT, "%,d documents, %.1f MB", documents, bytes / 1e6));
    }

    @Override
    public void corpus(CorpusStats stats) {
        close();
        output.note("%,d documents found, %,d kept (%.1f MB); %,d exact and %,d near duplicates left out; %,d documents (%.1f MB) held out",
                stats.documentsFound(), stats.documents(), stats.bytes() / 1e6, stats.exactDuplicates(), stats.nearDuplicates(), stats.heldOutDocuments(), stats.heldOutBytes() / 1e6);
    }

    @Override
    public void planned(RunPlan plan, double secondsExpected, long bytes) {
        TrainSettings s = plan.settings();
        peak = plan.machine().peakGflops();
        String shape = s.model().plain().map(m -> String.format(Locale.ROOT, ", %d heads of %d over %d keys, feed-forward %d", m.heads(), m.headWidth(), m.kvHeads(), m.feedForward())).orElse("");
        output.note("model: %s, %,d parameters: %d layers, width %d%s, vocabulary %d, context %d", s.model().family(),
                s.model().parameterCount(), s.model().layers(), s.model().width(), shape, s.model().vocabulary(), s.context());
        output.note("plan: %,d steps of %,d tokens = %,d tokens of %,d (%.2f bytes each), %s, about %s", s.steps(), s.tokensPerStep(), s.tokens(), plan.data().trainTokens(),
                plan.data().bytesPerToken(), s.optimizer().muon() ? "Muon and AdamW" : "AdamW", ProgressBar.duration(secondsExpected));
    }

    @Override
    public void predicted(Prediction p) {
        output.note("the law predicts %.4f bits per byte%s on the first %,d held-out tokens; written to prediction.json", p.bitsPerByte(), p.interval() == null ? "" : String.format(Locale.ROOT,
                " (%.0f%% interval %.4f to %.4f)", 100 * p.confidence(), p.bitsPerByte() * p.interval().low() / p.loss(), p.bitsPerByte() * p.interval().high() / p.loss()), p.heldOutTokens());
    }

    @Override
    public void checked(Prediction.Check c) {
        output.note("predicted %.4f nats per token, measured %.4f (%.4f bits per byte): %+.2f%%, %s the interval", c.predicted(), c.loss(), c.bitsPerByte(), 100 * c.error(),
                c.insideInterval() ? "inside" : "outside");
    }

    @Override
    public void lawSetAside(String why) {
        output.note(why);
    }

    @Override
    public void memory(long bytes) {
        output.note("memory: at most %s", DoctorCommand.bytes(bytes));
    }

    @Override
    public void conversations(Conversations.Counts counts) {
        output.note("%,d conversations to learn from (%,d tokens, %,d of them answers), %,d held out, %,d lines rejected", counts.conversations(), counts.tokens(), counts.answerTokens(),
                counts.heldOut(), counts.rejected());
    }

    @Override
    public void planned(RunPlan plan, long trainedParameters, double epochs, Packer.Summary packing) {
        TrainSettings s = plan.settings();
        output.note("model: %s, %,d parameters, %,d of them are trained", s.model().family(), s.model().parameterCount(), trainedParameters);
        output.note("plan: %,d steps of %d rows of %,d tokens, %.1f epochs of %,d rows (%.0f%% padding), %s", s.steps(), s.batch(), s.context(), epochs, packing.rows(),
                100.0 * packing.padding() / (packing.rows() * s.context()), s.optimizer().muon() ? "Muon and AdamW" : "AdamW");
    }

    @Override
    public void step(StepMetrics m, long steps) {
        if (output.isJson()) {
            output.jsonLine(m);
        }
        if (bar == null) {
            bar = output.progress(phase.isEmpty() ? "train" : phase, steps, "steps");
        }
        if (m.isEvaluated()) {
            heldOut = m.heldOutBitsPerByte();
        }
        bar.update(m.step(), String.format(Locale.ROOT, "loss %.3f%s  %,.0f tokens/s  %.0f GFLOP/s%s", m.trainLoss(),
                Double.isNaN(heldOut) ? "" : String.format(Locale.ROOT, "  held-out %.3f bits/byte", heldOut), m.tokensPerSecond(), m.gflops(),
                peak > 0 ? String.format(Locale.ROOT, " (%.0f%% of peak)", 100 * m.gflops() / peak) : ""));
    }

    @Override
    public void sample(Sample sample) {
        String text = "--- " + (sample.prompt().isEmpty() ? "a dream" : "asked: " + sample.prompt().strip()) + " after " + sample.step() + " steps ---\n" + sample.text().strip() + "\n---";
        if (bar == null) {
            output.note(text);
        } else {
            bar.note(text);
        }
    }}
