package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;

/// The gradient rules, one line an operation: given the gradient of what it made, the gradients of what it read.
///
/// The residual stream is one long sum, so its gradient is one buffer that passes through every residual line unchanged; norms add
/// their share to it. Every other activation has a single reader, whose rule sets its gradient. A weight without a gradient is frozen.
final class Backward {
    private Backward() {
    }

    /// `accumulate` is true from the second pass of a step on: gradients of matrices are then added to rather than set.
    static void run(Op op, Device device, boolean accumulate) {
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
                    device.linearBackward(x.gradient(), w.gradient(), x.data(), w.data(), y.gradient(), accumulate);
                } else {
                    device.packedLinearBackward(x.gradient(), w.packed(), y.gradient());
                }
            }
            case Op.QkNormRope(var qkv, var qWeight, var kWeight, var positions, var heads, var y, var rstd) ->
                    device.qkNormRopeBackward(qkv.gradient(), gradient(qWeight), gradient(kWeight), qkv.data(), Forward.data(qWeight),
                            Forward.data(kWeight), rstd.data(), y.gradient(), positions.data(), heads);
            case Op.Attention(var qk, var qkv, var starts, var T, var heads, var y, var lse) -> device.attentionBackward(qk.gradient(), qkv.gradient(),
                    y.gradient(), y.data(), lse.data(), qk.data(), qkv.data(), Forward.data(starts), T, heads);
            case Op.SwiGlu(var gateUp, var y) -> device.swigluBackward(gateUp.gradient(), gateUp.data(), y.gradient());
            case Op.CrossEntropy _ -> { }      // done on the way forward, while the logits were at hand
        }
    }

    private static Tensor gradient(Value value) {
        return value == null ? null : value.gradient();
    }
}
