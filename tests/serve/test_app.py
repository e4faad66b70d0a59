"""The endpoint over real HTTP, with the official client, with our own, and with none."""

import http.client
import json
import time
from contextlib import closing
from urllib.parse import urlsplit

import openai
import pytest

from generator import format as seed_format
from generator import tokens
from generator.chat.endpoint import Endpoint
from tests.builders import spec
from tests.serve.conftest import build_app, listening, rehearse, spoken_by

THERAPIST = {"role": "system", "content": "You are a couples therapist."}
MESSAGES = [THERAPIST, {"role": "user", "content": "We have not talked about the kitchen table for a week."}]


def ask(client, **fields):
    return client.chat.completions.create(**{"model": "rehearsal", "messages": MESSAGES, "seed": 7} | fields)


def raw(base_url, body, path="/chat/completions", method="POST"):
    parts = urlsplit(base_url)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)) as connection:
        connection.request(method, parts.path + path, data)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


@pytest.mark.parametrize("changes", [{}, {"prompts": "candid", "couple": "yuki-ben", "first": "B", "rng_seed": 5}])
def test_a_session_over_http_is_the_session_in_this_process_byte_for_byte(base_url, changes):
    of = spec(**changes)
    here, _ = rehearse(of)
    there = spoken_by(of, Endpoint(base_url, ""))
    assert seed_format.render(there.transcript()).encode() == seed_format.render(here.transcript()).encode()
    assert [(turn.end, turn.tokens, turn.trims) for turn in there.turns] == [
        (turn.end, turn.tokens, turn.trims) for turn in here.turns
    ]
    assert [turn.reply.usage.completion for turn in there.turns] == [turn.reply.usage.completion for turn in here.turns]
    assert {turn.reply.model for turn in there.turns} == {"rehearsal"}
    assert all(turn.reply.fingerprint.startswith("rehearsal-") for turn in there.turns)
    assert any(turn.cut for turn in there.turns)


def test_without_the_field_the_same_people_speak(base_url):
    """The temperament is the prompt set's own only by the field; with the default one texts are equal too."""
    _, requests = rehearse(spec(turns=12))
    for request in requests:
        body = {"model": "rehearsal", "messages": json.loads(request.messages), "seed": request.seed}
        bare = json.loads(raw(base_url, body)[2])
        default = request.perspective.model_copy(update={"temperament": type(request.perspective.temperament)()})
        body["couplesim"] = {"perspective": default.model_dump(mode="json"), "spoken": list(request.spoken)}
        assert bare["choices"] == json.loads(raw(base_url, body)[2])["choices"]


def test_streamed_chunks_make_the_text(client):
    whole = ask(client)
    with ask(client, stream=True, stream_options={"include_usage": True}) as stream:
        *chunks, last = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert len(chunks) > 10
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(chunk.usage is None for chunk in chunks)
    assert (last.choices, last.usage) == ([], whole.usage)
    assert len({chunk.id for chunk in [*chunks, last]}) == 1


def test_a_stream_ends_in_done_and_has_usage_only_if_asked_for(base_url):
    status, headers, body = raw(base_url, {"model": "rehearsal", "messages": MESSAGES, "stream": True, "max_tokens": 5})
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-couplesim"] == "rehearsal; scripted text, no language model"
    events = body.decode().strip().split("\n\n")
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert not any("usage" in chunk for chunk in chunks)


def test_the_smaller_limit_counts_and_tokens_are_counted(client):
    whole = ask(client)
    text = whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage.completion_tokens == tokens.count(text)
    assert whole.usage.prompt_tokens == sum(tokens.count(message["content"]) + 4 for message in MESSAGES)
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    for fields in ({"max_tokens": 20}, {"max_completion_tokens": 20, "max_tokens": 90}):
        cut = ask(client, **fields)
        assert cut.choices[0].finish_reason == "length"
        assert cut.usage.completion_tokens == 20
        assert cut.choices[0].message.content == tokens.cut(text, 20)
    exact = ask(client, max_tokens=whole.usage.completion_tokens)
    assert exact.choices == whole.choices


def test_text_ends_before_a_stop_string(client):
    text = ask(client).choices[0].message.content
    first, second = text.split()[9], text.split()[4]
    both = min(first, second, key=text.find)
    for stop, found in ((first, first), ([first, second, ""], both), (["never said"], None), ("", None)):
        stopped = ask(client, stop=stop).choices[0]
        assert stopped.finish_reason == "stop"
        assert stopped.message.content == (text[: text.find(found)] if found else text)


