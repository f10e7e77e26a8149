package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.FamilyOperations;
import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Operations;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import dev.jackdaw.tensor.kernel.Heads;
import java.util.List;

/// Each operation at once. An output lives until the next operation of the same kind and width, which the order of a layer allows (two
/// linear layers of one width take turns between two places); the residual stream is added to in place.
final class Eager implements Operations, AutoCloseable {
    private final Buffers buffers = new Buffers();
    private final Device device;
    private final FamilyOperations families;
    private final InferenceWeights weights;
    private final MappedLinear mappedLinear;
    private Piece[] texts;
    private List<AdapterRows> adapted = List.of();
    private Observer observer;                // null: nobody looks on
    private int turn;

    Eager(Device device, InferenceWeights weights) {
        this.device = device;
        this.weights = weights;
        families = device.families();
        mappedLinear = new MappedLinear(device);
    }

    /// Which rows of the next pass belong to which text.
    void texts(Piece[] texts) {
        this.texts = texts;
        adapted = AdapterRows.of(texts);
    }

    /// Who looks on from now; null for nobody.
    void observer(Observer observer) {
        this.observer = observer;
    }

    /// Whose adapters change the next `rows` rows.
    void adapted(KvCache cache, int rows) {
        adapted = cache.adapters().isEmpty() ? List.of() : List.of(new AdapterRows(cache.adapters(), 0, rows));
    }

    Tensor scratch(String kind, long rows, long width) {
        return buffer(kind, rows, width).data();
    }

    /// Rows `done` to `done + n - 1` of those whose results are wanted.
    Value pick(Tensor hidden, Piece[] pieces, int done, int n) {
        long C = hidden.shape().width();
        Value picked = buffer("picked", n, C);
        adapted = AdapterRows.picked(pieces, done, n);
        int at = 0;
        for (Piece piece : pieces) {
            for (int i = piece.skipped(); i < piece.rows(); i++, at++) {
                if (at >= done && at < done + n) {
                    Memory.copy(hidden.address() + 4 * C * (piece.row() + i), picked.data().address() + 4 * C * (at - done), 4 * C);
                }
            }
        }
        return picked;
    }

    long bytes() {
        return buffers.bytes();
    }

    private Value buffer(String kind, long rows, long width) {
        return buffers.get(kind, rows, width);
    }

    @Override
    public Value embedding(Value ids, Value table) {
        Value y = buffer("stream", ids.shape().elements(), table.width());
        List<WeightSource.Stored> parts = weights.parts(table);
        if (parts != null) {
            mappedLinear.embedding(y.data(), parts.getFirst(), ids.data());
            weights.lookedUp(ids.shape().elements());
        } else {
            device.packedEmbedding(y.data(), table.packed(), ids.data());
        }
        return y;
    }

    @Override
    public Value rmsNorm(Value x, Value weight, float epsilon) {
        Value y = buffer("norm", x.rows(), x.width());
        device.rmsNorm(y.data(), null, x.data(), weight.data(), epsilon);
        return y;
    }

    @Override
    public Value layerNorm(Value x, Value weight, Value bias, float epsilon) {
        Value y = buffer("norm", x.rows(), x.width());
        families.layerNorm(y.data(), x.data(), weight.data(), data(bias), epsilon);
        return y;
    }

    @Override
    public Value linear(Value x, Value w, Value residual) {
        turn ^= 1;
        Value y = product(turn == 0 ? "linear" : "other linear", x, w);
        if (residual == null) {
            return y;
        }
        device.axpby(residual.data(), 1, y.data(), 1);
        return residual;
    }

    /// x·wᵀ for the head.
    Value logits(Value x, Value w) {
        return product("logits", x, w);
    }

    private Value product(String kind, Value x, Value w) {
        Value y = buffer(kind, x.rows(), w.rows());
        multiply(y.data(), x.data(), w);
        for (AdapterRows rows : adapted) {
            for (Adapter adapter : rows.adapters()) {
                adapter.apply(this, device, y.data(), x.data(), w, rows.from(), rows.to());
            }
        }
        return y;
    }

    private void multiply(Tensor y, Tensor x, Value w) {
        List<WeightSource.Stored> parts = weights.parts(w);
        if (parts != null) {
            mappedLinear.multiply(y, x, parts);
        } else {
            device.packedLinear(y, x, w.packed());
        }
    }

    @Override
    public Value qkNormRope(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads) {
        Value y = buffer("qk", qkv.rows(), heads.qkColumns());
        device.qkNormRope(y.data(), null, qkv.data(), data(qWeight), data(kWeight), positions.data(), heads);
        return y;
    }

    @Override
    public Value turnHeads(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads, int ropeWidth) {
        Value y = buffer("qk", qkv.rows(), heads.qkColumns());
        families.turnHeads(y.data(), qkv.data(), data(qWeight), data(kWeight), positions.data(), heads, ropeWidth);
        return y;
    }

    @Override
    public Value headLayerNorm(Value qkv, Value qWeight, Value kWeight, Heads heads) {
        families.headLayerNorm(qkv.data(), qWeight.data(), kWeight.data(), heads);
        return qkv;
    }

    @Override
    public Value growQueries(Value qkv, Value positions, Heads heads, double beta, int each) {
        families.growQueries(qkv.data(), positions.data(), heads, beta, each);
        return qkv;
    }

    @Override
    public Value attention(int layer, Value qk, Value qkv, Heads heads) {
        Value y = buffer("attention", qk.rows(), (long) heads.queries() * heads.width());
        device.cachedAttention(y.data(), qk.data(), qkv.data(), texts, layer, heads, null);
        if (observer != null) {
            observer.attention(layer, texts[0].position(), qk.data(), heads, heads.rule());
        }
        return y;
    }

