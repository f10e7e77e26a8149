package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Operands.require;
import static dev.jackdaw.tensor.Operands.rows;
import static dev.jackdaw.tensor.Operands.width;

import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.CachedText;
import dev.jackdaw.tensor.kernel.Kernels;
import dev.jackdaw.tensor.kernel.Rotation;

/// [LatentOperations] on the CPU: checks shapes, cuts the work into pieces of fixed size.
final class CpuLatentOperations implements LatentOperations, AutoCloseable {
    private static final int ROWS = 16;
    private static final int SUMMED = RowSums.ROWS;

    private final Workers workers;
    private final Kernels kernels;
    private final CpuAttention attention;
    private final Scratch folded = new Scratch();
    private final Scratch partials = new Scratch();

    CpuLatentOperations(Workers workers, Kernels kernels, CpuAttention attention) {
        this.workers = workers;
        this.kernels = kernels;
        this.attention = attention;
    }

    long scratchBytes() {
        return folded.size() + partials.size();
    }

    @Override
    public void attention(Tensor y, Tensor q, Tensor latent, Tensor norm, Tensor project, Tensor positions, CachedText[] texts, int layer, Latent s) {
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
    public void norm(Tensor y, Tensor rstd, Tensor latent, Tensor norm, float epsilon) {
        int rank = width(y), D = width(latent), n = rows(latent);
        require("latent norm", rows(y) == n && rank <= D && norm.elements() == rank && rstd.elements() == n, latent, norm, y);
        long to = y.address(), r = rstd.address(), from = latent.address(), w = norm.address();
        workers.forRange(n, ROWS, (a, b) -> {
            for (long row = a; row < b; row++) {
                kernels.norm().rms(to + 4 * row * rank, r + 4 * row, from + 4 * row * D, w, 0, 1, rank, epsilon);
            }
        });
    }

    @Override
    public void normBackward(Tensor dLatent, Tensor dNorm, Tensor latent, Tensor norm, Tensor rstd, Tensor dy) {
        int rank = width(dy), D = width(latent), n = rows(latent);
        require("latent norm gradient", rows(dy) == n && rank <= D && dLatent.elements() == latent.elements() && norm.elements() == rank, latent, norm, dy);
        long to = dLatent.address(), r = rstd.address(), from = latent.address(), w = norm.address(), g = dy.address();
        RowSums sums = new RowSums(kernels, partials, n, rank, dNorm);
        workers.forRange(n, SUMMED, (a, b) -> {
            for (long row = a; row < b; row++) {
                Memory.zero(to + 4 * row * D, 4L * rank);
                kernels.norm().rmsBackward(to + 4 * row * D, sums.place(a), from + 4 * row * D, w, r + 4 * row, g + 4 * row * rank, 0, 1, rank);
            }
        });
        sums.addUp();
    }

    @Override
    public void heads(Tensor qk, Tensor v, Tensor q, Tensor latent, Tensor kv, Tensor positions, Latent s) {
        int n = rows(q), H = s.heads(), P = s.plain(), R = s.turned(), V = s.value(), D = s.width(), rank = s.rank();
        require("latent heads", width(q) == H * (P + R) && width(latent) == rank + R && width(kv) == H * (P + V) && width(qk) == 2 * H * D && width(v) == H * D, q, latent, kv, qk);
        long to = qk.address(), values = v.address(), qa = q.address(), la = latent.address(), kva = kv.address(), p = positions.address(), cosSin = s.cosSin().address();
        workers.forRange(n, ROWS, (a, b) -> {
            Memory.zero(to + 8 * a * H * D, 8 * (b - a) * H * D);
            Memory.zero(values + 4 * a * H * D, 4 * (b - a) * H * D);
            for (long row = a; row < b; row++) {
                for (int h = 0; h < H; h++) {
                    long query = to + 4 * (row * 2 * H * D + (long) h * D), key = query + 4L * H * D, both = kva + 4 * (row * H * (P + V) + (long) h * (P + V));
                    Memory.copy(qa + 4 * (row * H * (P + R) + (long) h * (P + R)), query, 4L * (P + R));
                    Memory.copy(both, key, 4L * P);
                    Memory.copy(la + 4 * (row * (rank + R) + rank), key + 4L * P, 4L * R);
                    Memory.copy(both + 4L * P, values + 4 * (row * H * D + (long) h * D), 4L * V);
                }
            }
            for (int h = 0; h < 2 * H; h++) {
                long turned = to + 4L * (h * D + P);
                Rotation.turn(turned, 2L * H * D, turned, 2L * H * D, cosSin, p, a, b, 1, R, R, s.neighbours());
            }
        });
    }

    @Override
    public void headsBackward(Tensor dq, Tensor dLatent, Tensor dKv, Tensor dQk, Tensor dv, Tensor positions, Latent s) {
        int n = rows(dq), H = s.heads(), P = s.plain(), R = s.turned(), V = s.value(), D = s.width(), rank = s.rank();
        require("latent heads gradient", width(dq) == H * (P + R) && width(dLatent) == rank + R && width(dKv) == H * (P + V) && width(dQk) == 2 * H * D && width(dv) == H * D, dq, dKv, dQk);
        long from = dQk.address(), values = dv.address(), qa = dq.address(), la = dLatent.address(), kva = dKv.address(), p = positions.address(), cosSin = s.cosSin().address();
        workers.forRange(n, ROWS, (a, b) -> {
            for (int h = 0; h < 2 * H; h++) {
                long turned = from + 4L * (h * D + P);
                Rotation.turnBack(turned, 2L * H * D, turned, 2L * H * D, cosSin, p, a, b, 1, R, R, s.neighbours());
            }
            for (long row = a; row < b; row++) {
                long shared = la + 4 * (row * (rank + R) + rank);
                Memory.zero(shared, 4L * R);
                for (int h = 0; h < H; h++) {
                    long query = from + 4 * (row * 2 * H * D + (long) h * D), key = query + 4L * H * D, both = kva + 4 * (row * H * (P + V) + (long) h * (P + V));
                    Memory.copy(query, qa + 4 * (row * H * (P + R) + (long) h * (P + R)), 4L * (P + R));
                    Memory.copy(key, both, 4L * P);
                    kernels.elementwise().add(shared, key + 4L * P, 0, R);
                    Memory.copy(values + 4 * (row * H * D + (long) h * D), both + 4L * P, 4L * V);
                }
            }
        });
    }

    @Override
    public void cutHeads(Tensor y, Tensor x, int heads) {
        cut(y, x, heads, false);
    }

    @Override
    public void cutHeadsBackward(Tensor dx, Tensor dy, int heads) {
        cut(dy, dx, heads, true);
    }

    private void cut(Tensor narrow, Tensor wide, int heads, boolean back) {
        long n = rows(narrow), V = width(narrow) / heads, D = width(wide) / heads, small = narrow.address(), large = wide.address();
        require("cut heads", n == rows(wide) && V <= D && width(narrow) == V * heads && width(wide) == D * heads, wide, narrow);
        workers.forRange(n * heads, ROWS, (a, b) -> {
            for (long i = a; i < b; i++) {
                if (back) {
                    Memory.copy(small + 4 * i * V, large + 4 * i * D, 4 * V);
                    Memory.zero(large + 4 * (i * D + V), 4 * (D - V));
                } else {
                    Memory.copy(large + 4 * i * D, small + 4 * i * V, 4 * V);
                }
            }
        });
    }

    @Override
    public void close() {
        folded.close();
        partials.close();
    }
}
