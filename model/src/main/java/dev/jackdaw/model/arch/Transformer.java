package dev.jackdaw.model.arch;

import dev.jackdaw.model.arch.ModelSpec.Arrangement;
import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.grad.Operations;
import dev.jackdaw.tensor.grad.Recorder;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.HeadRule;
import dev.jackdaw.tensor.kernel.Heads;
import java.util.ArrayList;
import java.util.List;

/// The computation of a transformer, written once: against [Operations], which either record it for training or carry it out at once for
/// inference. What differs between families is in the [ModelSpec]; this class only follows it.
public final class Transformer {
    private final ModelSpec spec;
    private final Value embedding;            // model.embed_tokens.weight [V,C]
    private final Value positionTable;        // model.embed_positions.weight [P,C] or null
    private final Value typeTable;            // model.embed_types.weight [P,C] or null
    private final NormWeights embeddingNorm;
    private final List<Block> blocks = new ArrayList<>();
    private final NormWeights finalNorm;      // model.norm
    private final Value head;                 // lm_head.weight [V,C], or the embedding; null for an encoder

    /// Looks up every weight once; neighbours (q, k, v and gate, up) come as one.
    public Transformer(ModelSpec spec, Weights weights) {
        this.spec = spec;
        ModelSpec.Embedding e = spec.embedding();
        embedding = weights.value("model.embed_tokens.weight");
        positionTable = e.positions() > 0 ? weights.table("model.embed_positions.weight") : null;
        typeTable = e.types() > 0 ? weights.table("model.embed_types.weight") : null;
        embeddingNorm = NormWeights.of(weights, "model.embed_norm", e.norm());
        for (int i = 0; i < spec.layers(); i++) {
            blocks.add(Block.of(weights, i, spec.blocks().get(i)));
        }
        finalNorm = NormWeights.of(weights, "model.norm", spec.finalNorm());
        head = !(spec.output() instanceof ModelSpec.Logits logits) ? null : logits.tied() ? embedding : weights.value("lm_head.weight");
    }

    public ModelSpec spec() {
        return spec;
    }

    /// The output head `[V,C]`; null for an encoder.
    public Value head() {
        return head;
    }

    /// What a pass needs to know besides the ids: the positions `[N]`, the segment types `[N]` (null in models without any) and the heads
    /// of each layer, see [RopeTable].
    public record Place(Value positions, Value types, List<Heads> heads) {
        public Place(Value positions, List<Heads> heads) {
            this(positions, null, heads);
        }
    }

    /// ids `[N]` → hidden states `[N,C]`, ready for the head.
    public Value trunk(Operations ops, Value ids, Place place) {
        Value x = embed(ops, ids, place);
        ops.passed(0, x);
        for (Block block : blocks) {
            x = layer(ops, x, block, place);
            ops.passed(block.index + 1, x);
        }
        return finish(ops, x);
    }

    /// The residual stream `[N,C]`, after the last layer or after an earlier one, → hidden states `[N,C]`, ready for the head.
    Value finish(Operations ops, Value stream) {
        return finalNorm.apply(ops, stream);
    }

    /// The losses `[N]` of predicting `targets` `[N]` from ids `[N]`, in nats; 0 where a target does not count.
    ///
    /// @param weights what each loss counts in the gradient; null: one
    public Value losses(Recorder recorder, Value ids, Place place, Value targets, Value weights) {
        if (!(spec.output() instanceof ModelSpec.Logits logits)) {
            throw new IllegalArgumentException("training: a " + spec.family() + " model is an encoder, it predicts no tokens; only decoders can be trained");
        }
        return recorder.crossEntropy(trunk(recorder, ids, place), head, new HeadRule(logits.scale(), logits.softcap()), targets, weights);
    }

    private Value embed(Operations ops, Value ids, Place place) {
        ModelSpec.Embedding e = spec.embedding();
        Value x = ops.embedding(ids, embedding);
        if (e.scale() != 1) {
            x = ops.scale(x, e.scale());
        }
        if (typeTable != null) {
            x = ops.addRows(x, typeTable, place.types, 0);
        }
        if (positionTable != null) {
            x = ops.addRows(x, positionTable, place.positions, e.offset());
        }
        return embeddingNorm.apply(ops, x);
    }

