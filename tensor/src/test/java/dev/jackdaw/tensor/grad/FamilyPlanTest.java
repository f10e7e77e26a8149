package dev.jackdaw.tensor.grad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import dev.jackdaw.tensor.kernel.HeadRule;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.QkNormRope;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What families do differently, each in a small net of its own: all gradients against finite differences of the forward pass.
class FamilyPlanTest {
    private static final int B = 2, T = 7, N = B * T, C = 16, H = 4, K = 2, D = 8, F = 12, V = 30, E = 5;

    enum Kind {
        EMBEDDING, LAYER_NORM, ADD, SOFTCAP, PARTIAL_ROPE, WHOLE_NORM, HEAD_LAYER_NORM, GROWING, RULE, SINKS, GATE, BEND, EXPERTS, CLAMPED_EXPERTS, SHARED_EXPERT, LATENT, HEAD_RULE, TWO_READERS
    }

    private static final class Net extends TestNet {
        private final Recorder r = new Recorder(T);
        private final Value positions = ints("positions", N, i -> i % T);

        Net(Kind kind, int threads) {
            super(threads, 11);
            Value ids = ints("ids", N, i -> random.nextInt(V)), targets = ints("targets", N, i -> i == 4 ? -1 : random.nextInt(V));
            Value table = weight("embedding", 1, V, C), x = r.embedding(ids, table);
            HeadRule rule = kind == Kind.HEAD_RULE ? new HeadRule(0.7f, 3) : HeadRule.PLAIN;
            x = layer(kind, x, ids);
            losses = r.crossEntropy(r.rmsNorm(x, weight("last norm", 1, C), 1e-5f), kind == Kind.HEAD_RULE ? table : weight("head", 0.4, V, C), rule, targets, null);
            plan = Plan.of(r, true).allocate(arena);
        }

        private Value layer(Kind kind, Value x, Value ids) {
            return switch (kind) {
                case HEAD_RULE -> x;
                case EMBEDDING -> r.linear(r.addRows(r.addRows(r.scale(x, 1.7f), weight("positions", 1, T + 2, C), positions, 2), weight("more", 1, V, C), ids, 0), weight("w", 0.4, C, C), null);
                case LAYER_NORM -> r.linear(r.layerNorm(x, weight("norm", 1, C), weight("bias", 1, C), 1e-5f), weight("w", 0.4, C, C), x);
                case ADD -> r.add(x, r.rmsNorm(r.bias(r.linear(x, weight("w", 0.4, C, C), null), weight("bias", 1, C)), weight("norm", 1, C), 1e-5f), 0.3f);
                case SOFTCAP -> r.softcap(r.linear(x, weight("w", 0.4, C, C), null), 1.5f);
                case TWO_READERS -> {
                    Value n = r.rmsNorm(x, weight("norm", 1, C), 1e-5f);
                    Value y = r.linear(n, weight("w", 0.4, C, C), x);
                    yield r.linear(r.bend(r.linear(n, weight("up", 0.4, F, C), null), Bend.GELU), weight("down", 0.4, C, F), y);
                }
                case GATE -> r.linear(r.gate(r.linear(x, weight("up", 0.5, 2 * F, C), null), Bend.GELU_ERF), weight("down", 0.4, C, F), x);
                case BEND -> r.linear(r.bend(r.bias(r.linear(x, weight("up", 0.5, F, C), null), weight("bias", 1, F)), Bend.RELU_SQUARED), weight("down", 0.4, C, F), x);
                case EXPERTS, CLAMPED_EXPERTS, SHARED_EXPERT -> experts(kind, x);
                case LATENT -> latent(x);
                default -> heads(kind, x);
            };
        }

