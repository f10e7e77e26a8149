package dev.jackdaw.tensor.grad;

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
        ops.add(new Op.Linear(x, w, residual, y));
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
        Value y = Value.planned(name("attention"), qk.rows(), (long) heads.queries() * heads.width());
        ops.add(new Op.Attention(qk, qkv, starts, T, heads, y, Value.planned(name("lse"), qk.rows(), heads.queries())));
        return y;
    }

    @Override
    public Value swiglu(Value gateUp) {
        Value y = Value.planned(name("swiglu"), gateUp.rows(), gateUp.width() / 2);
        ops.add(new Op.SwiGlu(gateUp, y));
        return y;
    }

    /// The end of every training pass; returns the losses `[N]`.
    ///
    /// @param weights what each loss counts in the gradient; null: one
    public Value crossEntropy(Value x, Value head, Value targets, Value weights) {
        Value loss = Value.planned(name("loss"), x.rows());
        ops.add(new Op.CrossEntropy(x, head, targets, weights, loss));
        return loss;
    }
}
