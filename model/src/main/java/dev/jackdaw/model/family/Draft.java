package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Norm;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.kernel.Bend;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/// What most decoders say in the same words, read once; a family changes what is its own and builds the [ModelSpec].
///
/// | here         | GGUF, behind the architecture's name      | config.json               |
/// |--------------|-------------------------------------------|---------------------------|
/// | vocabulary   | rows of `token_embd.weight`               | `vocab_size`              |
/// | layers       | `block_count`                             | `num_hidden_layers`       |
/// | width        | `embedding_length`                        | `hidden_size`             |
/// | heads        | `attention.head_count`                    | `num_attention_heads`     |
/// | kvHeads      | `attention.head_count_kv`                 | `num_key_value_heads`     |
/// | headWidth    | `attention.key_length`, `.value_length`   | `head_dim`                |
/// | feedForward  | `feed_forward_length`                     | `intermediate_size`       |
/// | context      | `context_length`                          | `max_position_embeddings` |
/// | normEpsilon  | `attention.layer_norm_(rms_)epsilon`      | `rms_norm_eps`, …         |
/// | theta        | `rope.freq_base`                          | `rope_theta`              |
/// | tied         | no tensor `output.weight`                 | `tie_word_embeddings`     |
final class Draft {
    final Facts facts;
    final String family;
    final int vocabulary;
    final int layers;
    final int width;
    final int context;
    int heads;
    int kvHeads;
    int headWidth;
    int feedForward;
    Norm norm;
    boolean tied;
    double theta;
    int ropeWidth;
    boolean neighbours;
    Rope.Scaling scaling;
    ModelSpec.Embedding embedding = ModelSpec.Embedding.PLAIN;
    ModelSpec.Arrangement arrangement = ModelSpec.Arrangement.BEFORE;
    Attention.HeadNorm headNorm = Attention.HeadNorm.NONE;
    boolean bias;
    boolean outputBias;
    float scale;
    float softcap;
    boolean sinks;
    Attention.Growth growth = Attention.Growth.NONE;
    Bend bend = Bend.SILU;
    float residualScale = 1;
    float logitScale = 1;
    float logitCap;
    IntFunction<Rope> rope = _ -> turned();
    IntFunction<Attention.Reach> reach = _ -> new Attention.Before();
    IntFunction<Attention> attention = this::grouped;
    IntFunction<FeedForward> feed = _ -> new FeedForward.Gated(feedForward, bend, false);

    private Draft(Facts f, String family, boolean rms) {
        facts = f;
        this.family = family;
        vocabulary = f.size("vocab_size", "vocab_size");
        layers = f.size("block_count", "num_hidden_layers|n_layer");
        if (layers > f.tensors()) {
            throw f.wrong("the header asks for " + layers + " layers, but the file has only " + f.tensors() + " tensors");
        }
        width = f.size("embedding_length", "hidden_size|n_embd");
        context = f.size("context_length", "max_position_embeddings|n_positions", 2048);
        heads = f.size("attention.head_count", "num_attention_heads|n_head");
        kvHeads = f.size("attention.head_count_kv", "num_key_value_heads", heads);
        headWidth = f.size("attention.key_length", "head_dim", Math.max(1, width / heads));
        feedForward = f.size("feed_forward_length", "intermediate_size|n_inner", 4 * width);
        if (rms) {
            norm = new Norm.Rms((float) f.real("attention.layer_norm_rms_epsilon", "rms_norm_eps|norm_epsilon", f.isGguf() ? Double.NaN : 1e-6));
        } else {
            double epsilon = f.real("attention.layer_norm_epsilon", "layer_norm_epsilon|layer_norm_eps|norm_epsilon", f.isGguf() ? Double.NaN : 1e-5);
            norm = new Norm.Layer((float) epsilon, true);
        }
        scale = Attention.Grouped.usualScale(headWidth);
        tied = f.isGguf() ? !f.hasTensor("output.weight", null) : f.flag(null, "tie_word_embeddings", false) || !f.hasTensor(null, "lm_head.weight");
        theta = Scalings.theta(f);
        ropeWidth = f.isGguf() ? f.size("rope.dimension_count", null, headWidth) : (int) (headWidth * Scalings.partial(f));
        scaling = Scalings.read(f, ropeWidth, context);
    }

    /// A decoder with RMSNorm.
    static Draft of(Facts facts, String family) {
        return new Draft(facts, family, true);
    }

    /// One with LayerNorm.
    static Draft ofLayerNorm(Facts facts, String family) {
        return new Draft(facts, family, false);
    }

    Rope.Turned turned() {
        return new Rope.Turned(ropeWidth, neighbours, theta, scaling);
    }

    /// A window of the size the file names over the layers that `slides` says; no window where it names none.
    Draft window(java.util.function.IntPredicate slides) {
        int positions = facts.size("attention.sliding_window", "sliding_window", 0);
        if (positions > 0) {
            reach = layer -> slides.test(layer) ? new Attention.Window(positions) : new Attention.Before();
        }
        return this;
    }

    /// Which layers slide: `layer_types` of a config, a number for each layer in GGUF or one for every how many do not, or `otherwise`.
    java.util.function.IntPredicate slides(java.util.function.IntPredicate otherwise) {
        List<String> pattern = facts.list("attention.sliding_window_pattern", null), types = facts.list(null, "layer_types");
        if (pattern.size() == layers && layers > 1) {
            return layer -> !pattern.get(layer).equals("0");
        }
        if (pattern.size() == 1 && Integer.parseInt(pattern.getFirst()) > 1) {
            int each = Integer.parseInt(pattern.getFirst());
            return layer -> (layer + 1) % each != 0;
        }
        return types.size() == layers ? layer -> types.get(layer).equals("sliding_attention") : otherwise;
    }

    /// Whether the first layer has this tensor; the families that leave biases open are told by their tensors.
    boolean has(String gguf, String config) {
        return facts.hasTensor("blk.0." + gguf, "model.layers.0." + config);
    }

    Attention grouped(int layer) {
        if (facts.size("attention.value_length", "v_head_dim", headWidth) != headWidth) {
            throw facts.wrong("attention.value_length: values narrower or wider than keys are not supported in a " + family + " model");
        }
        return new Attention.Grouped(heads, kvHeads, headWidth, rope.apply(layer), reach.apply(layer), headNorm, bias, outputBias, scale, softcap, sinks, growth);
    }

    ModelSpec build() {
        List<ModelSpec.Block> blocks = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            blocks.add(new ModelSpec.Block(arrangement, norm, attention.apply(i), feed.apply(i), residualScale));
        }
        return new ModelSpec(family, vocabulary, width, context, embedding, blocks, norm, output(), Pooled.of(facts));
    }

    /// A decoder with a classification head judges texts instead of continuing them. GGUF files of rerankers keep such a head too, and say by
    /// their pooling that it is meant to be used.
    private ModelSpec.Output output() {
        String score = facts.isGguf() ? "cls.output.weight" : "score.weight";
        boolean judges = facts.hasTensor(score, score) && (!facts.isGguf() || facts.size("pooling_type", null, 0) == Pooled.RANK);
        return judges ? new ModelSpec.Reward(Math.toIntExact(facts.shape(score).rows())) : new ModelSpec.Logits(tied, logitScale, logitCap);
    }
}
