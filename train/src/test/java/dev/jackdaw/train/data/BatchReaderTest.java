package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchReaderTest {
    @TempDir
    Path folder;

    private TokenShard shard(List<String> texts) {
        return TokenShard.write(folder.resolve("t" + texts.size() + ".tokens"), DocumentSet.of(texts), Texts::bytes, 258, 0, "bytes", 2, Progress.SILENT);
    }

    private static int[][] batch(BatchReader reader, int rows) {
        try (Arena arena = Arena.ofConfined()) {
            int n = rows * reader.context();
            MemorySegment inputs = arena.allocate(4L * n, 64);
            MemorySegment targets = arena.allocate(4L * n, 64);
            int predicted = reader.next(inputs.address(), targets.address(), rows);
            return new int[][] {inputs.toArray(ValueLayout.JAVA_INT), targets.toArray(ValueLayout.JAVA_INT), {predicted}};
        }
    }

    @Test
    void everyIdIsATargetExactlyOnceInAnEpoch() {
        try (TokenShard shard = shard(Texts.many(1, 40, 200))) {
            BatchReader reader = BatchReader.training(shard, 64, 7);
            for (int epoch = 0; epoch < 3; epoch++) {
                long[] counts = new long[258];
                int rows = reader.rows();
                for (int row = 0; row < rows; row++) {
                    int[] targets = batch(reader, 1)[1];
                    Arrays.stream(targets).filter(id -> id >= 0).forEach(id -> counts[id]++);
                }
                long[] expected = new long[258];
                for (long i = 1; i <= shard.tokens(); i++) {
                    expected[shard.token(i)]++;
                }
                assertThat(counts).as("epoch %d", epoch).containsExactly(expected);
            }
        }
    }

    @Test
    void targetsAreTheInputsShiftedByOneInsideAPiece() {
        try (TokenShard shard = shard(List.of(Texts.words(3, 400)))) {
            BatchReader reader = BatchReader.training(shard, 32, 1);
            for (int row = 0; row < reader.rows(); row++) {
                int[][] batch = batch(reader, 1);
                int predicted = batch[2][0];
                assertThat(Arrays.copyOf(batch[1], predicted - 1)).isEqualTo(Arrays.copyOfRange(batch[0], 1, predicted));
                assertThat(Arrays.stream(batch[1]).skip(predicted)).allMatch(id -> id == -1);
            }
        }
    }

    @Test
    void onlyTheLastRowIsPadded() {
        try (TokenShard shard = shard(Texts.many(2, 60, 90))) {
            for (int length : new int[] {1, 2, 17, 64, 256, 100_000}) {
                Packer.Summary packing = BatchReader.training(shard, length, 7).packing();
                assertThat(packing.padding()).isBetween(0L, length - 1L);
                assertThat(packing.rows()).isEqualTo((shard.tokens() + length - 1) / length);
            }
        }
    }

    @Test
    void continuesWithTheSameBatchesFromAnyPosition() {
        try (TokenShard shard = shard(Texts.many(3, 30, 120))) {
            BatchReader reader = BatchReader.training(shard, 48, 99);
            for (int step = 0; step < 60; step++) {
                BatchReader resumed = BatchReader.at(shard, reader.position());
                assertThat(batch(resumed, 5)).isDeepEqualTo(batch(reader, 5));
                assertThat(resumed.position()).isEqualTo(reader.position());
            }
            assertThat(reader.epoch()).isPositive();
        }
    }

    @Test
    void rowsDoNotDependOnHowTheyAreBatched() {
        try (TokenShard shard = shard(Texts.many(4, 30, 120))) {
            BatchReader one = BatchReader.training(shard, 48, 5);
            BatchReader six = BatchReader.training(shard, 48, 5);
            for (int i = 0; i < 20; i++) {
                List<Integer> singly = new ArrayList<>();
                for (int row = 0; row < 6; row++) {
                    Arrays.stream(batch(one, 1)[0]).forEach(singly::add);
                }
                assertThat(Arrays.stream(batch(six, 6)[0]).boxed().toList()).isEqualTo(singly);
            }
        }
    }

    @Test
    void seedsAndEpochsGiveOtherOrders() {
        try (TokenShard shard = shard(Texts.many(5, 60, 120))) {
            int[][] first = batch(BatchReader.training(shard, 48, 5), 8);
            assertThat(batch(BatchReader.training(shard, 48, 6), 8)[0]).isNotEqualTo(first[0]);
            BatchReader reader = BatchReader.training(shard, 48, 5);
            int rows = reader.rows();
            batch(reader, rows);
            assertThat(batch(reader, 8)[0]).isNotEqualTo(first[0]);
            reader.rewind();
            assertThat(batch(reader, 8)).isDeepEqualTo(first);
        }
    }

    @Test
    void examinationPredictsEveryIdOnceWithContext() {
        try (TokenShard shard = shard(Texts.many(6, 20, 150))) {
            for (int overlap : new int[] {0, 1, 16, 31}) {
                BatchReader reader = BatchReader.evaluation(shard, 32, overlap);
                long predicted = 0;
                long[] counts = new long[258];
                for (int[][] batch = batch(reader, 7); batch[2][0] > 0; batch = batch(reader, 7)) {
                    predicted += batch[2][0];
                    Arrays.stream(batch[1]).filter(id -> id >= 0).forEach(id -> counts[id]++);
                    for (int row = 0; row < 7; row++) {
                        // the end-of-text id stands first or in the padding, never between two documents
                        int[] inputs = Arrays.copyOfRange(batch[0], row * 32, row * 32 + 32);
                        int used = 32;
                        while (used > 0 && inputs[used - 1] == 0) {
                            used--;
                        }
                        assertThat(Arrays.stream(inputs).skip(1).limit(Math.max(0, used - 1)).boxed().toList()).doesNotContain(0);
                    }
                }
                assertThat(predicted).isEqualTo(shard.tokens());
                assertThat(Arrays.stream(counts).sum()).isEqualTo(shard.tokens());
                assertThat(counts[0]).isEqualTo(shard.documents());
            }
        }
    }

    @Test
    void refusesACorpusSmallerThanABatch() {
        try (TokenShard shard = shard(List.of("a few words only"))) {
            BatchReader reader = BatchReader.training(shard, 8, 1);
            assertThatThrownBy(() -> batch(reader, 16)).isInstanceOf(DataException.class)
                .hasMessageContaining("17 tokens in 1 documents").hasMessageContaining("3 rows of 8").hasMessageContaining("needs 16 rows");
        }
    }

    @Test
    void refusesAPositionOfOtherData() {
        try (TokenShard shard = shard(Texts.many(7, 5, 50)); TokenShard other = shard(Texts.many(8, 6, 50))) {
            BatchReader.Position position = BatchReader.training(shard, 8, 1).position();
            assertThatThrownBy(() -> BatchReader.at(other, position)).isInstanceOf(DataException.class).hasMessageContaining(shard.fingerprint());
            var beyond = new BatchReader.Position(shard.fingerprint(), 8, 1, 0, 1_000_000);
            assertThatThrownBy(() -> BatchReader.at(shard, beyond)).isInstanceOf(DataException.class).hasMessageContaining("row 1000000 does not exist");
        }
    }

    @Test
    void fillingABatchAllocatesNothing() {
        try (TokenShard shard = shard(Texts.many(9, 50, 300)); Arena arena = Arena.ofConfined()) {
            BatchReader reader = BatchReader.training(shard, 64, 1);
            MemorySegment inputs = arena.allocate(4L * 64 * 8, 64);
            MemorySegment targets = arena.allocate(4L * 64 * 8, 64);
            var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
            long before = 0;
            for (int step = 0; step < 20; step++) {
                if (step == 10) {
                    before = threads.getCurrentThreadAllocatedBytes();
                }
                reader.next(inputs.address(), targets.address(), 8);
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1024);
        }
    }
}
