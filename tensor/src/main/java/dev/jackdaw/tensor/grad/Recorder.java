package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import dev.jackdaw.tensor.kernel.HeadRule;
import dev.jackdaw.tensor.kernel.Heads;
import java.util.ArrayList;
import java.util.List;

/// Writes down a forward pass over `B` sequences of `T` tokens as a list of [Op], with shapes only; [Plan] then finds room for it.
public final class Recorder implements Operations {
    private final int T;
    private final Value starts;              // [B·T] or null
    private final List<Op> ops = new ArrayList<>();

    public Recorder(int T) {
        this(T, null);
    }

    /// @param starts for each position the first of its sequence that it may see; null: each sequence is one text
    public Recorder(int T, Value starts) {
        this.T = T;
        this.starts = starts;
    }

    List<Op> ops() {
        return ops;
    }

    private String name(String what) {
        return ops.size() + "." + what;
    }

    @Override
    public Value embedding(Value ids, Value table) {
        Value y = Value.planned(name("embedding"), ids.shape().elements(), table.width());
        ops.add(new Op.Embedding(ids, table, y));
        return y;
    }

    @Override
    public Value rmsNorm(Value x, Value weight, float epsilon) {
        Value y = Value.planned(name("norm"), x.rows(), x.width());
        ops.add(new Op.RmsNorm(x, weight, epsilon, y, Value.planned(name("rstd"), x.rows())));
        return y;
    }

    @Override
    public Value linear(Value x, Value w, Value residual) {
        Value y = Value.planned(name("linear"), x.rows(), w.rows());
        Op.Linear linear = new Op.Linear(x, w, residual, y);
        ops.add(w.change() == null ? linear : new Op.Adapted(linear, w.change(), LowRank.Room.of(w.change(), x, w, name("adapted-"))));
        return y;
    }

    @Override
    public Value qkNormRope(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads) {
        Value y = Value.planned(name("qk"), qkv.rows(), heads.qkColumns());
        Value rstd = Value.planned(name("qk-rstd"), qkv.rows(), heads.queries() + heads.keys());
        ops.add(new Op.QkNormRope(qkv, qWeight, kWeight, positions, heads, y, rstd));
        return y;
    }

    @Override
    public Value attention(int layer, Value qk, Value qkv, Heads heads) {
        return attention(layer, qk, qkv, heads, null);
    }

    @Override
    public Value attention(int layer, Value qk, Value qkv, Heads heads, AttentionRule rule) {
        if (rule != null && rule.bothWays()) {
            throw new UnsupportedOperationException("training: attention in both directions cannot be trained; only decoders can, which predict the next token");
        }
        Value y = Value.planned(name("attention"), qk.rows(), (long) heads.queries() * heads.width());
        ops.add(new Op.Attention(qk, qkv, starts, T, heads, rule, y, Value.planned(name("lse"), qk.rows(), heads.queries())));
        return y;
    }

    @Override
    public Value swiglu(Value gateUp) {
        Value y = Value.planned(name("swiglu"), gateUp.rows(), gateUp.width() / 2);
        ops.add(new Op.SwiGlu(gateUp, y));
        return y;
    }

    @Override
    public Value addRows(Value x, Value table, Value ids, int offset) {
        Value y = like("rows-added", x);
        ops.add(new Op.AddRows(x, table, ids, offset, y));
        return y;
    }

    @Override
    public Value scale(Value x, float factor) {
        Value y = like("scaled", x);
        ops.add(new Op.Scale(x, factor, y));
        return y;
    }

    @Override
    public Value layerNorm(Value x, Value weight, Value bias, float epsilon) {
        Value y = like("norm", x);
        ops.add(new Op.LayerNorm(x, weight, bias, epsilon, y, Value.planned(name("mean"), x.rows()), Value.planned(name("rstd"), x.rows())));
        return y;
    }

    @Override
    public Value bias(Value x, Value bias) {
        Value y = like("biased", x);
        ops.add(new Op.Bias(x, bias, y));
        return y;
    }

    @Override
    public Value add(Value residual, Value h, float factor) {
        Value y = like("sum", residual);
        ops.add(new Op.Add(residual, h, factor, y));
        return y;
    }

