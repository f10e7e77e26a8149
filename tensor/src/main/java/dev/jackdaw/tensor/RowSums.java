package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Operands.require;

import dev.jackdaw.tensor.kernel.Kernels;

/// The gradient of a weight that all rows share: pieces of [#ROWS] rows sum in places of their own, which are added up in order, so the
/// bits are the same at any number of threads.
final class RowSums {
    /// Rows whose share is summed in one place.
    static final int ROWS = 64;

    private final Kernels kernels;
    private final long width, places;
    private final int pieces;
    private final Tensor gradient;          // null: frozen

    RowSums(Kernels kernels, Scratch scratch, long rows, long width, Tensor gradient) {
        require("weight gradient", gradient == null || gradient.elements() == width, gradient);
        this.kernels = kernels;
        this.width = width;
        this.gradient = gradient;
        pieces = Math.toIntExact((rows + ROWS - 1) / ROWS);
        places = gradient == null ? 0 : scratch.bytes(4 * pieces * width);
        if (gradient != null) {
            Memory.zero(places, 4 * pieces * width);
        }
    }

    /// Of the piece that begins at `row`; 0 if nothing is to be summed.
    long place(long row) {
        return gradient == null ? 0 : places + 4 * (row / ROWS) * width;
    }

    void addUp() {
        for (int i = 0; gradient != null && i < pieces; i++) {
            kernels.elementwise().add(gradient.address(), places + 4 * i * width, 0, width);
        }
    }
}
