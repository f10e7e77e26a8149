package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CachedAttentionTest {
    private static final float UNTOUCHED = 12345.5f;
    private static final CachedAttention SIMD = new CachedAttentionSimd();

    /// The queries, keys and values of `S` positions, and a cache that holds them.
    private static final class Case implements AutoCloseable {
        final Arena arena = Arena.ofConfined();
        final CachedAttention.Group group;
        final int S;
        final long stride;
        final Tensor q;
        final Tensor k;
        final Tensor v;
        final Tensor out;
        final long[] pages;

        Case(CachedAttention.Group group, int S, float spread) {
            this.group = group;
            this.S = S;
            int D = group.D();
            stride = (long) group.G() * D + 3;
            Random random = new Random(S + 31L * D);
            q = random(random, spread, S * stride);
            k = random(random, spread, (long) S * D);
            v = random(random, 1, (long) S * D);
            out = Tensor.zeros(arena, S * stride).fill(UNTOUCHED);
            pages = new long[CachedAttention.pages(S)];
            for (int i = 0; i < pages.length; i++) {          // a page is not cleared before use
                pages[i] = Tensor.zeros(arena, CachedAttention.pageBytes(D) / 4).fill(Float.NaN).address();
            }
        }

        private Tensor random(Random random, float spread, long n) {
            Tensor tensor = Tensor.zeros(arena, n);
            for (long i = 0; i < n; i++) {
                tensor.set(i, spread * (float) random.nextGaussian());
            }
            return tensor;
        }

        /// Appends and attends `chunk` positions at a time.
        float[] run(CachedAttention attention, int chunk) {
            int D = group.D();
            long scratch = Tensor.zeros(arena, (attention.scratchBytes(group, chunk) + 3) / 4).fill(Float.NaN).address();
            for (int p = 0; p < S; p += chunk) {
                int rows = Math.min(chunk, S - p);
                attention.append(D, pages, p, rows, k.address() + 4L * p * D, D, v.address() + 4L * p * D, D);
                attention.attend(group, out.address() + 4 * p * stride, stride, q.address() + 4 * p * stride, stride, rows, pages, p, scratch);
            }
            return out.toFloats();
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    private static CachedAttention.Group group(int G, int D, int window) {
        return new CachedAttention.Group(G, D, (float) (1 / Math.sqrt(D)), window);
    }

    private static float[] run(CachedAttention attention, CachedAttention.Group group, int S, int chunk) {
        try (Case c = new Case(group, S, 1)) {
            return c.run(attention, chunk);
        }
    }

    private static void assertTwins(CachedAttention.Group group, int S) {
        AttentionTest.assertClose(group + " S=" + S, run(SIMD, group, S, S), run(CachedAttention.SCALAR, group, S, S), 3e-6);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 13, 64, 65, 207})
    void simdMatchesScalarAtAnyLength(int S) {
        for (int D : new int[] {1, 6, 8, 16, 24, 32, 64, 80, 128}) {
            assertTwins(group(2, D, 0), S);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 6, 8, 70})
    void simdMatchesScalarForAnyGroup(int G) {
        assertTwins(group(G, 16, 0), 77);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 17, 63, 64, 65, 100, 300})
    void simdMatchesScalarWithWindow(int window) {
        assertTwins(group(3, 24, window), 207);
    }

    @ParameterizedTest
    @CsvSource({"1,64,0", "3,64,0", "2,24,0", "3,16,40"})
    void batchedEqualsOneByOneInEveryBit(int G, int D, int window) {
        float[] oneByOne = run(SIMD, group(G, D, window), 150, 1);
        for (int chunk : new int[] {2, 5, 64, 67, 150}) {
            AttentionTest.assertSameBits(chunk + " at once", run(SIMD, group(G, D, window), 150, chunk), oneByOne);
        }
    }

    @Test
    void agreesWithAttentionForTraining() {
        int S = 130, G = 3, D = 32;
        CachedAttention.Group group = group(G, D, 50);
        try (Case c = new Case(group, S, 1)) {
            float[] cached = c.run(SIMD, S);
            Attention.Dims dims = new Attention.Dims(S, G, 1, D, group.scale(), group.window());
            Tensor out = Tensor.zeros(c.arena, S * c.stride).fill(UNTOUCHED), lse = Tensor.zeros(c.arena, (long) S * G);
            Attention training = new AttentionSimd();
            training.forward(dims, out.address(), c.stride, lse.address(), c.q.address(), c.stride, c.k.address(), D, c.v.address(), D,
                    Tensor.zeros(c.arena, training.scratchBytes(dims)).address(), 0);
            AttentionTest.assertClose("cached", cached, out.toFloats(), 3e-6);
        }
    }

    @Test
    void staysRightWithLargeLogits() {
        try (Case simd = new Case(group(2, 16, 0), 100, 30); Case scalar = new Case(group(2, 16, 0), 100, 30)) {
            AttentionTest.assertClose("out", simd.run(SIMD, 100), scalar.run(CachedAttention.SCALAR, 100), 1e-3);
        }
    }

    @Test
    void onePositionReturnsItsValue() {
        try (Case c = new Case(group(1, 5, 0), 1, 1)) {
            float[] out = c.run(SIMD, 1);
            for (int d = 0; d < 5; d++) {
                assertThat(out[d]).isCloseTo(c.v.get(d), within(1e-6f));
            }
        }
    }

    @Test
    void allocatesNothingOnTheHeap() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Case c = new Case(group(3, 64, 0), 300, 1)) {
            c.run(SIMD, 300);
            long scratch = Tensor.zeros(c.arena, SIMD.scratchBytes(c.group, 1)).address();
            long fewest = Long.MAX_VALUE;
            // the interpreter and the first compiler do allocate vectors, so give the last compiler time to arrive
            for (long start = System.nanoTime(); fewest > 1000 && System.nanoTime() - start < 20_000_000_000L; ) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 100; i++) {
                    SIMD.attend(c.group, c.out.address(), c.stride, c.q.address(), c.stride, 1, c.pages, 299, scratch);
                }
                fewest = Math.min(fewest, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(fewest).isLessThan(1000);
        }
    }

    @Test
    void refusesSizesThatDoNotFit() {
        assertThatThrownBy(() -> CachedAttention.Group.of(0, 8)).hasMessageContaining("G=0");
        assertThatThrownBy(() -> new CachedAttention.Group(1, 8, 0, 0)).hasMessageContaining("scale 0.0");
        assertThatThrownBy(() -> new CachedAttention.Group(1, 8, 1, -1)).hasMessageContaining("window -1");
    }
}
