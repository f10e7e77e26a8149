package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionTest {
    private static final float UNTOUCHED = 12345.5f;
    private static final Attention SIMD = new AttentionSimd();

    /// The tensors of one attention. q, k and v lie side by side in wider rows, and so do their gradients, as they do in the model.
    private static final class Case implements AutoCloseable {
        final Arena arena = Arena.ofShared();
        final Attention.Dims dims;
        final int B;
        final long stride;
        final long outStride;
        final Tensor qkv;
        final Tensor dQkv;
        final Tensor out;
        final Tensor dOut;
        final Tensor lse;

        Case(int B, Attention.Dims dims, long seed, float spread) {
            this.B = B;
            this.dims = dims;
            stride = (long) (dims.H() + 2 * dims.K()) * dims.D() + 3;
            outStride = (long) dims.H() * dims.D() + 5;
            qkv = random(seed, spread, B * dims.T() * stride);
            dQkv = Tensor.zeros(arena, B * dims.T() * stride).fill(UNTOUCHED);
            out = Tensor.zeros(arena, B * dims.T() * outStride).fill(UNTOUCHED);
            dOut = random(seed + 1, 1, B * dims.T() * outStride);
            lse = Tensor.zeros(arena, B * (long) dims.H() * dims.T());
        }

        private Tensor random(long seed, float spread, long n) {
            Random random = new Random(seed);
            Tensor tensor = Tensor.zeros(arena, n);
            for (long i = 0; i < n; i++) {
                tensor.set(i, spread * (float) random.nextGaussian());
            }
            return tensor;
        }

        long kOffset() {
            return 4L * dims.H() * dims.D();
        }

        long vOffset() {
            return 4L * (dims.H() + dims.K()) * dims.D();
        }

        Case forward(Attention attention, Workers workers) {
            long[] scratch = scratch(attention, workers);
            long x = qkv.address();
            workers.run(dims.units(B), (unit, worker) -> attention.forward(dims, out.address(), outStride, lse.address(), x, stride,
                    x + kOffset(), stride, x + vOffset(), stride, scratch[worker], unit));
            return this;
        }

        Case backward(Attention attention, Workers workers) {
            long[] scratch = scratch(attention, workers);
            long x = qkv.address(), dx = dQkv.address();
            workers.run(dims.units(B), (unit, worker) -> attention.backward(dims, dx, stride, dx + kOffset(), stride, dx + vOffset(), stride,
                    dOut.address(), outStride, out.address(), outStride, lse.address(), x, stride, x + kOffset(), stride, x + vOffset(), stride,
                    scratch[worker], unit));
            return this;
        }

        Case both(Attention attention) {
            try (Workers one = Workers.of(1)) {
                return forward(attention, one).backward(attention, one);
            }
        }

        /// One place for each worker, full of NaN: what a kernel reads it must have written.
        private long[] scratch(Attention attention, Workers workers) {
            long[] scratch = new long[workers.threads()];
            for (int i = 0; i < scratch.length; i++) {
                scratch[i] = Tensor.zeros(arena, (attention.scratchBytes(dims) + 3) / 4).fill(Float.NaN).address();
            }
            return scratch;
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    private static Attention.Dims dims(int T, int H, int K, int D, int window) {
        return new Attention.Dims(T, H, K, D, (float) (1 / Math.sqrt(D)), window, 0);
    }

    /// Fails at the first element that is off by more than `tolerance` times the largest.
    static void assertClose(String what, float[] found, float[] expected, double tolerance) {
        double largest = 1e-3;
        for (float e : expected) {
            if (e != UNTOUCHED) {
                largest = Math.max(largest, Math.abs(e));
            }
        }
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(found[i] - expected[i]) <= tolerance * largest)) {
                throw new AssertionError(what + " at " + i + ": found " + found[i] + ", expected " + expected[i] + ", largest " + largest);
            }
        }
    }

    static void assertSameBits(String what, float[] found, float[] expected) {
        int i = Arrays.mismatch(found, expected);
        assertThat(i).as("%s: first element that differs", what).isEqualTo(-1);
    }

    private static void assertTwins(int B, Attention.Dims dims, long seed, float spread, double tolerance) {
        try (Case expected = new Case(B, dims, seed, spread).both(Attention.SCALAR); Case found = new Case(B, dims, seed, spread).both(SIMD)) {
            assertClose(dims + " out", found.out.toFloats(), expected.out.toFloats(), tolerance);
            assertClose(dims + " lse", found.lse.toFloats(), expected.lse.toFloats(), tolerance);
            assertClose(dims + " gradients", found.dQkv.toFloats(), expected.dQkv.toFloats(), 4 * tolerance);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 13, 64, 65, 207})
    void simdMatchesScalarAtAnyLength(int T) {
        for (int D : new int[] {8, 16, 24, 32, 64, 80, 128}) {
            assertTwins(1, dims(T, 2, 1, D, 0), T + D, 1, 5e-6);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,2", "6,3", "6,1", "12,2"})
    void simdMatchesScalarForAnyGroup(int H, int K) {
        assertTwins(3, dims(77, H, K, 16, 0), H + K, 1, 5e-6);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 16, 63, 64, 65, 100, 300})
    void simdMatchesScalarWithWindow(int window) {
        assertTwins(2, dims(207, 2, 1, 24, window), window, 1, 5e-6);
    }

    /// Caps from one that bends every score to one that bends hardly any, with and without a window.
    @ParameterizedTest
    @CsvSource({"0.5,0", "2,0", "50,0", "2,16", "1,100"})
    void simdMatchesScalarWithCappedScores(float cap, int window) {
        assertTwins(2, new Attention.Dims(150, 4, 2, 24, 0.4f, window, 0, cap), window, 1, 5e-6);
    }

    /// Texts of random lengths, short ones and some longer than a tile, share a row.
    @ParameterizedTest
    @CsvSource({"207,5,0", "207,70,0", "300,200,0", "64,3,0", "150,1,0", "207,40,20", "300,120,64"})
    void simdMatchesScalarWithSeveralTextsInARow(int T, int longest, int window) {
        try (Arena arena = Arena.ofShared()) {
            Attention.Dims plain = dims(T, 4, 2, 24, window);
            assertTwins(3, new Attention.Dims(T, 4, 2, 24, plain.scale(), window, starts(arena, 3, T, longest).address()), T + longest, 1, 5e-6);
        }
    }

    @Test
    void textsInARowDoNotSeeEachOther() {
        try (Workers one = Workers.of(1); Arena arena = Arena.ofShared()) {
            int T = 150, from = 40, to = 110;
            Tensor starts = Tensor.zeros(arena, DType.I32, T);
            for (int t = from; t < T; t++) {
                Memory.putInt(starts.address() + 4L * t, t < to ? from : to);
            }
            Attention.Dims dims = dims(T, 2, 1, 16, 0), packed = new Attention.Dims(T, 2, 1, 16, dims.scale(), 0, starts.address());
            try (Case row = new Case(1, packed, 8, 1); Case alone = new Case(1, dims(to - from, 2, 1, 16, 0), 8, 1)) {
                for (int t = 0; t < to - from; t++) {
                    for (int c = 0; c < row.stride; c++) {
                        alone.qkv.set(t * alone.stride + c, row.qkv.get((from + t) * row.stride + c));
                    }
                    for (int c = 0; c < row.outStride; c++) {
                        alone.dOut.set(t * alone.outStride + c, row.dOut.get((from + t) * row.outStride + c));
                    }
                }
                row.forward(SIMD, one).backward(SIMD, one);
                alone.forward(SIMD, one).backward(SIMD, one);
                for (int t = 0; t < to - from; t++) {
                    for (int c = 0; c < 32; c++) {
                        assertThat(row.out.get((from + t) * row.outStride + c)).isCloseTo(alone.out.get(t * alone.outStride + c), within(1e-6f));
                    }
                    for (int c = 0; c < 64; c++) {
                        assertThat(row.dQkv.get((from + t) * row.stride + c)).isCloseTo(alone.dQkv.get(t * alone.stride + c), within(5e-6f));
                    }
                }
            }
        }
    }

    private static Tensor starts(Arena arena, int B, int T, int longest) {
        Random random = new Random(T + longest);
        Tensor starts = Tensor.zeros(arena, DType.I32, B, T);
        for (int b = 0; b < B; b++) {
            for (int t = 0, start = 0, next = 1 + random.nextInt(longest); t < T; t++) {
                if (t == next) {
                    start = t;
                    next += 1 + random.nextInt(longest);
                }
                Memory.putInt(starts.address() + 4L * (b * T + t), start);
            }
        }
        return starts;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 6, 17, 33, 65})
    void simdMatchesScalarForOddHeadWidths(int D) {
        assertTwins(2, dims(70, 2, 1, D, 0), D, 1, 5e-6);
    }

    @Test
    void staysFiniteWithLargeLogits() {
        Attention.Dims dims = dims(130, 2, 1, 32, 0);
        try (Case found = new Case(1, dims, 5, 100).both(SIMD); Case expected = new Case(1, dims, 5, 100).both(Attention.SCALAR)) {
            // logits of some 10,000: the float32 score is off by up to 1e-2, and so are the weights
            assertClose("out", found.out.toFloats(), expected.out.toFloats(), 2e-2);
            assertClose("lse", found.lse.toFloats(), expected.lse.toFloats(), 1e-5);
            for (float x : found.dQkv.toFloats()) {
                assertThat(Float.isFinite(x)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"9,2,1,5,0", "70,2,2,8,0", "40,2,1,6,7"})
    void gradientsMatchFiniteDifferences(int T, int H, int K, int D, int window) {
        Attention.Dims dims = dims(T, H, K, D, window);
        try (Case scalar = new Case(1, dims, 3, 1).both(Attention.SCALAR); Case simd = new Case(1, dims, 3, 1).both(SIMD);
             Workers one = Workers.of(1)) {
            Random random = new Random(4);
            for (int i = 0; i < 150; i++) {
                long at = random.nextInt(T) * scalar.stride + random.nextInt((H + 2 * K) * D);
                float x = scalar.qkv.get(at), step = 0.02f;
                double slope = 0;
                for (int side : new int[] {-2, -1, 1, 2}) {          // (f(-2) - 8 f(-1) + 8 f(1) - f(2)) / 12, error of fourth order
                    scalar.qkv.set(at, x + side * step);
                    scalar.forward(Attention.SCALAR, one);
                    double loss = 0;
                    for (int t = 0; t < T; t++) {
                        for (int c = 0; c < H * D; c++) {
                            loss += (double) scalar.out.get(t * scalar.outStride + c) * scalar.dOut.get(t * scalar.outStride + c);
                        }
                    }
                    slope += loss * (Math.abs(side) == 2 ? -Math.signum(side) : 8 * Math.signum(side)) / 12 / step;
                }
                scalar.qkv.set(at, x);
                assertThat((double) scalar.dQkv.get(at)).as("scalar at %d", at).isCloseTo(slope, within(3e-4));
                assertThat((double) simd.dQkv.get(at)).as("simd at %d", at).isCloseTo(slope, within(3e-4));
            }
        }
    }

    @Test
    void laterTokensChangeNoEarlierOutput() {
        Attention.Dims dims = dims(150, 2, 1, 16, 0);
        try (Workers one = Workers.of(1); Case before = new Case(1, dims, 8, 1).forward(SIMD, one); Case after = new Case(1, dims, 8, 1)) {
            int changed = 97;
            for (long i = changed * after.stride; i < after.qkv.elements(); i++) {
                after.qkv.set(i, 7f - after.qkv.get(i));
            }
            after.forward(SIMD, one);
            int same = (int) (changed * after.outStride);
            assertSameBits("out before the change", Arrays.copyOf(after.out.toFloats(), same), Arrays.copyOf(before.out.toFloats(), same));
            assertThat(after.out.get(same)).isNotEqualTo(before.out.get(same));
        }
    }

    @Test
    void threadsDoNotChangeBits() {
        Attention.Dims dims = dims(100, 6, 3, 24, 0);
        try (Workers one = Workers.of(1); Workers three = Workers.of(3);
             Case a = new Case(4, dims, 9, 1).forward(SIMD, one).backward(SIMD, one);
             Case b = new Case(4, dims, 9, 1).forward(SIMD, three).backward(SIMD, three)) {
            assertSameBits("out", b.out.toFloats(), a.out.toFloats());
            assertSameBits("lse", b.lse.toFloats(), a.lse.toFloats());
            assertSameBits("gradients", b.dQkv.toFloats(), a.dQkv.toFloats());
        }
    }

    @Test
    void allocatesNothingOnTheHeap() {
        Attention.Dims dims = dims(256, 2, 1, 64, 0);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Case c = new Case(1, dims, 1, 1)) {
            long scratch = Tensor.zeros(c.arena, SIMD.scratchBytes(dims) / 4).address(), x = c.qkv.address(), dx = c.dQkv.address();
            long fewest = Long.MAX_VALUE;
            // the interpreter and the first compiler do allocate vectors, so give the last compiler time to arrive
            for (long start = System.nanoTime(); fewest > 1000 && System.nanoTime() - start < 20_000_000_000L; ) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 10; i++) {
                    SIMD.forward(dims, c.out.address(), c.outStride, c.lse.address(), x, c.stride, x + c.kOffset(), c.stride, x + c.vOffset(),
                            c.stride, scratch, 0);
                    SIMD.backward(dims, dx, c.stride, dx + c.kOffset(), c.stride, dx + c.vOffset(), c.stride, c.dOut.address(), c.outStride,
                            c.out.address(), c.outStride, c.lse.address(), x, c.stride, x + c.kOffset(), c.stride, x + c.vOffset(), c.stride,
                            scratch, 0);
                }
                fewest = Math.min(fewest, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(fewest).isLessThan(1000);
        }
    }

    @Test
    void refusesSizesThatDoNotFit() {
        assertThatThrownBy(() -> Attention.Dims.of(4, 6, 4, 8)).hasMessageContaining("H=6 K=4");
        assertThatThrownBy(() -> new Attention.Dims(4, 4, 4, 8, Float.NaN, 0, 0)).hasMessageContaining("scale NaN");
        assertThatThrownBy(() -> new Attention.Dims(4, 4, 4, 8, 1, -1, 0)).hasMessageContaining("window -1");
    }
}
