package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CachedAttentionTest {
    private static final float UNTOUCHED = 12345.5f;
    private static final CachedAttention SIMD = new CachedAttentionSimd();
    /// The fast twins that this machine can run.
    private static final List<CachedAttention> FAST = Stream.of(CachedAttention.fastest(SIMD)).toList();

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
        final long sinks;

        Case(CachedAttention.Group group, int S, float spread) {
            this(group, S, spread, false);
        }

        Case(CachedAttention.Group group, int S, float spread, boolean hasSinks) {
            this.group = group;
            this.S = S;
            int D = group.D();
            stride = (long) group.G() * D + 3;
            Random random = new Random(S + 31L * D);
            q = random(random, spread, S * stride);
            k = random(random, spread, (long) S * D);
            v = random(random, 1, (long) S * D);
            out = Tensor.zeros(arena, S * stride).fill(UNTOUCHED);
            sinks = hasSinks ? random(random, 2, group.G()).address() : 0;
            pages = new long[CachedAttention.pages(S)];
            for (int i = 0; i < pages.length; i++) {          // a page is not cleared before use
                pages[i] = Tensor.zeros(arena, group.type().pageBytes(D) / 4).fill(Float.NaN).address();
            }
        }

        private Tensor random(Random random, float spread, long n) {
            Tensor tensor = Tensor.zeros(arena, n);
            for (long i = 0; i < n; i++) {
                tensor.set(i, spread * (float) random.nextGaussian());
            }
            return tensor;
        }

        /// Appends and attends `rows` positions at a time.
        float[] run(CachedAttention attention, int rows) {
            int queries = Math.min(rows, S) * group.G();
            long scratch = scratch(attention, queries);
            for (int p = 0; p < S; p += rows) {
                int n = Math.min(rows, S - p);
                append(attention, p, n);
                attention.attend(group, out.address() + 4 * p * stride, stride, q.address() + 4 * p * stride, stride, 0, n * group.G(), pages, p, p + n, sinks, scratch);
            }
            return out.toFloats();
        }

        void append(CachedAttention attention, int p, int n) {
            int D = group.D();
            attention.append(group, pages, p, n, k.address() + 4L * p * D, D, v.address() + 4L * p * D, D);
        }

        long scratch(CachedAttention attention, int queries) {
            return Tensor.zeros(arena, (attention.attendBytes(group, queries) + 3) / 4).fill(Float.NaN).address();
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    private static CachedAttention.Group group(int G, int D, int window) {
        return group(CacheType.F32, G, D, window);
    }

    private static CachedAttention.Group group(CacheType type, int G, int D, int window) {
        return new CachedAttention.Group(type, G, D, (float) (1 / Math.sqrt(D)), window, 0, false);
    }

    private static float[] run(CachedAttention attention, CachedAttention.Group group, int S, int chunk) {
        try (Case c = new Case(group, S, 1)) {
            return c.run(attention, chunk);
        }
    }

    private static void assertTwins(CachedAttention.Group group, int S) {
        float[] expected = run(CachedAttention.SCALAR, group, S, S);
        for (CachedAttention fast : FAST) {
            AttentionTest.assertClose(fast.getClass() + " " + group + " S=" + S, run(fast, group, S, S), expected, 3e-6);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 13, 64, 65, 207})
    void simdMatchesScalarAtAnyLength(int S) {
        for (CacheType type : CacheType.values()) {
            for (int D : new int[] {1, 6, 8, 16, 24, 32, 33, 64, 80, 128}) {
                assertTwins(group(type, 2, D, 0), S);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CacheType.class)
    void simdMatchesScalarOverSeveralChunks(CacheType type) {
        for (int S : new int[] {255, 256, 257, 600}) {
            assertTwins(group(type, 3, 20, 0), S);
            assertTwins(group(type, 1, 16, 270), S);
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
    @CsvSource({"0,true,false", "5,false,false", "5,true,false", "0,false,true", "0.5,true,true"})
    void simdMatchesScalarByAnyRule(float softcap, boolean sinks, boolean bothWays) {
        for (int window : new int[] {0, 70}) {
            CachedAttention.Group group = new CachedAttention.Group(CacheType.F32, 3, 24, 0.7f, window, softcap, bothWays);
            for (CachedAttention attention : FAST) {
                try (Case fast = new Case(group, 330, 1, sinks); Case scalar = new Case(group, 330, 1, sinks)) {
                    AttentionTest.assertClose(attention.getClass() + " " + group + " sinks " + sinks, fast.run(attention, 330), scalar.run(CachedAttention.SCALAR, 330), 5e-6);
                }
            }
        }
    }

    /// A definition of its own: all scores at once, then the sums.
    @ParameterizedTest
    @CsvSource({"0,0,false,false", "0,9,false,false", "3,0,true,false", "0,0,true,true", "2,9,true,true"})
    void scalarFollowsTheFormula(float softcap, int window, boolean hasSinks, boolean bothWays) {
        int S = 300, G = 2, D = 6;
        CachedAttention.Group group = new CachedAttention.Group(CacheType.F32, G, D, 0.9f, window, softcap, bothWays);
        try (Case c = new Case(group, S, 1, hasSinks)) {
            float[] found = c.run(CachedAttention.SCALAR, S);
            for (int at : new int[] {0, 1, 63, 64, 299}) {
                for (int g = 0; g < G; g++) {
                    int from = window == 0 ? 0 : Math.max(0, at - window + 1), to = bothWays ? S - 1 : at;
                    double total = hasSinks ? Math.exp(Memory.getFloat(c.sinks + 4L * g)) : 0;
                    double[] sums = new double[D];
                    for (int j = from; j <= to; j++) {
                        double s = 0;
                        for (int d = 0; d < D; d++) {
                            s += (double) c.q.get(at * c.stride + g * D + d) * c.k.get((long) j * D + d);
                        }
                        s *= 0.9f;
                        double p = Math.exp(softcap == 0 ? s : softcap * Math.tanh(s / softcap));
                        total += p;
                        for (int d = 0; d < D; d++) {
                            sums[d] += p * c.v.get((long) j * D + d);
                        }
                    }
                    for (int d = 0; d < D; d++) {
                        assertThat(found[(int) (at * c.stride + g * D + d)]).isCloseTo((float) (sums[d] / total), within(1e-5f));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32,1,64,0", "F16,3,64,0", "Q8_0,2,24,0", "F32,3,16,40", "F16,2,33,270"})
    void batchedEqualsOneByOneInEveryBit(CacheType type, int G, int D, int window) {
        CachedAttention.Group group = group(type, G, D, window);
        for (CachedAttention fast : FAST) {
            float[] oneByOne = run(fast, group, 560, 1);
            for (int chunk : new int[] {2, 5, 64, 67, 560}) {
                AttentionTest.assertSameBits(fast.getClass() + " " + chunk + " at once", run(fast, group, 560, chunk), oneByOne);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CacheType.class)
    void chunksByThemselvesEqualAllAtOnceInEveryBit(CacheType type) {
        CachedAttention.Group group = group(type, 3, 40, 700);
        int S = 1000, at = S - 2, queries = 6;
        for (CachedAttention attention : Stream.concat(FAST.stream(), Stream.of(CachedAttention.SCALAR)).toList()) {
            try (Case c = new Case(group, S, 1)) {
                long scratch = c.scratch(attention, queries), q = c.q.address() + 4 * at * c.stride, out = c.out.address() + 4 * at * c.stride, bytes = 8 * attention.stateBytes(group);
                c.append(attention, 0, S);
                attention.attend(group, out, c.stride, q, c.stride, 0, queries, c.pages, at, S, 0, scratch);
                float[] expected = c.out.toFloats();
                c.out.fill(UNTOUCHED);
                long states = Tensor.zeros(c.arena, 4 * bytes / 4).address();
                for (int chunk = 3; chunk >= 0; chunk--) {
                    attention.look(group, states + chunk * bytes, q, c.stride, 0, queries, c.pages, at, S, chunk, scratch);
                }
                for (int chunk = 1; chunk < 4; chunk++) {
                    attention.merge(group, states, states + chunk * bytes, queries, scratch);
                }
                attention.write(group, out, c.stride, states, 0, queries, 0, scratch);
                AttentionTest.assertSameBits(type + "", c.out.toFloats(), expected);
            }
        }
    }

    @Test
    void narrowCachesAreNearToPlainOnes() {
        float[] plain = run(SIMD, group(CacheType.F32, 2, 64, 0), 200, 200);
        AttentionTest.assertClose("f16", run(SIMD, group(CacheType.F16, 2, 64, 0), 200, 200), plain, 2e-3);
        AttentionTest.assertClose("q8_0", run(SIMD, group(CacheType.Q8_0, 2, 64, 0), 200, 200), plain, 3e-2);
    }

    @Test
    void aPageIsAsLargeAsItsTypeSays() {
        assertThat(CacheType.F32.pageBytes(64)).isEqualTo(2 * 64 * 64 * 4);
        assertThat(CacheType.F16.pageBytes(64)).isEqualTo(2 * 64 * 64 * 2);
        assertThat(CacheType.Q8_0.pageBytes(64)).isEqualTo(2 * 64 * (64 + 2 * 2));
        assertThat(CacheType.of("q8_0")).isEqualTo(CacheType.Q8_0);
        assertThatThrownBy(() -> CacheType.of("q4")).hasMessageContaining("q4 is not known; give f32, f16 or q8_0");
    }

    @Test
    void agreesWithAttentionForTraining() {
        int S = 130, G = 3, D = 32;
        CachedAttention.Group group = group(G, D, 50);
        try (Case c = new Case(group, S, 1)) {
            float[] cached = c.run(SIMD, S);
            Attention.Dims dims = new Attention.Dims(S, G, 1, D, group.scale(), group.window(), 0);
            Tensor out = Tensor.zeros(c.arena, S * c.stride).fill(UNTOUCHED), lse = Tensor.zeros(c.arena, (long) S * G);
            Attention training = new AttentionSimd();
            training.forward(dims, out.address(), c.stride, lse.address(), c.q.address(), c.stride, c.k.address(), D, c.v.address(), D,
                    Tensor.zeros(c.arena, training.scratchBytes(dims)).address(), 0);
            AttentionTest.assertClose("cached", cached, out.toFloats(), 3e-6);
        }
    }

    @Test
    void staysRightWithLargeLogits() {
        for (CachedAttention attention : FAST) {
            try (Case fast = new Case(group(2, 16, 0), 100, 30); Case scalar = new Case(group(2, 16, 0), 100, 30)) {
                AttentionTest.assertClose("out", fast.run(attention, 100), scalar.run(CachedAttention.SCALAR, 100), 1e-3);
            }
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

    @ParameterizedTest
    @EnumSource(CacheType.class)
    void allocatesNothingOnTheHeap(CacheType type) {
        for (CachedAttention fast : FAST) {
            allocatesNothingOnTheHeap(fast, type);
        }
    }

    private static void allocatesNothingOnTheHeap(CachedAttention fast, CacheType type) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        CachedAttention.Group group = new CachedAttention.Group(type, 3, 64, 0.125f, 0, 9, false);
        try (Case c = new Case(group, 300, 1, true)) {
            c.run(fast, 300);
            long scratch = c.scratch(fast, 3);
            long fewest = Long.MAX_VALUE;
            // the interpreter and the first compiler do allocate vectors, so give the last compiler time to arrive
            for (long start = System.nanoTime(); fewest > 1000 && System.nanoTime() - start < 20_000_000_000L; ) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 100; i++) {
                    fast.attend(c.group, c.out.address(), c.stride, c.q.address(), c.stride, 0, 3, c.pages, 299, 300, c.sinks, scratch);
                }
                fewest = Math.min(fewest, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(fewest).isLessThan(1000);
        }
    }

    @Test
    void refusesSizesThatDoNotFit() {
        assertThatThrownBy(() -> CachedAttention.Group.of(CacheType.F32, 0, 8)).hasMessageContaining("G=0");
        assertThatThrownBy(() -> new CachedAttention.Group(CacheType.F32, 1, 8, 0, 0, 0, false)).hasMessageContaining("scale 0.0");
        assertThatThrownBy(() -> new CachedAttention.Group(CacheType.F32, 1, 8, 1, -1, 0, false)).hasMessageContaining("window -1");
        assertThatThrownBy(() -> new CachedAttention.Group(CacheType.F32, 1, 8, 1, 0, -1, false)).hasMessageContaining("cap -1.0");
    }
}
