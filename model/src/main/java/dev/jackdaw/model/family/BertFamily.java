package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.ModelSpec.Pooling;
import dev.jackdaw.model.arch.Norm;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.kernel.Bend;
import java.util.ArrayList;
import java.util.List;

/// BERT (arXiv:1810.04805) and RoBERTa encoders: both directions, learned positions, norms behind each sum. With a classification head
/// they judge a pair of texts.
final class BertFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("bert");
    }

    @Override
    public List<String> config() {
        return List.of("bert", "roberta", "xlm-roberta");
    }

    @Override
    public ModelSpec read(Facts f) {
        Draft d = Draft.ofLayerNorm(f, "bert");
        d.norm = new Norm.Layer((float) f.real("attention.layer_norm_epsilon", "layer_norm_eps", 1e-12), true);
        boolean roberta = f.architecture().contains("roberta");
        String bend = f.text(null, "hidden_act", "gelu");
        if (!bend.equals("gelu") && !bend.equals("gelu_new")) {
            throw f.wrong("hidden_act " + bend + " is not supported in a bert model; supported: gelu, gelu_new");
        }
        // the first rows of RoBERTa's table belong to padding; GGUF leaves them out
        int offset = roberta ? f.size(null, "pad_token_id", 1) + 1 : 0;
        int types = f.isGguf() ? (int) (f.hasTensor("token_types.weight", null) ? f.shape("token_types.weight").rows() : 0) : f.size(null, "type_vocab_size", 2);
        int positions = f.isGguf() ? Math.toIntExact(f.shape("position_embd.weight").size(0)) : d.context;
        Attention.Grouped attention = new Attention.Grouped(d.heads, d.heads, d.headWidth, Rope.NONE, new Attention.Everything(), Attention.HeadNorm.NONE, true, true, d.scale, 0, false);
        List<ModelSpec.Block> blocks = new ArrayList<>();
        for (int i = 0; i < d.layers; i++) {
            blocks.add(new ModelSpec.Block(ModelSpec.Arrangement.BEHIND_SUM, d.norm, attention,
                    new FeedForward.Plain(d.feedForward, bend.equals("gelu") ? Bend.GELU_ERF : Bend.GELU, true), 1));
        }
        ModelSpec.Output output = new ModelSpec.Hidden();
        String score = f.isGguf() ? "cls.output.weight" : f.hasTensor(null, "classifier.out_proj.weight") ? "classifier.out_proj.weight" : "classifier.weight";
        if (f.hasTensor(score, score)) {
            output = new ModelSpec.Score(Math.toIntExact(f.shape(score).size(0)));
        }
        Pooling pooling = Pooled.of(f);
        return new ModelSpec("bert", d.vocabulary, d.width, positions - offset, new ModelSpec.Embedding(1, positions, offset, types, d.norm), blocks, null, output, pooling);
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        String ours = CommonNames.LAYER;
        if (gguf) {
            Names names = CommonNames.of(true);
            names.exact("model.embed_positions.weight", "position_embd.weight", spec.embedding().offset() == 0 ? Form.SAME : new Form.Trimmed(spec.embedding().offset())).exact("model.embed_types.weight", "token_types.weight", Form.SAME).stem("model.embed_norm", "token_embd_norm");
            names.stem(ours + "input_layernorm", CommonNames.BLOCK + "attn_output_norm").stem(ours + "post_attention_layernorm", CommonNames.BLOCK + "layer_output_norm");
            return names.stem("score.dense", "cls").stem("score.out", "cls.output");
        }
        Names names = new Names();
        String root = spec.embedding().offset() > 0 ? "roberta." : "bert.", layer = root + "encoder.layer.#.";
        names.stem("model.embed_tokens", root + "embeddings.word_embeddings").stem("model.embed_positions", root + "embeddings.position_embeddings");
        names.stem("model.embed_types", root + "embeddings.token_type_embeddings").stem("model.embed_norm", root + "embeddings.LayerNorm");
        names.stem(ours + "self_attn.q_proj", layer + "attention.self.query").stem(ours + "self_attn.k_proj", layer + "attention.self.key").stem(ours + "self_attn.v_proj", layer + "attention.self.value");
        names.stem(ours + "self_attn.o_proj", layer + "attention.output.dense").stem(ours + "input_layernorm", layer + "attention.output.LayerNorm");
        names.stem(ours + "mlp.up_proj", layer + "intermediate.dense").stem(ours + "mlp.down_proj", layer + "output.dense").stem(ours + "post_attention_layernorm", layer + "output.LayerNorm");
        return root.equals("roberta.") ? names.stem("score.dense", "classifier.dense").stem("score.out", "classifier.out_proj")
                : names.stem("score.dense", "bert.pooler.dense").stem("score.out", "classifier");
    }
}
