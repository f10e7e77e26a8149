package dev.jackdaw.serve.improve;

import dev.jackdaw.train.chat.Conversations;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.data.Packer;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.report.Sample;
import dev.jackdaw.train.report.StepMetrics;
import java.util.function.LongConsumer;

/// Passes on what happens in the training, and hears which lines could not be used.
record Watching(Finetuning.Listener listener, LongConsumer rejectedLine) implements Finetuning.Listener {
    @Override
    public void phase(String name) {
        listener.phase(name);
    }

    @Override
    public void rejected(Rejections.Rejection rejection) {
        rejectedLine.accept(rejection.line());
        listener.rejected(rejection);
    }

    @Override
    public void memory(long bytes) {
        listener.memory(bytes);
    }

    @Override
    public void conversations(Conversations.Counts counts) {
        listener.conversations(counts);
    }

    @Override
    public void planned(RunPlan plan, long trainedParameters, double epochs, Packer.Summary packing) {
        listener.planned(plan, trainedParameters, epochs, packing);
    }

    @Override
    public void step(StepMetrics metrics, long steps) {
        listener.step(metrics, steps);
    }

    @Override
    public void sample(Sample sample) {
        listener.sample(sample);
    }

    @Override
    public void resumed(long step) {
        listener.resumed(step);
    }

    @Override
    public void damaged(String problem) {
        listener.damaged(problem);
    }
}
