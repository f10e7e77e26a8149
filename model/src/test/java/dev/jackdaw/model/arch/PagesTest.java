package dev.jackdaw.model.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pages of keys and values: who holds them, who shares them, and what comes back from disk.
class PagesTest {
    private Device device;
    private Model model;
    private Forward forward;
    private PagePool pool;

    @BeforeEach
    void open() throws IOException {
        device = Device.cpu(2);
        model = Model.open(Path.of("src/test/resources/reference/models/qwen3"), device);
        forward = model.forward();
        pool = new PagePool(model.spec());
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(pool.used()).isZero();
        pool.close();
        assertThat(pool.bytes()).isZero();
        model.close();
        device.close();
    }

    private static int[] text(int length, int seed) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = (i * 37 + seed * 101 + 11) % 600;
        }
        return ids;
    }

    private float[] alone(int... text) {
        try (KvCache cache = forward.newCache(pool, text.length)) {
            return forward.logits(cache, text);
        }
    }

    private static int[] join(int[] a, int[] b) {
        int[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    @Test
    void textsThatBeginAlikeSharePagesAndKeepTheirBits() {
        try (PrefixTree tree = new PrefixTree(pool, 1 << 30)) {
            int[] first = text(200, 1);
            KvCache a = forward.newCache(pool, 400);
            forward.logits(a, first);
            tree.add(a, true, null);
            assertThat(pool.used()).isEqualTo(4);
            assertThat(tree.idle()).isZero();

            int[] second = join(Arrays.copyOf(first, 150), text(20, 2));
            KvCache b = forward.newCache(pool, 400);
            assertThat(tree.begin(b, second, second.length - 1, null)).isEqualTo(150);
            assertThat(b.pages()).isEqualTo(3);
            assertThat(pool.used()).as("nothing is copied before something is written").isEqualTo(4);
            float[] expected = alone(second);
            assertThat(forward.logits(b, Arrays.copyOfRange(second, 150, 170))).isEqualTo(expected);
            assertThat(pool.used()).as("the third page was copied").isEqualTo(5);

            int[] more = text(5, 3);
            assertThat(forward.logits(a, more)).as("the first text goes on in a copy of its last page").isEqualTo(alone(join(first, more)));
            KvCache c = forward.newCache(pool, 400);
            assertThat(tree.begin(c, join(first, text(9, 4)), 208, null)).isEqualTo(200);
            assertThat(forward.logits(c, text(9, 4))).isEqualTo(alone(join(first, text(9, 4))));
            KvCache adapted = forward.newCache(pool, 400);
            assertThat(tree.begin(adapted, first, 199, "an adapter")).isZero();
            for (KvCache cache : List.of(a, b, c, adapted)) {
                cache.close();
                cache.close();
            }
            assertThat(pool.used()).isEqualTo(tree.size()).isEqualTo(tree.idle()).isEqualTo(4);
        }
    }

    @Test
    void aLongerTextReplacesItsOwnBeginning() {
        try (PrefixTree tree = new PrefixTree(pool, 1 << 30); KvCache cache = forward.newCache(pool, 400)) {
            forward.logits(cache, text(70, 1));
            tree.add(cache, true, null);
            assertThat(tree.size()).isEqualTo(2);
            forward.logits(cache, text(20, 2));
            tree.add(cache, false, null);
            assertThat(tree.size()).as("a page that is not full is not added before its text has ended").isEqualTo(2);
            tree.add(cache, true, null);
            assertThat(tree.size()).isEqualTo(2);
            try (KvCache again = forward.newCache(pool, 400)) {
                assertThat(tree.begin(again, join(text(70, 1), text(25, 2)), 95, null)).isEqualTo(90);
            }
        }
    }

    @Test
    void idlePagesBeyondTheBudgetGoOldestFirst() {
        try (PrefixTree tree = new PrefixTree(pool, 5 * pool.pageBytes())) {
            for (int t = 0; t < 6; t++) {
                try (KvCache cache = forward.newCache(pool, 400)) {
                    forward.logits(cache, text(128, t));
                    tree.add(cache, true, null);
                }
            }
            try (KvCache cache = forward.newCache(pool, 10)) {
                forward.logits(cache, 1, 2, 3, 4, 5);
                tree.add(cache, true, null);
            }
            tree.trim();
            assertThat(tree.idle()).isEqualTo(5);
            try (KvCache oldest = forward.newCache(pool, 400); KvCache newest = forward.newCache(pool, 400)) {
                assertThat(tree.begin(oldest, text(128, 0), 128, null)).isZero();
                assertThat(tree.begin(newest, text(128, 5), 128, null)).isEqualTo(128);
            }
        }
    }

    @Test
    void aFullPoolTakesIdlePagesBackAndThenRefuses() {
        pool.close();
        pool = new PagePool(model.spec(), 4 * pool.pageBytes());
        try (PrefixTree tree = new PrefixTree(pool, 1 << 30); KvCache a = forward.newCache(pool, 400); KvCache b = forward.newCache(pool, 400)) {
            forward.logits(a, text(128, 1));
            tree.add(a, true, null);
            a.truncate(0);
            assertThat(tree.idle()).isEqualTo(2);
            forward.logits(b, text(256, 2));
            assertThat(tree.size()).isZero();
            assertThatThrownBy(() -> forward.logits(a, 1)).hasMessageContaining("all 4 pages").hasMessageContaining("end a text");
            b.truncate(192);
            forward.logits(a, 1);
        }
    }

    @Test
    void whatWasSavedGoesOnWithTheSameBits(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("text.cache");
        int[] before = text(150, 1), after = text(60, 2);
        String model = forward.fingerprint();
        try (KvCache cache = forward.newCache(pool, 400)) {
            forward.logits(cache, before);
            CacheFile.save(file, cache, model);
        }
        try (Model again = Model.open(Path.of("src/test/resources/reference/models/qwen3"), device); KvCache cache = again.forward().newCache(400)) {
            assertThat(CacheFile.restore(file, cache, again.forward().fingerprint())).isEqualTo(150);
            assertThat(cache.tokens()).isEqualTo(before);
            assertThat(again.forward().logits(cache, after)).isEqualTo(alone(join(before, after)));
        }
        try (KvCache small = forward.newCache(pool, 100)) {
            assertThatThrownBy(() -> CacheFile.restore(file, small, model)).hasMessageContaining("150 positions do not fit");
        }
        try (Model other = Model.open(Path.of("src/test/resources/reference/models/llama-gqa"), device); KvCache cache = other.forward().newCache(400)) {
            assertThat(other.forward().fingerprint()).isNotEqualTo(model);
            assertThatThrownBy(() -> CacheFile.restore(file, cache, other.forward().fingerprint())).isInstanceOf(FormatException.class).hasMessageContaining("saved by another model");
        }
    }

    @Test
    void aTreeComesBackWhole(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("tree.cache");
        try (PrefixTree tree = new PrefixTree(pool, 1 << 30)) {
            for (int t = 0; t < 3; t++) {
                try (KvCache cache = forward.newCache(pool, 400)) {
                    forward.logits(cache, join(text(100, 0), text(50 + t, t)));
                    tree.add(cache, true, null);
                }
            }
            CacheFile.save(file, tree, pool, "model");
        }
        try (PrefixTree tree = new PrefixTree(pool, 1 << 30); KvCache cache = forward.newCache(pool, 400)) {
            assertThat(CacheFile.restore(file, tree, pool, "model")).isEqualTo(tree.size()).isEqualTo(1 + 3 + 3);
            int[] wanted = join(join(text(100, 0), text(52, 2)), text(4, 9));
            assertThat(tree.begin(cache, wanted, wanted.length - 1, null)).isEqualTo(152);
            assertThat(forward.logits(cache, text(4, 9))).isEqualTo(alone(wanted));
        }
    }

    @Test
    void aDamagedFileIsRefusedWhereverTheDamageIs(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("text.cache"), damaged = folder.resolve("damaged.cache");
        try (KvCache cache = forward.newCache(pool, 400)) {
            forward.logits(cache, text(70, 1));
            CacheFile.save(file, cache, "model");
        }
        byte[] good = Files.readAllBytes(file);
        Random random = new Random(7);
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < 700; i++) {
            places.add(i);
        }
        for (int i = 0; i < 200; i++) {
            places.add(random.nextInt(good.length));
        }
        for (int place : places) {
            byte[] bad = good.clone();
            bad[place] ^= (byte) (1 << random.nextInt(8));
            refused(damaged, bad, "byte " + place);
        }
        for (int length : new int[] {0, 7, 28, 100, 600, good.length - 1}) {
            refused(damaged, Arrays.copyOf(good, length), "length " + length);
        }
        refused(damaged, Arrays.copyOf(good, good.length + 1), "longer");
    }

    private void refused(Path file, byte[] content, String what) throws IOException {
        Files.write(file, content);
        try (KvCache cache = forward.newCache(pool, 400)) {
            assertThatThrownBy(() -> CacheFile.restore(file, cache, "model")).as(what).isInstanceOf(FormatException.class);
            assertThat(cache.length()).isZero();
        }
    }

    @Test
    void aCacheOutlivesNeitherItselfNorItsModel() throws IOException {
        KvCache cache = forward.newCache(pool, 10);
        forward.logits(cache, 1, 2);
        cache.close();
        assertThatThrownBy(() -> forward.logits(cache, 3)).hasMessageContaining("was closed");
        KvCache orphan;
        try (Model other = Model.open(Path.of("src/test/resources/reference/models/qwen3"), device)) {
            orphan = other.forward().newCache(10);
            other.forward().logits(orphan, 1);
        }
        assertThatThrownBy(() -> forward.logits(orphan, 2)).hasMessageContaining("its model was closed");
        orphan.close();
    }
}
