"""Uses `ragft serve` through OpenAI's own Python client, as a program would.

    pip install openai==3.57.0
    python internal/outside/openai_client.py RAGFT

It indexes two notes, serves the shipped model, and checks each call: models, chats from passages and without, streams, several
choices, log probabilities, stop strings, JSON schemas, answers that are sent back, completions, files, and what is refused with the
name of the field. Strict tools are checked on a copy of the model whose chat template knows tools. It prints a line for each
check, and exits with 1 if one fails. openai_client.mjs makes the same checks through the client for JavaScript.
"""

import json
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import openai
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples" / "basemodel" / "ragft-base-f16.gguf"
NOTES = {
    "bram.md": "# Bram\n\nThe keeper of the light at Bram is Osk Varley. It was founded in 1912.\n",
    "selby.md": "# Selby\n\nThe pilot of Selby is Fay Horn. The harbour has nine berths.\n",
}
QUESTION = "Who is the keeper of the light at Bram?"
ASK = [{"role": "user", "content": QUESTION}]
PLAIN = {"ragft": {"retrieval": False}}  # the model alone
BAD = openai.BadRequestError


def tool(name, properties, **more):
    parameters = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "strict": True, "parameters": parameters, **more}}


MOOR = tool("moor", {"berth": {"type": "integer"}, "flag": {"type": "string", "enum": ["red", "green"]}})
CAST_OFF = tool("cast_off", {"now": {"type": "boolean"}})
CALL = {"model": "base", "messages": [{"role": "user", "content": "Moor at berth 7."}], "tools": [MOOR, CAST_OFF], "temperature": 1,
        "max_tokens": 400, "parallel_tool_calls": False}


class Place(BaseModel):
    founded: bool


def models(client):
    assert [m.id for m in client.models.list()] == ["base"]
    assert client.models.retrieve("base").owned_by == "ragft"


def chat_from_passages(client):
    c = client.chat.completions.create(model="base", messages=ASK)
    assert c.choices[0].finish_reason in ("stop", "length") and c.choices[0].message.role == "assistant"
    assert c.ragft["passages"][0]["source"] == "bram.md", c
    assert c.usage.total_tokens == c.usage.prompt_tokens + c.usage.completion_tokens
    return c.choices[0].message.content


