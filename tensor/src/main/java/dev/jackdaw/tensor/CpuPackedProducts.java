package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Operands.requireInput;
import static dev.jackdaw.tensor.Operands.rows;
import static dev.jackdaw.tensor.Operands.width;

import dev.jackdaw.tensor.kernel.ActivationBlocks;
import dev.jackdaw.tensor.kernel.MatMul;
import dev.jackdaw.tensor.kernel.QuantMatMul;

/// What the CPU does with a [PackedWeight]: multiply by it, take gradients through it, look up its rows.
final class CpuPackedProducts implements AutoCloseable {
    /// Numbers of a packed weight unpacked at once.
    private static final int UNPACKED = 1 << 20;

    private final Workers workers;
    private final MatMul matMul;
    private final Activations activations;
    private final QuantMatMul panels = QuantMatMul.fastest();
    private final Scratch quantized = new Scratch();
    private final Scratch unpacked = new Scratch();

    CpuPackedProducts(Workers workers, MatMul matMul, Activations activations) {
        this.workers = workers;
        this.matMul = matMul;
        this.activations = activations;
    }

    long scratchBytes() {
        return quantized.size() + unpacked.size() + panels.scratchBytes();
    }

    /// See [Device#packedLinear].
    void linear(Tensor y, Tensor x, PackedWeight w) {
        int F = width(y), C = width(x), n = rows(x);
        requireInput("linear", w.rows() == F && w.columns() == C && rows(y) == n, x, "weight", w, "result", y);
        linear(y.address(), x.address(), n, w);
    }

    /// The same of `n` rows at addresses.
    void linear(long y, long x, int n, PackedWeight w) {
        int F = w.rows(), C = w.columns();
        boolean quantizes = activations == Activations.Q8 && hasQuantized(w);
        long blocks = 0;
        if (quantizes) {
            blocks = quantized.bytes(n * ActivationBlocks.rowBytes(C));
            panels.quantize(workers, blocks, x, C, n, C);
        }
        long to = y;
        for (int i = 0; i < w.parts().size(); i++) {
            PackedWeight.Part part = w.parts().get(i);
            if (quantizes && part.format().isQuantized()) {
                panels.multiply(workers, to, F, blocks, n, part.panels().address(), part.format(), part.rows(), C);
            } else {
                panels.multiplyExact(workers, to, F, x, C, n, part.panels().address(), part.format(), part.rows(), C);
            }
            to += 4L * part.rows();
        }
    }

    /// See [Device#packedLinearBackward].
    void linearBackward(Tensor dx, boolean addToDx, PackedWeight w, Tensor dy) {
        requireInput("linear gradient", w.rows() == width(dy) && w.columns() == width(dx) && rows(dx) == rows(dy), dx, "weight", w, "dy", dy);
        linearBackward(dx.address(), addToDx, w, dy.address(), rows(dy));
    }

    /// The same of `n` rows at addresses. Some rows of w at a time are unpacked, which costs little beside many rows of dy.
    void linearBackward(long dx, boolean addToDx, PackedWeight w, long dy, int n) {
        int F = w.rows(), C = w.columns(), chunk = Math.clamp(UNPACKED / C / 16 * 16, 16, F);
        long rows = unpacked.bytes(4L * chunk * C);
        for (int f = 0; f < F; f += chunk) {
            int first = f, count = Math.min(chunk, F - f);
            workers.forRange(count, 4, (a, b) -> {
                for (long i = a; i < b; i++) {
                    w.row(rows + 4 * i * C, (int) (first + i));
                }
            });
            matMul.multiply(workers, dx, C, f == 0 && !addToDx ? 0 : dx, n, C, count, dy + 4L * f, F, 1, rows, C, 1);
        }
    }

    private static boolean hasQuantized(PackedWeight w) {
        for (int i = 0; i < w.parts().size(); i++) {
            if (w.parts().get(i).format().isQuantized()) {
                return true;
            }
        }
        return false;
    }

    /// See [Device#packedEmbedding].
    void embedding(Tensor y, PackedWeight w, Tensor ids) {
        int C = width(y);
        requireInput("embedding", rows(y) == ids.elements() && w.columns() == C, y, "table", w, "ids", ids);
        for (long n = 0; n < ids.elements(); n++) {
            int id = Memory.getInt(ids.address() + 4 * n);
            if (id < 0 || id >= w.rows()) {
                throw new IllegalArgumentException("embedding: token id " + id + " is outside the vocabulary of " + w.rows());
            }
        }
        long to = y.address(), from = ids.address();
        workers.forRange(ids.elements(), 4, (a, b) -> {
            for (long n = a; n < b; n++) {
                w.row(to + 4 * n * C, Memory.getInt(from + 4 * n));
            }
        });
    }

    @Override
    public void close() {
        panels.close();
        quantized.close();
        unpacked.close();
    }
}
