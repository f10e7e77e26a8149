package dev.jackdaw.tensor.kernel;

import com.sun.management.ThreadMXBean;
import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Measures what every Vector API kernel of this package's row and element operations allocates on the Java heap once it is compiled,
/// which must be nothing: a vector that C2 leaves on the heap costs a factor of a hundred.
///
/// Sizes are odd, so that tails are compiled too. `main` runs the kernels in an order drawn from its argument: what C2 inlines depends on
/// what was compiled before.
final class AllocationProbe {
    /// A kernel that ends in one sum may hand one vector to the method that adds its lanes, once a call; never one for each row or element.
    static final double ONE_VECTOR = 128;

    private static final int N = 32;
    private static final int C = 207;
    private static final int D = 44;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Random random = new Random(1);
    private final Map<String, Runnable> kernels = new LinkedHashMap<>();
    private double sink;

    AllocationProbe() {
        long a = buffer();
        long b = buffer();
        long c = buffer();
        long d = buffer();
        long w = buffer();
        long s = buffer();
        long t = buffer();
        long ids = Arena.global().allocate(4 * N, Memory.ALIGNMENT).address();
        for (int i = 0; i < N; i++) {
            Memory.putInt(ids + 4L * i, random.nextInt(N));
        }
        int flat = N * C;
        Norm norm = new NormSimd();
        kernels.put("rms", () -> norm.rms(a, s, b, w, 0, N, C, 1e-5f));
        kernels.put("rms without weight", () -> norm.rms(a, 0, b, 0, 0, N, C, 1e-5f));
        kernels.put("rmsBackward", () -> norm.rmsBackward(a, t, b, w, s, c, 0, N, C));
        kernels.put("layer", () -> norm.layer(a, s, s, b, w, t, 0, N, C, 1e-5f));
        kernels.put("layerBackward", () -> norm.layerBackward(a, t, s, b, w, w, w, c, 0, N, C));
        QkNormRope rope = new QkNormRopeSimd();
        for (boolean interleaved : new boolean[] {false, true}) {
            String layout = interleaved ? ", neighbours" : ", halves";
            kernels.put("qk-norm, rope" + layout, () -> rope.forward(a, C, s, b, C, w, d, ids, 0, N, 4, D, 1e-5f, interleaved));
            kernels.put("rope" + layout, () -> rope.forward(a, C, 0, b, C, 0, d, ids, 0, N, 4, D, 1e-5f, interleaved));
            kernels.put("qk-norm, rope, backward" + layout, () -> rope.backward(a, C, t, b, C, w, s, c, C, d, ids, 0, N, 4, D, interleaved));
            kernels.put("rope, backward" + layout, () -> rope.backward(a, C, 0, 0, 0, 0, 0, c, C, d, ids, 0, N, 4, D, interleaved));
        }
        ActivationBlocks blocks = new ActivationBlocksSimd();
        kernels.put("activation blocks", () -> blocks.quantize(c, a, 0, flat / ActivationBlocks.COLUMNS));
        Activation activation = new ActivationSimd();
        kernels.put("swiglu", () -> activation.swiglu(a, b, 0, N, C / 2));
        kernels.put("swigluBackward", () -> activation.swigluBackward(a, b, c, 0, N, C / 2));
        kernels.put("gelu", () -> activation.gelu(a, b, 0, flat));
        kernels.put("geluBackward", () -> activation.geluBackward(a, b, c, 0, flat));
        kernels.put("geluErf", () -> activation.geluErf(a, b, 0, flat));
        kernels.put("geluErfBackward", () -> activation.geluErfBackward(a, b, c, 0, flat));
        kernels.put("reluSquared", () -> activation.reluSquared(a, b, 0, flat));
        kernels.put("reluSquaredBackward", () -> activation.reluSquaredBackward(a, b, c, 0, flat));
        Bends bends = new BendsSimd();
        kernels.put("silu", () -> bends.bend(a, b, 0, flat, Bend.SILU));
        kernels.put("relu", () -> bends.bend(a, b, 0, flat, Bend.RELU));
        kernels.put("gelu gate", () -> bends.gate(a, b, 0, N, C / 2, Bend.GELU));
        kernels.put("clamped gate", () -> bends.clampedGate(a, b, 0, N, C / 2, 7));
        kernels.put("softcap", () -> bends.softcap(a, 0, flat, 30));
        Embedding embedding = new EmbeddingSimd();
        kernels.put("embedding", () -> embedding.forward(a, b, ids, 0, N, C));
        kernels.put("embedding, backward", () -> embedding.backward(a, b, ids, N, C, 3, C));
        CrossEntropy crossEntropy = new CrossEntropySimd();
        kernels.put("cross-entropy", () -> crossEntropy.rows(s, a, ids, 0, 0, N, C, 1f));
        kernels.put("cross-entropy, loss alone", () -> crossEntropy.loss(s, b, ids, 0, N, C));
        AdamW adamW = new AdamWSimd();
        kernels.put("adamW", () -> adamW.step(a, b, c, d, 0, flat, 0, 0.9f, 0.95f, 1e-8f, 0.1f, 0.5f, 0.5f, 1));
        Muon muon = new MuonSimd();
        kernels.put("muon momentum", () -> muon.momentum(a, b, c, 0, flat, 0.5f, 1));
        kernels.put("muon apply", () -> muon.apply(a, b, 0, flat, 1e-6f, 1, 0.1f));
        Elementwise elementwise = new ElementwiseSimd();
        kernels.put("add", () -> elementwise.add(t, w, 0, flat));
        kernels.put("scale", () -> elementwise.scale(t, 0.5f, 0, flat));
        kernels.put("axpby", () -> elementwise.axpby(t, 1, w, 0.5f, 0, flat));
        kernels.put("axpby, b = 0", () -> elementwise.axpby(t, 1, w, 0, 0, flat));
        kernels.put("sum", () -> sink += elementwise.sum(b, 0, flat));
        kernels.put("sumOfSquares", () -> sink += elementwise.sumOfSquares(b, 0, flat));
        kernels.put("dot", () -> sink += elementwise.dot(b, c, 0, flat));
        kernels.put("max", () -> sink += elementwise.max(b, 0, flat));
        kernels.put("finite", () -> sink += elementwise.finite(b, 0, flat) ? 1 : 0);
        Convert convert = new ConvertSimd();
        kernels.put("f16ToF32", () -> convert.f16ToF32(a, b, 0, flat));
        kernels.put("f32ToF16", () -> convert.f32ToF16(a, b, 0, flat));
        kernels.put("bf16ToF32", () -> convert.bf16ToF32(a, b, 0, flat));
        kernels.put("f32ToBf16", () -> convert.f32ToBf16(a, b, 0, flat));
        kernels.put("f64ToF32", () -> convert.f64ToF32(a, b, 0, flat / 2));
    }