    /// The two residual lines of a layer: look at other positions, then think about this one.
    private static Value layer(Operations ops, Value x, Block b, Place place) {
        ModelSpec.Block s = b.spec;
        float factor = s.residualScale();
        switch (s.arrangement()) {
            case BEFORE -> {
                x = attention(ops, b.firstNorm.apply(ops, x), b, place, x);
                return think(ops, b.secondNorm.apply(ops, x), b, x);
            }
            case AFTER, AROUND -> {
                x = ops.add(x, b.firstOutputNorm.apply(ops, attention(ops, b.firstNorm.apply(ops, x), b, place, null)), factor);
                return ops.add(x, b.secondOutputNorm.apply(ops, think(ops, b.secondNorm.apply(ops, x), b, null)), factor);
            }
            case BEHIND_SUM -> {
                x = b.firstNorm.apply(ops, attention(ops, x, b, place, x));
                return b.secondNorm.apply(ops, think(ops, x, b, x));
            }
            case PARALLEL -> {
                Value seen = attention(ops, b.firstNorm.apply(ops, x), b, place, null);
                Value n = b.secondNorm.apply(ops, x);         // of the stream before anything is added to it
                return think(ops, n, b, ops.add(x, seen, factor));
            }
            case PARALLEL_SHARED -> {
                Value n = b.firstNorm.apply(ops, x);
                return think(ops, n, b, attention(ops, n, b, place, x));
            }
        }
        throw new AssertionError(s.arrangement());
    }

    /// `stream + attention(x)`, or the attention alone where `stream` is null.
    private static Value attention(Operations ops, Value x, Block b, Place place, Value stream) {
        Heads heads = place.heads.get(b.index);
        Value seen = switch (b.spec.attention()) {
            case Attention.Grouped a -> {
                Value qkv = biased(ops, ops.linear(x, b.qkv, null), b.qkvBias), qNorm = b.qNorm, kNorm = b.kNorm;
                if (a.headNorm() == Attention.HeadNorm.OWN_LAYER_NORM) {
                    qkv = ops.headLayerNorm(qkv, qNorm, kNorm, heads);
                    qNorm = null;
                    kNorm = null;
                }
                if (a.growth().beta() > 0) {
                    qkv = ops.growQueries(qkv, place.positions, heads, a.growth().beta(), a.growth().each());     // turning keeps a factor
                }
                Value qk = a.headNorm() == Attention.HeadNorm.WHOLE_PROJECTION || a.rope() instanceof Rope.Turned turned && turned.width() != a.headWidth()
                        ? ops.turnHeads(qkv, qNorm, kNorm, place.positions, heads, a.rope() instanceof Rope.Turned turned ? turned.width() : 0)
                        : ops.qkNormRope(qkv, qNorm, kNorm, place.positions, heads);
                yield b.rule == null ? ops.attention(b.index, qk, qkv, heads) : ops.attention(b.index, qk, qkv, heads, b.rule);
            }
            case Attention.Latent a -> {
                Value q = a.queryRank() == 0 ? x : ops.rmsNorm(ops.linear(x, b.qDown, null), b.qNorm, b.spec.norm().epsilon());
                yield ops.latentAttention(b.index, ops.linear(q, b.qkv, null), ops.linear(x, b.latentDown, null), b.kNorm, b.latentUp, place.positions,
                        new LatentOperations.Latent(a.heads(), a.rank(), a.plain(), a.turned(), a.value(), heads.cosSin(), a.rope().neighbours(), a.scale(), b.spec.norm().epsilon()));
            }
        };
        return into(ops, seen, b.output, b.outputBias, stream, b.spec.residualScale());
    }

    /// `stream + F(x)`, or `F(x)` alone where `stream` is null.
    private static Value think(Operations ops, Value x, Block b, Value stream) {
        float factor = b.spec.residualScale();
        return switch (b.spec.feedForward()) {
            case FeedForward.Gated f -> into(ops, ops.gate(biased(ops, ops.linear(x, b.up, null), b.upBias), f.bend()), b.down, b.downBias, stream, factor);
            case FeedForward.Plain f -> into(ops, ops.bend(biased(ops, ops.linear(x, b.up, null), b.upBias), f.bend()), b.down, b.downBias, stream, factor);
            case FeedForward.Experts f -> {
                Value y = ops.experts(x, biased(ops, ops.linear(x, b.router, null), b.routerBias), f.choice(), b.experts);
                if (f.shared() != null) {
                    Value shared = ops.linear(ops.gate(ops.linear(x, b.up, null), ((FeedForward.Bent) f.gate()).bend()), b.down, null);
                    y = ops.add(y, b.sharedGate == null ? shared : ops.gateRows(shared, ops.linear(x, b.sharedGate, null)), 1);
                }
                yield stream == null ? y : ops.add(stream, y, factor);
            }
        };
    }

