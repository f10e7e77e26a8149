package dev.jackdaw.train.eval;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.RopeTable;
import dev.jackdaw.model.arch.Transformer;
import dev.jackdaw.model.arch.Weights;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Plan;
import dev.jackdaw.tensor.grad.Recorder;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.train.data.BatchReader;
import dev.jackdaw.train.data.TokenShard;
import java.lang.foreign.Arena;
import java.util.function.DoubleConsumer;

/// The code length a model gives to text: Σ −log₂ p(token | tokens before it) over all tokens of all documents, divided by the bytes of
/// the text. A perfect compressor driven by the model would need that many bits for each byte, so it compares with `gzip` and `xz`, and
/// between models with different tokenizers.
///
/// Each document is on its own: nothing of another one is ever in view. Its end counts as a token too. Documents longer than the context
/// are read in windows; each window repeats `overlap` tokens of the one before as context, which are not counted again.
public final class BitsPerByte implements AutoCloseable {
    /// @param bitsPerByte over `tokens` predicted tokens, which stand for `bytes` bytes of text
    public record Result(double bitsPerByte, long tokens, double bytes) {
    }

    private final Arena arena = Arena.ofShared();
    private final Device device;
    private final int rows;
    private final int context;
    private final Value ids;
    private final Value targets;
    private final Value losses;
    private final Plan plan;

    /// Evaluates in passes of `rows` windows of `context` tokens.
    public BitsPerByte(Device device, ModelSpec spec, Weights weights, int rows, int context) {
        this.device = device;
        this.rows = rows;
        this.context = context;
        long n = (long) rows * context;
        ids = Value.of("ids", Tensor.zeros(arena, DType.I32, n), null);
        targets = Value.of("targets", Tensor.zeros(arena, DType.I32, n), null);
        Tensor positions = Tensor.zeros(arena, DType.I32, n);
        for (long i = 0; i < n; i++) {
            Memory.putInt(positions.address() + 4 * i, (int) (i % context));
        }
        Transformer transformer = new Transformer(spec, weights);
        Recorder recorder = new Recorder(context);
        losses = recorder.crossEntropy(transformer.trunk(recorder, ids, new Transformer.Place(Value.of("positions", positions, null), RopeTable.heads(arena, spec, context))), transformer.head(), targets);
        plan = Plan.of(recorder, false).allocate(arena);
    }

    /// Reads the shard until its end or until `mostTokens` were predicted; 0: all of it.
    ///
    /// @param progress told the fraction that is done
    public Result measure(TokenShard shard, int overlap, long mostTokens, DoubleConsumer progress) {
        BatchReader reader = BatchReader.evaluation(shard, context, overlap);
        long limit = mostTokens == 0 ? shard.tokens() : Math.min(mostTokens, shard.tokens());
        long tokens = 0;
        double nats = 0;
        while (tokens < limit) {
            int counted = reader.next(ids.data().address(), targets.data().address(), rows);
            if (counted == 0) {
                break;
            }
            plan.forward(device, 0, false);
            long a = losses.data().address();
            for (long i = 0; i < losses.data().elements(); i++) {
                nats += Memory.getFloat(a + 4 * i);
            }
            tokens += counted;
            progress.accept(Math.min(1, (double) tokens / limit));
        }
        // a part of the shard stands for its share of the bytes
        double bytes = (double) shard.textBytes() * tokens / shard.tokens();
        return new Result(nats / Math.log(2) / bytes, tokens, bytes);
    }

    @Override
    public void close() {
        arena.close();
    }
}
