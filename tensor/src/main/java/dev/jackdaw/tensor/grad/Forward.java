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
            case Op.Embedding(var ids, var table, var y) -> device.embedding(y.data(), table.data(), ids.data());
            case Op.RmsNorm(var x, var weight, var epsilon, var y, var rstd) ->
                    device.rmsNorm(y.data(), rstd.data(), x.data(), weight.data(), epsilon);
            case Op.Linear(var x, var w, var residual, var y) -> device.linear(y.data(), x.data(), w.data(), data(residual));
            case Op.QkNormRope(var qkv, var qWeight, var kWeight, var positions, var heads, var y, var rstd) ->
                    device.qkNormRope(y.data(), rstd.data(), qkv.data(), data(qWeight), data(kWeight), positions.data(), heads);
            case Op.Attention(var qk, var qkv, var T, var heads, var y, var lse) ->
                    device.attention(y.data(), lse.data(), qk.data(), qkv.data(), T, heads);
            case Op.SwiGlu(var gateUp, var y) -> device.swiglu(y.data(), gateUp.data());
            case Op.CrossEntropy(var x, var head, var targets, var loss) -> {
                boolean train = lossScale != 0;
                device.crossEntropy(loss.data(), x.data(), head.data(), targets.data(),
                        train ? x.gradient() : null, train ? head.gradient() : null, lossScale, accumulate);
            }
        }
    }

    static Tensor data(Value value) {
        return value == null ? null : value.data();
    }
}
