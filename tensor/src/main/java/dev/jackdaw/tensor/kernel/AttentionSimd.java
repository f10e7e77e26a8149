package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.AttentionSoftmax.LOG2E;
import static dev.jackdaw.tensor.kernel.AttentionSoftmax.NONE;
import static dev.jackdaw.tensor.kernel.AttentionTiles.L;
import static dev.jackdaw.tensor.kernel.AttentionTiles.WIDE;
import static dev.jackdaw.tensor.kernel.AttentionTiles.next;
import static dev.jackdaw.tensor.kernel.AttentionTiles.padded;
import static dev.jackdaw.tensor.kernel.AttentionTiles.up;

import dev.jackdaw.tensor.Memory;

/// The Vector API version of [Attention], tile by tile (FlashAttention-2, Dao 2023, arXiv:2307.08691).
///
/// A tile is [#QUERIES] query rows by [AttentionTiles#WIDE] keys. Scores have keys in lanes: the keys of a unit are transposed once, into
/// panels `[D][WIDE]`, and shared by all its queries and query heads. Every other product then reads what it needs as it lies: out += P·V
/// and dQ += dS·K have components in lanes and take rows of V and K; dV += Pᵗ·dOut and dK += dSᵗ·Q broadcast columns of the tile. So the
/// backward pass transposes K and V, and nothing else. Four rows at a time end at their last visible key, so the diagonal tiles cost
/// about half of a whole one.
///
/// GFLOP/s of one core at B=16, D=64, forward / backward, counting only what is not masked; Zen 5, 512 bits, peak 252. `AttentionTiming`
/// among the tests measures it.
///
/// | version | idea                                                                          | T=256, H=K=6 | T=1024, H=4, K=2 |
/// |---------|-------------------------------------------------------------------------------|--------------|------------------|
/// | simd 1  | tiles of 4 rows by 4 vectors; their sums landed on the heap                   | 49 / 57      | 64 / 79          |
/// | simd 2  | loads and stores written out: helpers passed the inlining limit of C2         | 96 / 118     | 149 / 187        |
/// | simd 3  | squares of 16 transposed in registers; largest score sought only when needed  | 114 / 144    | 172 / 193        |
public final class AttentionSimd implements Attention {
    /// Rows of a tile. With 64 keys, a tile of scores is 16 KB and stays in the first-level cache beside a panel of keys.
    private static final int QUERIES = 64;

    @Override
    public long scratchBytes(Dims dims) {
        long Tp = up(dims.T(), WIDE), Dp = padded(dims.D());
        long panels = Tp * dims.D(), rows = Tp * Dp, tile = QUERIES * WIDE, queryRows = QUERIES * Dp;
        long forward = panels + rows + tile + queryRows + QUERIES + QUERIES * L;
        long backward = 2 * panels + 3 * rows + 2 * tile + 3 * queryRows + QUERIES + WIDE;
        return 4 * Math.max(forward, backward) + 16 * Memory.ALIGNMENT;
    }

    @Override
    public void forward(Dims dims, long out, long outStride, long lse, long q, long qStride, long k, long kStride, long v, long vStride,
                        long scratch, int unit) {
        int T = dims.T(), D = dims.D(), Dp = padded(D), b = unit / dims.K(), kh = unit % dims.K();
        long Tp = up(T, WIDE), first = b * (long) T;
        long keys = scratch;                                        // [Tp/WIDE][D][WIDE]
        long values = next(keys, Tp * D);                           // [Tp][Dp]
        long s = next(values, Tp * Dp);                             // [QUERIES][WIDE] scores, then weights
        long o = next(s, QUERIES * WIDE);                           // [QUERIES][Dp] out, not yet divided by the sum of the weights
        long base = next(o, (long) QUERIES * Dp);                   // [QUERIES] of the weights, a score
        long sum = next(base, QUERIES);                              // [QUERIES][L] of the weights so far, one partial sum a lane
        float scale = dims.softcap() == 0 ? dims.scale() : 1, c = scale * LOG2E;     // of what the tile holds when it goes through the softmax

        panels(keys, k + 4 * (first * kStride + (long) kh * D), kStride, T, D);
        AttentionRows.copyRows(values, v + 4 * (first * vStride + (long) kh * D), vStride, T, D);
        for (int h = kh * dims.group(); h < (kh + 1) * dims.group(); h++) {
            for (int q0 = 0; q0 < T; q0 += QUERIES) {
                int n = Math.min(QUERIES, T - q0);
                long qRows = q + 4 * ((first + q0) * qStride + (long) h * D);
                AttentionRows.zero(o, (long) QUERIES * Dp);
                AttentionRows.zero(sum, QUERIES * L);
                for (int r = 0; r < n; r++) {
                    putFloat(base + 4L * r, NONE);
                }
                for (int j0 = dims.firstKey(b, q0) / WIDE * WIDE; j0 < q0 + n; j0 += WIDE) {
                    products(dims, b, s, qRows, qStride, keys + 4L * j0 * D, q0, n, j0);
                    for (int r = 0; r < n; r++) {
                        int vectors = vectors(dims, b, q0 + (r & -4), j0);
                        if (vectors > 0) {
                            long row = s + 4L * r * WIDE;
                            cap(dims, row, vectors);
                            hide(dims, b, row, vectors, q0 + r, j0);
                            AttentionSoftmax.softmax(row, vectors, Math.max(0, dims.firstKey(b, q0 + r) - j0), c, base + 4L * r, sum + 4L * r * L, o + 4L * r * Dp, Dp / L);
                        }
                    }
                    addProducts(dims, b, o, s, values + 4L * j0 * Dp, q0, n, j0);
                }
                long outRows = out + 4 * ((first + q0) * outStride + (long) h * D);
                for (int r = 0; r < n; r++) {
                    float total = AttentionRows.sum(sum + 4L * r * L);
                    AttentionRows.writeRow(outRows + 4 * r * outStride, o + 4L * r * Dp, D, 1 / total);
                    double logSumExp = (double) scale * getFloat(base + 4L * r) + Math.log(total);
                    putFloat(lse + 4 * ((b * (long) dims.H() + h) * T + q0 + r), (float) logSumExp);
                }
            }
        }
    }

