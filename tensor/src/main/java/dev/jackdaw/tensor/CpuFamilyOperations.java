package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;

import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.CachedText;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.Kernels;
import dev.jackdaw.tensor.kernel.Rotation;
import java.util.function.IntConsumer;

/// [FamilyOperations] on the CPU: checks shapes, cuts the work into pieces of fixed size.
final class CpuFamilyOperations implements FamilyOperations, AutoCloseable {
    private static final int ROWS = 16;
    /// Numbers in one piece of element-wise work: some ten microseconds.
    private static final int ELEMENTS = 1 << 15;

    private final Workers workers;
    private final Kernels kernels;
    private final CpuAttention attention;
    private final Scratch folded = new Scratch();

    CpuFamilyOperations(Workers workers, Kernels kernels, CpuAttention attention) {
        this.workers = workers;
        this.kernels = kernels;
        this.attention = attention;
    }

    long scratchBytes() {
        return folded.size();
    }

    @Override
    public void forEach(int parts, IntConsumer part) {
        workers.run(parts, part::accept);
    }

    @Override
    public void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float epsilon) {
        int C = width(x);
        require("layer norm", y.elements() == x.elements() && weight.elements() == C && (bias == null || bias.elements() == C), x, weight, y);
        long to = y.address(), from = x.address(), w = weight.address(), b = address(bias);
        workers.forRange(rows(x), ROWS, (a, z) -> kernels.norm().layer(to, 0, 0, from, w, b, a, z, C, epsilon));
    }

    @Override
    public void addColumns(Tensor y, Tensor x, long column) {
        long F = x.shape().width(), width = y.shape().width();
        require("add columns", column >= 0 && column + F <= width && rows(x) == rows(y), y, x);
        long to = y.address() + 4 * column, from = x.address();
        workers.forRange(rows(x), ROWS, (a, z) -> {
            for (long n = a; n < z; n++) {
                kernels.elementwise().add(to + 4 * width * n, from + 4 * F * n, 0, F);
            }
        });
    }

    @Override
    public void growColumns(Tensor y, Tensor growth, long column) {
        long F = growth.elements(), width = y.shape().width();
        require("grow columns", column >= 0 && column + F <= width, y, growth);
        long to = y.address() + 4 * column, by = growth.address();
        workers.forRange(rows(y), ROWS, (a, z) -> {
            for (long n = a; n < z; n++) {
                for (long f = 0; f < F; f++) {
                    long at = to + 4 * (width * n + f);
                    putFloat(at, getFloat(at) + getFloat(by + 4 * f) * getFloat(at));
                }
            }
        });
    }

    @Override
    public void addBias(Tensor x, Tensor bias) {
        int C = width(x);
        require("bias", bias.elements() == C, x, bias, x);
        long to = x.address(), from = bias.address();
        workers.forRange(rows(x), ROWS, (a, z) -> {
            for (long n = a; n < z; n++) {
                kernels.elementwise().add(to + 4 * n * C, from, 0, C);
            }
        });
    }

    @Override
    public void addRows(Tensor x, Tensor table, Tensor ids, int offset) {
        int C = width(x);
        require("positions", width(table) == C && ids.elements() == rows(x), x, table, ids);
        for (int n = 0; n < rows(x); n++) {
            int id = getInt(ids.address() + 4L * n) + offset;
            if (id < 0 || id >= rows(table)) {
                throw new IllegalArgumentException("positions: row " + id + " is outside the table of " + rows(table));
            }
            kernels.elementwise().add(x.address() + 4L * n * C, table.address() + 4L * id * C, 0, C);
        }
    }

    @Override
    public void softcap(Tensor x, float cap) {
        long a = x.address();
        workers.forRange(x.elements(), ELEMENTS, (from, to) -> kernels.bends().softcap(a, from, to, cap));
    }

    @Override
    public void bend(Tensor y, Tensor x, Bend bend) {
        require("bend", y.elements() == x.elements(), x, y, y);
        long to = y.address(), from = x.address();
        workers.forRange(x.elements(), ELEMENTS, (a, b) -> kernels.bends().bend(to, from, a, b, bend));
    }

    @Override
    public void gate(Tensor h, Tensor gateUp, Bend bend) {
        int F = width(h);
        require("gate", gateUp.elements() == 2 * h.elements(), gateUp, h, h);
        long to = h.address(), from = gateUp.address();
        workers.forRange(rows(h), ROWS, (a, b) -> kernels.bends().gate(to, from, a, b, F, bend));
    }

    @Override
    public void clampedGate(Tensor h, Tensor gateUp, float limit) {
        int F = width(h);
        require("gate", gateUp.elements() == 2 * h.elements(), gateUp, h, h);
        long to = h.address(), from = gateUp.address();
        workers.forRange(rows(h), ROWS, (a, b) -> kernels.bends().clampedGate(to, from, a, b, F, limit));
    }

    @Override
    public void weighRows(Tensor y, Tensor rows, float[][] factors) {
        int C = width(y), n = rows(y), K = n == 0 ? 0 : factors[0].length;
        require("weigh rows", width(rows) == C && factors.length == n && rows(rows) == n * K, y, rows);
        long to = y.address(), from = rows.address();
        workers.forRange(n, ROWS, (a, z) -> {
            for (long row = a; row < z; row++) {
                for (int k = 0; k < K; k++) {
                    kernels.elementwise().axpby(to + 4 * row * C, factors[(int) row][k], from + 4 * (row * K + k) * C, k == 0 ? 0 : 1, 0, C);
                }
            }
        });
    }

    @Override
    public void gateRows(Tensor x, Tensor gate) {
        int C = width(x);
        require("gate rows", gate.elements() == rows(x), x, gate);
        for (long n = 0; n < rows(x); n++) {
            kernels.elementwise().scale(x.address() + 4 * n * C, (float) (1 / (1 + Math.exp(-getFloat(gate.address() + 4 * n)))), 0, C);
        }
    }

    @Override
    public void turnHeads(Tensor y, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor positions, Heads heads, int ropeWidth) {
        int in = heads.columns(), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        long n = positions.elements();
        require("heads", qkv.elements() == n * in && y.elements() == n * out, qkv, positions, y);
        boolean each = qWeight != null && qWeight.elements() == D && kWeight.elements() == D;
        if (qWeight != null && !each) {
            require("heads", qWeight.elements() == (long) H * D && kWeight.elements() == (long) K * D, qkv, qWeight, kWeight);
        }
        long to = y.address(), from = qkv.address(), qw = address(qWeight), kw = address(kWeight), p = positions.address(), cosSin = address(heads.cosSin());
        workers.forRange(n, ROWS, (a, b) -> {
            for (long row = a; row < b; row++) {
                for (int part = 0; part < 2; part++) {
                    int count = part == 0 ? H : K;
                    long x = from + 4 * (row * in + (part == 0 ? 0 : (long) H * D)), result = to + 4 * (row * out + (part == 0 ? 0 : (long) H * D)), w = part == 0 ? qw : kw;
                    if (w == 0) {
                        Memory.copy(x, result, 4L * count * D);
                    } else if (each) {
                        kernels.norm().rms(result, 0, x, w, 0, count, D, heads.epsilon());
                    } else {
                        kernels.norm().rms(result, 0, x, w, 0, 1, count * D, heads.epsilon());
                    }
                }
            }
            if (cosSin != 0) {
                Rotation.turn(to, out, to, out, cosSin, p, a, b, H + K, D, ropeWidth, heads.interleaved());
            }
        });
    }

    @Override
    public void headLayerNorm(Tensor qkv, Tensor qWeight, Tensor kWeight, Heads heads) {
        int in = heads.columns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        require("head norm", width(qkv) == in && qWeight.elements() == (long) H * D && kWeight.elements() == (long) K * D, qkv, qWeight, kWeight);
        long x = qkv.address(), qw = qWeight.address(), kw = kWeight.address();
        workers.forRange(rows(qkv), ROWS, (a, b) -> {
            for (long row = a; row < b; row++) {
                for (int h = 0; h < H + K; h++) {
                    long head = x + 4 * (row * in + (long) h * D), w = h < H ? qw + 4L * h * D : kw + 4L * (h - H) * D;
                    kernels.norm().layer(head, 0, 0, head, w, 0, 0, 1, D, heads.epsilon());
                }
            }
        });
    }

    @Override
    public void growQueries(Tensor qkv, Tensor positions, Heads heads, double beta, int each) {
        int in = heads.columns(), columns = heads.queries() * heads.width();
        require("queries", width(qkv) == in && positions.elements() == rows(qkv), qkv, positions, positions);
        long x = qkv.address(), p = positions.address();
        workers.forRange(rows(qkv), ROWS, (a, b) -> {
            for (long row = a; row < b; row++) {
                float factor = (float) (1 + beta * Math.log(1 + Memory.getInt(p + 4 * row) / each));
                for (int c = 0; factor != 1 && c < columns; c++) {
                    long at = x + 4 * (row * in + c);
                    Memory.putFloat(at, Memory.getFloat(at) * factor);
                }
            }
        });
    }

    @Override
    public void latentAttention(Tensor y, Tensor q, Tensor latent, Tensor norm, Tensor project, Tensor positions, CachedText[] texts, int layer, Latent s) {
        int n = rows(q), H = s.heads(), P = s.plain(), R = s.turned(), V = s.value(), rank = s.rank(), D = rank + R;
        require("latent attention", width(q) == H * (P + R) && width(latent) == D && norm.elements() == rank && project.elements() == (long) H * (P + V) * rank
                && y.elements() == (long) n * H * V && s.cosSin().shape().width() == R, q, latent, project);
        long qa = q.address(), la = latent.address(), w = project.address(), cosSin = s.cosSin().address(), p = positions.address(), ya = y.address();
        long queries = folded.bytes(4L * (2L * n + 3) * H * D), sums = queries + 4L * (n + 3) * H * D;
        workers.forRange(n, ROWS, (a, b) -> {
            for (long row = a; row < b; row++) {
                kernels.norm().rms(la + 4 * row * D, 0, la + 4 * row * D, norm.address(), 0, 1, rank, s.epsilon());
            }
            Rotation.turn(la + 4L * rank, D, la + 4L * rank, D, cosSin, p, a, b, 1, R, R, s.neighbours());
            for (int h = 0; h < H; h++) {
                long turned = qa + 4L * (h * (P + R) + P);
                Rotation.turn(turned, (long) H * (P + R), turned, (long) H * (P + R), cosSin, p, a, b, 1, R, R, s.neighbours());
            }
        });
        workers.run(H, h -> {                                           // folded query = Wᵀ·q, then the turned part
            long query = qa + 4L * h * (P + R), to = queries + 4L * h * D;
            kernels.folding().in(to, (long) H * D, query, (long) H * (P + R), n, P, w + 4L * h * (P + V) * rank, rank);
            for (int row = 0; row < n; row++) {
                Memory.copy(query + 4L * ((long) row * H * (P + R) + P), to + 4L * ((long) row * H * D + rank), 4L * R);
            }
        });
        attention.attend(n, texts, layer, H, 1, D, new AttentionRule(s.scale(), 0, 0, null, false), sums, (long) H * D, queries, (long) H * D, la, D, la, D);
        workers.run(H, h -> kernels.folding().out(ya + 4L * h * V, (long) H * V, sums + 4L * h * D, (long) H * D, n, rank,      // output = W·Σ p·latent
                w + 4L * (h * (P + V) + P) * rank, V));
    }

    @Override
    public void close() {
        folded.close();
    }

    private static long address(Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }

    private static int width(Tensor tensor) {
        return Math.toIntExact(tensor.shape().width());
    }

    private static int rows(Tensor tensor) {
        return Math.toIntExact(tensor.shape().rows());
    }

    private static void require(String operation, boolean fits, Tensor... tensors) {
        if (!fits) {
            throw new IllegalArgumentException(operation + ": " + java.util.Arrays.toString(tensors) + " do not fit together");
        }
    }
}
