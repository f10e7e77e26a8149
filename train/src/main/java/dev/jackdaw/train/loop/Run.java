package dev.jackdaw.train.loop;

import dev.jackdaw.train.report.Metrics;
import dev.jackdaw.train.report.ReportData;
import dev.jackdaw.train.report.Sample;
import dev.jackdaw.train.report.StepMetrics;
import dev.jackdaw.train.report.TensorBoardWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A training run in a directory of plain files: `run.json`, `metrics.jsonl`, `samples.jsonl`, `checkpoints/`, TensorBoard events. What is
/// learned, text, conversations or comparisons, is a [Course].
///
/// The training step stands at the end of the loop; evaluation, sampling and saving stand before it, each behind its own "every N steps".
/// A run that was killed goes on from its last checkpoint and ends with the same bits as one that was not.
public final class Run {
    /// Told what happens.
    public interface Listener {
        /// After every step.
        default void step(StepMetrics metrics, long steps) {
        }

        default void sample(Sample sample) {
        }

        default void resumed(long step) {
        }

        /// A checkpoint that cannot be used; the one before it is tried.
        default void damaged(String problem) {
        }
    }

    /// Passes everything on to another listener, but for what it hears itself.
    public interface Passing extends Listener {
        Listener to();

        @Override
        default void step(StepMetrics metrics, long steps) {
            to().step(metrics, steps);
        }

        @Override
        default void sample(Sample sample) {
            to().sample(sample);
        }

        @Override
        default void resumed(long step) {
            to().resumed(step);
        }

        @Override
        default void damaged(String problem) {
            to().damaged(problem);
        }
    }

    private final Path directory;
    private final Course course;

    Run(Path directory, Course course) {
        this.directory = directory;
        this.course = course;
    }

    /// Trains to the last step, from the last checkpoint if there is one; the trainer then holds the finished weights.
    void train(Trainer trainer, Listener listener) throws IOException {
        TrainSettings settings = trainer.settings();
        double seconds = 0;
        long step = 0;
        Optional<Checkpoint> checkpoint = Checkpoint.latest(directory, listener::damaged);
        if (checkpoint.isPresent()) {
            checkpoint.get().restore(trainer);
            step = checkpoint.get().state().step();
            seconds = checkpoint.get().state().seconds();
            course.resume(checkpoint.get().state().position());
            listener.resumed(step);
        }
        try (Metrics metrics = Metrics.resume(directory.resolve("metrics.jsonl"), step == 0 ? -1 : step);
             TensorBoardWriter events = TensorBoardWriter.open(directory.resolve("tensorboard"), step)) {
            if (step == 0 && course.examinesFirst()) {
                metrics.append(new StepMetrics(0, 0, 0, Double.NaN, course.examine(true), 0, Double.NaN, Double.NaN, Double.NaN, course.examined()));
            }
            while (step < settings.steps()) {
                if (step % settings.sampleEvery() == 0) {
                    sample(step, listener);
                }
                if (step > 0 && step % settings.checkpointEvery() == 0 && checkpoint.map(c -> c.state().step()).orElse(0L) != step) {
                    Checkpoint.write(directory, trainer, step, seconds, course.position());
                }

                // ------------------------------------------------------------------------------------------------ one training step
                long start = System.nanoTime();
                Course.Learned learned = course.learn();
                double taken = (System.nanoTime() - start) / 1e9;
                // ------------------------------------------------------------------------------------------------------------------

                Trainer.Step done = learned.step();
                step = done.number();
                seconds += taken;
                if (!Double.isFinite(done.loss())) {
                    throw new IllegalStateException("training: the loss of step " + step + " is " + done.loss() + "; the run is kept up to its last checkpoint. "
                            + "Lower the learning rate, or look for broken data");
                }
                boolean evaluate = step % settings.evaluateEvery() == 0 || step == settings.steps();
                double rate = learned.tokens() / taken, found = evaluate ? course.examine(step == settings.steps()) : Double.NaN;
                Map<String, Double> more = new TreeMap<>(learned.more());
                if (evaluate) {
                    more.putAll(course.examined());
                }
                StepMetrics line = new StepMetrics(step, step * settings.tokensPerStep(), seconds, done.loss(), found,
                        settings.optimizer().matrixLearningRate() * settings.schedule().factor(step - 1), done.gradientNorm(), rate,
                        rate * course.flopsPerToken() / 1e9, more);
                metrics.append(line);
                events.step(line);
                listener.step(line, settings.steps());
            }
            sample(step, listener);
        }
    }

    private void sample(long step, Listener listener) throws IOException {
        for (Sample sample : course.samples(step)) {
            ReportData.appendSample(directory, sample);
            listener.sample(sample);
        }
    }
}
