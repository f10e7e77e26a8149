package dev.jackdaw.train.eval;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;

/// The code length a model gives to text: Σ −log₂ p(token | tokens before it) over all tokens of all documents, divided by the bytes of
/// the text. A perfect compressor driven by the model would need that many bits for each byte, so it compares with `gzip` and `xz`, and
/// between models with different tokenizers.
///
/// Each document is on its own: nothing of another one is ever in view. Its end counts as a token too. Documents longer than the context
/// are read in windows; each window repeats `overlap` tokens of the one before as context, which are not counted again.
public final class BitsPerByte implements AutoCloseable {
    /// @param bitsPerByte over `tokens` predicted tokens, which stand for `bytes` bytes of text
    /// @param documents   what each document adds, in order; the last may be cut
    /// @param windows     what each window adds, in order
    public record Result(double bitsPerByte, long tokens, double bytes, List<Part> documents, List<Part> windows) {
        /// The mean loss, for models with the same tokenizer.
        public double natsPerToken() {
            return bitsPerByte * Math.log(2) * bytes / tokens;
        }

        /// e to the mean loss of a token.
        public double perplexity() {
            return Math.pow(2, bitsPerByte * bytes / tokens);
        }

        /// 95%, by the bootstrap over documents; a document stands for its share of the tokens in bytes.
        public Interval interval(long seed) {
            Interval perToken = Interval.ofRatio(documents.stream().mapToDouble(Part::nats).toArray(), documents.stream().mapToDouble(Part::tokens).toArray(), seed);
            double scale = tokens / bytes / Math.log(2);
            return new Interval(perToken.low() * scale, perToken.high() * scale);
        }

        /// Bits of each document, scaled so that their mean is the bits per byte of all.
        public double[] perDocument() {
            return scaled(documents);
        }

        /// Bits of each window, likewise: where documents are few and long, two models are compared by these.
        public double[] perWindow() {
            return scaled(windows);
        }

        private double[] scaled(List<Part> parts) {
            return parts.stream().mapToDouble(part -> part.nats / Math.log(2) / bytes * parts.size()).toArray();
        }
    }

    /// One document, or one window.
    public record Part(double nats, long tokens) {
    }

    /// −log p in nats of all targets, of windows in place.
    @FunctionalInterface
    private interface Examiner {
        /// @param nats room for `rows · context` numbers; those of targets that do not count stay 0
        void examine(double[] nats);
    }

    private final Arena arena = Arena.ofShared();
    private final int rows;
    private final int context;
    private final Tensor ids;
    private final Tensor targets;
    private final Examiner examiner;

    /// Evaluates in passes of `rows` windows of `context` tokens, with the same operations as training.
    public BitsPerByte(Device device, ModelSpec spec, Weights weights, int rows, int context) {
        this.rows = rows;
        this.context = context;
        long n = (long) rows * context;
        ids = Tensor.zeros(arena, DType.I32, n);
        targets = Tensor.zeros(arena, DType.I32, n);
        Tensor positions = Tensor.zeros(arena, DType.I32, n);
        for (long i = 0; i < n; i++) {
            Memory.putInt(positions.address() + 4 * i, (int) (i % context));
        }
        Transformer transformer = new Transformer(spec, weights);
        Recorder recorder = new Recorder(context);
        Value losses = transformer.losses(recorder, Value.of("ids", ids, null), new Transformer.Place(Value.of("positions", positions, null),
                RopeTable.heads(arena, spec, context)), Value.of("targets", targets, null), null);
        Plan plan = Plan.of(recorder, false).allocate(arena);
        examiner = nats -> {
            plan.forward(device, 0, false);
            for (int i = 0; i < nats.length; i++) {
                nats[i] = Memory.getFloat(losses.data().address() + 4L * i);
            }
        };
    }

    /// Evaluates windows of `context` tokens as the model is run: with packed weights, a cache, and the device's [Device#activations()].
    public BitsPerByte(Forward forward, int context) {
        this.rows = 1;
        this.context = context;
        ids = Tensor.zeros(arena, DType.I32, context);
        targets = Tensor.zeros(arena, DType.I32, context);
        examiner = nats -> {
            int length = context;
            while (length > 0 && Memory.getInt(targets.address() + 4L * (length - 1)) < 0) {
                length--;
            }
            int[] window = new int[length];
            for (int i = 0; i < length; i++) {
                window[i] = Memory.getInt(ids.address() + 4L * i);
            }
            try (KvCache cache = forward.newCache(context)) {
                forward.allLogits(cache, window, (i, logits) -> {
                    int target = Memory.getInt(targets.address() + 4L * i);
                    nats[i] = target < 0 ? 0 : loss(logits, target);
                });
            }
        };
    }

    /// −log p(target) in nats.
    static double loss(Tensor logits, int target) {
        long a = logits.address();
        float max = Float.NEGATIVE_INFINITY;
        for (long i = 0; i < logits.elements(); i++) {
            max = Math.max(max, Memory.getFloat(a + 4 * i));
        }
        double sum = 0;
        for (long i = 0; i < logits.elements(); i++) {
            sum += Math.exp(Memory.getFloat(a + 4 * i) - max);
        }
        return max + Math.log(sum) - Memory.getFloat(a + 4L * target);
    }

    /// Reads the shard until its end or until `mostTokens` were predicted; 0: all of it.
    ///
    /// @param progress told the fraction that is done
    public Result measure(TokenShard shard, int overlap, long mostTokens, DoubleConsumer progress) {
        BatchReader reader = BatchReader.evaluation(shard, context, overlap);
        long limit = mostTokens == 0 ? shard.tokens() : Math.min(mostTokens, shard.tokens());
        long tokens = 0;
        double nats = 0;
        List<Part> documents = new ArrayList<>(), windows = new ArrayList<>();
        double[] losses = new double[rows * context];
        double own = 0;
        long length = 0;
        while (tokens < limit) {
            int counted = reader.next(ids.address(), targets.address(), rows);
            if (counted == 0) {
                break;
            }
            Arrays.fill(losses, 0);
            examiner.examine(losses);
            double ofWindow = 0;
            long inWindow = 0;
            for (int i = 0; i < losses.length; i++) {
                int target = Memory.getInt(targets.address() + 4L * i);
                if (i % context == 0 && inWindow > 0) {
                    windows.add(new Part(ofWindow, inWindow));
                    ofWindow = 0;
                    inWindow = 0;
                }
                if (target < 0) {
                    continue;
                }
                ofWindow += losses[i];
                inWindow++;
                nats += losses[i];
                own += losses[i];
                length++;
                if (target == shard.endOfText()) {               // rows hold documents in order, and each ends so
                    documents.add(new Part(own, length));
                    own = 0;
                    length = 0;
                }
            }
            if (inWindow > 0) {
                windows.add(new Part(ofWindow, inWindow));
            }
            tokens += counted;
            progress.accept(Math.min(1, (double) tokens / limit));
        }
        if (length > 0) {
            documents.add(new Part(own, length));
        }
        // a part of the shard stands for its share of the bytes
        double bytes = (double) shard.textBytes() * tokens / shard.tokens();
        return new Result(nats / Math.log(2) / bytes, tokens, bytes, documents, windows);
    }

    @Override
    public void close() {
        arena.close();
    }
}