    @Override
    public Value attention(int layer, Value qk, Value qkv, Heads heads, AttentionRule rule) {
        Value y = buffer("attention", qk.rows(), (long) heads.queries() * heads.width());
        device.cachedAttention(y.data(), qk.data(), qkv.data(), texts, layer, heads, rule);
        if (observer != null) {
            observer.attention(layer, texts[0].position(), qk.data(), heads, rule);
        }
        return y;
    }

    @Override
    public Value latentAttention(int layer, Value q, Value latent, Value norm, Value project, Value positions, LatentOperations.Latent shape) {
        Value y = buffer("attention", q.rows(), (long) shape.heads() * shape.value());
        device.latent().attention(y.data(), q.data(), latent.data(), norm.data(), project.data(), positions.data(), texts, layer, shape);
        if (observer != null) {
            observer.latentAttention(layer, texts[0].position(), q.data(), latent.data(), project.data(), shape);
        }
        return y;
    }

    @Override
    public void passed(int layers, Value stream) {
        if (observer != null) {
            observer.stream(layers, texts[0].position(), stream.data());
        }
    }

    @Override
    public Value swiglu(Value gateUp) {
        Value y = buffer("gate", gateUp.rows(), gateUp.width() / 2);
        device.swiglu(y.data(), gateUp.data());
        return y;
    }

    @Override
    public Value gate(Value gateUp, Bend bend) {
        if (bend == Bend.SILU) {
            return swiglu(gateUp);
        }
        Value y = buffer("gate", gateUp.rows(), gateUp.width() / 2);
        families.gate(y.data(), gateUp.data(), bend);
        return y;
    }

    @Override
    public Value bend(Value x, Bend bend) {
        families.bend(x.data(), x.data(), bend);
        return x;
    }

    @Override
    public Value addRows(Value x, Value table, Value ids, int offset) {
        families.addRows(x.data(), table.data(), ids.data(), offset);
        return x;
    }

    @Override
    public Value scale(Value x, float factor) {
        device.axpby(x.data(), 0, x.data(), factor);
        return x;
    }

    @Override
    public Value bias(Value x, Value bias) {
        families.addBias(x.data(), bias.data());
        return x;
    }

    @Override
    public Value add(Value residual, Value y, float factor) {
        device.axpby(residual.data(), factor, y.data(), 1);
        return residual;
    }

    @Override
    public Value softcap(Value x, float cap) {
        families.softcap(x.data(), cap);
        return x;
    }

    @Override
    public Value gateRows(Value x, Value gate) {
        families.gateRows(x.data(), gate.data());
        return x;
    }

    /// Rows that chose the same expert go through it together; what a row's experts say is added in the order of its choice, so the bits
    /// of a row do not depend on the rows beside it.
    @Override
    public Value experts(Value x, Value routerLogits, ExpertChoice choice, Experts experts) {
        int n = Math.toIntExact(x.rows()), E = experts.gateUp().length, used = choice.used();
        long C = x.width(), correction = experts.correction() == null ? 0 : experts.correction().data().address();
        int[][] ids = new int[n][used];
        float[][] factors = new float[n][used];
        for (int row = 0; row < n; row++) {
            choice.choose(routerLogits.data().address() + 4L * row * E, E, correction, ids[row], factors[row]);
        }
        Tensor said = buffer("said", (long) n * used, C).data();                     // [n · used, C], by row and choice
        for (int expert = 0; expert < E; expert++) {
            int[] places = places(ids, expert);
            if (places.length == 0) {
                continue;
            }
            Tensor in = buffer("chosen", places.length, C).data();
            for (int i = 0; i < places.length; i++) {
                Memory.copy(x.data().address() + 4 * C * (places[i] / used), in.address() + 4 * C * i, 4 * C);
            }
            Value up = experts.gateUp()[expert], down = experts.down()[expert];
            Value halves = buffer("halves", places.length, up.rows()), h = buffer("gate", places.length, up.rows() / 2), out = buffer("expert", places.length, C);
            multiply(halves.data(), in, up);
            if (experts.gateUpBias() != null) {
                families.addBias(halves.data(), experts.gateUpBias()[expert].data());
            }
            if (experts.limit() > 0) {
                families.clampedGate(h.data(), halves.data(), experts.limit());
            } else if (experts.bend() == Bend.SILU) {
                device.swiglu(h.data(), halves.data());
            } else {
                families.gate(h.data(), halves.data(), experts.bend());
            }
            multiply(out.data(), h.data(), down);
            if (experts.downBias() != null) {
                families.addBias(out.data(), experts.downBias()[expert].data());
            }
            for (int i = 0; i < places.length; i++) {
                Memory.copy(out.data().address() + 4 * C * i, said.address() + 4 * C * places[i], 4 * C);
            }
        }
        Value y = buffer("experts", n, C);
        families.weighRows(y.data(), said, factors);
        return y;
    }

    /// Where `expert` was chosen: `row · used + rank`, in order.
    private static int[] places(int[][] ids, int expert) {
        int[] places = new int[ids.length];
        int count = 0;
        for (int row = 0; row < ids.length; row++) {
            for (int k = 0; k < ids[row].length; k++) {
                if (ids[row][k] == expert) {
                    places[count++] = row * ids[row].length + k;
                }
            }
        }
        return java.util.Arrays.copyOf(places, count);
    }

    private static Tensor data(Value value) {
        return value == null ? null : value.data();
    }

    @Override
    public void close() {
        mappedLinear.close();
        buffers.close();
    }
}
