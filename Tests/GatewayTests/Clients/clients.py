"""Drives a gateway with the official clients of OpenAI and Anthropic, unchanged but for the address.

Usage: clients.py PORT [MODEL]; MODEL is one in the gateway's own process. Prints one line for each thing that worked; ends with an error at the first that did not.
"""
import asyncio
import json
import sys

import anthropic
import openai

address = f"http://127.0.0.1:{sys.argv[1]}"
client = openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0)
other = anthropic.Anthropic(base_url=address, api_key="any", max_retries=0)
messages = [{"role": "user", "content": "Hi"}]
schema = {"type": "object", "properties": {"place": {"type": "string", "enum": ["Paris", "Rome"]}}}
tool = {"type": "function", "function": {"name": "weather", "description": "Weather.", "parameters": schema}}


def works(what, condition, found):
    if not condition:
        sys.exit(f"{what}: found {found}")
    print(what)


models = [model.id for model in client.models.list()]
works("openai models", "small" in models, models)

answer = client.chat.completions.create(model="small", messages=messages)
works("openai chat", answer.choices[0].message.content == "Hello there", answer)
works("openai usage", answer.usage.total_tokens == 15, answer.usage)

raw = client.chat.completions.with_raw_response.create(model="small", messages=messages)
works("openai headers", raw.headers["x-cascade-stage"] == "small", dict(raw.headers))

stream = client.chat.completions.create(model="small", messages=messages, stream=True)
text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
works("openai stream", text == "Hello there", text)

stream = client.chat.completions.create(
    model="small", messages=messages, stream=True, stream_options={"include_usage": True})
usage = [chunk.usage for chunk in stream if chunk.usage]
works("openai stream usage", len(usage) == 1 and usage[0].completion_tokens == 5, usage)

answer = client.chat.completions.create(model="small", messages=messages, tools=[tool])
call = answer.choices[0].message.tool_calls[0]
works("openai tools", json.loads(call.function.arguments) == {"place": "Rome"}, call)

try:
    client.chat.completions.create(model="nobody", messages=messages)
    works("openai unknown model", False, "no error")
except openai.NotFoundError as error:
    works("openai unknown model", error.code == "model_not_found", error)

try:
    client.chat.completions.create(model="small", messages=[{"role": "user", "content": "break"}])
    works("openai broken stage", False, "no error")
except openai.InternalServerError as error:
    works("openai broken stage", error.status_code == 502, error)

try:
    stream = client.chat.completions.create(
        model="small", messages=[{"role": "user", "content": "die"}], stream=True)
    said = [chunk.choices[0].delta.content for chunk in stream]
    works("openai dying stream", False, said)
except openai.APIError as error:
    works("openai dying stream", "broke" in str(error), error)

response = client.responses.create(model="small", input="Hi")
works("openai response", response.output_text == "Hello there", response)

with client.responses.stream(model="small", input="Hi") as stream:
    for event in stream:
        pass
    final = stream.get_final_response()
works("openai response stream", final.output_text == "Hello there" and final.usage.output_tokens == 5, final)

response = client.responses.create(
    model="small", input="Hi", tools=[{"type": "function", "name": "weather", "parameters": schema, "strict": False}])
works("openai response tools", response.output[0].arguments == '{"place": "Rome"}', response.output)

vectors = client.embeddings.create(model="small", input=["a", "b"], encoding_format="float")
works("openai embeddings", vectors.data[1].embedding == [0.5, 1.0], vectors)


async def many():
    several = openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0)
    answers = await asyncio.gather(
        *[several.chat.completions.create(model="small", messages=messages) for _ in range(50)])
    return [answer.choices[0].message.content for answer in answers]


works("openai asynchronous", asyncio.run(many()) == ["Hello there"] * 50, "others")

message = other.messages.create(model="small", max_tokens=50, messages=messages, system="Be brief.")
works("anthropic message", message.content[0].text == "Hello there", message)
works("anthropic usage", message.usage.output_tokens == 5, message.usage)

with other.messages.stream(model="small", max_tokens=50, messages=messages) as stream:
    text = "".join(stream.text_stream)
    final = stream.get_final_message()
works("anthropic stream", text == "Hello there" and final.stop_reason == "end_turn", final)

kept = {"name": "weather", "description": "Weather.", "input_schema": schema}
message = other.messages.create(model="small", max_tokens=50, messages=messages, tools=[kept])
works("anthropic tools", message.content[0].input == {"place": "Rome"} and message.stop_reason == "tool_use", message)

with other.messages.stream(model="small", max_tokens=50, messages=messages, tools=[kept]) as stream:
    final = stream.get_final_message()
works("anthropic tools stream", final.content[0].input == {"place": "Rome"}, final)

try:
    other.messages.create(model="small", max_tokens=50, messages=messages, extra_body={"top_k": 3})
    works("anthropic refusal", False, "no error")
except anthropic.BadRequestError as error:
    works("anthropic refusal", "top_k" in str(error), error)

names = [model.id for model in other.models.list()]
works("anthropic models", names == models, names)

try:
    with other.messages.stream(
            model="small", max_tokens=50, messages=[{"role": "user", "content": "die"}]) as stream:
        said = "".join(stream.text_stream)
    works("anthropic dying stream", False, said)
except anthropic.APIStatusError as error:
    works("anthropic dying stream", "broke" in str(error), error)

if len(sys.argv) > 2:
    local = sys.argv[2]
    # The client asks for base64 by itself, and makes numbers of it.
    packed = client.embeddings.create(model=local, input=["a cat", "a dog"])
    plain = client.embeddings.create(model=local, input=["a cat", "a dog"], encoding_format="float")
    gap = max(abs(one - two) for one, two in zip(packed.data[1].embedding, plain.data[1].embedding))
    works("local embeddings", len(plain.data[1].embedding) > 100 and gap < 1e-6, gap)

    strict = {"name": "place", "schema": {**schema, "required": ["place"], "additionalProperties": False}}
    answer = client.chat.completions.create(
        model=local, messages=messages, n=2, seed=1, logprobs=True, top_logprobs=3, max_tokens=300,
        response_format={"type": "json_schema", "json_schema": strict})
    places = [json.loads(choice.message.content)["place"] for choice in answer.choices]
    works("local schema", len(places) == 2 and set(places) <= {"Paris", "Rome"}, answer)
    works("local alternatives", len(answer.choices[1].logprobs.content[0].top_logprobs) == 3, answer)

    response = client.responses.create(model=local, input="Hi", max_output_tokens=8)
    works("local response", response.usage.output_tokens <= 8 and response.output_text, response)
    message = other.messages.create(model=local, max_tokens=8, messages=messages)
    works("local message", message.content[0].text and message.usage.output_tokens <= 8, message)
print("all")
