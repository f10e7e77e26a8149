package dev.jackdaw.train.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.data.BatchReader.Position;
import dev.jackdaw.train.data.DataException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Rows of conversations: whole, once an epoch, side by side, the same from the same seed.
class AnswerBatchesTest {
    /// Ids of a sequence are its number everywhere, so that rows show what they are made of; the second half is learned.
    static AnswerSet set(int... lengths) {
        AnswerSet.Builder builder = new AnswerSet.Builder(_ -> 1);
        for (int i = 0; i < lengths.length; i++) {
            int[] ids = new int[lengths[i]];
            Arrays.fill(ids, i + 1);
            BitSet trained = new BitSet();
            trained.set(lengths[i] / 2, lengths[i]);
            builder.add(List.of(new Sequence(ids, trained)));
        }
        return builder.build();
    }

    private static AnswerSet random(int n, int most, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return set(random.ints(n, 2, most + 1).toArray());
    }

    private record Rows(int[] ids, int[] targets, int[] starts, int learned) {
    }

    private static Rows next(AnswerBatches batches, int rows) {
        try (Arena arena = Arena.ofConfined()) {
            int n = rows * batches.context();
            Tensor ids = Tensor.zeros(arena, DType.I32, n), targets = Tensor.zeros(arena, DType.I32, n), starts = Tensor.zeros(arena, DType.I32, n);
            int learned = batches.next(ids.address(), targets.address(), starts.address(), rows);
            return new Rows(ints(ids), ints(targets), ints(starts), learned);
        }
    }

    private static int[] ints(Tensor tensor) {
        int[] all = new int[(int) tensor.elements()];
        for (int i = 0; i < all.length; i++) {
            all[i] = Memory.getInt(tensor.address() + 4L * i);
        }
        return all;
    }

    @Test
    void everyConversationIsWholeAndComesOnceAnEpoch() {
        for (long seed = 0; seed < 20; seed++) {
            int T = 40;
            AnswerSet set = random(97, T + 1, seed);
            AnswerBatches batches = AnswerBatches.training(set, T, seed);
            int rows = batches.rows();
            for (int epoch = 0; epoch < 3; epoch++) {
                Map<Integer, Integer> places = new HashMap<>();
                long learned = 0;
                for (int row = 0; row < rows; row++) {
                    Rows found = next(batches, 1);
                    learned += found.learned;
                    for (int t = 0; t < T; t++) {
                        int id = found.ids[t];
                        if (id == 0) {
                            assertThat(found.targets[t]).isEqualTo(-1);
                            assertThat(found.starts[t]).isEqualTo(t);
                            continue;
                        }
                        places.merge(id, 1, Integer::sum);
                        assertThat(found.ids[found.starts[t]]).as("seed %d", seed).isEqualTo(id);
                        assertThat(found.starts[t] == 0 || found.ids[found.starts[t] - 1] != id).isTrue();
                        int index = t - found.starts[t] + 1;                         // of the target in its sequence
                        assertThat(found.targets[t]).isEqualTo(index >= set.length(id - 1) / 2 ? id : -1);
                    }
                }
                assertThat(places).as("seed %d", seed).hasSize(97);
                places.forEach((id, count) -> assertThat(count).isEqualTo(set.length(id - 1) - 1));
                assertThat(learned).isEqualTo(set.trainedTokens());
            }
            assertThat(batches.epoch()).isEqualTo(2);
        }
    }

    @Test
    void packsBestFit() {
        AnswerBatches batches = AnswerBatches.training(set(31, 21, 11, 11, 31, 6, 6), 40, 1);         // 30+10, 30+10, 20+5+5
        assertThat(batches.rows()).isEqualTo(3);
        assertThat(batches.packing().padding()).isEqualTo(3 * 40 - 110);
        assertThat(AnswerBatches.training(random(2000, 60, 3), 256, 0).packing()).satisfies(summary -> assertThat((double) summary.padding() / (summary.rows() * 256)).isLessThan(0.01));
    }

    @Test
    void aPositionGoesOnWithTheSameBatches() {
        AnswerSet set = random(50, 30, 7);
        AnswerBatches one = AnswerBatches.training(set, 32, 9);
        List<int[]> all = new ArrayList<>();
        Position middle = null;
        for (int i = 0; i < 40; i++) {
            if (i == 23) {
                middle = one.position();
            }
            all.add(next(one, 2).ids);
        }
        assertThat(middle.epoch()).isPositive();
        AnswerBatches other = AnswerBatches.at(set, middle);
        for (int i = 23; i < 40; i++) {
            assertThat(next(other, 2).ids).containsExactly(all.get(i));
        }
        assertThat(next(AnswerBatches.training(set, 32, 9), 20).ids).containsExactly(next(AnswerBatches.training(set, 32, 9), 20).ids);
        assertThat(next(AnswerBatches.training(set, 32, 9), 20).ids).isNotEqualTo(next(AnswerBatches.training(set, 32, 10), 20).ids);
        Position of = middle;
        assertThatThrownBy(() -> AnswerBatches.at(random(50, 30, 8), of)).isInstanceOf(DataException.class).hasMessageContaining("continue with the data");
        assertThatThrownBy(() -> AnswerBatches.at(set, new Position(of.fingerprint(), 32, 9, 0, 1000))).isInstanceOf(DataException.class).hasMessageContaining("row 1000 does not exist");
    }

    @Test
    void anExaminationEnds() {
        AnswerSet set = set(5, 6, 7);
        AnswerBatches batches = AnswerBatches.examination(set, 32);
        assertThat(next(batches, 2).learned).isEqualTo(set.trainedTokens());
        assertThat(next(batches, 2).learned).isZero();
    }

    @Test
    void theFingerprintSeesIdsAndMarks() {
        AnswerSet.Builder builder = new AnswerSet.Builder(_ -> 1);
        BitSet last = new BitSet();
        last.set(3);
        builder.add(List.of(new Sequence(new int[] {1, 1, 1, 1}, last)));
        assertThat(builder.build().fingerprint()).hasSize(32).isNotEqualTo(set(4).fingerprint());
        assertThat(set(4, 5).fingerprint()).isEqualTo(set(4, 5).fingerprint()).isNotEqualTo(set(5, 4).fingerprint());
    }
}
