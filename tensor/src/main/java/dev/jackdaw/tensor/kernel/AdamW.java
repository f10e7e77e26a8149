package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// One step of AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) for elements `[from,to)` of a parameter p with gradient g, first
/// moment m and second moment v, all F32:
///
/// `g′ = g · gradScale`
/// `m = beta1 · m + (1 − beta1) · g′`,   `v = beta2 · v + (1 − beta2) · g′²`
/// `p −= lr · weightDecay · p`,   `p −= lr · (m / correction1) / (√(v / correction2) + eps)`
///
/// where `correction1 = 1 − beta1^t` and `correction2 = 1 − beta2^t` at step t = 1, 2, …: early moments are averages of too few
/// gradients, and too small by just these factors. `gradScale` clips the gradient without another pass over it; g is not changed.
public interface AdamW {
    AdamW SCALAR = new AdamW() { };

    /// Changes p, m and v.
    default void step(long p, long g, long m, long v, long from, long to, float lr, float beta1, float beta2, float eps,
                      float weightDecay, float correction1, float correction2, float gradScale) {
        float keep = 1 - lr * weightDecay;
        float stepSize = lr / correction1;
        float unbias = 1 / correction2;
        for (long i = from; i < to; i++) {
            float gradient = getFloat(g + 4 * i) * gradScale;
            float first = Math.fma(beta1, getFloat(m + 4 * i), (1 - beta1) * gradient);
            float second = Math.fma(beta2, getFloat(v + 4 * i), (1 - beta2) * gradient * gradient);
            putFloat(m + 4 * i, first);
            putFloat(v + 4 * i, second);
            float update = first / ((float) Math.sqrt(second * unbias) + eps);
            putFloat(p + 4 * i, Math.fma(-stepSize, update, getFloat(p + 4 * i) * keep));
        }
    }
}
