package dev.jackdaw.tensor;

import static dev.jackdaw.tensor.Operands.address;
import static dev.jackdaw.tensor.Operands.requireInput;
import static dev.jackdaw.tensor.Operands.rows;
import static dev.jackdaw.tensor.Operands.width;

import dev.jackdaw.tensor.kernel.Attention;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.AttentionSinks;
import dev.jackdaw.tensor.kernel.CachedAttention;
import dev.jackdaw.tensor.kernel.CachedText;
import dev.jackdaw.tensor.kernel.HeadRule;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.Kernels;
import dev.jackdaw.tensor.kernel.MatMul;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.LongFunction;

/// The CPU as a [Device]: checks shapes, cuts the work into pieces of fixed size, and hands them to the [Workers].
///
/// Pieces depend on shapes alone, never on the number of threads. Where pieces contribute to one sum (the weight gradient of a norm),
/// each has a place of its own and the places are added up in order. So the bits are the same at any number of threads.
final class Cpu implements Device {
    /// Rows in one piece of row-wise work: enough to pay for handing it out, few enough to stay in the L2 cache.
    private static final int ROWS = 64;
    /// Numbers in a piece of row-wise work that is worth sharing out.
    private static final int GRAIN = 1 << 14;
    /// Numbers in one piece of element-wise work.
    static final int ELEMENTS = 1 << 16;

    private final Workers workers;
    private final Kernels kernels;
    private final MatMul matMul;
    private final Activations activations;
    private final Scratch perWorker = new Scratch();
    private final Scratch partials = new Scratch();
    private final CpuPackedProducts products;
    private final CpuCrossEntropy crossEntropy;
    private final CpuAttention cachedAttention;
    private final CpuFamilyOperations families;
    private final CpuLatentOperations latent;
    private final CpuLowRank lowRank;
    private double[] sums = new double[64];

    Cpu(int threads, Activations activations) {
        this.activations = activations;
        workers = Workers.of(threads);
        kernels = Kernels.choose();
        matMul = MatMul.open();
        products = new CpuPackedProducts(workers, matMul, activations);
        crossEntropy = new CpuCrossEntropy(workers, kernels, matMul, products);
        cachedAttention = new CpuAttention(workers, CachedAttention.fastest(kernels.cachedAttention()));
        families = new CpuFamilyOperations(workers, kernels);
        latent = new CpuLatentOperations(workers, kernels, cachedAttention);
        lowRank = new CpuLowRank(workers, matMul);
    }

    @Override
    public String description() {
        return "CPU, " + workers.threads() + (workers.threads() == 1 ? " thread, " : " threads, ") + kernels.name() + ", machine code: "
                + MachineCode.current().description() + (activations == Activations.Q8 ? ", activations of eight bits" : "");
    }

    @Override
    public int threads() {
        return workers.threads();
    }

    @Override
    public void embedding(Tensor y, Tensor table, Tensor ids) {
        int width = width(table);
        requireInput("embedding", y.elements() == ids.elements() * width, y, "table", table, "ids", ids);
        long from = table.address(), to = y.address(), rows = ids.address();
        workers.forRange(ids.elements(), ROWS, (a, b) -> kernels.embedding().forward(to, from, rows, a, b, width));
    }

    @Override
    public void embeddingBackward(Tensor dTable, Tensor dy, Tensor ids) {
        int width = width(dTable);
        requireInput("embedding gradient", dy.elements() == ids.elements() * width, dy, "table", dTable, "ids", ids);
        long table = dTable.address(), from = dy.address(), rows = ids.address(), n = ids.elements();
        workers.forRange(width, 64, (a, b) -> kernels.embedding().backward(table, from, rows, n, width, (int) a, (int) b));
    }

