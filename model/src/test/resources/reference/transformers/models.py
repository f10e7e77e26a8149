"""Makes tiny random models of families that have no fixture, as folders of the transformers library (5.18.0, torch 2.13.0, CPU), and
computes their logits with that library: float32, eager attention, no cache, weights rounded to BF16 before.

    python3 models.py          writes NAME/{config.json,model.safetensors,expected.json}; seed 11
"""
import json, os, sys
import torch
import transformers as T

torch.set_num_threads(2)
V, C, L, N = 40, 32, 2, 24


def save(name, model, second=None):
    model = model.eval()
    with torch.no_grad():
        for key, w in list(model.named_parameters()) + [(k, b) for k, b in model.named_buffers() if k.endswith("e_score_correction_bias")]:
            if w.dim() == 1 or "norm" in key.lower():
                plain = 1.0 if key.endswith("weight") and "norm" in key.lower() and not isinstance(model, T.GemmaForCausalLM) else 0.0
                w.copy_(plain + 0.3 * torch.randn(w.shape))
            elif "embed" in key:
                w.copy_(torch.randn(w.shape))
            else:
                w.copy_(1.2 / w.shape[-1] ** 0.5 * torch.randn(w.shape))
    model.to(torch.bfloat16).save_pretrained(name)
    model = type(model).from_pretrained(name, dtype=torch.float32, attn_implementation="eager").eval()
    if os.path.exists(f"{name}/generation_config.json"):
        os.remove(f"{name}/generation_config.json")
    ids = torch.randint(3, V, (1, N))
    expected = {"ids": ids[0].tolist()}
    with torch.no_grad():
        if second is None:
            expected["logits"] = model(input_ids=ids, use_cache=False).logits[0]
        else:
            types = torch.zeros_like(ids)
            if model.config.type_vocab_size > 1:
                types[0, second:] = 1
            expected.update(second=second, score=model(input_ids=ids, token_type_ids=types).logits[0])
    with open(f"{name}/expected.json", "w") as f:
        json.dump({k: [[round(x, 5) for x in row] for row in v.tolist()] if torch.is_tensor(v) and v.dim() == 2 else
                   [round(x, 5) for x in v.tolist()] if torch.is_tensor(v) else v for k, v in expected.items()}, f, separators=(",", ":"))
    print(name, os.path.getsize(f"{name}/model.safetensors"), file=sys.stderr)


def make(name, config, model, second=None, **settings):
    torch.manual_seed(11)
    common = dict(vocab_size=V, hidden_size=C, num_hidden_layers=L, num_attention_heads=4, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0,
                  attn_implementation="eager")
    save(name, model(config(**(common | settings))), second)


gqa = dict(num_key_value_heads=2, intermediate_size=40)
turns = lambda theta, kind="default", **more: dict(rope_type=kind, rope_theta=theta, **more)

make("granite", T.GraniteConfig, T.GraniteForCausalLM, **gqa, embedding_multiplier=3.0, residual_multiplier=0.22, attention_multiplier=0.1, logits_scaling=4.0, attention_bias=True,
     mlp_bias=True, tie_word_embeddings=False)
make("granite4-dense", T.GraniteMoeHybridConfig, T.GraniteMoeHybridForCausalLM, **gqa, embedding_multiplier=3.0, residual_multiplier=0.22, attention_multiplier=0.1, logits_scaling=4.0,
     shared_intermediate_size=40, num_local_experts=0, num_experts_per_tok=0, layer_types=["attention"] * L, position_embedding_type="nope", mamba_n_heads=4, mamba_d_head=16,
     tie_word_embeddings=True)
make("ministral", T.MinistralConfig, T.MinistralForCausalLM, **gqa, head_dim=16, sliding_window=5, layer_types=["sliding_attention", "full_attention"],
     rope_parameters=turns(10000.0))
make("ministral3", T.Ministral3Config, T.Ministral3ForCausalLM, **gqa, head_dim=8, rope_parameters=turns(1000.0, "yarn", factor=4.0, original_max_position_embeddings=16,
     max_position_embeddings=64, beta_fast=32.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0, llama_4_scaling_beta=0.3))
make("llama-dynamic", T.LlamaConfig, T.LlamaForCausalLM, **gqa, max_position_embeddings=40, rope_parameters=turns(1000.0, "dynamic", factor=2.0))
make("gptneox", T.GPTNeoXConfig, T.GPTNeoXForCausalLM, intermediate_size=48, use_parallel_residual=True, hidden_act="gelu", tie_word_embeddings=False,
     rope_parameters=turns(10000.0, partial_rotary_factor=0.5))
make("starcoder2", T.Starcoder2Config, T.Starcoder2ForCausalLM, **gqa, sliding_window=7, use_bias=False, tie_word_embeddings=False, rope_parameters=turns(100000.0))
make("command-r", T.CohereConfig, T.CohereForCausalLM, **gqa, logit_scale=0.25, rope_parameters=turns(10000.0))
make("command-r-plus", T.CohereConfig, T.CohereForCausalLM, **gqa, logit_scale=0.5, use_qk_norm=True, rope_parameters=turns(75000.0))
make("cohere2", T.Cohere2Config, T.Cohere2ForCausalLM, **gqa, logit_scale=0.25, sliding_window=6, layer_types=["sliding_attention", "full_attention"], rope_parameters=turns(50000.0))
make("glm", T.GlmConfig, T.GlmForCausalLM, **gqa, head_dim=16, attention_bias=True, tie_word_embeddings=False, rope_parameters=turns(10000.0, partial_rotary_factor=0.5))
make("glm4", T.Glm4Config, T.Glm4ForCausalLM, **gqa, head_dim=16, attention_bias=False, tie_word_embeddings=False, rope_parameters=turns(10000.0, partial_rotary_factor=0.5))
make("qwen2-moe", T.Qwen2MoeConfig, T.Qwen2MoeForCausalLM, **gqa, moe_intermediate_size=16, shared_expert_intermediate_size=24, num_experts=6, num_experts_per_tok=3,
     norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[0])
latent = dict(num_key_value_heads=4, intermediate_size=40, kv_lora_rank=12, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=6, n_routed_experts=8, n_shared_experts=1,
              num_experts_per_tok=3, moe_intermediate_size=12, first_k_dense_replace=1)
make("deepseek-v2-lite", T.DeepseekV2Config, T.DeepseekV2ForCausalLM, **latent, q_lora_rank=None, topk_method="greedy", n_group=1, topk_group=1, norm_topk_prob=False,
     routed_scaling_factor=1.0, rope_parameters=turns(10000.0))
make("deepseek-v3", T.DeepseekV3Config, T.DeepseekV3ForCausalLM, **latent, q_lora_rank=10, n_group=4, topk_group=2, norm_topk_prob=True, routed_scaling_factor=2.5,
     rope_parameters=turns(100.0, "yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=32.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0))
make("cross-bert", T.BertConfig, T.BertForSequenceClassification, 11, intermediate_size=40, type_vocab_size=2, num_labels=1)
make("cross-roberta", T.XLMRobertaConfig, T.XLMRobertaForSequenceClassification, 11, intermediate_size=40, type_vocab_size=1, num_labels=1, max_position_embeddings=66, pad_token_id=1, bos_token_id=0)

# Reward models: a decoder whose last position goes through one linear layer
make("reward-llama", T.LlamaConfig, T.LlamaForSequenceClassification, **gqa, head_dim=16, tie_word_embeddings=False, num_labels=1)
make("reward-qwen3", T.Qwen3Config, T.Qwen3ForSequenceClassification, **gqa, head_dim=16, tie_word_embeddings=True, num_labels=3)
