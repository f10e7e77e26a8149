package dev.jackdaw.bench;

import com.sun.management.ThreadMXBean;
import dev.jackdaw.model.arch.FrozenWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.WeightSource;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Machine;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerBatches;
import dev.jackdaw.train.chat.AnswerEncoder;
import dev.jackdaw.train.chat.AnswerSet;
import dev.jackdaw.train.loop.BatchSource;
import dev.jackdaw.train.loop.LoraSettings;
import dev.jackdaw.train.loop.LoraWeights;
import dev.jackdaw.train.loop.TrainSettings;
import dev.jackdaw.train.loop.Trainer;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/// How fast this machine trains: the real step (forward, backward, clip, AdamW, tied head) of a Llama-shaped model on random tokens,
/// the same work that the usual PyTorch loop does; or on packed conversations, as finetuning does.
public final class TrainBench {
    /// @param tokensPerSecond at the median step, after two steps of warm-up
    /// @param gflops          counting 6 operations for each parameter and token, and causal attention
    /// @param peakBytes       largest resident memory of this process so far
    /// @param grownBytes      resident memory at the end, less that at half of the steps
    /// @param heapBytesPerStep what a step of the second half takes on the Java heap, in all threads, at the median
    public record Result(double tokensPerSecond, double gflops, double stepMillis, long parameters, long peakBytes, long grownBytes,
                         long heapBytesPerStep, double loss, int threads) {
    }

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private TrainBench() {
    }

    /// What a step learns from.
    public enum Work {
        /// Rows full of text, every token a target.
        TEXT,
        /// Rows of about four conversations that do not see each other, the second half of each an answer.
        CONVERSATIONS
    }

    /// `pass` is how many sequences go through at once; 0 chooses.
    public static Result run(ModelSpec spec, int batch, int context, int pass, int steps, int threads, Work work) {
        TrainSettings settings = settings(spec, batch, context, pass, steps);
        BatchSource source = switch (work) {
            case TEXT -> text(spec.vocabulary());
            case CONVERSATIONS -> conversations(spec.vocabulary(), batch, context);
        };
        try (Device device = Device.cpu(threads); Trainer trainer = new Trainer(settings, device)) {
            return time(spec, trainer, source, steps);
        }
    }

    /// Training an adapter beside random weights that stay as they are.
    ///
    /// @param as number format of those weights; null: F32
    public static Result lora(ModelSpec spec, int batch, int context, int pass, int steps, int threads, LoraSettings lora, DType as) {
        TrainSettings settings = settings(spec, batch, context, pass, steps);
        SplittableRandom random = new SplittableRandom(0);
        WeightSource source = (scratch, name) -> {
            Tensor data = Tensor.zeros(scratch, spec.parameters().stream().filter(parameter -> parameter.name().equals(name)).findFirst().orElseThrow().sizes());
            for (long i = 0; i < data.elements(); i++) {
                data.set(i, data.shape().rank() == 1 ? 1 : (float) (random.nextDouble() - 0.5) / 16);
            }
            return data;
        };
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(threads)) {
            LoraWeights weights = new LoraWeights(arena, device, spec, new FrozenWeights(arena, device, spec, FrozenWeights.as(spec, source, as)), lora);
            weights.initialize(0);
            try (Trainer trainer = new Trainer(settings, device, weights, weights.trained())) {
                return time(spec, trainer, text(spec.vocabulary()), steps);
            }
        }
    }

    private static TrainSettings settings(ModelSpec spec, int batch, int context, int pass, int steps) {
        return new TrainSettings(spec, 0, Math.max(1, steps), batch, context, pass == 0 ? TrainSettings.pass(spec, batch, context) : pass,
                OptimizerSettings.adamW(3e-4, 0.01), 0, 0, 0, false, 0, 0, 0);
    }

    private static Result time(ModelSpec spec, Trainer trainer, BatchSource source, int steps) {
        TrainSettings settings = trainer.settings();
        double[] seconds = new double[steps];
        long[] heap = new long[steps];
        long residentHalfway = 0;
        double loss = 0;
        for (int i = 0; i < steps; i++) {
            if (i == steps / 2) {
                residentHalfway = Machine.residentBytes();
            }
            long allocated = THREADS.getTotalThreadAllocatedBytes();
            long start = System.nanoTime();
            loss = trainer.step(source).loss();
            seconds[i] = (System.nanoTime() - start) / 1e9;
            heap[i] = THREADS.getTotalThreadAllocatedBytes() - allocated;
        }
        long grown = Machine.residentBytes() - residentHalfway;
        long[] later = Arrays.copyOfRange(heap, steps / 2, steps);
        Arrays.sort(later);
        double[] warm = Arrays.copyOfRange(seconds, Math.min(2, steps - 1), steps);
        Arrays.sort(warm);
        double median = warm[warm.length / 2];
        double tokens = settings.tokensPerStep() / median;
        return new Result(tokens, tokens * spec.trainingFlopsPerToken(settings.context()) / 1e9, median * 1e3, spec.parameterCount(), Machine.peakResidentBytes(), grown,
                later[later.length / 2], loss, trainer.device().threads());
    }

    private static BatchSource text(int vocabulary) {
        SplittableRandom random = new SplittableRandom(0);
        return batch -> {
            fill(batch.ids(), random, vocabulary);
            fill(batch.targets(), random, vocabulary);
        };
    }

    private static BatchSource conversations(int vocabulary, int rows, int context) {
        SplittableRandom random = new SplittableRandom(0);
        AnswerSet.Builder builder = new AnswerSet.Builder(_ -> 4);
        for (int i = 0; i < 64 * rows; i++) {
            int length = random.nextInt(Math.max(2, context / 8), Math.max(3, 3 * context / 8));
            BitSet answer = new BitSet();
            answer.set(length / 2, length);
            builder.add(List.of(new AnswerEncoder.Sequence(random.ints(length, 0, vocabulary).toArray(), answer)));
        }
        AnswerBatches batches = AnswerBatches.training(builder.build(), context, 0);
        return batch -> batches.next(batch.ids().address(), batch.targets().address(), batch.starts().address(), rows);
    }

    private static void fill(Tensor ids, SplittableRandom random, int vocabulary) {
        long a = ids.address();
        for (long i = 0; i < ids.elements(); i++) {
            Memory.putInt(a + 4 * i, random.nextInt(vocabulary));
        }
    }

    /// Layers, width, query heads, key heads, feed-forward width, vocabulary, batch, context, pass, steps, threads.
    public static void main(String[] args) {
        int[] a = Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
        ModelSpec spec = ModelSpec.plain("llama", a[5], a[0], a[1], a[2], a[3], a[1] / a[2], a[4], a[7], 1e-5f, 10000, false, true);
        IO.println(run(spec, a[6], a[7], a[8], a[9], a[10], Work.TEXT));
    }
}
