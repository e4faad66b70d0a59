"""What an endpoint is sent, what it may object to, and what is never told: FAULTS rows 2 and 60."""

import asyncio
import ssl
import subprocess
import traceback

import pytest

from generator.errors import ProviderRefused
from generator.schema.session import REHEARSAL, Model
from tests.chat.asking import KEY, Clock, ask, endpoint_at, outcome, request
from tests.faults.server import (
    Server,
    body,
    error,
    ok,
    redirect,
    status,
)

# What is sent


def test_request_body():
    model = Model(name="gpt-4o", temperature=0.7, reasoning_effort="low")
    asked = ask(ok(), model=model, seed=11)
    (seen,) = asked.server.requests
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.body.startswith(b'{"messages":' + request().messages + b",")
    fields = {name: value for name, value in seen.json.items() if name != "messages"}
    assert fields == {
        "model": "gpt-4o",
        "seed": 11,
        "max_tokens": 150,
        "temperature": 0.7,
        "reasoning_effort": "low",
    }


def test_nothing_is_sent_that_stands_in_the_environment(monkeypatch):
    """The SDK would send all of it, and let a custom header take the key's place."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-zanzibar")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-zanzibar")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-zanzibar")
    names = ("X-Team", "Authorization", "User-Agent", "Host", "Content-Length", "Cookie", "OpenAI-Organization")
    odd = ["X-Ä: zanzibar €", ": zanzibar", "zanzibar"]
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "\n".join([*(f"{name}: zanzibar" for name in names), *odd]))
    asked = ask(ok())
    (seen,) = asked.server.requests
    assert asked.reply.text == "Good morning."
    assert {name: value for name, value in seen.headers.items() if not name.startswith("x-stainless-")} == {
        "host": asked.server.host,
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
        "content-length": str(len(seen.body)),
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "couplesim",
    }
    assert "zanzibar" not in str(seen.headers)


def test_nothing_is_sent_that_was_not_set():
    asked = ask(ok(), max_tokens=None)
    assert asked.server.requests[0].json.keys() == {"messages", "model", "seed"}


def test_token_parameter_by_choice():
    asked = ask(ok(), model=Model(name="o4-mini", token_parameter="max_completion_tokens"))
    data = asked.server.requests[0].json
    assert data["max_completion_tokens"] == 150
    assert "max_tokens" not in data


def test_only_the_rehearsal_speaker_is_sent_what_the_speaker_knows():
    spoken = [("Therapist", "Welcome.")]
    knows = ask(ok(), model=Model(name=REHEARSAL), spoken=spoken).server.requests[0].json["couplesim"]
    assert knows["perspective"] == request().perspective.model_dump(mode="json")
    assert knows["spoken"] == [["Therapist", "Welcome."]]
    assert "couplesim" not in ask(ok(), spoken=spoken).server.requests[0].json


# Parameters

NAMES_BOTH = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."


@pytest.mark.parametrize(
    "refusal",
    [
        error(400, NAMES_BOTH, code="unsupported_parameter", param="max_tokens"),
        error(400, NAMES_BOTH),
        status(422, {"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]}),
    ],
    ids=["param", "words only", "detail"],
)
def test_max_tokens_is_renamed_once_and_remembered(refusal):
    """Row 2."""
    asked = ask(refusal, ok(), asks=2)
    sent = [seen.json for seen in asked.server.requests]
    assert [data.get("max_tokens") for data in sent] == [150, None, None]
    assert [data.get("max_completion_tokens") for data in sent] == [None, 150, 150]
    assert asked.log.events == [("begin",), ("fail", "parameter", "no"), ("begin",), ("begin",)]
    assert asked.clock.seconds < 1


def test_max_tokens_is_renamed_for_all_in_flight():
    """Row 2: two requests refused at the same time are one switch, not a refusal of the switch."""

    async def refuse_both(line):
        while server.count < 3:
            await asyncio.sleep(0.001)
        await error(400, NAMES_BOTH, param="max_tokens")(line)

    server = Server(lambda _, seen: refuse_both if "max_tokens" in seen.json and server.count > 1 else ok())

    async def go():
        async with server, endpoint_at(server.url, Clock()) as endpoint:
            await endpoint.speak(request(Model(name="another")))  # from then on, several may be under way
            return await asyncio.gather(*(endpoint.speak(request()) for _ in range(2)))

    assert [reply.attempts for reply in asyncio.run(go())] == [2, 2]


def test_parameters_are_remembered_for_each_model():
    """Row 2."""
    server = Server([error(400, NAMES_BOTH, param="max_tokens"), ok()])

    async def go():
        async with server, endpoint_at(server.url, Clock()) as endpoint:
            await endpoint.speak(request())
            await endpoint.speak(request(Model(name="gpt-4o-mini")))

    asyncio.run(go())
    assert "max_tokens" in server.requests[-1].json


def test_seed_is_dropped_and_remembered():
    """Row 2."""
    asked = ask(error(400, "Unrecognized request argument supplied: seed"), ok(), asks=2)
    assert ["seed" in seen.json for seen in asked.server.requests] == [True, False, False]
    assert asked.reply.text == "Good morning."


@pytest.mark.parametrize("name", ["max_tokens", "seed"])
def test_refused_again_is_refused(name):
    """Row 2: a second 400 ends it."""
    asked = ask(error(400, code="unsupported_parameter", param=name))
    assert isinstance(asked.error, ProviderRefused)
    assert asked.server.count == 2
    assert str(asked.error) == f"model gpt-4o rejects {name}"


def test_max_completion_tokens_is_renamed_once_and_remembered():
    """Row 2, the other way round: an older server knows max_tokens alone."""
    refusal = status(422, {"detail": [{"loc": ["body", "max_completion_tokens"], "msg": "Extra inputs"}]})
    asked = ask(refusal, ok(), asks=2, model=Model(name="m", token_parameter="max_completion_tokens"))
    sent = [seen.json for seen in asked.server.requests]
    assert [data.get("max_completion_tokens") for data in sent] == [150, None, None]
    assert [data.get("max_tokens") for data in sent] == [None, 150, 150]


@pytest.mark.parametrize("first", ["max_tokens", "max_completion_tokens"])
def test_token_parameters_are_not_switched_back_and_forth(first):
    """Row 2: where both are rejected, the run is refused."""

    def script(_, seen):
        name = "max_tokens" if "max_tokens" in seen.json else "max_completion_tokens"
        return error(400, code="unsupported_parameter", param=name)

    server = Server(script)

    async def go():
        async with server, endpoint_at(server.url, Clock()) as endpoint:
            return [await outcome(endpoint, request(Model(name="m", token_parameter=first))) for _ in range(2)]

    (other,) = {"max_tokens", "max_completion_tokens"} - {first}
    assert [str(error) for error in asyncio.run(go())] == [f"model m rejects {other}"] * 2
    assert [first in seen.json for seen in server.requests] == [True, False], "who is refused asks no more"


@pytest.mark.parametrize("name", ["temperature", "reasoning_effort"])
@pytest.mark.parametrize(
    "refusal",
    [
        lambda name: error(400, "no", code="unsupported_parameter", param=name),
        lambda name: error(400, f"Unsupported value: '{name}' does not support 0.7 with this model."),
        lambda name: status(422, {"detail": f"Unknown field {name}"}),
    ],
    ids=["param", "value", "detail"],
)
def test_rejected_parameter_is_named_with_its_option(name, refusal):
    """Row 2."""
    asked = ask(refusal(name))
    assert isinstance(asked.error, ProviderRefused)
    assert asked.server.count == 1
    option = "--" + name.replace("_", "-")
    assert str(asked.error) == f"model gpt-4o rejects {name}; remove {option}"


def test_refusal_of_what_is_no_option_is_an_ordinary_one():
    """Rows 2 and 3: no option is named that does not exist."""
    asked = ask(error(400, "Unsupported value: 'messages[0].role'", code="unsupported_value", param="messages[0].role"))
    assert asked.error.reason == "rejected"


# The key

ECHOES = {
    "401": error(401, f"Incorrect API key provided: {KEY}."),
    "400": error(400, f"{'x' * 190} {KEY}"),
    "400 bytes": status(400, f"{'x' * 190} {KEY}".encode()),
    "422": status(422, {"detail": KEY}),
    "429": error(429, KEY, code="insufficient_quota"),
    "500": error(500, f"{'x' * 190} {KEY}"),
    "307": redirect(f"http://{KEY}.example/{KEY}"),
    "html": body(f"<html>{'x' * 64} {KEY}".encode()),
    "content type": status(200, b"", kind=f"text/{KEY}"),
    "error in 200": body({"error": {"code": 400, "message": f"{'x' * 190} {KEY}"}}),
    "refusal": ok(None, refusal=f"{'x' * 70} {KEY}"),
}


@pytest.mark.parametrize("behaviour", ECHOES.values(), ids=ECHOES.keys())
def test_key_is_never_told(behaviour):
    """Row 60: not in the message, the log or a traceback, and no part of it where a message is cut short."""
    asked = ask(behaviour)
    told = [*asked.log.messages, *traceback.format_exception(asked.error)]
    assert "sk-ca" not in "".join(told)


def test_key_is_not_kept_with_a_reply():
    """Row 60."""
    reply = ask(ok("Good morning.", id=KEY)).reply
    assert KEY.encode() not in reply.raw
    assert reply.text == "Good morning."


@pytest.mark.parametrize("key", ["", "x", "EMPTY"])
def test_placeholder_for_a_key_does_no_harm(key):
    """What local servers are given for a key may well occur in what is said."""
    assert ask(ok("An EMPTY x-ray."), key=key).reply.text == "An EMPTY x-ray."


def test_a_proxy_named_in_the_environment_is_used(monkeypatch):
    """As every client does it; only the address of the proxy is taken from there."""
    server = Server([ok()])

    async def go():
        async with server:
            monkeypatch.setenv("http_proxy", f"http://{server.host}")
            async with endpoint_at("http://model.example/v1", Clock()) as endpoint:
                await endpoint.speak(request())

    asyncio.run(go())
    assert server.requests[0].path == "http://model.example/v1/chat/completions"


def test_a_certificate_is_checked_against_those_that_are_trusted(monkeypatch, tmp_path):
    """Over TLS: an unknown certificate is as good as nobody at the address; a known one is spoken to."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    making = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*making.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server([ok("Good morning.")])

    async def go():
        listener = await asyncio.start_server(server._accept, "localhost", 0, ssl=context)
        url = f"https://localhost:{listener.sockets[0].getsockname()[1]}/v1"
        async with listener:
            async with endpoint_at(url, Clock()) as endpoint:
                unknown = await outcome(endpoint, request())
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            async with endpoint_at(url, Clock()) as endpoint:
                known = await outcome(endpoint, request())
        return unknown, known

    unknown, known = asyncio.run(go())
    assert "certificate" in str(unknown)
    assert known.text == "Good morning."
