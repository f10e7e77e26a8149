package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Improvement;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.report.Sample;

/// Shows an improvement as it goes: the phases, bars with the time left, and the training as `finetune` shows it.
final class ImproveProgress implements Improvement.Listener, Finetuning.Passing, AutoCloseable {
    private final Output output;
    private final TrainingProgress training;
    private String phase = "";
    private ProgressBar bar;

    ImproveProgress(Output output) {
        this.output = output;
        training = new TrainingProgress(output);
    }

    @Override
    public Finetuning.Listener to() {
        return training;
    }

    @Override
    public void phase(String name) {
        close();
        phase = name;
        training.phase(name);
        if (!name.equals("train") && !name.equals("export") && !name.startsWith("examine")) {
            output.note("%s", name);
        }
    }

    @Override
    public void progress(double share) {
        if (bar == null) {
            bar = output.progress(phase);
        }
        bar.updateShare(share, "");
    }

    @Override
    public void remark(String text) {
        close();
        output.note("%s", text);
    }

    /// What the candidate writes while it learns is not shown: it is examined afterwards.
    @Override
    public void sample(Sample sample) {
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
        training.close();
    }
}
