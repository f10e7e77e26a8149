package dev.jackdaw.train.optim;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;

/// Turns a matrix into the nearest one whose singular values are all about 1, by a polynomial iteration that needs nothing but matrix
/// products (Jordan et al., 2024, "Muon"). A gradient's few strong directions no longer drown the many weak ones.
///
/// With X scaled to norm 1 and A = X·Xᵀ of the smaller side:  X ← (a·I + b·A + c·A²)·X, five times. The coefficients are Jordan's; they
/// trade exactness (singular values end between 0.7 and 1.2) for speed.
final class NewtonSchulz implements AutoCloseable {
    private static final int ITERATIONS = 5;
    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;

    private final Arena arena = Arena.ofShared();
    private final Tensor other;        // the next X
    private final Tensor gram;         // A
    private final Tensor square;       // A²

    /// Room for matrices of up to `elements` numbers whose smaller side is at most `side`.
    NewtonSchulz(long elements, long side) {
        other = Tensor.zeros(arena, elements);
        gram = Tensor.zeros(arena, side * side);
        square = Tensor.zeros(arena, side * side);
    }

    /// Replaces `x` `[F,C]`.
    void orthogonalize(Device device, Tensor x) {
        long rows = x.size(0), columns = x.size(1), n = Math.min(rows, columns);
        boolean wide = rows <= columns;
        Tensor from = x, to = view(other, rows, columns), a = view(gram, n, n), aa = view(square, n, n);
        float norm = (float) Math.sqrt(device.sumOfSquares(x)) + 1e-7f;
        device.axpby(x, 0, x, 1 / norm);
        for (int i = 0; i < ITERATIONS; i++) {
            device.matmul(a, from, !wide, from, wide);
            device.matmul(aa, a, false, a, false);
            device.axpby(aa, B, a, C);
            for (long d = 0; d < n; d++) {
                aa.set(d * n + d, aa.get(d * n + d) + A);
            }
            if (wide) {
                device.matmul(to, aa, false, from, false);
            } else {
                device.matmul(to, from, false, aa, false);
            }
            Tensor swap = from;
            from = to;
            to = swap;
        }
        if (from != x) {
            x.copyFrom(from);
        }
    }

    private static Tensor view(Tensor all, long rows, long columns) {
        return Tensor.over(all.segment().asSlice(0, 4 * rows * columns), all.type(), dev.jackdaw.tensor.Shape.of(rows, columns));
    }

    long bytes() {
        return other.bytes() + gram.bytes() + square.bytes();
    }

    @Override
    public void close() {
        arena.close();
    }
}