        private Value heads(Kind kind, Value x) {
            int R = kind == Kind.PARTIAL_ROPE ? 4 : D;
            Tensor table = Tensor.zeros(arena, T, R);
            QkNormRope.fill(table.address(), 0, T, R, 100);
            Heads heads = new Heads(H, K, D, table, kind == Kind.PARTIAL_ROPE, 1e-5f);
            Value qkv = r.linear(x, weight("qkv", 0.4, (H + 2 * K) * D, C), null), qk;
            if (kind == Kind.HEAD_LAYER_NORM) {
                qkv = r.headLayerNorm(qkv, weight("qnorm", 1, H, D), weight("knorm", 1, K, D), heads);
            }
            if (kind == Kind.GROWING) {
                qkv = r.growQueries(qkv, positions, heads, 0.5, 2);
            }
            if (kind == Kind.PARTIAL_ROPE) {
                qk = r.turnHeads(qkv, weight("qnorm", 1, D), weight("knorm", 1, D), positions, heads, R);
            } else if (kind == Kind.WHOLE_NORM) {
                qk = r.turnHeads(qkv, weight("qnorm", 1, H * D), weight("knorm", 1, K * D), positions, heads, R);
            } else {
                qk = r.qkNormRope(qkv, null, null, positions, heads);
            }
            Value sinks = kind == Kind.SINKS ? weight("sinks", 1, H) : null;
            AttentionRule rule = switch (kind) {
                case RULE -> new AttentionRule(0.9f, 3, 2, null, false);
                case SINKS -> new AttentionRule(0.5f, 4, 0, sinks.data(), sinks.gradient(), false);
                default -> null;
            };
            return r.linear(rule == null ? r.attention(0, qk, qkv, heads) : r.attention(0, qk, qkv, heads, rule), weight("o", 0.4, C, H * D), x);
        }

        private Value experts(Kind kind, Value x) {
            boolean clamped = kind == Kind.CLAMPED_EXPERTS;
            Value[] up = new Value[E], upBias = clamped ? new Value[E] : null, down = new Value[E], downBias = clamped ? new Value[E] : null;
            for (int e = 0; e < E; e++) {
                up[e] = Value.stacked("up", weight("gate " + e, 0.5, F, C), weight("up " + e, 0.5, F, C));
                down[e] = weight("down " + e, 0.5, C, F);
                if (clamped) {
                    upBias[e] = Value.stacked("up bias", weight("gate bias " + e, 0.5, F), weight("up bias " + e, 0.5, F));
                    downBias[e] = weight("down bias " + e, 0.5, C);
                }
            }
            Value n = r.rmsNorm(x, weight("norm", 1, C), 1e-5f), logits = r.linear(n, weight("router", 1, E, C), null);
            Value y = r.experts(n, logits, ExpertChoice.best(2, !clamped), new Operations.Experts(null, up, upBias, down, downBias, clamped ? null : Bend.SILU, clamped ? 1.2f : 0));
            if (kind == Kind.SHARED_EXPERT) {
                Value shared = r.linear(r.gate(r.linear(n, weight("shared up", 0.5, 2 * F, C), null), Bend.SILU), weight("shared down", 0.5, C, F), null);
                y = r.add(y, r.gateRows(shared, r.linear(n, weight("shared gate", 0.5, 1, C), null)), 1);
            }
            return r.add(x, y, 0.6f);
        }