def streamed_chat(client):
    whole = client.chat.completions.create(model="base", messages=ASK)
    chunks = list(client.chat.completions.create(model="base", messages=ASK, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.strip() == whole.choices[0].message.content, text
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[-1].usage.completion_tokens > 0
    with client.chat.completions.stream(model="base", messages=ASK) as stream:  # the client's accumulator
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content.strip() == text.strip()
    return f"{len(chunks)} chunks"


def answer_sent_back(client):
    c = client.chat.completions.create(model="base", messages=ASK, extra_body=PLAIN, max_tokens=8)
    message = c.choices[0].message
    for back in (message, message.model_dump(), message.to_dict()):
        client.chat.completions.create(model="base", max_tokens=4, messages=[*ASK, back, {"role": "user", "content": "And Selby?"}])


def several_choices(client):
    c = client.chat.completions.create(model="base", messages=ASK, n=3, temperature=1.5, seed=7, max_tokens=6, extra_body=PLAIN)
    assert [x.index for x in c.choices] == [0, 1, 2]
    again = client.chat.completions.create(model="base", messages=ASK, n=3, temperature=1.5, seed=7, max_tokens=6, extra_body=PLAIN)
    assert [x.message.content for x in again.choices] == [x.message.content for x in c.choices]


def log_probabilities(client):
    c = client.chat.completions.create(model="base", messages=ASK, logprobs=True, top_logprobs=3, max_tokens=5, extra_body=PLAIN)
    content = c.choices[0].logprobs.content
    assert content and all(t.logprob <= 0 and len(t.top_logprobs) == 3 for t in content)
    assert b"".join(bytes(t.bytes) for t in content).decode().strip() == c.choices[0].message.content.strip()


def stop_strings(client):
    long = client.completions.create(model="base", prompt="The keeper of the light", max_tokens=12).choices[0].text
    stop = long.split()[-1]
    for given in (stop, [stop, "@@"]):
        c = client.completions.create(model="base", prompt="The keeper of the light", max_tokens=12, stop=given)
        assert stop not in c.choices[0].text and c.choices[0].finish_reason == "stop", c


def json_schema(client):
    c = client.chat.completions.parse(model="base", messages=ASK, response_format=Place, max_tokens=60)  # sends strict: true
    assert isinstance(c.choices[0].message.parsed.founded, bool), c
    schema = {"name": "a", "description": "d", "strict": None, "schema": {"type": "string", "enum": ["yes", "no"]}}
    c = client.chat.completions.create(model="base", messages=ASK, max_tokens=100,
                                       response_format={"type": "json_schema", "json_schema": schema})
    return json.loads(c.choices[0].message.content)


def check_call(call):
    arguments = json.loads(call.function.arguments)
    if call.function.name == "cast_off":
        assert list(arguments) == ["now"] and isinstance(arguments["now"], bool), arguments
    else:
        assert call.function.name == "moor" and list(arguments) == ["berth", "flag"], call
        assert isinstance(arguments["berth"], int) and arguments["flag"] in ("red", "green"), arguments
    return call.function.name


def strict_tools(client):
    called = set()
    for seed in range(8):
        c = client.chat.completions.create(**CALL, seed=seed, tool_choice="required")
        assert c.choices[0].finish_reason == "tool_calls", c
        called |= {check_call(call) for call in c.choices[0].message.tool_calls}
    assert called == {"moor", "cast_off"}, called
    named = {"type": "function", "function": {"name": "cast_off"}}
    c = client.chat.completions.create(**CALL, tool_choice=named, n=2)
    assert [[check_call(call) for call in x.message.tool_calls] for x in c.choices] == [["cast_off"], ["cast_off"]], c
    for choice in ("auto", "none"):
        message = client.chat.completions.create(**CALL, tool_choice=choice).choices[0].message
        assert choice == "auto" or not message.tool_calls, message
        for call in message.tool_calls or []:
            check_call(call)


def streamed_and_answered_tools(client):
    with client.chat.completions.stream(**CALL, tool_choice="required") as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    calls = message.tool_calls
    assert calls and all(isinstance(call.function.parsed_arguments, dict) for call in calls), message  # as the tool is strict
    results = [{"role": "tool", "tool_call_id": call.id, "content": "done"} for call in calls]
    for back in (message, message.model_dump(), message.to_dict()):
        client.chat.completions.create(**{**CALL, "messages": [*CALL["messages"], back, *results]}, tool_choice="none")


def refused_tools(client):
    loose = {**MOOR["function"], "parameters": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}
    optional = {**MOOR["function"], "parameters": {**MOOR["function"]["parameters"], "required": []}}
    for more, param in (
        ({"tools": [{"type": "function", "function": loose}]}, "tools[0].function.parameters"),
        ({"tools": [CAST_OFF, {"type": "function", "function": optional}]}, "tools[1].function.parameters"),
        ({"tool_choice": {"type": "function", "function": {"name": "sink"}}}, "tool_choice"),
        ({"tool_choice": "always"}, "tool_choice"), ({"tools": [], "tool_choice": "required"}, "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ):
        try:
            client.chat.completions.create(**{**CALL, **more})
        except BAD as e:
            assert e.param == param, (more, e.body)
        else:
            raise AssertionError(f"accepted: {more}")


def completions(client):
    c = client.completions.create(model="base", prompt=["The inn", "The mill"], max_tokens=4, logprobs=2)
    assert [x.index for x in c.choices] == [0, 1]
    for x in c.choices:
        offsets, at = x.logprobs.text_offset, 0
        for token, offset in zip(x.logprobs.tokens, offsets):
            assert offset == at, x
            at += len(token)
    text = "".join(p.choices[0].text for p in client.completions.create(model="base", prompt="The inn", max_tokens=4, stream=True))
    assert text == c.choices[0].text, text


def likeliest_token(client):
    draw = {"model": "base", "prompt": "The gate of the", "max_tokens": 5, "temperature": 1.5, "top_p": 0}
    said = {client.completions.create(**draw, seed=s).choices[0].text for s in range(3)}
    assert len(said) == 1, said


def refusals_name_the_field(client):
    for more, param in (
        ({"max_tokens": 0}, "max_tokens"), ({"max_completion_tokens": 0}, "max_completion_tokens"), ({"n": 99}, "n"),
        ({"top_p": 2}, "top_p"), ({"logit_bias": {"0": 101}}, "logit_bias"), ({"reasoning_effort": "low"}, "reasoning_effort"),
        ({"modalities": ["audio"]}, "modalities"), ({"functions": [{"name": "f"}]}, "functions"), ({"stop": 5}, "stop"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),  # the template of this model knows none
        ({"response_format": {"type": "xml"}}, "response_format"), ({"web_search_options": {}}, "web_search_options"),
        ({"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role"),
    ):
        try:
            client.chat.completions.create(**{"model": "base", "messages": ASK, **more})
        except BAD as e:
            assert e.param == param, (more, e.body)
        else:
            raise AssertionError(f"accepted: {more}")
    try:
        client.chat.completions.create(model="other", messages=ASK)
    except openai.NotFoundError as e:
        assert e.code == "model_not_found" and e.param == "model"
    else:
        raise AssertionError("accepted another model")


def files(client):
    def sources():
        c = client.chat.completions.create(model="base", messages=[{"role": "user", "content": "Who feeds the quokka?"}], max_tokens=2)
        return [p["source"] for p in c.ragft["passages"]]
    assert "added/quokka.md" not in sources()
    added = client.files.create(file=("quokka.md", b"# Zoo\n\nThe quokka is fed by Ada Finch.\n"), purpose="assistants")
    assert (added.filename, added.object, added.status) == ("quokka.md", "file", "processed"), added
    assert "added/quokka.md" in sources()
    assert [f.id for f in client.files.list()] == [added.id]
    assert client.files.retrieve(added.id).bytes == added.bytes
    assert client.files.content(added.id).read().endswith(b"Ada Finch.\n")
    for refused, error in (("../x.md", BAD), ("photo.jpg", BAD), ("quokka.md", openai.ConflictError)):
        try:
            client.files.create(file=(refused, b"text"), purpose="assistants")
        except error:
            continue
        raise AssertionError(f"accepted: {refused}")
    assert client.files.delete(added.id).deleted
    assert "added/quokka.md" not in sources() and not list(client.files.list())


CHECKS = (models, chat_from_passages, streamed_chat, answer_sent_back, several_choices, log_probabilities, stop_strings, json_schema,
          completions, likeliest_token, refusals_name_the_field, files)
TOOL_CHECKS = (strict_tools, streamed_and_answered_tools, refused_tools)


def check_all(ragft, folder, model, checks):
    """Serves a model, and returns how many checks failed."""
    failed = 0
    serve = [ragft, "serve", "-m", model, "-s", "threads=1", "--address", "127.0.0.1:0", "--json", "--documents", "notes",
             "--files", "notes/added"]
    server = subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        listening = ""
        while not listening.rstrip().endswith("}"):
            line = server.stdout.readline()
            assert line, "the service did not start"
            listening += line
        client = openai.OpenAI(base_url=json.loads(listening)["url"] + "/v1", api_key="none", max_retries=0, timeout=120)
        for check in checks:
            try:
                print("ok    ", check.__name__.replace("_", " "), check(client) or "")
            except Exception:  # each check is reported, whatever went wrong
                failed += 1
                print("FAILED", check.__name__.replace("_", " "))
                traceback.print_exc(file=sys.stdout)
    finally:
        server.terminate()
        server.wait()
    return failed


def main():
    ragft = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        notes.mkdir()
        for name, text in NOTES.items():
            (notes / name).write_text(text)
        subprocess.run([ragft, "index", "notes", "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with_tools = Path(folder) / "tools.gguf"
        subprocess.run(["go", "run", "./internal/outside/withtools", MODEL, with_tools], cwd=ROOT, check=True)
        failed = check_all(ragft, folder, MODEL, CHECKS) + check_all(ragft, folder, with_tools, TOOL_CHECKS)
    all_checks = len(CHECKS) + len(TOOL_CHECKS)
    print(f"openai {openai.__version__}: {all_checks - failed} of {all_checks} checks passed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
