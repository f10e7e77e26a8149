package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.FamilyOperations;
import dev.jackdaw.tensor.Tensor;

/// Carries out one operation.
final class Forward {
    private Forward() {
    }

    /// `lossScale` is what the sum of losses is multiplied by before gradients are taken; 0 means that none are wanted.
    /// `pass` decides what is dropped; negative: nothing.
    static void run(Op op, Device device, float lossScale, boolean accumulate, long pass) {
        FamilyOperations families = device.families();
        switch (op) {
            case Op.Embedding(var ids, var table, var y) -> {
                if (table.packed() == null) {
                    device.embedding(y.data(), table.data(), ids.data());
                } else {
                    device.packedEmbedding(y.data(), table.packed(), ids.data());
                }
            }
            case Op.RmsNorm(var x, var weight, var epsilon, var y, var rstd) ->
                    device.rmsNorm(y.data(), rstd.data(), x.data(), weight.data(), epsilon);
            case Op.Linear(var x, var w, var residual, var y) -> linear(device, y.data(), x.data(), w, data(residual));
            case Op.Adapted adapted -> AdaptedLinear.forward(adapted, device, pass);
            case Op.QkNormRope(var qkv, var qWeight, var kWeight, var positions, var heads, var y, var rstd) ->
                    device.qkNormRope(y.data(), rstd.data(), qkv.data(), data(qWeight), data(kWeight), positions.data(), heads);
            case Op.Attention(var qk, var qkv, var starts, var T, var heads, var rule, var y, var lse) ->
                    device.attention(y.data(), lse.data(), qk.data(), qkv.data(), data(starts), T, heads, rule);
            case Op.SwiGlu(var gateUp, var y) -> device.swiglu(y.data(), gateUp.data());
            case Op.CrossEntropy(var x, var head, var rule, var targets, var weights, var loss) -> {
                Tensor dx = lossScale == 0 ? null : x.gradient();
                if (head.packed() == null) {
                    device.crossEntropy(loss.data(), x.data(), head.data(), rule, targets.data(), data(weights), dx, dx == null ? null : head.gradient(), lossScale, accumulate);
                } else {
                    device.packedCrossEntropy(loss.data(), x.data(), head.packed(), rule, targets.data(), data(weights), dx, lossScale);
                }
            }
            case Op.AddRows(var x, var table, var ids, var offset, _) -> families.addRows(x.data(), table.data(), ids.data(), offset);
            case Op.Scale(var x, var factor, _) -> device.axpby(x.data(), 0, x.data(), factor);
            case Op.LayerNorm(var x, var weight, var bias, var epsilon, var y, var mean, var rstd) ->
                    families.layerNorm(y.data(), mean.data(), rstd.data(), x.data(), weight.data(), data(bias), epsilon);
            case Op.Bias(var x, var bias, _) -> families.addBias(x.data(), bias.data());
            case Op.Add(var residual, var h, var factor, var y) -> {
                device.axpby(y.data(), 1, residual.data(), 0);
                device.axpby(y.data(), factor, h.data(), 1);
            }
            case Op.Softcap(var x, var cap, _) -> families.softcap(x.data(), cap);
            case Op.TurnHeads(var qkv, var qWeight, var kWeight, var positions, var heads, var ropeWidth, var y, var rstd) ->
                    families.turnHeads(y.data(), rstd.data(), qkv.data(), data(qWeight), data(kWeight), positions.data(), heads, ropeWidth);
            case Op.HeadLayerNorm(var qkv, var qWeight, var kWeight, var heads, var y, var mean, var rstd) ->
                    families.headLayerNorm(y.data(), mean.data(), rstd.data(), qkv.data(), qWeight.data(), kWeight.data(), heads);
            case Op.GrowQueries(var qkv, var positions, var heads, var beta, var each, _) -> families.growQueries(qkv.data(), positions.data(), heads, beta, each);
            case Op.Gate(var gateUp, var bend, var y) -> families.gate(y.data(), gateUp.data(), bend);
            case Op.Bent(var x, var bend, var y) -> families.bend(y.data(), x.data(), bend);
            case Op.GateRows(var x, var gate, var y) -> {
                device.axpby(y.data(), 1, x.data(), 0);
                families.gateRows(y.data(), gate.data());
            }
            case Op.Expert e -> e.layer().forward(device, e);
            case Op.LatentNorm(var latent, var weight, var epsilon, var y, var rstd) -> device.latent().norm(y.data(), rstd.data(), latent.data(), weight.data(), epsilon);
            case Op.LatentHeads(var q, var latent, var kv, var positions, var shape, var qk, var v) ->
                    device.latent().heads(qk.data(), v.data(), q.data(), latent.data(), kv.data(), positions.data(), shape);
            case Op.CutHeads(var x, var heads, var y) -> device.latent().cutHeads(y.data(), x.data(), heads);
        }
    }

    static void linear(Device device, Tensor y, Tensor x, Value w, Tensor residual) {
        if (w.packed() == null) {
            device.linear(y, x, w.data(), residual);
            return;
        }
        device.packedLinear(y, x, w.packed());
        if (residual != null) {
            device.axpby(y, 1, residual, 1);
        }
    }

    static Tensor data(Value value) {
        return value == null ? null : value.data();
    }
}
