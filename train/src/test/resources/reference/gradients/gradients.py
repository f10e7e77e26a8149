"""Losses and gradients of one text by the transformers library (5.18.0, torch 2.13.0, CPU): float32, eager attention, no cache. For every
tensor of the model's file, in the layout of that file: the L2 norm of its gradient, and its sum with the weights cos(0.7 i + 0.3), i counted
row by row, which sees what a norm does not: the place and the sign of every number.

    python3 gradients.py OUT.json FOLDER...        each FOLDER holds a model and its expected.json, whose longest text is used
"""
import json, os, sys, tempfile
import numpy as np
import torch
import transformers as T
from safetensors.numpy import load_file

torch.set_num_threads(1)


def text(folder):
    expected = json.load(open(f"{folder}/expected.json"))
    return expected["ids"] if "ids" in expected else max((p["input_ids"] for p in expected["prompts"]), key=len)


def gradients(folder):
    model = T.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()      # no dropout
    ids = text(folder)
    logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]))
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.grad if p.grad is not None else torch.zeros_like(p))
        for name, b in model.named_buffers():
            if name.endswith("correction_bias"):        # moves the choice alone
                b.zero_()
    tensors = {}
    with tempfile.TemporaryDirectory() as out:
        model.save_pretrained(out)                      # the library's own way back to the names and the layout of the file
        for file in sorted(f for f in os.listdir(out) if f.endswith(".safetensors")):
            for name, g in sorted(load_file(f"{out}/{file}").items()):
                g = g.astype(np.float64).ravel()
                tensors[name] = [float(f"{np.sqrt((g * g).sum()):.9g}"), float(f"{(g * np.cos(0.7 * np.arange(g.size) + 0.3)).sum():.9g}")]
    return {"ids": ids, "loss": float(f"{loss.item():.9g}"), "tensors": tensors}


all = {}
for folder in sys.argv[2:]:
    name = os.path.basename(os.path.normpath(folder))
    all[name] = gradients(folder)
    print(name, all[name]["loss"], len(all[name]["tensors"]), file=sys.stderr)
with open(sys.argv[1], "w") as f:
    f.write("{\n" + ",\n".join(json.dumps(k) + ":" + json.dumps(v, separators=(",", ":")) for k, v in all.items()) + "\n}\n")
