package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.data.BatchReader;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.train.report.Metrics;
import dev.jackdaw.train.report.ReportData;
import dev.jackdaw.train.report.Sample;
import dev.jackdaw.train.report.StepMetrics;
import dev.jackdaw.train.report.TensorBoardWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// A training run in a directory of plain files: `run.json`, `metrics.jsonl`, `samples.jsonl`, `checkpoints/`, TensorBoard events.
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

    private static final int SAMPLE_TOKENS = 160;
    private static final double SAMPLE_TEMPERATURE = 0.8;
    /// Most tokens of the held-out set that an evaluation on the way looks at.
    private static final long GLIMPSE = 65_536;

    private final Path directory;
    private final RunPlan plan;
    private final Device device;
    private final TokenShard train;
    private final TokenShard heldOut;
    private final Tokenizer tokenizer;

    public Run(Path directory, RunPlan plan, Device device, TokenShard train, TokenShard heldOut, Tokenizer tokenizer) {
        this.directory = directory;
        this.plan = plan;
        this.device = device;
        this.train = train;
        this.heldOut = heldOut;
        this.tokenizer = tokenizer;
    }

    /// Trains to the last step, from the last checkpoint if there is one; the trainer then holds the finished weights.
    public void train(Trainer trainer, Listener listener) throws IOException {
        TrainSettings settings = plan.settings();
        BatchReader reader = BatchReader.training(train, settings.context(), settings.seed());
        reader.requireRows(settings.batch());
        double seconds = 0;
        long step = 0;
        Optional<Checkpoint> checkpoint = Checkpoint.latest(directory, listener::damaged);
        if (checkpoint.isPresent()) {
            checkpoint.get().restore(trainer);
            step = checkpoint.get().state().step();
            seconds = checkpoint.get().state().seconds();
            reader = BatchReader.at(train, checkpoint.get().state().position());
            listener.resumed(step);
        }
        BatchReader batches = reader;
        try (Metrics metrics = Metrics.resume(directory.resolve("metrics.jsonl"), step);
             TensorBoardWriter events = TensorBoardWriter.open(directory.resolve("tensorboard"), step);
             BitsPerByte examination = examination(trainer)) {
            while (step < settings.steps()) {
                if (step % settings.sampleEvery() == 0) {
                    sample(trainer, step, listener);
                }
                if (step > 0 && step % settings.checkpointEvery() == 0 && checkpoint.map(c -> c.state().step()).orElse(0L) != step) {
                    Checkpoint.write(directory, trainer, step, seconds, batches.position());
                }

                // ------------------------------------------------------------------------------------------------ one training step
                long start = System.nanoTime();
                Trainer.Step done = trainer.step(batch -> batches.next(batch.ids().address(), batch.targets().address(), settings.batch()));
                double taken = (System.nanoTime() - start) / 1e9;
                // ------------------------------------------------------------------------------------------------------------------

                step = done.number();
                seconds += taken;
                if (!Double.isFinite(done.loss())) {
                    throw new IllegalStateException("training: the loss of step " + step + " is " + done.loss() + "; the run is kept up to its last checkpoint. "
                            + "Lower the learning rate, or look for broken data");
                }
                boolean evaluate = step % settings.evaluateEvery() == 0 || step == settings.steps();
                double rate = settings.tokensPerStep() / taken;
                StepMetrics line = new StepMetrics(step, step * settings.tokensPerStep(), seconds, done.loss(),
                        evaluate ? examination.measure(heldOut, 0, step == settings.steps() ? GLIMPSE : glimpse(settings), _ -> { }).bitsPerByte() : Double.NaN,
                        settings.optimizer().matrixLearningRate() * settings.schedule().factor(step - 1), done.gradientNorm(), rate,
                        rate * settings.model().trainingFlopsPerToken(settings.context()) / 1e9);
                metrics.append(line);
                events.step(line);
                listener.step(line, settings.steps());
            }
            sample(trainer, step, listener);
        }
    }

    /// Twenty evaluations, each a third of the work of training on as many tokens, should cost 5% of the run.
    private static long glimpse(TrainSettings settings) {
        return Math.clamp(settings.tokens() / 133, 8_192, GLIMPSE);
    }

    public int context() {
        return plan.settings().context();
    }

    /// Room to examine `trainer`'s weights with the context they were trained with.
    public BitsPerByte examination(Trainer trainer) {
        TrainSettings settings = plan.settings();
        return new BitsPerByte(device, settings.model(), trainer.weights(), TrainSettings.pass(settings.model(), 64, settings.context()), settings.context());
    }

    /// A dream: what the model writes when it is given nothing but the beginning of a document.
    private void sample(Trainer trainer, long step, Listener listener) throws IOException {
        TrainSettings settings = plan.settings();
        int end = train.endOfText();
        try (Forward forward = new Forward(settings.model(), device, name -> trainer.weights().entry(name).data())) {
            int most = Math.min(SAMPLE_TOKENS, settings.model().context() - 1);
            int[] ids = new Generator(forward).generate(new int[] {end}, most, Sampling.of(SAMPLE_TEMPERATURE, settings.seed() + step), id -> id == end, _ -> { }).ids();
            Sample sample = new Sample(step, step * settings.tokensPerStep(), "", tokenizer.decode(ids));
            ReportData.appendSample(directory, sample);
            listener.sample(sample);
        }
    }
}
