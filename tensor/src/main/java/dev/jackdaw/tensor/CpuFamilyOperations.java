package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Operands.address;
import static dev.jackdaw.tensor.Operands.require;
import static dev.jackdaw.tensor.Operands.rows;
import static dev.jackdaw.tensor.Operands.width;

import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.Kernels;
import dev.jackdaw.tensor.kernel.Rotation;
import java.util.function.IntConsumer;

/// [FamilyOperations] on the CPU: checks shapes, cuts the work into pieces of fixed size.
final class CpuFamilyOperations implements FamilyOperations, AutoCloseable {
    private static final int ROWS = 16;
    /// Rows whose share of a weight's gradient is summed in one place.
    private static final int SUMMED = RowSums.ROWS;
    /// Numbers in one piece of element-wise work: some ten microseconds.
    private static final int ELEMENTS = 1 << 15;

    private final Workers workers;
    private final Kernels kernels;
    private final Scratch partials = new Scratch();
    private final Scratch morePartials = new Scratch();

    CpuFamilyOperations(Workers workers, Kernels kernels) {
        this.workers = workers;
        this.kernels = kernels;
    }

    long scratchBytes() {
        return partials.size() + morePartials.size();
    }

    @Override
    public void forEach(int parts, IntConsumer part) {
        workers.run(parts, part::accept);
    }

    @Override
    public void layerNorm(Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor weight, Tensor bias, float epsilon) {
        int C = width(x);
        require("layer norm", y.elements() == x.elements() && weight.elements() == C && (bias == null || bias.elements() == C), x, weight, y);
        long to = y.address(), m = address(mean), r = address(rstd), from = x.address(), w = weight.address(), b = address(bias);
        workers.forRange(rows(x), ROWS, (a, z) -> kernels.norm().layer(to, m, r, from, w, b, a, z, C, epsilon));
    }

    @Override
    public void layerNormBackward(Tensor dx, Tensor dWeight, Tensor dBias, Tensor x, Tensor weight, Tensor mean, Tensor rstd, Tensor dy) {
        int C = width(x), n = rows(x);
        require("layer norm gradient", dx.elements() == x.elements() && dy.elements() == x.elements() && weight.elements() == C && mean.elements() == n, x, weight, dy);
        long d = dx.address(), from = x.address(), w = weight.address(), m = mean.address(), r = rstd.address(), g = dy.address();
        RowSums weights = new RowSums(kernels, partials, n, C, dWeight), biases = new RowSums(kernels, morePartials, n, C, dBias);
        workers.forRange(n, SUMMED, (a, z) -> kernels.norm().layerBackward(d, weights.place(a), biases.place(a), from, w, m, r, g, a, z, C));
        weights.addUp();
        biases.addUp();
    }

