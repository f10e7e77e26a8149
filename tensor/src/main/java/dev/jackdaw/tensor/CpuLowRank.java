package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Operands.address;
import static dev.jackdaw.tensor.Operands.require;
import static dev.jackdaw.tensor.Operands.rows;
import static dev.jackdaw.tensor.Operands.width;

import dev.jackdaw.tensor.kernel.MatMul;

/// [LowRankOperations] on the CPU: products go to the [MatMul], the rest are plain loops over rows or columns.
final class CpuLowRank implements LowRankOperations {
    /// Rows in one piece of row-wise work.
    private static final int ROWS = 64;
    /// Columns in one piece of column-wise work: a cache line of each row at least.
    private static final int COLUMNS = 64;

    private final Workers workers;
    private final MatMul matMul;

    CpuLowRank(Workers workers, MatMul matMul) {
        this.workers = workers;
        this.matMul = matMul;
    }

    @Override
    public void outer(Tensor y, long column, Tensor z, Tensor b) {
        int N = width(z), F = width(b), r = rows(b), width = width(y);
        require("low-rank change", rows(z) == r && rows(y) == N && column + F <= width, y, z, b);
        long to = y.address() + 4 * column;
        matMul.multiply(workers, to, width, to, N, F, r, z.address(), 1, N, b.address(), F, 1);
    }

    @Override
    public void outerBackward(Tensor dz, Tensor db, Tensor dy, long column, Tensor z, Tensor b, boolean accumulate) {
        int N = width(z), F = width(b), r = rows(b), width = width(dy);
        require("gradient of a low-rank change", rows(z) == r && rows(dy) == N && column + F <= width && dz.elements() == z.elements() && db.elements() == b.elements(), dy, z, b);
        long from = dy.address() + 4 * column;
        matMul.multiply(workers, dz.address(), N, 0, r, N, F, b.address(), F, 1, from, 1, width);
        matMul.multiply(workers, db.address(), F, accumulate ? db.address() : 0, r, F, N, z.address(), N, 1, from, width, 1);
    }

    @Override
    public void innerBackward(Tensor dx, Tensor da, Tensor dz, Tensor x, Tensor a, boolean accumulate) {
        int N = width(dz), C = width(x), R = rows(dz);
        require("gradient of a low-rank change", rows(x) == N && rows(a) == R && width(a) == C && da.elements() == a.elements() && (dx == null || dx.elements() == x.elements()), x, dz, a);
        matMul.multiply(workers, da.address(), C, accumulate ? da.address() : 0, R, C, N, dz.address(), N, 1, x.address(), C, 1);
        if (dx != null) {
            matMul.multiply(workers, dx.address(), C, dx.address(), N, C, R, dz.address(), 1, N, a.address(), C, 1);
        }
    }

    @Override
    public void dropout(Tensor y, Tensor x, float share, long seed, long pass, boolean add) {
        require("dropout", y.elements() == x.elements() && share >= 0 && share < 1, y, x);
        long to = y.address(), from = x.address(), limit = (long) (share * 0x1p32), start = mix(seed ^ mix(pass));
        float factor = 1 / (1 - share);
        workers.forRange(x.elements(), 1 << 14, (first, end) -> {
            for (long i = first; i < end; i++) {
                float kept = mix(start + i) >>> 32 < limit ? 0 : factor * getFloat(from + 4 * i);
                putFloat(to + 4 * i, add ? getFloat(to + 4 * i) + kept : kept);
            }
        });
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014): neighbours come out as if by chance.
    private static long mix(long z) {
        z *= 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    @Override
    public void scaleColumns(Tensor y, Tensor x, Tensor factors, Tensor residual) {
        int F = width(x);
        require("scaled columns", y.elements() == x.elements() && factors.elements() == F && (residual == null || residual.elements() == y.elements()), y, x, factors);
        long to = y.address(), from = x.address(), by = factors.address(), plus = address(residual);
        workers.forRange(rows(x), ROWS, (first, end) -> {
            for (long n = first; n < end; n++) {
                long row = 4 * n * F;
                for (int f = 0; f < F; f++) {
                    long at = row + 4L * f;
                    float product = getFloat(from + at) * getFloat(by + 4L * f);
                    putFloat(to + at, plus == 0 ? product : product + getFloat(plus + at));
                }
            }
        });
    }

    @Override
    public void norms(Tensor factors, Tensor inverse, long row, Tensor magnitude, Tensor squares, Tensor along, Tensor gram, long rank, Tensor b, float scale) {
        int F = width(b), r = rows(b), R = rows(gram), all = width(along);
        require("norms of changed rows", magnitude.elements() == F && row + F <= squares.elements() && squares.elements() == all && rank + r <= R && rows(along) == R, along, gram, b);
        workers.forRange(F, COLUMNS, (first, end) -> {
            for (long f = first; f < end; f++) {
                double linear = 0, square = 0;
                for (int i = 0; i < r; i++) {
                    double bi = getFloat(b.address() + 4 * ((long) i * F + f));
                    linear += bi * getFloat(along.address() + 4 * ((rank + i) * all + row + f));
                    double g = 0;
                    for (int j = 0; j < r; j++) {
                        g += (double) getFloat(gram.address() + 4 * ((rank + i) * R + rank + j)) * getFloat(b.address() + 4 * ((long) j * F + f));
                    }
                    square += bi * g;
                }
                double norm = Math.sqrt(Math.max(0, getFloat(squares.address() + 4 * (row + f)) + scale * (2 * linear + scale * square)));
                double one = norm == 0 ? 0 : 1 / norm;
                putFloat(inverse.address() + 4 * (row + f), (float) one);
                putFloat(factors.address() + 4 * (row + f), (float) (one * getFloat(magnitude.address() + 4 * f)));
            }
        });
    }

    @Override
    public void magnitudeBackward(Tensor dMagnitude, Tensor dy, Tensor product, Tensor inverse, long column) {
        long F = dMagnitude.elements(), width = width(dy), N = rows(dy);
        require("gradient of magnitudes", product.elements() == dy.elements() && column + F <= width && inverse.elements() == width, dMagnitude, dy, product);
        long to = dMagnitude.address(), d = dy.address() + 4 * column, u = product.address() + 4 * column, by = inverse.address() + 4 * column;
        workers.forRange(F, COLUMNS, (first, end) -> {
            float[] sums = new float[COLUMNS];
            for (long n = 0; n < N; n++) {
                for (long f = first; f < end; f++) {
                    long at = 4 * (n * width + f);
                    sums[(int) (f - first)] += getFloat(d + at) * getFloat(u + at);
                }
            }
            for (long f = first; f < end; f++) {
                putFloat(to + 4 * f, getFloat(to + 4 * f) + sums[(int) (f - first)] * getFloat(by + 4 * f));
            }
        });
    }
}
