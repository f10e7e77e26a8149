package dev.jackdaw.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.CacheType;
import dev.jackdaw.tensor.kernel.CachedAttention;
import dev.jackdaw.tensor.kernel.CachedText;
import dev.jackdaw.tensor.kernel.Heads;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// However rows are batched, chunked and shared out, each text gets the same bits.
class CpuAttentionTest {
    /// One layer of a text.
    private record Text(CacheType cacheType, long[][] heads, int position, int rows) implements CachedText {
        static Text of(Arena arena, CacheType type, int K, int D, int length) {
            long[][] pages = new long[K][CachedAttention.pages(length)];
            for (long[] head : pages) {
                Arrays.setAll(head, _ -> arena.allocate(type.pageBytes(D), Memory.ALIGNMENT).address());
            }
            return new Text(type, pages, 0, 0);
        }

        Text next(int count) {
            return new Text(cacheType, heads, position + rows, count);
        }

        @Override
        public long[][] pages(int layer) {
            return heads;
        }
    }

    private static final int H = 6, K = 2, D = 20;
    private static final Heads HEADS = new Heads(H, K, D, null, false, 0);

    private static Tensor random(Arena arena, int seed, int rows, int width) {
        Tensor tensor = Tensor.zeros(arena, rows, width);
        Random random = new Random(seed);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    private static final int WIDTH = HEADS.columns();

    /// Rows `[from,to)` of `rows`, behind those of `batch`.
    private static void add(List<float[]> batch, Tensor rows, int from, int to) {
        float[] all = rows.toFloats();
        for (int i = from; i < to; i++) {
            batch.add(Arrays.copyOfRange(all, i * WIDTH, (i + 1) * WIDTH));
        }
    }

    /// The rows of `qkv` serve as queries, keys and values; results `[n][H·D]`.
    private static List<float[]> attend(Device device, Arena arena, List<float[]> rows, List<Text> texts, AttentionRule rule) {
        int n = rows.size(), out = HEADS.qkColumns();
        Tensor qkv = Tensor.zeros(arena, n, WIDTH), qk = Tensor.zeros(arena, n, out), y = Tensor.zeros(arena, n, (long) H * D);
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < WIDTH; c++) {
                qkv.set((long) i * WIDTH + c, rows.get(i)[c]);
                if (c < out) {
                    qk.set((long) i * out + c, rows.get(i)[c]);
                }
            }
        }
        device.cachedAttention(y, qk, qkv, texts.toArray(CachedText[]::new), 0, HEADS, rule);
        List<float[]> result = new ArrayList<>();
        float[] all = y.toFloats();
        for (int i = 0; i < n; i++) {
            result.add(Arrays.copyOfRange(all, i * H * D, (i + 1) * H * D));
        }
        return result;
    }

    @ParameterizedTest
    @CsvSource({"F32,0,1", "F16,0,2", "Q8_0,0,3", "F16,300,2"})
    void textsOfABatchDoNotShowInOneAnother(CacheType type, int window, int threads) {
        int[] lengths = {700, 3, 290};
        AttentionRule rule = new AttentionRule(0.3f, window, 0, null, false);
        List<List<float[]>> alone = new ArrayList<>();
        List<Tensor> rows = new ArrayList<>();
        try (Arena arena = Arena.ofConfined(); Device one = Device.cpu(1); Device device = Device.cpu(threads)) {
            for (int t = 0; t < lengths.length; t++) {
                rows.add(random(arena, t, lengths[t], WIDTH));
                Text text = Text.of(arena, type, K, D, lengths[t]);
                List<float[]> found = new ArrayList<>();
                for (int i = 0; i < lengths[t]; i++) {                 // one by one
                    List<float[]> row = new ArrayList<>();
                    add(row, rows.get(t), i, i + 1);
                    text = text.next(1);
                    found.addAll(attend(one, arena, row, List.of(text), rule));
                }
                alone.add(found);
            }
            Random random = new Random(7);
            List<Text> texts = new ArrayList<>();
            for (int length : lengths) {
                texts.add(Text.of(arena, type, K, D, length));
            }
            int[] done = new int[lengths.length];
            while (true) {                                             // some rows of some texts at a time
                List<float[]> batch = new ArrayList<>();
                List<Text> taking = new ArrayList<>();
                List<float[]> expected = new ArrayList<>();
                for (int t = 0; t < lengths.length; t++) {
                    int n = Math.min(lengths[t] - done[t], switch (random.nextInt(4)) {
                        case 0 -> 0;
                        case 1 -> 1;
                        case 2 -> random.nextInt(12);
                        default -> random.nextInt(200);
                    });
                    if (n > 0) {
                        texts.set(t, texts.get(t).next(n));
                        taking.add(texts.get(t));
                        add(batch, rows.get(t), done[t], done[t] + n);
                        expected.addAll(alone.get(t).subList(done[t], done[t] + n));
                        done[t] += n;
                    }
                }
                if (!taking.isEmpty()) {
                    List<float[]> found = attend(device, arena, batch, taking, rule);
                    for (int i = 0; i < found.size(); i++) {
                        assertThat(found.get(i)).isEqualTo(expected.get(i));
                    }
                } else if (Arrays.equals(done, lengths)) {
                    return;
                }
            }
        }
    }

    @Test
    void refusesTextsThatDoNotFitTheBatch() {
        try (Arena arena = Arena.ofConfined(); Device device = Device.cpu(1)) {
            List<float[]> batch = new ArrayList<>();
            add(batch, random(arena, 1, 5, WIDTH), 0, 5);
            Text text = Text.of(arena, CacheType.F16, K, D, 64);
            assertThatThrownBy(() -> attend(device, arena, batch, List.of(text.next(4)), null)).hasMessageContaining("4 new rows, the batch 5");
            assertThatThrownBy(() -> attend(device, arena, batch, List.of(new Text(CacheType.F16, text.heads(), 60, 5)), null)).hasMessageContaining("60 to 64").hasMessageContaining("1 pages");
            assertThatThrownBy(() -> attend(device, arena, batch, List.of(text.next(3), Text.of(arena, CacheType.F32, K, D, 64).next(2)), null)).hasMessageContaining("in f16").hasMessageContaining("in f32");
        }
    }
}