    private static Value biased(Operations ops, Value x, Value bias) {
        return bias == null ? x : ops.bias(x, bias);
    }

    /// `stream + factor · (x·wᵀ + bias)`
    private static Value into(Operations ops, Value x, Value w, Value bias, Value stream, float factor) {
        if (stream == null || bias == null && factor == 1) {
            return biased(ops, ops.linear(x, w, stream), bias);
        }
        return ops.add(stream, biased(ops, ops.linear(x, w, null), bias), factor);
    }

    /// A norm that may not be there.
    private record NormWeights(Norm norm, Value weight, Value bias) {
        static final NormWeights NONE = new NormWeights(null, null, null);

        static NormWeights of(Weights weights, String stem, Norm norm) {
            return norm == null ? NONE : new NormWeights(norm, weights.value(stem + ".weight"),
                    norm instanceof Norm.Layer(_, boolean bias) && bias ? weights.value(stem + ".bias") : null);
        }

        Value apply(Operations ops, Value x) {
            return switch (norm) {
                case null -> x;
                case Norm.Rms(float epsilon) -> ops.rmsNorm(x, weight, epsilon);
                case Norm.Layer(float epsilon, _) -> ops.layerNorm(x, weight, bias, epsilon);
            };
        }
    }

    /// The weights of one layer; null where the description has none.
    private record Block(int index, ModelSpec.Block spec,
                         NormWeights firstNorm,            // input_layernorm [C]
                         NormWeights firstOutputNorm,      // attention_output_norm [C]
                         Value qkv,                        // q_proj, k_proj, v_proj [(H+2K)·D, C]; latent: q_proj or q_b_proj
                         Value qkvBias,
                         Value qNorm,                      // q_norm [D], [H·D] or [H,D]; latent: q_a_norm
                         Value kNorm,                      // k_norm [D], [K·D] or [K,D]; latent: kv_a_norm
                         Value qDown,                      // q_a_proj
                         Value latentDown,                 // kv_a_proj
                         Value latentUp,                   // kv_b_proj
                         AttentionRule rule,               // null: the plain one
                         Value output,                     // o_proj [C, H·D]
                         Value outputBias,
                         NormWeights secondNorm,           // post_attention_layernorm [C]
                         NormWeights secondOutputNorm,     // mlp_output_norm [C]
                         Value up,                         // gate_proj, up_proj [2F, C], or up_proj [F, C]; experts: those of the shared one
                         Value upBias,
                         Value down,                       // down_proj [C, F]
                         Value downBias,
                         Value router, Value routerBias, Operations.Experts experts, Value sharedGate) {

        static Block of(Weights w, int index, ModelSpec.Block s) {
            String layer = "model.layers." + index + ".", a = layer + "self_attn.", m = layer + "mlp.";
            Arrangement arrangement = s.arrangement();
            boolean first = arrangement != Arrangement.AFTER, second = first && arrangement != Arrangement.PARALLEL_SHARED;
            boolean outputs = arrangement == Arrangement.AFTER || arrangement == Arrangement.AROUND;
            NormWeights firstNorm = NormWeights.of(w, layer + "input_layernorm", first ? s.norm() : null);
            Value qkv, qkvBias = null, qNorm = null, kNorm = null, qDown = null, latentDown = null, latentUp = null, outputBias = null;
            AttentionRule rule = null;
            switch (s.attention()) {
                case Attention.Grouped g -> {
                    qkv = w.value(a + "q_proj.weight", a + "k_proj.weight", a + "v_proj.weight");
                    qkvBias = g.bias() ? w.value(a + "q_proj.bias", a + "k_proj.bias", a + "v_proj.bias") : null;
                    if (g.headNorm() == Attention.HeadNorm.OWN_LAYER_NORM) {
                        qNorm = w.table(a + "q_norm.weight");
                        kNorm = w.table(a + "k_norm.weight");
                    } else if (g.headNorm() != Attention.HeadNorm.NONE) {
                        qNorm = w.value(a + "q_norm.weight");
                        kNorm = w.value(a + "k_norm.weight");
                    }
                    outputBias = g.outputBias() ? w.value(a + "o_proj.bias") : null;
                    rule = rule(w, a, g);
                }
                case Attention.Latent l -> {
                    qkv = w.value(a + (l.queryRank() > 0 ? "q_b_proj.weight" : "q_proj.weight"));
                    qDown = l.queryRank() > 0 ? w.value(a + "q_a_proj.weight") : null;
                    qNorm = l.queryRank() > 0 ? w.value(a + "q_a_norm.weight") : null;
                    latentDown = w.value(a + "kv_a_proj.weight");
                    kNorm = w.value(a + "kv_a_norm.weight");
                    latentUp = w.table(a + "kv_b_proj.weight");
                }
            }
            Value output = w.value(a + "o_proj.weight");
            NormWeights firstOutputNorm = NormWeights.of(w, layer + "attention_output_norm", outputs ? s.norm() : null);
            NormWeights secondNorm = NormWeights.of(w, layer + "post_attention_layernorm", second ? s.norm() : null);
            Value up = null, upBias = null, down = null, downBias = null, router = null, routerBias = null, sharedGate = null;
            Operations.Experts experts = null;
            switch (s.feedForward()) {
                case FeedForward.Gated f -> {
                    up = w.value(m + "gate_proj.weight", m + "up_proj.weight");
                    upBias = f.bias() ? w.value(m + "gate_proj.bias", m + "up_proj.bias") : null;
                    down = w.value(m + "down_proj.weight");
                    downBias = f.bias() ? w.value(m + "down_proj.bias") : null;
                }
                case FeedForward.Plain f -> {
                    up = w.value(m + "up_proj.weight");
                    upBias = f.bias() ? w.value(m + "up_proj.bias") : null;
                    down = w.value(m + "down_proj.weight");
                    downBias = f.bias() ? w.value(m + "down_proj.bias") : null;
                }
                case FeedForward.Experts f -> {
                    router = w.value(m + "router.weight");
                    routerBias = f.bias() ? w.value(m + "router.bias") : null;
                    experts = experts(w, m, f);
                    if (f.shared() != null) {
                        up = w.value(m + "shared.gate_proj.weight", m + "shared.up_proj.weight");
                        down = w.value(m + "shared.down_proj.weight");
                        sharedGate = f.shared().gated() ? w.value(m + "shared_gate.weight") : null;
                    }
                }
            }
            return new Block(index, s, firstNorm, firstOutputNorm, qkv, qkvBias, qNorm, kNorm, qDown, latentDown, latentUp, rule, output, outputBias,
                    secondNorm, NormWeights.of(w, layer + "mlp_output_norm", outputs ? s.norm() : null), up, upBias, down, downBias, router, routerBias, experts, sharedGate);
        }

        private static AttentionRule rule(Weights w, String prefix, Attention.Grouped a) {
            if (a.reach() instanceof Attention.Before && a.scale() == Attention.Grouped.usualScale(a.headWidth()) && a.softcap() == 0 && !a.sinks()) {
                return null;
            }
            Value sinks = a.sinks() ? w.value(prefix + "sinks") : null;
            return new AttentionRule(a.scale(), a.reach() instanceof Attention.Window(int positions) ? positions : 0, a.softcap(),
                    sinks == null ? null : sinks.data(), sinks == null ? null : sinks.gradient(), a.reach() instanceof Attention.Everything);
        }

        private static Operations.Experts experts(Weights w, String prefix, FeedForward.Experts f) {
            Value[] up = new Value[f.count()], upBias = f.bias() ? new Value[f.count()] : null, down = new Value[f.count()], downBias = f.bias() ? new Value[f.count()] : null;
            String e = prefix + "experts.";
            for (int i = 0; i < f.count(); i++) {
                up[i] = w.expert(i, e + "gate_proj.weight", e + "up_proj.weight");
                down[i] = w.expert(i, e + "down_proj.weight");
                if (f.bias()) {
                    upBias[i] = w.expert(i, e + "gate_proj.bias", e + "up_proj.bias");
                    downBias[i] = w.expert(i, e + "down_proj.bias");
                }
            }
            return new Operations.Experts(f.correction() ? w.value(prefix + "correction") : null, up, upBias, down, downBias,
                    f.gate() instanceof FeedForward.Bent(var bend) ? bend : null, f.gate() instanceof FeedForward.Clamped(float limit) ? limit : 0);
        }
    }
}
