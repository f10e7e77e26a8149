package dev.jackdaw.tensor.grad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Low-rank changes of frozen weights: against finite differences, against the weights they stand for, packed against plain.
class LowRankTest {
    private static final int B = 2, T = 7, C = 24, F = 40, V = 30;

    /// A feed-forward layer whose gate, up (in part) and down are adapted; seed 5.
    private static final class Net extends TestNet {
        final Random magnitudes = new Random(6);
        final Recorder recorder = new Recorder(T);
        final boolean packed;
        final boolean dora;
        final float dropout;

        Net(int threads, boolean packed, boolean dora, float dropout) {
            super(threads, 5);
            this.packed = packed;
            this.dora = dora;
            this.dropout = dropout;
            Value ids = ints("ids", B * T, _ -> random.nextInt(V)), targets = ints("targets", B * T, _ -> random.nextInt(V)), embedding = weight("embedding", 1, V, C);
            Recorder r = recorder;
            Value x = r.embedding(ids, embedding);
            // of gate and up: all of gate, and rows 5 to 20 of up
            Value gateUp = r.linear(r.rmsNorm(x, weight("norm", 1, C), 1e-5f), adapted("gateUp", 2 * F, C, new long[][] {{0, F, 3}, {F + 5, 16, 2}}), null);
            x = r.linear(r.swiglu(gateUp), adapted("down", C, F, new long[][] {{0, C, 4}}), x);
            losses = r.crossEntropy(r.rmsNorm(x, weight("last", 1, C), 1e-5f), embedding, targets, null);
            plan = Plan.of(r, true).allocate(arena);
        }

        /// @param parts first row, rows and rank of each
        private Value adapted(String name, int rows, int columns, long[][] parts) {
            Tensor w = numbers(0.4, rows, columns), squares = Tensor.zeros(arena, rows);
            for (int f = 0; f < rows; f++) {
                float sum = 0;
                for (int c = 0; c < columns; c++) {
                    sum += w.get((long) f * columns + c) * w.get((long) f * columns + c);
                }
                squares.set(f, sum);
            }
            Value frozen = packed ? Value.packed(name, device.pack(bytes -> arena.allocate(bytes, Memory.ALIGNMENT), List.of(PackedWeight.Source.of(w)))) : Value.of(name, w, null);
            long rank = 0;
            List<LowRank.Part> all = new ArrayList<>();
            for (long[] part : parts) {
                rank += part[2];
                all.add(new LowRank.Part(weight(name + ".b" + part[0], 0.3, part[2], part[1]), 1.5f, part[0], dora ? magnitude(name, squares, part) : null));
            }
            LowRank change = new LowRank(weight(name + ".a", 0.3, rank, columns), all, dora ? Value.of("squares", squares, null) : null, dropout, name.hashCode());
            return Value.adapted(frozen, change);
        }

        private Value magnitude(String name, Tensor squares, long[] part) {
            Value value = learned(name + ".m" + part[0], Tensor.zeros(arena, part[1]));
            for (long f = 0; f < part[1]; f++) {
                value.data().set(f, (float) (Math.sqrt(squares.get(part[0] + f)) * (1 + 0.3 * magnitudes.nextGaussian())));
            }
            return value;
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false,0", "true,false,0", "false,true,0", "true,true,0", "false,false,0.3", "true,true,0.3"})
    void gradientsAreThoseOfFiniteDifferences(boolean packed, boolean dora, float dropout) {
        try (Net net = new Net(2, packed, dora, dropout)) {
            net.gradients(false);
            for (Value weight : net.weights) {
                if (dora && weight.name().matches(".*\\.[ab]\\d*")) {
                    continue;                                      // the norm is a constant in their gradient, though not in the loss
                }
                assertThat(Math.sqrt(net.device.sumOfSquares(weight.gradient()))).as("%s has a gradient", weight).isGreaterThan(1e-3);
                net.requireFiniteDifferences(weight, 2e-3, 2e-2);
            }
        }
    }

    @Test
    void magnitudesThatAreTheNormsChangeNothing() {
        try (Net plain = new Net(1, false, false, 0); Net scaled = new Net(1, false, true, 0)) {
            scaled.loss();
            for (Op op : scaled.recorder.ops()) {
                if (op instanceof Op.Adapted(_, var change, var room)) {
                    for (LowRank.Part part : change.parts()) {
                        for (long f = 0; f < part.magnitude().data().elements(); f++) {
                            part.magnitude().data().set(f, 1 / room.rows().inverse().data().get(part.row() + f));
                        }
                    }
                }
            }
            plain.gradients(false);
            scaled.gradients(false);
            assertThat(scaled.losses.data().toFloats()).usingComparatorWithPrecision(1e-4f).containsExactly(plain.losses.data().toFloats());
            for (Value value : plain.weights) {
                Value same = scaled.weights.stream().filter(v -> v.name().equals(value.name())).findFirst().orElseThrow();
                assertThat(same.gradient().toFloats()).as(value.name()).usingComparatorWithPrecision(1e-3f).containsExactly(value.gradient().toFloats());
            }
        }
    }

    @Test
    void packedIsAsPlainAndTheBitsDoNotDependOnThreads() {
        for (boolean dora : new boolean[] {false, true}) {
            try (Net plain = new Net(1, false, dora, 0.2f); Net threads = new Net(3, false, dora, 0.2f); Net packed = new Net(2, true, dora, 0.2f)) {
                List<float[]> expected = plain.gradients(), same = threads.gradients(), close = packed.gradients();
                for (int i = 0; i < expected.size(); i++) {
                    assertThat(same.get(i)).as(plain.weights.get(i).name()).isEqualTo(expected.get(i));
                    assertThat(close.get(i)).as(plain.weights.get(i).name()).usingComparatorWithPrecision(1e-3f).containsExactly(expected.get(i));
                }
            }
        }
    }

    @Test
    void aSecondPassAddsItsGradients() {
        try (Net net = new Net(2, true, true, 0)) {
            net.requireThatASecondPassAdds(1e-3f, 1e-4f);
        }
    }

    @Test
    void dropoutKeepsItsShareAndDependsOnThePass() {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            Tensor x = Tensor.zeros(arena, 100_000).fill(1), y = Tensor.zeros(arena, 100_000), other = Tensor.zeros(arena, 100_000);
            device.lowRank().dropout(y, x, 0.25f, 9, 4, false);
            device.lowRank().dropout(other, x, 0.25f, 9, 5, false);
            int dropped = 0, both = 0;
            for (long i = 0; i < y.elements(); i++) {
                assertThat(y.get(i)).isIn(0f, 1 / 0.75f);
                dropped += y.get(i) == 0 ? 1 : 0;
                both += y.get(i) == 0 && other.get(i) == 0 ? 1 : 0;
            }
            assertThat(dropped).isBetween(24_500, 25_500);
            assertThat(both).as("dropped in two passes").isBetween(5_950, 6_550);
            device.lowRank().dropout(other, x, 0.25f, 9, 4, true);
            device.lowRank().dropout(y, x, 0, 9, 4, false);
            assertThat(y.toFloats()).isEqualTo(x.toFloats());
        }
    }

    @Test
    void refusesRanksThatDoNotAddUp() {
        Value a = Value.planned("a", 3, 8), b = Value.planned("b", 2, 8);
        assertThatThrownBy(() -> new LowRank(a, List.of(new LowRank.Part(b, 1, 0, null)), null, 0, 0)).hasMessageContaining("ranks must add up");
        assertThatThrownBy(() -> new LowRank(b, List.of(new LowRank.Part(b, 1, 0, null)), null, 1, 0)).hasMessageContaining("dropout");
    }
}