    @Override
    public void copyColumns(Tensor y, long toColumn, Tensor x, long fromColumn, long columns) {
        long in = width(x), out = width(y), to = y.address() + 4 * toColumn, from = x.address() + 4 * fromColumn;
        require("copy columns", rows(x) == rows(y) && fromColumn >= 0 && fromColumn + columns <= in && toColumn >= 0 && toColumn + columns <= out, y, x);
        workers.forRange(rows(x), ROWS, (a, z) -> {
            for (long n = a; n < z; n++) {
                Memory.copy(from + 4 * n * in, to + 4 * n * out, 4 * columns);
            }
        });
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
    public void addBias(Tensor x, long column, Tensor bias) {
        long C = width(x), F = bias.elements();
        require("bias", column >= 0 && column + F <= C, x, bias, x);
        long to = x.address() + 4 * column, from = bias.address();
        workers.forRange(rows(x), ROWS, (a, z) -> {
            for (long n = a; n < z; n++) {
                kernels.elementwise().add(to + 4 * n * C, from, 0, F);
            }
        });
    }

    /// Cut by columns, each of which is summed row by row.
    @Override
    public void addBiasBackward(Tensor dBias, Tensor dy, long column) {
        long C = width(dy), F = dBias.elements(), n = rows(dy), to = dBias.address(), from = dy.address() + 4 * column;
        require("bias gradient", column >= 0 && column + F <= C, dy, dBias);
        workers.forRange(F, SUMMED, (a, z) -> {
            for (long row = 0; row < n; row++) {
                kernels.elementwise().add(to, from + 4 * row * C, a, z);
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
    public void softcapBackward(Tensor dx, Tensor y, Tensor dy, float cap) {
        require("cap gradient", dx.elements() == y.elements() && dy.elements() == y.elements(), y, dy);
        long to = dx.address(), from = y.address(), g = dy.address();
        workers.forRange(y.elements(), ELEMENTS, (a, b) -> kernels.bends().softcapBackward(to, from, g, a, b, cap));
    }

    @Override
    public void bendBackward(Tensor dx, Tensor x, Tensor dy, Bend bend) {
        require("bend gradient", dx.elements() == x.elements() && dy.elements() == x.elements(), x, dy);
        long to = dx.address(), from = x.address(), g = dy.address();
        workers.forRange(x.elements(), ELEMENTS, (a, b) -> kernels.bends().bendBackward(to, from, g, a, b, bend));
    }

    @Override
    public void gateBackward(Tensor dGateUp, Tensor gateUp, Tensor dh, Bend bend) {
        int F = width(dh);
        require("gate gradient", gateUp.elements() == 2 * dh.elements() && dGateUp.elements() == gateUp.elements(), gateUp, dh);
        long to = dGateUp.address(), from = gateUp.address(), g = dh.address();
        workers.forRange(rows(dh), ROWS, (a, b) -> kernels.bends().gateBackward(to, from, g, a, b, F, bend));
    }

    @Override
    public void clampedGateBackward(Tensor dGateUp, Tensor gateUp, Tensor dh, float limit) {
        int F = width(dh);
        require("gate gradient", gateUp.elements() == 2 * dh.elements() && dGateUp.elements() == gateUp.elements(), gateUp, dh);
        long to = dGateUp.address(), from = gateUp.address(), g = dh.address();
        workers.forRange(rows(dh), ROWS, (a, b) -> kernels.bends().clampedGateBackward(to, from, g, a, b, F, limit));
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
    public void gateRowsBackward(Tensor dx, Tensor dGate, Tensor x, Tensor gate, Tensor dy) {
        int C = width(x);
        require("gate rows gradient", gate.elements() == rows(x) && dGate.elements() == rows(x) && dx.elements() == x.elements() && dy.elements() == x.elements(), x, gate, dy);
        long to = dx.address(), dz = dGate.address(), from = x.address(), z = gate.address(), g = dy.address();
        workers.forRange(rows(x), ROWS, (a, b) -> {
            for (long n = a; n < b; n++) {
                double s = 1 / (1 + Math.exp(-getFloat(z + 4 * n)));
                putFloat(dz + 4 * n, (float) (s * (1 - s) * kernels.elementwise().dot(g, from, n * C, (n + 1) * C)));
                kernels.elementwise().axpby(to, (float) s, g, 0, n * C, (n + 1) * C);
            }
        });
    }

    @Override
    public void turnHeads(Tensor y, Tensor rstd, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor positions, Heads heads, int ropeWidth) {
        int in = heads.columns(), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        long n = positions.elements();
        require("heads", qkv.elements() == n * in && y.elements() == n * out && (rstd == null || rstd.elements() == n * (H + K)), qkv, positions, y);
        boolean each = eachHead(qWeight, kWeight, heads);
        long to = y.address(), r = address(rstd), from = qkv.address(), p = positions.address(), cosSin = address(heads.cosSin());
        workers.forRange(n, ROWS, (a, b) -> {
            for (long row = a; row < b; row++) {
                for (int part = 0; part < 2; part++) {
                    int count = part == 0 ? H : K, first = part * H;
                    long x = from + 4 * (row * in + (long) first * D), result = to + 4 * (row * out + (long) first * D), w = address(part == 0 ? qWeight : kWeight);
                    long kept = r == 0 ? 0 : r + 4 * (row * (H + K) + first);
                    if (w == 0) {
                        Memory.copy(x, result, 4L * count * D);
                    } else {
                        kernels.norm().rms(result, kept, x, w, 0, each ? count : 1, each ? D : count * D, heads.epsilon());
                    }
                }
            }
            if (cosSin != 0) {
                Rotation.turn(to, out, to, out, cosSin, p, a, b, H + K, D, ropeWidth, heads.interleaved());
            }
        });
    }

    /// Whether the weights of head norms are one for each head, rather than for a whole projection.
    private static boolean eachHead(Tensor qWeight, Tensor kWeight, Heads heads) {
        int H = heads.queries(), K = heads.keys(), D = heads.width();
        boolean each = qWeight != null && qWeight.elements() == D && kWeight.elements() == D;
        if (qWeight != null && !each) {
            require("heads", qWeight.elements() == (long) H * D && kWeight.elements() == (long) K * D, qWeight, kWeight);
        }
        return each;
    }

    @Override
    public void turnHeadsBackward(Tensor dQkv, Tensor dqWeight, Tensor dkWeight, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor rstd, Tensor dy, Tensor positions,
                                  Heads heads, int ropeWidth) {
        int in = heads.columns(), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        long n = positions.elements();
        require("heads gradient", dQkv.elements() == n * in && qkv.elements() == n * in && dy.elements() == n * out, qkv, positions, dy);
        boolean each = eachHead(qWeight, kWeight, heads);
        long to = dQkv.address(), from = qkv.address(), r = rstd.address(), g = dy.address(), p = positions.address(), cosSin = address(heads.cosSin());
        RowSums qSums = new RowSums(kernels, partials, n, each ? D : H * D, dqWeight), kSums = new RowSums(kernels, morePartials, n, each ? D : K * D, dkWeight);
        workers.forRange(n, SUMMED, (a, b) -> {
            if (cosSin != 0) {
                Rotation.turnBack(g, out, g, out, cosSin, p, a, b, H + K, D, ropeWidth, heads.interleaved());
            }
            for (long row = a; row < b; row++) {
                for (int part = 0; part < 2; part++) {
                    int count = part == 0 ? H : K, first = part * H;
                    long dx = to + 4 * (row * in + (long) first * D), x = from + 4 * (row * in + (long) first * D), d = g + 4 * (row * out + (long) first * D);
                    if (qWeight == null) {
                        Memory.copy(d, dx, 4L * count * D);
                        continue;
                    }
                    Memory.zero(dx, 4L * count * D);
                    kernels.norm().rmsBackward(dx, (part == 0 ? qSums : kSums).place(a), x, (part == 0 ? qWeight : kWeight).address(), r + 4 * (row * (H + K) + first), d,
                            0, each ? count : 1, each ? D : count * D);
                }
            }
        });
        qSums.addUp();
        kSums.addUp();
    }

    @Override
    public void headLayerNorm(Tensor y, Tensor mean, Tensor rstd, Tensor qkv, Tensor qWeight, Tensor kWeight, Heads heads) {
        int in = heads.columns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        require("head norm", width(qkv) == in && y.elements() == qkv.elements() && qWeight.elements() == (long) H * D && kWeight.elements() == (long) K * D, qkv, qWeight, kWeight);
        long x = qkv.address(), to = y.address(), m = address(mean), r = address(rstd), qw = qWeight.address(), kw = kWeight.address();
        workers.forRange(rows(qkv), ROWS, (a, b) -> {
            for (long row = a; row < b; row++) {
                for (int h = 0; h < H + K; h++) {
                    long at = 4 * (row * in + (long) h * D), kept = 4 * (row * (H + K) + h), w = h < H ? qw + 4L * h * D : kw + 4L * (h - H) * D;
                    kernels.norm().layer(to + at, m == 0 ? 0 : m + kept, r == 0 ? 0 : r + kept, x + at, w, 0, 0, 1, D, heads.epsilon());
                }
                if (to != x) {
                    Memory.copy(x + 4 * (row * in + (long) (H + K) * D), to + 4 * (row * in + (long) (H + K) * D), 4L * K * D);
                }
            }
        });
    }

    @Override
    public void headLayerNormBackward(Tensor dQkv, Tensor dqWeight, Tensor dkWeight, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor mean, Tensor rstd, Tensor dy,
                                      Heads heads) {
        int in = heads.columns(), H = heads.queries(), K = heads.keys(), D = heads.width(), n = rows(qkv);
        require("head norm gradient", width(qkv) == in && dQkv.elements() == qkv.elements() && dy.elements() == qkv.elements() && mean.elements() == (long) n * (H + K), qkv, dy);
        long to = dQkv.address(), from = qkv.address(), m = mean.address(), r = rstd.address(), g = dy.address(), qw = qWeight.address(), kw = kWeight.address();
        RowSums qSums = new RowSums(kernels, partials, n, H * D, dqWeight), kSums = new RowSums(kernels, morePartials, n, K * D, dkWeight);
        workers.forRange(n, SUMMED, (a, b) -> {
            long dq = qSums.place(a), dk = kSums.place(a);
            for (long row = a; row < b; row++) {
                Memory.zero(to + 4 * row * in, 4L * (H + K) * D);
                for (int h = 0; h < H + K; h++) {
                    long at = 4 * (row * in + (long) h * D), kept = 4 * (row * (H + K) + h), w = 4L * (h < H ? h : h - H) * D, dw = h < H ? dq : dk;
                    kernels.norm().layerBackward(to + at, dw == 0 ? 0 : dw + w, 0, from + at, (h < H ? qw : kw) + w, m + kept, r + kept, g + at, 0, 1, D);
                }
                Memory.copy(g + 4 * (row * in + (long) (H + K) * D), to + 4 * (row * in + (long) (H + K) * D), 4L * K * D);
            }
        });
        qSums.addUp();
        kSums.addUp();
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
    public void close() {
        partials.close();
        morePartials.close();
    }
}
