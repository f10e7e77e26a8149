# Makes the adapters and expected.json of this folder: LoRA adapters with random numbers, by PEFT, over the small random models in ../models and
# ../families, and the logits of the adapted models. Made with torch 2.13.0, transformers 5.18.0, peft 0.21.0, gguf 0.19; run it in this folder.
#
#   llama-a      ranks and alphas by pattern, all linear layers          llama-c.gguf   one in the form of llama.cpp: rows of q and k reordered
#   llama-b      rank-stabilised, two kinds of layers and the head                      as its converter does
#   llama-d      DoRA, magnitudes moved too                              neox           a fused query_key_value
import json, os, shutil
import gguf, numpy, torch
from peft import LoraConfig, get_peft_model, PeftModel
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM

LLAMA, NEOX = "../models/llama-gqa", "../families/gptneox"
PROMPTS = [[5, 17, 300, 42, 9, 5, 17, 11], [1, 2, 3]]                # modulo the vocabulary


def prompts(base):
    return [[i % json.load(open(base + "/config.json"))["vocab_size"] for i in ids] for ids in PROMPTS]


def load(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()


def make(name, base, seed, **config):
    torch.manual_seed(seed)
    model = get_peft_model(load(base), LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **config))
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "lora_" in key:
                p.copy_(p * (1 + 0.2 * torch.randn_like(p)) if "magnitude" in key else torch.randn_like(p) * 0.08)
    shutil.rmtree(name, ignore_errors=True)
    model.save_pretrained(name, save_embedding_layers=False)
    os.remove(name + "/README.md")
    return name


def logits(base, adapters):
    model, active = None, []
    for i, (name, scale) in enumerate(adapters):
        key = f"a{i}"
        model = PeftModel.from_pretrained(load(base), name, adapter_name=key) if model is None else (model.load_adapter(name, key), model)[1]
        active.append(key)
    model.base_model.set_adapter(active)
    for module in model.modules():
        for key, (_, scale) in zip(active, adapters):
            if isinstance(getattr(module, "scaling", None), dict) and key in module.scaling:
                module.scaling[key] *= scale
    model.eval()
    with torch.no_grad():
        return [[round(x, 5) for x in model(torch.tensor([ids])).logits[0, -1, ::5].tolist()] for ids in prompts(base)]


def gguf_adapter(path, folder, heads, kv_heads):
    config = json.load(open(folder + "/adapter_config.json"))
    names = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
             "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_name("a small random adapter")
    writer.add_float32("adapter.lora.alpha", config["lora_alpha"])
    for key, value in load_file(folder + "/adapter_model.safetensors").items():
        layer, rest = key.removeprefix("base_model.model.model.layers.").split(".", 1)
        stem, half = rest.removesuffix(".weight").split(".lora_")
        if half == "B" and names[stem] in ("attn_q", "attn_k"):           # W's rows [H, 2, D/2, :] become [H, D/2, 2, :], and so do B's
            n = heads if names[stem] == "attn_q" else kv_heads
            value = value.reshape(n, 2, value.shape[0] // n // 2, -1).swapaxes(1, 2).reshape(value.shape)
        writer.add_tensor(f"blk.{layer}.{names[stem]}.weight.lora_{half.lower()}", numpy.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    everything = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    make("llama-a", LLAMA, 1, r=4, lora_alpha=8, target_modules=everything, rank_pattern={"o_proj": 3, r"layers\.1\.mlp\.up_proj": 5}, alpha_pattern={r"0\.self_attn\.v_proj": 20})
    make("llama-b", LLAMA, 2, r=2, lora_alpha=6, use_rslora=True, target_modules=["q_proj", "down_proj", "lm_head"])
    make("llama-c", LLAMA, 4, r=3, lora_alpha=5, target_modules=everything)
    make("llama-d", LLAMA, 5, r=3, lora_alpha=4, use_dora=True, target_modules=["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"])
    make("neox", NEOX, 3, r=3, lora_alpha=5, target_modules=["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"])
    llama = json.load(open(LLAMA + "/config.json"))
    gguf_adapter("llama-c.gguf", "llama-c", llama["num_attention_heads"], llama["num_key_value_heads"])
    cases = [(LLAMA, [("llama-a", 1.0)]), (LLAMA, [("llama-b", 1.0)]), (LLAMA, [("llama-a", 0.5), ("llama-b", -1.5)]), (LLAMA, [("llama-c", 1.0)]), (NEOX, [("neox", 1.0)]),
             (LLAMA, [("llama-d", 1.0)]), (LLAMA, [("llama-a", 1.0), ("llama-d", 1.0)])]
    json.dump({"every": 5, "cases": [{"model": base, "prompts": prompts(base), "adapters": [{"name": n, "scale": s} for n, s in adapters], "logits_last": logits(base, adapters)}
               for base, adapters in cases]}, open("expected.json", "w"))
    shutil.rmtree("llama-c")                                # only its GGUF form is kept
