package dev.jackdaw.train.report;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/// What one optimizer step looked like; one line of `metrics.jsonl`.
///
/// A value that is not a number (a diverged loss, a rate that nobody measured) is written as `null` and read back as `NaN`.
///
/// @param step                optimizer steps done, counted from 1 (0: the untrained model, if it was evaluated)
/// @param tokens              training tokens seen up to and including this step
/// @param seconds             training time so far, over all sessions of the run, without evaluation and samples
/// @param trainLoss           mean cross-entropy of this step's batch, in nats per token
/// @param heldOutBitsPerByte  held-out documents, in bits per byte of text; `NaN`, and absent from the file, except on evaluation steps
/// @param learningRate        the schedule's rate for this step
/// @param gradientNorm        global L2 norm before clipping
/// @param tokensPerSecond     of this step
/// @param gflops              useful arithmetic of this step, in 10^9 operations per second
/// @param more                what only some kinds of training have (accuracy, margin, …), by name
public record StepMetrics(long step, long tokens, double seconds, double trainLoss, double heldOutBitsPerByte, double learningRate,
                          double gradientNorm, double tokensPerSecond, double gflops, Map<String, Double> more) {
    public StepMetrics {
        more = Collections.unmodifiableSortedMap(new TreeMap<>(more));
        if (step < 0 || tokens < 0) {
            throw new IllegalArgumentException("metrics: step " + step + " with " + tokens + " tokens; both must be 0 or more");
        }
    }

    public StepMetrics(long step, long tokens, double seconds, double trainLoss, double heldOutBitsPerByte, double learningRate, double gradientNorm, double tokensPerSecond,
                       double gflops) {
        this(step, tokens, seconds, trainLoss, heldOutBitsPerByte, learningRate, gradientNorm, tokensPerSecond, gflops, Map.of());
    }

    public boolean isEvaluated() {
        return !Double.isNaN(heldOutBitsPerByte);
    }

    public StepMetrics withHeldOutBitsPerByte(double bitsPerByte) {
        return new StepMetrics(step, tokens, seconds, trainLoss, bitsPerByte, learningRate, gradientNorm, tokensPerSecond, gflops, more);
    }
}