    @Override
    public void backward(Dims dims, long dq, long dqStride, long dk, long dkStride, long dv, long dvStride, long dOut, long dOutStride,
                         long out, long outStride, long lse, long q, long qStride, long k, long kStride, long v, long vStride,
                         long scratch, int unit) {
        int T = dims.T(), D = dims.D(), Dp = padded(D), b = unit / dims.K(), kh = unit % dims.K();
        long Tp = up(T, WIDE), first = b * (long) T;
        long keyPanels = scratch;                                   // [Tp/WIDE][D][WIDE]
        long valuePanels = next(keyPanels, Tp * D);                 // [Tp/WIDE][D][WIDE]
        long keys = next(valuePanels, Tp * D);                      // [Tp][Dp]
        long dKeys = next(keys, Tp * Dp);                           // [Tp][Dp], dk but for the factor scale
        long dValues = next(dKeys, Tp * Dp);                        // [Tp][Dp]
        long s = next(dValues, Tp * Dp);                            // [QUERIES][WIDE] scores, then weights
        long ds = next(s, QUERIES * WIDE);                          // [QUERIES][WIDE] dp, then ds
        long queries = next(ds, QUERIES * WIDE);                    // [QUERIES][Dp]
        long dOuts = next(queries, (long) QUERIES * Dp);            // [QUERIES][Dp]
        long dQueries = next(dOuts, (long) QUERIES * Dp);           // [QUERIES][Dp], dq but for the factor scale
        long delta = next(dQueries, (long) QUERIES * Dp);           // [QUERIES]
        long capped = next(delta, QUERIES);                         // [WIDE] a row of scores
        float c = (dims.softcap() == 0 ? dims.scale() : 1) * LOG2E;

        panels(keyPanels, k + 4 * (first * kStride + (long) kh * D), kStride, T, D);
        panels(valuePanels, v + 4 * (first * vStride + (long) kh * D), vStride, T, D);
        AttentionRows.copyRows(keys, k + 4 * (first * kStride + (long) kh * D), kStride, T, D);
        AttentionRows.zero(dKeys, Tp * Dp);
        AttentionRows.zero(dValues, Tp * Dp);
        for (int h = kh * dims.group(); h < (kh + 1) * dims.group(); h++) {
            for (int q0 = 0; q0 < T; q0 += QUERIES) {
                int n = Math.min(QUERIES, T - q0);
                AttentionRows.copyRows(dQueries, out + 4 * ((first + q0) * outStride + (long) h * D), outStride, n, D);   // out, for a moment
                AttentionRows.copyRows(dOuts, dOut + 4 * ((first + q0) * dOutStride + (long) h * D), dOutStride, n, D);
                AttentionRows.dots(delta, dOuts, dQueries, n, Dp);
                AttentionRows.copyRows(queries, q + 4 * ((first + q0) * qStride + (long) h * D), qStride, n, D);
                AttentionRows.zero(dQueries, (long) QUERIES * Dp);
                long lseRow = lse + 4 * ((b * (long) dims.H() + h) * T + q0);
                for (int j0 = dims.firstKey(b, q0) / WIDE * WIDE; j0 < q0 + n; j0 += WIDE) {
                    products(dims, b, s, queries, Dp, keyPanels + 4L * j0 * D, q0, n, j0);
                    products(dims, b, ds, dOuts, Dp, valuePanels + 4L * j0 * D, q0, n, j0);
                    for (int r = 0; r < n; r++) {
                        int vectors = vectors(dims, b, q0 + (r & -4), j0);
                        if (vectors > 0) {
                            long row = 4L * r * WIDE;
                            if (cap(dims, s + row, vectors)) {
                                Memory.copy(s + row, capped, 4L * vectors * L);
                            }
                            hide(dims, b, s + row, vectors, q0 + r, j0);
                            AttentionSoftmax.softmaxBackward(s + row, ds + row, vectors, c, getFloat(lseRow + 4L * r) * LOG2E, getFloat(delta + 4L * r));
                            if (dims.softcap() > 0) {
                                AttentionSoftmax.capBackward(ds + row, capped, vectors, dims.softcap());
                            }
                        }
                    }
                    addProducts(dims, b, dQueries, ds, keys + 4L * j0 * Dp, q0, n, j0);
                    addTransposedProducts(dims, b, dValues + 4L * j0 * Dp, s, dOuts, q0, n, j0);
                    addTransposedProducts(dims, b, dKeys + 4L * j0 * Dp, ds, queries, q0, n, j0);
                }
                AttentionRows.writeRows(dq + 4 * ((first + q0) * dqStride + (long) h * D), dqStride, dQueries, n, D, dims.scale());
            }
        }
        AttentionRows.writeRows(dk + 4 * (first * dkStride + (long) kh * D), dkStride, dKeys, T, D, dims.scale());
        AttentionRows.writeRows(dv + 4 * (first * dvStride + (long) kh * D), dvStride, dValues, T, D, 1);
    }

