package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Operations;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.tensor.kernel.Heads;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/// Carries out a [Transformer] for inference: operations run at once, attention looks into a [KvCache]. Activations are float32.
///
/// A long prompt goes through in chunks; the bits of a position do not depend on how it was cut. One caller at a time.
public final class Engine implements AutoCloseable {
    /// Positions that go through at once: enough to read each weight for many rows.
    private static final int CHUNK = 256;

    private final Arena arena = Arena.ofShared();
    private final ModelSpec spec;
    private final Device device;
    private final Transformer transformer;
    private final Eager eager = new Eager();
    private final Tensor ids = Tensor.zeros(arena, DType.I32, CHUNK);
    private final Tensor positions = Tensor.zeros(arena, DType.I32, CHUNK);

    /// Packs the weights that `source` finds by their Hugging Face names.
    public Engine(ModelSpec spec, Device device, Function<String, Tensor> source) {
        this.spec = spec;
        this.device = device;
        transformer = new Transformer(spec, RopeTable.heads(arena, spec, spec.context()), new PackedWeights(arena, device, spec, source));
    }

    public ModelSpec spec() {
        return spec;
    }

    public Device device() {
        return device;
    }

    /// A cache for up to `positions` positions, at most the model's context.
    public KvCache newCache(int positions) {
        return new KvCache(spec, Math.min(positions, spec.context()));
    }

    /// Appends `tokens` to the text in `cache`; returns the logits `[V]` after the last one. The array belongs to the caller.
    public float[] logits(KvCache cache, int... tokens) {
        float[][] last = new float[1][];
        forward(cache, tokens, (position, logits) -> {
            if (position == tokens.length - 1) {
                last[0] = logits.toFloats();
            }
        }, false);
        return last[0];
    }

    /// Takes the logits `[V]` after the token at `index` of those given; the tensor is valid during the call only.
    @FunctionalInterface
    public interface LogitsListener {
        void accept(int index, Tensor logits);
    }

    /// Appends `tokens` and hands out the logits after every one of them.
    public void allLogits(KvCache cache, int[] tokens, LogitsListener listener) {
        forward(cache, tokens, listener, true);
    }

    private void forward(KvCache cache, int[] tokens, LogitsListener listener, boolean all) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("forward: no tokens were given; a text needs at least one");
        }
        for (int token : tokens) {
            if (token < 0 || token >= spec.vocabulary()) {
                throw new IllegalArgumentException("forward: token id " + token + " is outside the vocabulary of " + spec.vocabulary());
            }
        }
        cache.reserve(tokens.length);
        for (int from = 0; from < tokens.length; from += CHUNK) {
            int n = Math.min(CHUNK, tokens.length - from);
            for (int i = 0; i < n; i++) {
                Memory.putInt(ids.address() + 4L * i, tokens[from + i]);
                Memory.putInt(positions.address() + 4L * i, cache.length() + i);
            }
            eager.cache = cache;
            Tensor hidden = transformer.trunk(eager, Value.of("ids", ids.slice(0, n), null), Value.of("positions", positions.slice(0, n), null)).data();
            cache.advance(n);
            int first = all ? 0 : n - 1;
            if (all || from + n == tokens.length) {
                Tensor logits = eager.linear(Value.of("hidden", hidden.slice(first, n), null), transformer.head(), null).data();
                for (int i = first; i < n; i++) {
                    listener.accept(from + i, logits.slice(i - first, i - first + 1).reshape(spec.vocabulary()));
                }
            }
        }
    }

    /// Bytes of activations and tables.
    public long scratchBytes() {
        return eager.buffers.values().stream().mapToLong(value -> value.data().bytes()).sum();
    }

    @Override
    public void close() {
        eager.arena.close();
        arena.close();
    }

    /// Each operation at once. An output lives until the next operation of the same kind, which the order of a layer allows; the
    /// residual stream is added to in place.
    private final class Eager implements Operations {
        private final Map<String, Value> buffers = new HashMap<>();
        private Arena arena = Arena.ofShared();
        private KvCache cache;

        private Value buffer(String kind, long rows, long width) {
            String key = kind + width;
            Value buffer = buffers.get(key);
            if (buffer == null || buffer.rows() < rows) {
                buffer = Value.of(kind, Tensor.zeros(arena, rows, width), null);
                buffers.put(key, buffer);
            }
            return buffer.rows() == rows ? buffer : Value.of(kind, buffer.data().slice(0, rows), null);
        }

        @Override
        public Value embedding(Value ids, Value table) {
            Value y = buffer("stream", ids.shape().elements(), table.width());
            device.packedEmbedding(y.data(), table.data(), ids.data());
            return y;
        }

        @Override
        public Value rmsNorm(Value x, Value weight, float epsilon) {
            Value y = buffer("norm", x.rows(), x.width());
            device.rmsNorm(y.data(), null, x.data(), weight.data(), epsilon);
            return y;
        }

        @Override
        public Value linear(Value x, Value w, Value residual) {
            Value y = buffer("linear", x.rows(), w.rows());
            device.packedLinear(y.data(), x.data(), w.data());
            if (residual == null) {
                return y;
            }
            device.axpby(residual.data(), 1, y.data(), 1);
            return residual;
        }

        @Override
        public Value qkNormRope(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads) {
            Value y = buffer("qk", qkv.rows(), heads.qkColumns());
            device.qkNormRope(y.data(), null, qkv.data(), qWeight == null ? null : qWeight.data(), kWeight == null ? null : kWeight.data(), positions.data(), heads);
            return y;
        }

        @Override
        public Value attention(int layer, Value qk, Value qkv, Heads heads) {
            Value y = buffer("attention", qk.rows(), (long) heads.queries() * heads.width());
            device.cachedAttention(y.data(), qk.data(), qkv.data(), cache.pages(layer), cache.length(), heads);
            return y;
        }

        @Override
        public Value swiglu(Value gateUp) {
            Value y = buffer("swiglu", gateUp.rows(), gateUp.width() / 2);
            device.swiglu(y.data(), gateUp.data());
            return y;
        }
    }
}
