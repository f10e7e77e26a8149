package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Improvement;
import dev.jackdaw.train.chat.Conversations;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.data.Packer;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.report.StepMetrics;

/// Shows an improvement as it goes: the phases, bars with the time left, and the training as `finetune` shows it.
final class ImproveProgress implements Improvement.Listener, AutoCloseable {
    private final Output output;
    private final TrainingProgress training;
    private String phase = "";
    private ProgressBar bar;

    ImproveProgress(Output output) {
        this.output = output;
        training = new TrainingProgress(output);
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

    @Override
    public void rejected(Rejections.Rejection rejection) {
        training.rejected(rejection);
    }

    @Override
    public void memory(long bytes) {
        training.memory(bytes);
    }

    @Override
    public void conversations(Conversations.Counts counts) {
        training.conversations(counts);
    }

    @Override
    public void planned(RunPlan plan, long trainedParameters, double epochs, Packer.Summary packing) {
        training.planned(plan, trainedParameters, epochs, packing);
    }

    @Override
    public void step(StepMetrics metrics, long steps) {
        training.step(metrics, steps);
    }

    @Override
    public void resumed(long step) {
        training.resumed(step);
    }

    @Override
    public void damaged(String problem) {
        training.damaged(problem);
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