        private Value latent(Value x) {
            int rank = 6, P = 4, R = 4, W = 5;                           // W: numbers of a value, fewer than of a key
            Tensor table = Tensor.zeros(arena, T, R);
            QkNormRope.fill(table.address(), 0, T, R, 100);
            LatentOperations.Latent shape = new LatentOperations.Latent(H, rank, P, R, W, table, true, 0.4f, 1e-5f);
            Value q = r.linear(x, weight("q", 0.4, H * (P + R), C), null), latent = r.linear(x, weight("latent", 0.4, rank + R, C), null);
            Value y = r.latentAttention(0, q, latent, weight("latent norm", 1, rank), weight("project", 0.5, H * (P + W), rank), positions, shape);
            return r.linear(y, weight("o", 0.4, C, H * W), x);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void gradientsAreThoseOfFiniteDifferences(Kind kind) {
        try (Net net = new Net(kind, 2)) {
            net.gradients(false);
            net.weights.forEach(weight -> net.requireFiniteDifferences(weight, 1e-3, 3e-2));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void theBitsAreTheSameAtAnyThreadCountAndASecondPassAdds(Kind kind) {
        try (Net one = new Net(kind, 1); Net three = new Net(kind, 3)) {
            one.requireGradientsOf(three);
            one.requireThatASecondPassAdds(1e-4f, 1e-5f);
        }
    }

    /// Packed experts give what their unpacked weights give, and no gradient but that of what they read.
    @Test
    void frozenPackedExpertsPassTheGradientOn() {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            Random random = new Random(4);
            Tensor[] up = new Tensor[E], down = new Tensor[E];
            for (int e = 0; e < E; e++) {
                up[e] = random(arena, random, 2 * F, C);
                down[e] = random(arena, random, C, F);
            }
            Tensor start = random(arena, random, N, C), router = random(arena, random, E, C), head = random(arena, random, V, C);
            List<float[]> results = new ArrayList<>();
            for (boolean packed : new boolean[] {false, true}) {
                Value[] ups = Stream.of(up).map(w -> frozen(arena, device, w, packed)).toArray(Value[]::new), downs = Stream.of(down).map(w -> frozen(arena, device, w, packed)).toArray(Value[]::new);
                Value ids = Value.of("ids", counting(arena), null), table = Value.of("start", start, Tensor.zeros(arena, N, C));
                Recorder r = new Recorder(T);
                Value x = r.embedding(ids, table), y = r.experts(x, r.linear(x, Value.of("router", router, null), null), ExpertChoice.best(2, true),
                        new Operations.Experts(null, ups, null, downs, null, Bend.SILU, 0));
                Value losses = r.crossEntropy(y, Value.of("head", head, null), ids, null);
                Plan plan = Plan.of(r, true).allocate(arena);
                plan.forward(device, 1, false);
                plan.backward(device, false);
                results.add(losses.data().toFloats());
                results.add(table.gradient().toFloats());
            }
            for (int i = 0; i < 2; i++) {
                for (int j = 0; j < results.get(i).length; j++) {
                    assertThat(results.get(i + 2)[j]).isCloseTo(results.get(i)[j], offset(2e-4f));
                }
            }
        }
    }

    private static Tensor random(Arena arena, Random random, long... sizes) {
        Tensor tensor = Tensor.zeros(arena, sizes);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) (0.4 * random.nextGaussian()));
        }
        return tensor;
    }

    private static Tensor counting(Arena arena) {
        Tensor ids = Tensor.zeros(arena, DType.I32, N);
        for (int i = 0; i < N; i++) {
            Memory.putInt(ids.address() + 4L * i, i);
        }
        return ids;
    }

    private static Value frozen(Arena arena, Device device, Tensor w, boolean packed) {
        return packed ? Value.packed("w", device.pack(bytes -> arena.allocate(bytes, Memory.ALIGNMENT), List.of(PackedWeight.Source.of(w)))) : Value.of("w", w, null);
    }

    @Test
    void refusesPlansWhoseGradientsWouldBeWrong() {
        Value w = Value.planned("w", C, C), ids = Value.planned("ids", N);
        Recorder late = new Recorder(T);
        Value x = late.embedding(ids, Value.planned("table", V, C)), y = late.linear(x, w, x);
        late.crossEntropy(late.add(y, late.rmsNorm(x, Value.planned("norm", C), 1e-5f), 1), Value.planned("head", V, C), ids, null);
        assertThatThrownBy(() -> Plan.of(late, true)).hasMessageContaining("after it was added to");
        Recorder twice = new Recorder(T);
        Value z = twice.bend(twice.embedding(ids, Value.planned("table", V, C)), Bend.GELU);
        twice.crossEntropy(twice.add(twice.linear(z, w, null), twice.bend(z, Bend.RELU), 1), Value.planned("head", V, C), ids, null);
        assertThat(Plan.of(twice, false).bytes()).isPositive();
        Recorder overwritten = new Recorder(T);
        Value h = overwritten.linear(overwritten.embedding(ids, Value.planned("table", V, C)), w, null), biased = overwritten.bias(h, Value.planned("bias", C));
        overwritten.crossEntropy(overwritten.linear(h, w, biased), Value.planned("head", V, C), ids, null);
        assertThatThrownBy(() -> Plan.of(overwritten, true)).hasMessageContaining("took its place");
        Recorder both = new Recorder(T);
        Heads heads = new Heads(H, K, D, null, false, 1e-5f);
        assertThatThrownBy(() -> both.attention(0, Value.planned("qk", N, (H + K) * D), Value.planned("qkv", N, (H + 2 * K) * D), heads, new AttentionRule(1, 0, 0, null, true)))
                .hasMessageContaining("only decoders");
    }
}