    /// How many vectors of the keys from `j0` four queries from `t` see: 0 to 4. The rest of the tile is neither computed nor read.
    private static int vectors(Dims dims, int b, int t, int j0) {
        if (t + 3 < j0 || dims.firstKey(b, t) >= j0 + WIDE) {
            return 0;
        }
        return Math.min(4, (t + 3 - j0) / L + 1);
    }

    private static boolean cap(Dims dims, long row, int vectors) {
        if (dims.softcap() > 0) {
            AttentionSoftmax.cap(row, vectors, dims.scale() / dims.softcap(), dims.softcap());
        }
        return dims.softcap() > 0;
    }

    /// Hides the keys that query `t` does not see, if there are any among `vectors` vectors from `j0`.
    private static void hide(Dims dims, int b, long row, int vectors, int t, int j0) {
        int from = dims.firstKey(b, t) - j0, to = t + 1 - j0;
        if (from > 0 || to < vectors * L) {
            AttentionSoftmax.hide(row, vectors, from, to);
        }
    }

    /// tile[r,j] = Σ_d rows[r,d] · panel[d,j]: scores from queries and keys, dp from dOut and values.
    private static void products(Dims dims, int b, long tile, long rows, long stride, long panel, int q0, int n, int j0) {
        for (int r = 0; r < n; r += 4) {
            int vectors = vectors(dims, b, q0 + r, j0);
            if (vectors > 0) {
                AttentionTiles.fourRows(tile + 4L * r * WIDE, 4L * WIDE, vectors * L, rows + 4 * r * stride, 4 * stride, 4, Math.min(4, n - r),
                        panel, 4L * WIDE, dims.D(), false);
            }
        }
    }

    /// sums[r,d] += Σ_j tile[r,j] · rows[j,d] over the keys j that are seen: out from weights and values, dq from ds and keys.
    private static void addProducts(Dims dims, int b, long sums, long tile, long rows, int q0, int n, int j0) {
        int Dp = padded(dims.D());
        for (int r = 0; r < n; r += 4) {
            if (vectors(dims, b, q0 + r, j0) > 0) {
                int last = Math.min(WIDE, q0 + Math.min(r + 4, n) - j0);
                AttentionTiles.fourRows(sums + 4L * r * Dp, 4L * Dp, Dp, tile + 4L * r * WIDE, 4L * WIDE, 4, Math.min(4, n - r), rows, 4L * Dp,
                        last, true);
            }
        }
    }

    /// sums[j,d] += Σ_r tile[r,j] · rows[r,d] over the queries r that see j: dv from weights and dOut, dk from ds and queries.
    private static void addTransposedProducts(Dims dims, int b, long sums, long tile, long rows, int q0, int n, int j0) {
        int Dp = padded(dims.D()), seen = n;          // rows that see none of these keys were not computed; they are the last ones
        while (seen > 0 && dims.firstKey(b, q0 + (seen - 1 & -4)) >= j0 + WIDE) {
            seen = seen - 1 & -4;
        }
        for (int j = 0; j < WIDE && j0 + j < q0 + n; j += 4) {
            int from = Math.max(0, j0 + j - q0);
            int to = dims.window() == 0 ? seen : Math.min(seen, j0 + j + 3 + dims.window() - q0);
            if (from < to) {
                AttentionTiles.fourRows(sums + 4L * j * Dp, 4L * Dp, Dp, tile + 4L * (from * WIDE + j), 4, 4L * WIDE, 4, rows + 4L * from * Dp,
                        4L * Dp, to - from, true);
            }
        }
    }

    private static void panels(long to, long rows, long stride, int T, int D) {
        for (int j0 = 0; j0 < T; j0 += WIDE) {
            AttentionRows.transpose(to + 4L * j0 * D, rows + 4 * j0 * stride, stride, Math.min(WIDE, T - j0), D);
        }
    }
}