    List<String> names() {
        return new ArrayList<>(kernels.keySet());
    }

    /// Bytes per call, the lowest of many tries of 100 calls; stops at the first 0. Compilation happens meanwhile, and may take long on a busy
    /// machine: a kernel is given up only after 30 seconds.
    double bytesPerCall(String name) {
        Runnable kernel = kernels.get(name);
        double lowest = Double.MAX_VALUE;
        for (long end = System.nanoTime() + 30_000_000_000L; lowest > ONE_VECTOR && System.nanoTime() < end; ) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < 100; call++) {
                kernel.run();
            }
            lowest = Math.min(lowest, (THREADS.getCurrentThreadAllocatedBytes() - before) / 100.0);
        }
        return lowest;
    }

    private long buffer() {
        long address = Arena.global().allocate(4 * N * C, Memory.ALIGNMENT).address();
        for (int i = 0; i < N * C; i++) {
            Memory.putFloat(address + 4L * i, random.nextFloat());
        }
        return address;
    }

    public static void main(String[] args) {
        AllocationProbe probe = new AllocationProbe();
        List<String> names = probe.names();
        Collections.shuffle(names, new Random(Long.parseLong(args[0])));
        for (String name : names) {
            double bytes = probe.bytesPerCall(name);
            if (bytes > ONE_VECTOR) {
                System.out.println(name + ": " + bytes + " bytes a call");
            }
        }
    }
}
