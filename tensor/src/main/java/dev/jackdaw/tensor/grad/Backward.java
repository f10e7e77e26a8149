package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.FamilyOperations;
import dev.jackdaw.tensor.Tensor;

/// The gradient rules, one line an operation: given the gradient of what it made, the gradients of what it read.
///
/// The residual stream is one long sum, so its gradient is one buffer that passes through every residual line unchanged; norms add
/// their share to it. Most other activations have a single reader, whose rule sets their gradient; linear layers can add to it, since some
/// share an input. What an operation did in the place of its input has its gradient in that place too. A weight without a gradient is frozen.
final class Backward {
    private Backward() {
    }

    /// `accumulate` is true from the second pass of a step on: gradients of matrices are then added to rather than set.
    ///
    /// @param addToX another reader of what a linear layer read has set its gradient already
    /// @param pass    that of the way forward
    static void run(Op op, Device device, boolean accumulate, boolean addToX, long pass) {
        FamilyOperations families = device.families();
        switch (op) {
            case Op.Embedding(var ids, var table, var y) -> {
                if (!table.isFrozen()) {
                    device.embeddingBackward(table.gradient(), y.gradient(), ids.data());
                }
            }
            case Op.RmsNorm(var x, var weight, _, var y, var rstd) ->
                    device.rmsNormBackward(x.gradient(), weight.gradient(), x.data(), weight.data(), rstd.data(), y.gradient());
            case Op.Linear(var x, var w, _, var y) -> {
                if (w.packed() == null) {
                    device.linearBackward(x.gradient(), addToX, w.gradient(), x.data(), w.data(), y.gradient(), accumulate);
                } else {
                    device.packedLinearBackward(x.gradient(), addToX, w.packed(), y.gradient());
                }
            }
            case Op.Adapted adapted -> AdaptedLinear.backward(adapted, device, accumulate, addToX, pass);
            case Op.QkNormRope(var qkv, var qWeight, var kWeight, var positions, var heads, var y, var rstd) ->
                    device.qkNormRopeBackward(qkv.gradient(), gradient(qWeight), gradient(kWeight), qkv.data(), Forward.data(qWeight),
                            Forward.data(kWeight), rstd.data(), y.gradient(), positions.data(), heads);
            case Op.Attention(var qk, var qkv, var starts, var T, var heads, var rule, var y, var lse) -> device.attentionBackward(qk.gradient(), qkv.gradient(),
                    y.gradient(), y.data(), lse.data(), qk.data(), qkv.data(), Forward.data(starts), T, heads, rule);
            case Op.SwiGlu(var gateUp, var y) -> device.swigluBackward(gateUp.gradient(), gateUp.data(), y.gradient());
            case Op.CrossEntropy _ -> { }      // done on the way forward, while the logits were at hand
            case Op.AddRows(_, var table, var ids, var offset, var y) -> {
                if (!table.isFrozen()) {
                    device.embeddingBackward(table.gradient().slice(offset, table.rows()), y.gradient(), ids.data());
                }
            }
            case Op.Scale(_, var factor, var y) -> device.axpby(y.gradient(), 0, y.gradient(), factor);
            case Op.LayerNorm(var x, var weight, var bias, _, var y, var mean, var rstd) -> families.layerNormBackward(x.gradient(), weight.gradient(), gradient(bias),
                    x.data(), weight.data(), mean.data(), rstd.data(), y.gradient());
            case Op.Bias(_, var bias, var y) -> {
                if (!bias.isFrozen()) {
                    families.addBiasBackward(bias.gradient(), y.gradient(), 0);
                }
            }
            case Op.Add(_, var h, var factor, var y) -> device.axpby(h.gradient(), factor, y.gradient(), 0);
            case Op.Softcap(_, var cap, var y) -> families.softcapBackward(y.gradient(), y.data(), y.gradient(), cap);
            case Op.TurnHeads(var qkv, var qWeight, var kWeight, var positions, var heads, var ropeWidth, var y, var rstd) ->
                    families.turnHeadsBackward(qkv.gradient(), gradient(qWeight), gradient(kWeight), qkv.data(), Forward.data(qWeight), Forward.data(kWeight),
                            rstd.data(), y.gradient(), positions.data(), heads, ropeWidth);
            case Op.HeadLayerNorm(var qkv, var qWeight, var kWeight, var heads, var y, var mean, var rstd) ->
                    families.headLayerNormBackward(qkv.gradient(), qWeight.gradient(), kWeight.gradient(), qkv.data(), qWeight.data(), kWeight.data(),
                            mean.data(), rstd.data(), y.gradient(), heads);
            case Op.GrowQueries(_, var positions, var heads, var beta, var each, var y) -> families.growQueries(y.gradient(), positions.data(), heads, beta, each);
            case Op.Gate(var gateUp, var bend, var y) -> families.gateBackward(gateUp.gradient(), gateUp.data(), y.gradient(), bend);
            case Op.Bent(var x, var bend, var y) -> families.bendBackward(x.gradient(), x.data(), y.gradient(), bend);
            case Op.GateRows(var x, var gate, var y) -> families.gateRowsBackward(x.gradient(), gate.gradient(), x.data(), gate.data(), y.gradient());
            case Op.Expert e -> e.layer().backward(device, e, accumulate);
            case Op.LatentNorm(var latent, var weight, _, var y, var rstd) ->
                    device.latent().normBackward(latent.gradient(), weight.gradient(), latent.data(), weight.data(), rstd.data(), y.gradient());
            case Op.LatentHeads(var q, var latent, var kv, var positions, var shape, var qk, var v) ->
                    device.latent().headsBackward(q.gradient(), latent.gradient(), kv.gradient(), qk.gradient(), v.gradient(), positions.data(), shape);
            case Op.CutHeads(var x, var heads, var y) -> device.latent().cutHeadsBackward(x.gradient(), y.gradient(), heads);
        }
    }

    private static Tensor gradient(Value value) {
        return value == null ? null : value.gradient();
    }
}
