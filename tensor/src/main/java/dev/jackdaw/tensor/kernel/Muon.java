package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// The element-wise halves of Muon (Keller Jordan 2024, https://kellerjordan.github.io/posts/muon/), the optimizer for matrices:
/// momentum before, and the update after, the Newton-Schulz iteration that makes the momentum's singular values equal. That iteration is
/// made of matrix products and is not here.
public interface Muon {
    Muon SCALAR = new Muon() { };

    /// Nesterov momentum for elements `[from,to)`; `gradScale` clips the gradient on the way:
    /// `buffer = momentum · buffer + gradScale · g`,   `update = gradScale · g + momentum · buffer`.
    /// Changes buffer, sets update, which may be g.
    ///
    /// (The published code averages, `buffer += (1 − momentum) · (g − buffer)`; Newton-Schulz begins by dividing by the norm, so for one
    /// matrix the two differ only by a factor that falls out.)
    default void momentum(long update, long g, long buffer, long from, long to, float momentum, float gradScale) {
        for (long i = from; i < to; i++) {
            float gradient = getFloat(g + 4 * i) * gradScale;
            float sum = Math.fma(momentum, getFloat(buffer + 4 * i), gradient);
            putFloat(buffer + 4 * i, sum);
            putFloat(update + 4 * i, Math.fma(momentum, sum, gradient));
        }
    }

    /// Elements `[from,to)`: `p −= lr · weightDecay · p`, then `p −= lr · scale · update`.
    default void apply(long p, long update, long from, long to, float lr, float scale, float weightDecay) {
        float keep = 1 - lr * weightDecay;
        float stepSize = lr * scale;
        for (long i = from; i < to; i++) {
            putFloat(p + 4 * i, Math.fma(-stepSize, getFloat(update + 4 * i), getFloat(p + 4 * i) * keep));
        }
    }
}
