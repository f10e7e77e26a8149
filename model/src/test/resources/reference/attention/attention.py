"""Attention weights and residual streams of small random models, by the transformers library (5.18.0, torch 2.13.0, CPU): float32, eager
attention, no cache. Of models that are here already (../models, ../transformers), and of two made here because of what they have: gemma2
(capped scores, windows) and gpt-oss (sinks, windows).

    python3 attention.py       writes NAME.safetensors for each, and the folders gemma2, gpt-oss; seed 11

NAME.safetensors: ids I32 [T]; attention.i [H,T,T] of layer i; hidden.i [T,C]: 0 the embedding, i the stream after i layers, the last one after
the final norm (as that library counts).
"""
import os
import torch
import transformers as T
from safetensors.torch import save_file

torch.set_num_threads(2)
HERE = os.path.dirname(os.path.abspath(__file__))
V, N = 40, 20
common = dict(vocab_size=V, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2,
              pad_token_id=0)


def make(name, config, model, **settings):
    torch.manual_seed(11)
    model = model(config(**(common | settings))).eval()
    with torch.no_grad():
        for key, w in model.named_parameters():
            w.copy_((1.2 / w.shape[-1] ** 0.5 if w.dim() > 1 and "embed" not in key else 0.5) * torch.randn(w.shape))
    model.save_pretrained(f"{HERE}/{name}")
    if os.path.exists(f"{HERE}/{name}/generation_config.json"):
        os.remove(f"{HERE}/{name}/generation_config.json")


make("gemma2", T.Gemma2Config, T.Gemma2ForCausalLM, head_dim=8, intermediate_size=40, sliding_window=6, query_pre_attn_scalar=8, attn_logit_softcapping=2.0,
     final_logit_softcapping=3.0, layer_types=["sliding_attention", "full_attention"], hidden_activation="gelu_pytorch_tanh")
make("gpt-oss", T.GptOssConfig, T.GptOssForCausalLM, head_dim=8, intermediate_size=32, num_local_experts=4, num_experts_per_tok=2, sliding_window=6,
     layer_types=["sliding_attention", "full_attention"], rope_parameters=dict(rope_type="default", rope_theta=10000.0), tie_word_embeddings=False)

for name, folder in [("llama-gqa", "../models/llama-gqa"), ("qwen3", "../models/qwen3"), ("cohere2", "../transformers/cohere2"), ("gptneox", "../transformers/gptneox"),
                     ("deepseek-v2-lite", "../transformers/deepseek-v2-lite"), ("gemma2", "gemma2"), ("gpt-oss", "gpt-oss")]:
    model = T.AutoModelForCausalLM.from_pretrained(f"{HERE}/{folder}", dtype=torch.float32, attn_implementation="eager").eval()
    torch.manual_seed(11)
    ids = torch.randint(3, model.config.vocab_size, (1, N))
    with torch.no_grad():
        out = model(input_ids=ids, use_cache=False, output_attentions=True, output_hidden_states=True)
    arrays = {"ids": ids[0].to(torch.int32)}
    arrays |= {f"attention.{i}": a[0].contiguous() for i, a in enumerate(out.attentions)}
    arrays |= {f"hidden.{i}": h[0].contiguous() for i, h in enumerate(out.hidden_states)}
    save_file(arrays, f"{HERE}/{name}.safetensors")
    print(name, os.path.getsize(f"{HERE}/{name}.safetensors"))