    @Override
    public Value softcap(Value x, float cap) {
        Value y = like("capped", x);
        ops.add(new Op.Softcap(x, cap, y));
        return y;
    }

    @Override
    public Value turnHeads(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads, int ropeWidth) {
        Value y = Value.planned(name("qk"), qkv.rows(), heads.qkColumns());
        ops.add(new Op.TurnHeads(qkv, qWeight, kWeight, positions, heads, ropeWidth, y, Value.planned(name("qk-rstd"), qkv.rows(), heads.queries() + heads.keys())));
        return y;
    }

    @Override
    public Value headLayerNorm(Value qkv, Value qWeight, Value kWeight, Heads heads) {
        Value y = like("head-norm", qkv);
        long count = heads.queries() + heads.keys();
        ops.add(new Op.HeadLayerNorm(qkv, qWeight, kWeight, heads, y, Value.planned(name("head-mean"), qkv.rows(), count), Value.planned(name("head-rstd"), qkv.rows(), count)));
        return y;
    }

    @Override
    public Value growQueries(Value qkv, Value positions, Heads heads, double beta, int each) {
        Value y = like("grown", qkv);
        ops.add(new Op.GrowQueries(qkv, positions, heads, beta, each, y));
        return y;
    }

    /// By operations that exist: keys and values are spelled out, and attention is that of all others.
    @Override
    public Value latentAttention(int layer, Value q, Value latent, Value norm, Value project, Value positions, LatentOperations.Latent shape) {
        long n = q.rows(), H = shape.heads(), D = shape.width();
        Value normed = Value.planned(name("latent"), n, shape.rank());
        ops.add(new Op.LatentNorm(latent, norm, shape.epsilon(), normed, Value.planned(name("latent-rstd"), n)));
        Value kv = linear(normed, project, null), qk = Value.planned(name("qk"), n, 2 * H * D), v = Value.planned(name("v"), n, H * D);
        ops.add(new Op.LatentHeads(q, latent, kv, positions, shape, qk, v));
        Value wide = attention(layer, qk, v, new Heads(shape.heads(), shape.heads(), shape.width(), null, false, shape.epsilon()), new AttentionRule(shape.scale(), 0, 0, null, false));
        if (D == shape.value()) {
            return wide;
        }
        Value y = Value.planned(name("values"), n, H * shape.value());
        ops.add(new Op.CutHeads(wide, shape.heads(), y));
        return y;
    }

    @Override
    public Value gate(Value gateUp, Bend bend) {
        if (bend == Bend.SILU) {
            return swiglu(gateUp);
        }
        Value y = Value.planned(name("gate"), gateUp.rows(), gateUp.width() / 2);
        ops.add(new Op.Gate(gateUp, bend, y));
        return y;
    }

    @Override
    public Value bend(Value x, Bend bend) {
        Value y = like("bent", x);
        ops.add(new Op.Bent(x, bend, y));
        return y;
    }

    @Override
    public Value experts(Value x, Value routerLogits, ExpertChoice choice, Experts experts) {
        Value y = like("experts", x);
        ops.add(new Op.Expert(x, routerLogits, choice, experts, ExpertLayer.of(name("experts"), x, choice, experts), y));
        return y;
    }

    @Override
    public Value gateRows(Value x, Value gate) {
        Value y = like("gated", x);
        ops.add(new Op.GateRows(x, gate, y));
        return y;
    }

    private Value like(String what, Value x) {
        return Value.planned(name(what), x.shape().toArray());
    }

    /// The end of every training pass; returns the losses `[N]`.
    ///
    /// @param weights what each loss counts in the gradient; null: one
    public Value crossEntropy(Value x, Value head, Value targets, Value weights) {
        return crossEntropy(x, head, HeadRule.PLAIN, targets, weights);
    }

    /// The same for scaled or capped logits.
    public Value crossEntropy(Value x, Value head, HeadRule rule, Value targets, Value weights) {
        Value loss = Value.planned(name("loss"), x.rows());
        ops.add(new Op.CrossEntropy(x, head, rule, targets, weights, loss));
        return loss;
    }
}