    @Override
    public void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor weight, float epsilon) {
        int width = width(x);
        requireInput("norm", y.elements() == x.elements() && weight.elements() == width, x, "weight", weight, "result", y);
        long to = y.address(), r = address(rstd), from = x.address(), w = weight.address(), n = x.shape().rows();
        if (n <= grain(width)) {                 // one piece; while writing text this happens in every operation, so nothing is allocated for it
            kernels.norm().rms(to, r, from, w, 0, n, width, epsilon);
            return;
        }
        workers.forRange(n, grain(width), (a, b) -> kernels.norm().rms(to, r, from, w, a, b, width, epsilon));
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dWeight, Tensor x, Tensor weight, Tensor rstd, Tensor dy) {
        int width = width(x);
        requireInput("norm gradient", dy.elements() == x.elements() && dx.elements() == x.elements() && weight.elements() == width, x, "weight", weight, "dy", dy);
        long d = dx.address(), from = x.address(), w = weight.address(), r = rstd.address(), g = dy.address();
        int pieces = pieces(x.shape().rows());
        long places = zeroed(partials, (long) pieces * width);
        workers.forRange(x.shape().rows(), ROWS, (a, b) ->
                kernels.norm().rmsBackward(d, places + 4 * (a / ROWS) * width, from, w, r, g, a, b, width));
        if (dWeight != null) {
            addUp(dWeight.address(), places, pieces, width);
        }
    }

    @Override
    public void linear(Tensor y, Tensor x, Tensor w, Tensor residual) {
        int m = rows(x), k = width(x), n = rows(w);
        if (width(w) != k) {
            throw new IllegalArgumentException("linear: input " + x.shape() + " does not match weight " + w.shape() + "; the last dimensions must agree");
        }
        requireInput("linear", y.elements() == (long) m * n && (residual == null || residual.elements() == y.elements()), x, "weight", w, "result", y);
        matMul.multiply(workers, y.address(), n, address(residual), m, n, k, x.address(), k, 1, w.address(), 1, k);
    }

    @Override
    public void linearBackward(Tensor dx, boolean addToDx, Tensor dw, Tensor x, Tensor w, Tensor dy, boolean accumulate) {
        int m = rows(x), k = width(x), n = rows(w);
        requireInput("linear gradient", dy.elements() == (long) m * n && dx.elements() == x.elements() && (dw == null || dw.elements() == w.elements()), x, "weight", w, "dy", dy);
        matMul.multiply(workers, dx.address(), k, addToDx ? dx.address() : 0, m, k, n, dy.address(), n, 1, w.address(), k, 1);
        if (dw != null) {
            matMul.multiply(workers, dw.address(), k, accumulate ? dw.address() : 0, n, k, m, dy.address(), 1, n, x.address(), k, 1);
        }
    }

    @Override
    public void matmul(Tensor c, Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
        int aRows = rows(a), aWidth = width(a), bRows = rows(b), bWidth = width(b);
        int m = transposeA ? aWidth : aRows, k = transposeA ? aRows : aWidth, n = transposeB ? bRows : bWidth;
        requireInput("matmul", k == (transposeB ? bWidth : bRows) && c.elements() == (long) m * n, a, "b", b, "c", c);
        matMul.multiply(workers, c.address(), n, 0, m, n, k, a.address(), transposeA ? 1 : aWidth, transposeA ? aWidth : 1,
                b.address(), transposeB ? 1 : bWidth, transposeB ? bWidth : 1);
    }

    @Override
    public void qkNormRope(Tensor y, Tensor rstd, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor positions, Heads heads) {
        int in = heads.columns(), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        long n = positions.elements();
        requireInput("qk-norm and rope", qkv.elements() == n * in && y.elements() == n * out, qkv, "positions", positions, "result", y);
        long to = y.address(), r = address(rstd), from = qkv.address(), qw = address(qWeight), kw = address(kWeight), p = positions.address();
        long cosSin = address(heads.cosSin());
        var kernel = kernels.qkNormRope();
        if (n <= grain(out)) {
            kernel.forward(to, out, r, from, in, qw, cosSin, p, 0, n, H, D, heads.epsilon(), heads.interleaved());
            kernel.forward(to + 4L * H * D, out, r == 0 ? 0 : r + 4 * n * H, from + 4L * H * D, in, kw, cosSin, p, 0, n, K, D, heads.epsilon(), heads.interleaved());
            return;
        }
        workers.forRange(n, grain(out), (a, b) -> {
            kernel.forward(to, out, r, from, in, qw, cosSin, p, a, b, H, D, heads.epsilon(), heads.interleaved());
            kernel.forward(to + 4L * H * D, out, r == 0 ? 0 : r + 4 * n * H, from + 4L * H * D, in, kw, cosSin, p, a, b, K, D, heads.epsilon(), heads.interleaved());
        });
    }

    @Override
    public void qkNormRopeBackward(Tensor dQkv, Tensor dqWeight, Tensor dkWeight, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor rstd,
                                   Tensor dy, Tensor positions, Heads heads) {
        int in = heads.columns(), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        long n = positions.elements();
        requireInput("qk-norm and rope gradient", dQkv.elements() == n * in && dy.elements() == n * out, dQkv, "positions", positions, "dy", dy);
        long d = dQkv.address(), from = qkv.address(), qw = address(qWeight), kw = address(kWeight), r = rstd.address(), g = dy.address(), p = positions.address();
        long cosSin = address(heads.cosSin());
        int pieces = pieces(n);
        long qPlaces = zeroed(partials, 2L * pieces * D), kPlaces = qPlaces + 4L * pieces * D;
        workers.forRange(n, ROWS, (a, b) -> {
            var kernel = kernels.qkNormRope();
            long place = 4 * (a / ROWS) * D;
            kernel.backward(d, in, qw == 0 ? 0 : qPlaces + place, from, in, qw, r, g, out, cosSin, p, a, b, H, D, heads.interleaved());
            kernel.backward(d + 4L * H * D, in, kw == 0 ? 0 : kPlaces + place, from + 4L * H * D, in, kw, r + 4 * n * H, g + 4L * H * D, out, cosSin, p, a, b, K, D, heads.interleaved());
        });
        if (dqWeight != null) {
            addUp(dqWeight.address(), qPlaces, pieces, D);
            addUp(dkWeight.address(), kPlaces, pieces, D);
        }
    }

    @Override
    public void attention(Tensor y, Tensor lse, Tensor qk, Tensor qkv, Tensor starts, int T, Heads heads, AttentionRule rule) {
        int in = width(qkv), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        int sequences = sequences("attention", qk, T);
        requireInput("attention", qk.shape().width() == out && in >= K * D && y.elements() == (long) rows(qk) * H * D && (starts == null || starts.elements() == rows(qk)), qk, "qkv", qkv, "result", y);
        Attention.Dims dims = dims(T, heads, starts, rule);
        long q = qk.address(), k = q + 4L * H * D, v = qkv.address() + 4L * (in - K * D), to = y.address(), l = lse.address();
        long each = kernels.attention().scratchBytes(dims);
        long scratch = perWorker.bytes(each * workers.threads());
        workers.run(sequences * K, (unit, worker) ->
                kernels.attention().forward(dims, to, (long) H * D, l, q, out, k, out, v, in, scratch + worker * each, unit));
        if (rule != null && rule.sinks() != null) {
            requireInput("attention", rule.sinks().elements() == H, qk, "sinks", rule.sinks());
            workers.run(H, h -> AttentionSinks.forward(to + 4L * h * D, (long) H * D, l, h, H, T, D, rule.sinks().get(h), 0, (long) sequences * T));
        }
    }

    private static Attention.Dims dims(int T, Heads heads, Tensor starts, AttentionRule rule) {
        AttentionRule how = rule == null ? heads.rule() : rule;
        if (how.bothWays()) {
            throw new IllegalArgumentException("attention: only what came before can be seen while training");
        }
        return new Attention.Dims(T, heads.queries(), heads.keys(), heads.width(), how.scale(), how.window(), address(starts), how.softcap());
    }

    @Override
    public void attentionBackward(Tensor dQk, Tensor dQkv, Tensor dy, Tensor y, Tensor lse, Tensor qk, Tensor qkv, Tensor starts, int T, Heads heads, AttentionRule rule) {
        int in = width(qkv), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width();
        int sequences = sequences("attention gradient", qk, T);
        requireInput("attention gradient", dQk.elements() == qk.elements() && dQkv.elements() == qkv.elements() && dy.elements() == y.elements(), qk, "qkv", qkv, "dy", dy);
        Attention.Dims dims = dims(T, heads, starts, rule);
        long q = qk.address(), k = q + 4L * H * D, v = qkv.address() + 4L * (in - K * D), from = y.address(), g = dy.address(), l = lse.address();
        long dq = dQk.address(), dk = dq + 4L * H * D, dv = dQkv.address() + 4L * (in - K * D);
        long each = kernels.attention().scratchBytes(dims);
        long scratch = perWorker.bytes(each * workers.threads());
        workers.run(sequences * K, (unit, worker) ->
                kernels.attention().backward(dims, dq, out, dk, out, dv, in, g, (long) H * D, from, (long) H * D, l, q, out, k, out, v, in,
                        scratch + worker * each, unit));
        if (rule != null && rule.sinks() != null && rule.dSinks() != null) {
            workers.run(H, h -> rule.dSinks().set(h, rule.dSinks().get(h) + (float) AttentionSinks.backward(from + 4L * h * D, g + 4L * h * D, (long) H * D, l, h, H, T, D,
                    rule.sinks().get(h), (long) sequences * T)));
        }
    }

    @Override
    public void swiglu(Tensor h, Tensor gateUp) {
        int F = width(h);
        requireInput("swiglu", gateUp.elements() == 2 * h.elements(), gateUp, "result", h);
        long to = h.address(), from = gateUp.address();
        long n = h.shape().rows();
        if (n <= grain(F)) {
            kernels.activation().swiglu(to, from, 0, n, F);
            return;
        }
        workers.forRange(n, grain(F), (a, b) -> kernels.activation().swiglu(to, from, a, b, F));
    }

    @Override
    public void swigluBackward(Tensor dGateUp, Tensor gateUp, Tensor dh) {
        int F = width(dh);
        requireInput("swiglu gradient", gateUp.elements() == 2 * dh.elements() && dGateUp.elements() == gateUp.elements(), gateUp, "dh", dh);
        long to = dGateUp.address(), from = gateUp.address(), g = dh.address();
        workers.forRange(dh.shape().rows(), ROWS, (a, b) -> kernels.activation().swigluBackward(to, from, g, a, b, F));
    }

    @Override
    public void crossEntropy(Tensor loss, Tensor x, Tensor head, HeadRule rule, Tensor targets, Tensor weights, Tensor dx, Tensor dHead, float scale, boolean accumulate) {
        crossEntropy.plain(loss, x, head, rule, targets, weights, dx, dHead, scale, accumulate);
    }

    @Override
    public void packedCrossEntropy(Tensor loss, Tensor x, PackedWeight head, HeadRule rule, Tensor targets, Tensor weights, Tensor dx, float scale) {
        crossEntropy.packed(loss, x, head, rule, targets, weights, dx, scale);
    }

    @Override
    public Activations activations() {
        return activations;
    }

    @Override
    public PackedWeight pack(LongFunction<MemorySegment> memory, List<PackedWeight.Source> sources) {
        return PackedWeight.pack(workers, memory, sources);
    }

    @Override
    public void packedLinear(Tensor y, Tensor x, PackedWeight w) {
        products.linear(y, x, w);
    }

    @Override
    public void packedLinearBackward(Tensor dx, boolean addToDx, PackedWeight w, Tensor dy) {
        products.linearBackward(dx, addToDx, w, dy);
    }

    @Override
    public void packedEmbedding(Tensor y, PackedWeight w, Tensor ids) {
        products.embedding(y, w, ids);
    }

    @Override
    public void cachedAttention(Tensor y, Tensor qk, Tensor qkv, CachedText[] texts, int layer, Heads heads, AttentionRule rule) {
        int in = heads.columns(), out = heads.qkColumns(), H = heads.queries(), K = heads.keys(), D = heads.width(), n = rows(qk);
        requireInput("cached attention", width(qk) == out && width(qkv) == in && y.elements() == (long) n * H * D, qk, "qkv", qkv, "result", y);
        AttentionRule how = rule != null ? rule : heads.rule();
        cachedAttention.attend(n, texts, layer, H, K, D, how, y.address(), (long) H * D, qk.address(), out, qk.address() + 4L * H * D, out, qkv.address() + 4L * out, in);
    }

    @Override
    public void adamW(Tensor p, Tensor g, Tensor m, Tensor v, AdamStep s) {
        requireInput("AdamW", g.elements() == p.elements() && m.elements() == p.elements() && v.elements() == p.elements(), p, "gradient", g, "moments", m);
        float c1 = (float) (1 - Math.pow(s.beta1(), s.step())), c2 = (float) (1 - Math.pow(s.beta2(), s.step()));
        long pa = p.address(), ga = g.address(), ma = m.address(), va = v.address();
        workers.forRange(p.elements(), ELEMENTS, (a, b) -> kernels.adamW().step(pa, ga, ma, va, a, b, s.learningRate(), s.beta1(), s.beta2(),
                s.epsilon(), s.weightDecay(), c1, c2, s.gradientScale()));
    }

    @Override
    public void momentum(Tensor update, Tensor g, Tensor buffer, float momentum, float scale) {
        requireInput("momentum", update.elements() == g.elements() && buffer.elements() == g.elements(), g, "buffer", buffer, "update", update);
        long u = update.address(), ga = g.address(), m = buffer.address();
        workers.forRange(g.elements(), ELEMENTS, (a, b) -> kernels.muon().momentum(u, ga, m, a, b, momentum, scale));
    }

    @Override
    public void applyUpdate(Tensor p, Tensor update, float learningRate, float scale, float weightDecay) {
        requireInput("update", p.elements() == update.elements(), p, "update", update);
        long pa = p.address(), u = update.address();
        workers.forRange(p.elements(), ELEMENTS, (a, b) -> kernels.muon().apply(pa, u, a, b, learningRate, scale, weightDecay));
    }

    @Override
    public void axpby(Tensor y, float a, Tensor x, float b) {
        requireInput("axpby", y.elements() == x.elements(), y, "x", x);
        long ya = y.address(), xa = x.address();
        if (y.elements() <= ELEMENTS) {
            kernels.elementwise().axpby(ya, a, xa, b, 0, y.elements());
            return;
        }
        workers.forRange(y.elements(), ELEMENTS, (from, to) -> kernels.elementwise().axpby(ya, a, xa, b, from, to));
    }

    @Override
    public double sumOfSquares(Tensor x) {
        int pieces = Math.toIntExact((x.elements() + ELEMENTS - 1) / ELEMENTS);
        if (sums.length < pieces) {
            sums = new double[pieces];
        }
        long a = x.address();
        workers.forRange(x.elements(), ELEMENTS, (from, to) -> sums[(int) (from / ELEMENTS)] = kernels.elementwise().sumOfSquares(a, from, to));
        double total = 0;
        for (int i = 0; i < pieces; i++) {
            total += sums[i];
        }
        return total;
    }

    @Override
    public LowRankOperations lowRank() {
        return lowRank;
    }

    @Override
    public FamilyOperations families() {
        return families;
    }

    @Override
    public LatentOperations latent() {
        return latent;
    }

    @Override
    public long scratchBytes() {
        return perWorker.size() + partials.size() + products.scratchBytes() + crossEntropy.scratchBytes() + cachedAttention.scratchBytes() + families.scratchBytes()
                + latent.scratchBytes();
    }

    @Override
    public void close() {
        workers.close();
        matMul.close();
        products.close();
        crossEntropy.close();
        families.close();
        latent.close();
        cachedAttention.close();
        perWorker.close();
        partials.close();
    }

    /// Rows in one piece of row-wise work whose pieces may be smaller: some ten microseconds, so that a batch of a few rows is shared out too.
    private static int grain(int width) {
        return Math.clamp(GRAIN / width, 1, ROWS);
    }

    private static int pieces(long rows) {
        return Math.toIntExact((rows + ROWS - 1) / ROWS);
    }

    private static long zeroed(Scratch scratch, long floats) {
        long address = scratch.bytes(4 * floats);
        Memory.zero(address, 4 * floats);
        return address;
    }

    /// sum[c] += Σ_piece places[piece,c], pieces in order.
    private void addUp(long sum, long places, int pieces, int width) {
        for (int i = 0; i < pieces; i++) {
            kernels.elementwise().add(sum, places + 4L * i * width, 0, width);
        }
    }

    private static int sequences(String operation, Tensor x, int T) {
        int n = rows(x);
        if (T < 1 || n % T != 0) {
            throw new IllegalArgumentException(operation + ": " + n + " rows are not whole sequences of " + T);
        }
        return n / T;
    }
}
