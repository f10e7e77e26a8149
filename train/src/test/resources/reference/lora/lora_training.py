# Makes the adapters, gradients and losses of this folder: PEFT over the model in ../training, on its batches. A, B and magnitudes begin with random
# numbers other than PEFT's own, so that every gradient is there. Made with torch 2.13.0, transformers 5.18.0, peft 0.21.0; run it in this folder.
#
#   NAME/                    the adapter before the first step, as PEFT saves it
#   NAME.safetensors         gradients of the first step, before clipping, by PEFT's names
#   expected.json            for each: losses and gradient norms of 5 AdamW steps (rate 1e-3, betas 0.9 and 0.95, no decay, norms clipped to 1)
import json, os, shutil
import torch
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

EVERYTHING = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CASES = {
    "lora": dict(r=2, lora_alpha=4, target_modules=EVERYTHING),
    "rslora": dict(r=3, lora_alpha=5, use_rslora=True, target_modules=["q_proj", "v_proj"]),
    "dora": dict(r=2, lora_alpha=3, use_dora=True, target_modules=["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]),
}
tokens = load_file("../training/batches.safetensors")["tokens"].long()            # [10,B,T+1]
torch.set_num_threads(1)
expected = {}
for seed, (name, config) in enumerate(CASES.items()):
    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained("../training", dtype=torch.float32, attn_implementation="eager")
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **config)).eval()
    trained = [p for p in model.parameters() if p.requires_grad]
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "lora_magnitude" in key:
                p.mul_(1 + 0.2 * torch.randn_like(p))
            elif "lora_" in key:
                p.copy_(torch.randn_like(p) * 0.1)
    shutil.rmtree(name, ignore_errors=True)
    model.save_pretrained(name, save_embedding_layers=False)
    os.remove(name + "/README.md")
    optimizer = torch.optim.AdamW(trained, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0)
    losses, norms = [], []
    for step in range(5):
        ids, targets = tokens[step][:, :-1], tokens[step][:, 1:]
        loss = torch.nn.functional.cross_entropy(model(ids).logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            gradients = {key: p.grad.clone() for key, p in model.named_parameters() if p.requires_grad}
            save_file({key: v.contiguous() for key, v in get_peft_model_state_dict(model, state_dict=gradients, save_embedding_layers=False).items()}, name + ".safetensors")
        norms.append(torch.nn.utils.clip_grad_norm_(trained, 1.0).item())
        losses.append(loss.item())
        optimizer.step()
    expected[name] = {"loss": losses, "gradient_norm": norms}
json.dump(expected, open("expected.json", "w"), indent=1)
