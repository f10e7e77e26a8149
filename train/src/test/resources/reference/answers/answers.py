"""Which tokens transformers takes for the assistant's, and what it renders from our ChatML: answers.json.

Run in this folder, with transformers 5.18 (Jinja2 3.1): python answers.py
Reads our template from SpecialTokens.java, puts {% generation %} around what the assistant writes, and gives both to a tokenizer of the
fixtures (qwen3 of the models, a byte-level BPE with the tokens of ChatML). Rendering without the marks must give the same text.
"""
import json
import re
import sys
from pathlib import Path

import jinja2
import transformers

root = Path(__file__).resolve().parents[6]
source = (root / "model/src/main/java/dev/jackdaw/model/token/SpecialTokens.java").read_text()
block = re.search(r'CHAT_TEMPLATE = """\n(.*?)""";', source, re.S).group(1)
lines = [line[8:] if line.startswith("        ") else line for line in block.split("\n")]
plain = "\n".join(lines).replace("\\\n", "").replace("\\\\", "\\")

begin, end = "{{ '<|im_start|>' + message['role'] + '\\n' }}", "{{ '<|im_end|>' + '\\n' }}"
assert plain.count(begin) == 1 and plain.count(end + "{% endif %}{% endfor %}") == 1
marked = plain.replace("{% else %}{{ message['content'] or '' }}", "{% elif message['role'] == 'assistant' %}{% generation %}{{ message['content'] or '' }}")
calls = marked[marked.index("{% for call in"):marked.index("{% endfor %}{% endif %}" + end) + len("{% endfor %}")]
marked = marked.replace(calls + "{% endif %}" + end + "{% endif %}{% endfor %}",
                        calls + "{{ '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}{% else %}{{ message['content'] or '' }}{% endif %}"
                        + "{% if message['role'] != 'assistant' %}" + end + "{% endif %}{% endif %}{% endfor %}")

tools = [{"type": "function", "function": {"name": "calculator", "description": "works out arithmetic",
                                           "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}}},
         {"type": "function", "function": {"name": "now"}}]
call = {"id": "c1", "type": "function", "function": {"name": "calculator", "arguments": {"expression": "6*7"}}}
system = {"role": "system", "content": "Be brief."}
cases = {
    "question": ([{"role": "user", "content": "Hello, who are you?"}, {"role": "assistant", "content": "A small bird."}], None),
    "system and two turns": ([system, {"role": "user", "content": "One?"}, {"role": "assistant", "content": "One.\nAnd a line."},
                              {"role": "user", "content": "Two?"}, {"role": "assistant", "content": "  two, with spaces  "}], None),
    "beyond ASCII": ([{"role": "user", "content": "Wie heißt der Vogel?"}, {"role": "assistant", "content": "Dohle 🐦‍⬛ – «Coloeus monedula», 寒鴉"}], None),
    "tools": ([system, {"role": "user", "content": "What is 6 times 7?"}, {"role": "assistant", "content": "", "tool_calls": [call]},
               {"role": "tool", "content": "42"}, {"role": "assistant", "content": "It is 42."}], tools),
    "tools without system": ([{"role": "user", "content": "6*7?"}, {"role": "assistant", "content": "I work it out.", "tool_calls": [call, call]},
                              {"role": "tool", "content": "42"}, {"role": "tool", "content": "42"}, {"role": "assistant", "content": "42"}], tools),
    "tools unused": ([system, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hi."}], tools),
}

tokenizer = transformers.AutoTokenizer.from_pretrained(str(root / "model/src/test/resources/reference/models/qwen3"))
tokenizer.bos_token = None
out = {"transformers": transformers.__version__, "jinja2": jinja2.__version__, "bos": "", "template": plain, "marked": marked, "cases": []}
for name, (messages, functions) in cases.items():
    texts = [tokenizer.apply_chat_template(messages, tools=functions, chat_template=template, tokenize=False) for template in (plain, marked)]
    assert texts[0] == texts[1], (name, texts)
    encoded = tokenizer.apply_chat_template(messages, tools=functions, chat_template=marked, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    out["cases"].append({"name": name, "messages": messages, "tools": functions, "text": texts[0], "ids": list(encoded["input_ids"]),
                         "mask": list(encoded["assistant_masks"]),
                         "prompt": tokenizer.apply_chat_template(messages[:-1], tools=functions, chat_template=plain, tokenize=False, add_generation_prompt=True)})
    assert sum(out["cases"][-1]["mask"]) > 0
json.dump(out, open("answers.json", "w"), ensure_ascii=False, indent=1)
print(len(out["cases"]), "cases", file=sys.stderr)
