package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.Workers;

/// The product of two F32 matrices, with any strides: `C[i,j] = addend[i,j] + Σ_k A[i,k] · B[k,j]`.
///
/// A transpose is a pair of strides, so the three products of a linear layer `y = x · wᵀ` (x `[N,C]`, w `[F,C]`, y `[N,F]`) are
///
/// | product        | m, n, k | A strides (row, column) | B strides (row, column) |
/// |----------------|---------|-------------------------|-------------------------|
/// | `y  = x · wᵀ`  | N, F, C | C, 1                    | 1, C                    |
/// | `dx = dy · w`  | N, C, F | F, 1                    | C, 1                    |
/// | `dw = dyᵀ · x` | F, C, N | 1, F                    | C, 1                    |
///
/// One operand stride of each pair is normally 1; others are right but slow. The sum over k is carried out in one fixed order that
/// depends on k alone, and never shared between threads: the bits of `C[i,j]` depend neither on the number of threads nor on m and n.
///
/// An instance owns the memory its packed operands live in and serves one call at a time. Weights that stay the same over many calls
/// are better packed once: [PanelMatMul].
public interface MatMul extends AutoCloseable {
    /// The fast version where the Vector API is there, else the reference.
    static MatMul open() {
        return Switches.SCALAR || ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty() ? new Reference() : new MatMulSimd();
    }

    /// `C[i,j] = addend[i,j] + Σ_k A[i,k] · B[k,j]` for i < m, j < n. Strides count elements, addresses bytes.
    ///
    /// @param c       where C starts; its columns are contiguous and its rows `cRow` apart
    /// @param addend  added to the product: laid out as C, may be C itself (then the product is accumulated), 0 for nothing
    /// @param a       `A[i,k]` is at `a + 4·(i·aRow + k·aColumn)`; must not overlap C, nor may B
    /// @param b       `B[k,j]` is at `b + 4·(k·bRow + j·bColumn)`
    void multiply(Workers workers, long c, long cRow, long addend, int m, int n, int k,
                  long a, long aRow, long aColumn, long b, long bRow, long bColumn);

    /// The same product, with the same bits, on the calling thread only, in memory lent by the caller: for use inside a part of a job,
    /// by any number of threads at once.
    ///
    /// @param scratch [#scratchBytes] bytes, aligned to a cache line, whose contents are lost
    void multiplyAlone(long scratch, long c, long cRow, long addend, int m, int n, int k,
                       long a, long aRow, long aColumn, long b, long bRow, long bColumn);

    /// Bytes that [#multiplyAlone] needs for a product of this size.
    long scratchBytes(int m, int n, int k);

    @Override
    void close();

    /// Refuses sizes that no matrix has; addresses are the caller's word.
    static void check(long cRow, int m, int n, int k) {
        if (m < 0 || n < 0 || k < 0) {
            throw new IllegalArgumentException("matmul: m=" + m + ", n=" + n + ", k=" + k + "; none may be negative");
        }
        if (cRow < n) {
            throw new IllegalArgumentException("matmul: rows of C are " + cRow + " apart but " + n + " long; they would overlap");
        }
    }

    /// Three loops: the definition of correct.
    final class Reference implements MatMul {
        @Override
        public void multiply(Workers workers, long c, long cRow, long addend, int m, int n, int k,
                             long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
            check(cRow, m, n, k);
            workers.forRange(m, 16, (from, to) -> rows((int) from, (int) to, c, cRow, addend, n, k, a, aRow, aColumn, b, bRow, bColumn));
        }

        @Override
        public void multiplyAlone(long scratch, long c, long cRow, long addend, int m, int n, int k,
                                  long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
            check(cRow, m, n, k);
            rows(0, m, c, cRow, addend, n, k, a, aRow, aColumn, b, bRow, bColumn);
        }

        private static void rows(int from, int to, long c, long cRow, long addend, int n, int k,
                                 long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
            for (int i = from; i < to; i++) {
                for (int j = 0; j < n; j++) {
                    float sum = 0;
                    for (int p = 0; p < k; p++) {
                        sum += Memory.getFloat(a + 4 * (i * aRow + p * aColumn)) * Memory.getFloat(b + 4 * (p * bRow + j * bColumn));
                    }
                    long at = 4 * (i * cRow + j);
                    Memory.putFloat(c + at, addend == 0 ? sum : Memory.getFloat(addend + at) + sum);
                }
            }
        }

        @Override
        public long scratchBytes(int m, int n, int k) {
            return 0;
        }

        @Override
        public void close() {
        }
    }
}
