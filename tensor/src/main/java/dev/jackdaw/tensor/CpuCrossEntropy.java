package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Operands.requireInput;
import static dev.jackdaw.tensor.Operands.rows;
import static dev.jackdaw.tensor.Operands.width;

import dev.jackdaw.tensor.kernel.HeadRule;
import dev.jackdaw.tensor.kernel.Kernels;
import dev.jackdaw.tensor.kernel.MatMul;

/// The loss on the CPU: logits of some rows at a time, whose gradients are taken while they are there.
final class CpuCrossEntropy implements AutoCloseable {
    /// Logits held at once: 4M numbers, which the last-level cache can keep.
    private static final int LOGITS = 1 << 22;

    private final Workers workers;
    private final Kernels kernels;
    private final MatMul matMul;
    private final CpuPackedProducts products;
    private final Scratch logits = new Scratch();
    private final Scratch capped = new Scratch();

    CpuCrossEntropy(Workers workers, Kernels kernels, MatMul matMul, CpuPackedProducts products) {
        this.workers = workers;
        this.kernels = kernels;
        this.matMul = matMul;
        this.products = products;
    }

    long scratchBytes() {
        return logits.size() + capped.size();
    }

    /// See [Device#crossEntropy].
    void plain(Tensor loss, Tensor x, Tensor head, HeadRule rule, Tensor targets, Tensor weights, Tensor dx, Tensor dHead, float scale, boolean accumulate) {
        int C = width(x), V = rows(head);
        requireInput("cross-entropy", width(head) == C, x, "head", head, "targets", targets);
        loss(loss, x, V, rule, targets, weights, scale, dx != null, (block, from, count) ->
                matMul.multiply(workers, block, V, 0, count, V, C, row(x, from), C, 1, head.address(), 1, C), (block, from, count) -> {
            matMul.multiply(workers, row(dx, from), C, 0, count, C, V, block, V, 1, head.address(), C, 1);
            if (dHead != null) {
                long into = dHead.address();
                matMul.multiply(workers, into, C, accumulate || from > 0 ? into : 0, V, C, count, block, 1, V, row(x, from), C, 1);
            }
        });
    }

    /// See [Device#packedCrossEntropy].
    void packed(Tensor loss, Tensor x, PackedWeight head, HeadRule rule, Tensor targets, Tensor weights, Tensor dx, float scale) {
        int C = width(x), V = head.rows();
        requireInput("cross-entropy", head.columns() == C, x, "head", head, "targets", targets);
        loss(loss, x, V, rule, targets, weights, scale, dx != null, (block, from, count) -> products.linear(block, row(x, from), count, head),
                (block, from, count) -> products.linearBackward(row(dx, from), false, head, block, count));
    }

    /// What is done with a block of logits `[count,V]`, those of the rows from `from` on.
    @FunctionalInterface
    private interface LogitsPart {
        void run(long block, int from, int count);
    }

    private void loss(Tensor loss, Tensor x, int V, HeadRule rule, Tensor targets, Tensor weights, float scale, boolean gradient, LogitsPart forward, LogitsPart backward) {
        int n = rows(x);
        requireInput("cross-entropy", targets.elements() == n && loss.elements() == n && (weights == null || weights.elements() == n), x, "targets", targets, "losses", loss);
        int chunk = Math.clamp(LOGITS / V / 48 * 48, 48, Math.max(48, n));
        long block = logits.bytes(4L * chunk * V);
        var kernel = kernels.crossEntropy();
        for (int from = 0; from < n; from += chunk) {
            int count = Math.min(chunk, n - from);
            long losses = row(loss, from), ids = row(targets, from), factors = weights == null ? 0 : row(weights, from);
            forward.run(block, from, count);
            long numbers = (long) count * V, kept = gradient && rule.softcap() > 0 ? capped.bytes(4 * numbers) : 0;
            if (rule.scale() != 1) {
                workers.forRange(numbers, Cpu.ELEMENTS, (a, b) -> kernels.elementwise().scale(block, rule.scale(), a, b));
            }
            if (rule.softcap() > 0) {
                workers.forRange(numbers, Cpu.ELEMENTS, (a, b) -> kernels.bends().softcap(block, a, b, rule.softcap()));
            }
            if (gradient) {
                if (kept != 0) {
                    Memory.copy(block, kept, 4 * numbers);
                }
                workers.forRange(count, 8, (a, b) -> kernel.rows(losses, block, ids, factors, a, b, V, scale * rule.scale()));
                if (kept != 0) {
                    workers.forRange(numbers, Cpu.ELEMENTS, (a, b) -> kernels.bends().softcapBackward(block, kept, block, a, b, rule.softcap()));
                }
                backward.run(block, from, count);
            } else {
                workers.forRange(count, 8, (a, b) -> kernel.loss(losses, block, ids, a, b, V));
            }
        }
    }

    /// Where row `n` of `x` begins; numbers of four bytes.
    private static long row(Tensor x, long n) {
        return x.address() + 4 * n * (x.shape().rank() == 1 ? 1 : x.shape().width());
    }

    @Override
    public void close() {
        logits.close();
        capped.close();
    }
}
