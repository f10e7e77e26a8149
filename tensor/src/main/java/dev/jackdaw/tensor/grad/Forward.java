package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;

/// Carries out one operation.
final class Forward {
    private Forward() {
    }

    /// `lossScale` is what the sum of losses is multiplied by before gradients are taken; 0 means that none are wanted.
    static void run(Op op, Device device, float lossScale, boolean accumulate) {
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
            case Op.Linear(var x, var w, var residual, var y) -> {
                if (w.packed() == null) {
                    device.linear(y.data(), x.data(), w.data(), data(residual));
                    break;
                }
                device.packedLinear(y.data(), x.data(), w.packed());
                if (residual != null) {
                    device.axpby(y.data(), 1, residual.data(), 1);
                }
            }
            case Op.QkNormRope(var qkv, var qWeight, var kWeight, var positions, var heads, var y, var rstd) ->
                    device.qkNormRope(y.data(), rstd.data(), qkv.data(), data(qWeight), data(kWeight), positions.data(), heads);
            case Op.Attention(var qk, var qkv, var starts, var T, var heads, var y, var lse) ->
                    device.attention(y.data(), lse.data(), qk.data(), qkv.data(), data(starts), T, heads);
            case Op.SwiGlu(var gateUp, var y) -> device.swiglu(y.data(), gateUp.data());
            case Op.CrossEntropy(var x, var head, var targets, var weights, var loss) -> {
                Tensor dx = lossScale == 0 ? null : x.gradient();
                if (head.packed() == null) {
                    device.crossEntropy(loss.data(), x.data(), head.data(), targets.data(), data(weights), dx, dx == null ? null : head.gradient(), lossScale, accumulate);
                } else {
                    device.packedCrossEntropy(loss.data(), x.data(), head.packed(), targets.data(), data(weights), dx, lossScale);
                }
            }
        }
    }

    static Tensor data(Value value) {
        return value == null ? null : value.data();
    }
}
