# Log-likelihoods of continuations by transformers, as an independent witness of train.eval.Likelihoods.
# Usage: python scores.py FOLDER-OF-FIXTURE-MODELS OUT.json        (transformers 5.18, torch 2.13, float32, CPU, no cache, one text at a time)
# Where a prompt ends: as lm-evaluation-harness has it (white space at the end of the prompt moves to the continuation; the continuation is
# what remains of the whole after as many tokens as the prompt alone has). The questions are our own.
import json, sys
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

QUESTIONS = [
    {"prompt": "Question: What do jackdaws collect?\nAnswer:", "continuations": [" shiny things", " stones", " the sea", " nothing at all, for they are birds"]},
    {"prompt": "The cat sat on the", "continuations": [" mat", " wall and slept until the evening came", "\nmat", "mat"]},
    {"prompt": "Two plus two is ", "continuations": ["four", "five", "4", " twenty-two"]},                  # a blank at the end moves over
    {"prompt": "un", "continuations": ["happy", "til tomorrow", "der the bridge", "ion"]},                      # tokens that may join across the border
    {"prompt": "We count 1", "continuations": ["0", "000", "1, 12, 13", " more"]},
    {"prompt": "", "continuations": ["The", "An empty prompt is the token that begins a text", "42"]},
    {"prompt": "Où est le café ?\nRéponse :", "continuations": [" là-bas", " ☕", " 北京"]},
]


def pair(tokenizer, before, context, continuation):
    spaces = len(context) - len(context.rstrip())
    if spaces:
        continuation = context[-spaces:] + continuation
        context = context[:-spaces]
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
    whole, alone = encode(context + continuation), encode(context)
    rest = whole[len(alone):] or encode(continuation)
    prompt = before + alone
    if not prompt:
        prompt = [tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id]
    return prompt, rest


def main(folder, out):
    results = {}
    for name in ["llama-gqa", "qwen3"]:
        tokenizer = AutoTokenizer.from_pretrained(f"{folder}/{name}")
        model = AutoModelForCausalLM.from_pretrained(f"{folder}/{name}", dtype=torch.float32, attn_implementation="eager").eval()
        with_special, without = tokenizer.encode("x"), tokenizer.encode("x", add_special_tokens=False)
        before = with_special[: len(with_special) - len(without)]
        answers = []
        for question in QUESTIONS:
            likelihoods = []
            for continuation in question["continuations"]:
                prompt, rest = pair(tokenizer, before, question["prompt"], continuation)
                with torch.no_grad():
                    logits = model(torch.tensor([prompt + rest])).logits[0].double()
                logprobs = torch.log_softmax(logits, dim=-1)[len(prompt) - 1 : len(prompt) + len(rest) - 1]
                picked = logprobs[range(len(rest)), rest]
                likelihoods.append({"promptIds": prompt, "ids": rest, "logprob": round(picked.sum().item(), 6), "greedy": logprobs.argmax(-1).tolist() == rest})
            answers.append(likelihoods)
        results[name] = answers
    with open(out, "w") as file:
        json.dump({"questions": QUESTIONS, "models": results}, file, ensure_ascii=False)
        file.write("\n")


main(*sys.argv[1:])
