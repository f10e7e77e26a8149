package dev.jackdaw.train.loop;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.train.report.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A run on tokens that are ready, in a folder of its own, and the loss it ends with: no report, no export, no checkpoints kept.
///
/// Called again on a folder whose run was cut off, it goes on from the last checkpoint.
public final class TextRun {
    /// @param seconds of training
    public record Result(BitsPerByte.Result heldOut, double seconds) {
    }

    private TextRun() {
    }

    /// @param mostTokens of the held-out tokens to measure on, from the beginning, without overlap; 0: all
    public static Result train(Path folder, RunPlan plan, Device device, TokenShard train, TokenShard heldOut, Tokenizer tokenizer, long mostTokens, Run.Listener listener) throws IOException {
        Files.createDirectories(folder);
        Pretraining.requireMemory(plan.settings());
        plan.write(folder);
        double[] seconds = new double[1];
        try (Trainer trainer = new Trainer(plan.settings(), device); TextCourse course = new TextCourse(train, heldOut, tokenizer, trainer, 0)) {
            new Run(folder, course).train(trainer, new Run.Listener() {
                @Override
                public void step(StepMetrics metrics, long steps) {
                    seconds[0] = metrics.seconds();
                    listener.step(metrics, steps);
                }

                @Override
                public void resumed(long step) {
                    listener.resumed(step);
                }

                @Override
                public void damaged(String problem) {
                    listener.damaged(problem);
                }
            });
            return new Result(course.examination().measure(heldOut, 0, mostTokens, _ -> { }), seconds[0]);
        }
    }

    /// What is no longer needed when the result is kept.
    public static void forgetCheckpoints(Path folder) throws IOException {
        AtomicFile.deleteTree(folder.resolve("checkpoints"));
    }
}
