# What the Python package `openai` makes of the server whose address is given; by hand:
#   python openai_client.py http://127.0.0.1:8080 MODEL
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="any", max_retries=0)
model = sys.argv[2]
messages = [{"role": "user", "content": "hello jackdaw"}]
city = {"type": "object", "properties": {"city": {"enum": ["Riga", "Oslo"]}}, "required": ["city"], "additionalProperties": False}

assert model in [m.id for m in client.models.list()]

whole = client.chat.completions.create(model=model, messages=messages, max_tokens=20, temperature=0)
text = whole.choices[0].message.content
assert text and whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
chunks = client.chat.completions.create(model=model, messages=messages, max_tokens=20, temperature=0, stream=True, stream_options={"include_usage": True})
chunks = list(chunks)
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == text
assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
print("chat, whole and streamed")

tools = [{"type": "function", "function": {"name": "weather", "parameters": city}}]
called = client.chat.completions.create(model=model, messages=messages, max_tokens=120, tools=tools, tool_choice="required", parallel_tool_calls=False)
call = called.choices[0].message.tool_calls[0]
assert call.function.name == "weather" and "city" in call.function.arguments
answer = client.chat.completions.create(model=model, messages=messages + [called.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "warm"}], tools=tools, max_tokens=5)
assert answer.usage.prompt_tokens > called.usage.prompt_tokens
print("tools")

assert len(client.embeddings.create(model=model, input=["a", "b"]).data) == 2
completion = client.completions.create(model=model, prompt="the cat", max_tokens=4, logprobs=1, echo=True)
assert completion.choices[0].text.startswith("the cat") and completion.choices[0].logprobs.tokens
print("embeddings, completions")

kind = {"format": {"type": "json_schema", "name": "kind", "schema": {"enum": ["wall", "mat"]}}}
first = client.responses.create(model=model, input="hello", max_output_tokens=60, temperature=0, text=kind)
assert first.status == "completed" and first.output_text in ('"wall"', '"mat"')
with client.responses.stream(model=model, input="hello", max_output_tokens=60, temperature=0, text=kind) as stream:
    types = [event.type for event in stream]
    assert stream.get_final_response().output_text == first.output_text
assert types[0] == "response.created" and types[-1] == "response.completed"
following = client.responses.create(model=model, input="go on", previous_response_id=first.id, max_output_tokens=5)
assert following.usage.input_tokens > first.usage.input_tokens
assert client.responses.retrieve(first.id).id == first.id
client.responses.delete(first.id)
print("responses")

for expected, arguments in ((openai.NotFoundError, {"model": "none"}), (openai.BadRequestError, {"model": model, "temperature": -1})):
    try:
        client.chat.completions.create(messages=messages, **arguments)
        raise AssertionError("nothing was refused")
    except expected as error:
        assert error.message
print("errors")