def test_equal_seeds_and_equal_messages_give_equal_texts(client):
    texts = {seed: ask(client, seed=seed).choices[0].message.content for seed in (1, 2, 3, -4, 2**70)}
    assert len(set(texts.values())) > 3
    assert all(ask(client, seed=seed).choices[0].message.content == text for seed, text in texts.items())
    unseeded = {ask(client, seed=None).choices[0].message.content for _ in range(3)}
    assert len(unseeded) == 1
    parts = [{"type": "text", "text": "And the "}, {"type": "text", "text": "car."}]
    more = [*MESSAGES, {"role": "user", "content": parts}]
    assert ask(client, seed=None, messages=more).choices[0].message.content not in unseeded


def test_every_answer_says_what_it_is(client, base_url):
    completion = ask(client, temperature=0.3, n=3, user="somebody", extra_body={"nobody_knows": 1})
    assert completion.model == "rehearsal"
    assert len(completion.choices) == 1
    assert completion.system_fingerprint.startswith("rehearsal-")
    assert [model.id for model in client.models.list()] == ["rehearsal"]
    status, headers, body = raw(base_url.removesuffix("/v1"), b"", "/", "GET")
    assert (status, headers.get_content_type()) == (200, "text/plain")
    assert b"not a language model" in body
    assert headers["x-couplesim"].startswith("rehearsal")


@pytest.mark.parametrize(
    ("changes", "status", "param", "code"),
    [
        ({"messages": None}, 400, "messages", None),
        ({"messages": []}, 400, "messages", None),
        ({"messages": [{"content": "?"}]}, 400, "messages.0.role", None),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "messages.0.content", None),
        ({"max_tokens": 0}, 400, "max_tokens", None),
        ({"max_tokens": 1.5}, 400, "max_tokens", None),
        ({"max_completion_tokens": -1}, 400, "max_completion_tokens", None),
        ({"stop": 3}, 400, "stop", None),
        ({"stop": ["a", 3]}, 400, "stop.1", None),
        ({"seed": "x"}, 400, "seed", None),
        ({"model": "gpt-4o"}, 404, "model", "model_not_found"),
        ({"model": None}, 400, "model", None),
        ({"couplesim": {"spoken": []}}, 400, "couplesim.perspective", None),
        ({"couplesim": 3}, 400, "couplesim", None),
    ],
)
def test_errors_name_the_field_in_openais_envelope(base_url, changes, status, param, code):
    got, headers, body = raw(base_url, {"model": "rehearsal", "messages": MESSAGES} | changes)
    error = json.loads(body)["error"]
    assert (got, error["param"], error["code"], error["type"]) == (status, param, code, "invalid_request_error")
    assert error["message"]
    assert headers["x-couplesim"].startswith("rehearsal")


def test_a_wrong_field_couplesim_is_named_to_its_leaf(base_url):
    _, requests = rehearse(spec(turns=2))
    view = requests[1].perspective.model_dump(mode="json")
    for changes, spoken, param in (
        ({"label": "AI_Facilitator"}, [], "couplesim.perspective"),
        ({"a": view["a"] | {"name": 3}}, [], "couplesim.perspective.a.name"),
        ({"shoe_size": 43}, [], "couplesim.perspective.shoe_size"),
        ({}, [["Patient C", "Hello."]], "couplesim.spoken.0.0"),
        ({}, [["Patient B"]], "couplesim.spoken.0.1"),
    ):
        field = {"perspective": view | changes, "spoken": spoken}
        got, _, body = raw(base_url, {"model": "rehearsal", "messages": MESSAGES, "couplesim": field})
        assert (got, json.loads(body)["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff{}",
        b'{"a":' * 5000,
        rb'{"model":"rehearsal","messages":[{"role":"user","content":"\ud800"}]}',
    ],
)
def test_what_is_not_a_request_is_a_400(base_url, body):
    got, _, answer = raw(base_url, body)
    assert got == 400
    assert json.loads(answer)["error"]["type"] == "invalid_request_error"


def test_unknown_addresses_and_methods_are_told_what_there_is(base_url):
    for path, method, status in (("/completions", "POST", 404), ("/chat/completions", "GET", 405)):
        got, _, body = raw(base_url, b"", path, method)
        assert got == status
        assert "/v1/chat/completions" in json.loads(body)["error"]["message"]


def test_bodies_over_4_mb_are_refused(base_url, client):
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client, messages=[{"role": "user", "content": "x" * (4 * 2**20)}])
    assert refused.value.status_code == 413
    assert refused.value.code == "request_too_large"
    assert ask(client, messages=[*MESSAGES, {"role": "tool", "content": "word " * 700_000}]).choices[0].message.content


def test_latency_is_waited_for():
    server, thread, url = listening(build_app(latency_seconds=0.3))
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        started = time.monotonic()
        ask(client)
        assert time.monotonic() - started >= 0.3
    server.should_exit = True
    thread.join(timeout=10)
    assert not thread.is_alive()
