"""A form asked for by JSON schema: the best way that a server takes, found once, whatever it says to the others."""

import asyncio

import pytest

from generator.chat.endpoint import Endpoint
from generator.chat.protocol import Question
from generator.errors import CouplesimError
from generator.schema.session import Model
from tests.chat.asking import KEY, Clock, Log, endpoint_at
from tests.faults.quirks import LITELLM, LLAMA_CPP, MODEL, TRANSFORMERS, VLLM
from tests.faults.server import Server, error, ok, status

SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


def question(**changes):
    given = {
        "model": Model(name=MODEL), "parts": [b'[{"role": "user", "content": "Rate this as JSON."}]'],
        "max_tokens": 100, "seed": 1, "prompt_tokens": 10, "what": "framing of a session", "schema": SCHEMA,
    }  # fmt: skip
    return Question(**{**given, **changes})


def ask(script, *questions):
    """The outcomes of asking in turn, and the formats that were sent."""
    server, clock = Server(script), Clock()

    async def go():
        outcomes = []
        async with server, endpoint_at(server.url, clock) as endpoint:
            for each in questions:
                try:
                    outcomes.append(await endpoint.ask(each))
                except CouplesimError as exc:
                    outcomes.append(exc)
        return outcomes

    outcomes = asyncio.run(go())
    return outcomes, [seen.json.get("response_format", {}).get("type") for seen in server.requests], clock


def takes(*forms, otherwise):
    return lambda _, seen: (
        ok('{"answer": 3}') if seen.json.get("response_format", {}).get("type") in forms else otherwise
    )


OBJECTIONS = {
    "OpenAI, older model": error(
        400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
    ),
    "by parameter": error(400, "Bad value.", param="response_format"),
    "llama.cpp": error(500, "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type')}]"),
    "unexpected field": status(422, {"detail": "Unexpected fields in the request: {'response_format'}"}),
    "no grammar": error(400, "structured outputs are not available: json_schema needs a grammar backend"),
}


def test_a_schema_is_sent_as_such():
    server = Server([ok('{"answer": 3}')])

    async def go():
        async with server:
            endpoint = Endpoint(server.url, KEY)
            await endpoint.ask(question())
            await endpoint.close()

    asyncio.run(go())
    sent = server.requests[0].json["response_format"]
    assert sent == {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}


@pytest.mark.parametrize("objection", OBJECTIONS.values(), ids=OBJECTIONS)
def test_a_server_that_takes_plain_objects_only_is_asked_for_them_from_then_on(objection):
    outcomes, formats, clock = ask(takes("json_object", otherwise=objection), question(), question())
    assert [reply.text for reply in outcomes] == ['{"answer": 3}'] * 2
    assert formats == ["json_schema", "json_object", "json_object"]
    assert sum(clock.slept) < 2, "it is no failure that is waited out"


@pytest.mark.parametrize("objection", OBJECTIONS.values(), ids=OBJECTIONS)
def test_a_server_that_takes_no_form_is_asked_without(objection):
    outcomes, formats, _ = ask(takes(None, otherwise=objection), question(), question())
    assert [reply.text for reply in outcomes] == ['{"answer": 3}'] * 2
    assert formats == ["json_schema", "json_object", None, None]


def test_an_attempt_without_the_form_costs_no_try_and_is_on_record():
    log = Log()
    outcomes, _, _ = ask(takes("json_object", otherwise=OBJECTIONS["by parameter"]), question(attempts=log))
    assert log.events == [("begin",), ("fail", "parameter", "no"), ("begin",)]
    assert outcomes[0].attempts == 2


def test_another_500_is_none_of_the_forms_business():
    outcomes, formats, _ = ask([error(500, "out of memory")], question())
    assert set(formats) == {"json_schema"}
    assert "framing of a session: 127.0.0.1" in str(outcomes[0])


@pytest.mark.parametrize("profile", [LLAMA_CPP, TRANSFORMERS, VLLM, LITELLM], ids=lambda profile: profile.name)
def test_known_servers_answer_a_question_with_a_form(profile):
    """What they say is gibberish; that they are asked at all is what is tried."""
    outcomes, formats, _ = ask(profile, question(seed=2))
    assert not isinstance(outcomes[0], CouplesimError), outcomes[0]
    assert formats[-1] in {"json_schema", "json_object"}


def test_an_unusable_answer_is_asked_for_again_and_named_as_such():
    texts = ["no JSON", "still none", '{"answer": 3}']
    outcomes, _, _ = ask([ok(text) for text in texts], question(usable=lambda text: text.startswith("{")))
    assert (outcomes[0].text, outcomes[0].attempts) == ('{"answer": 3}', 3)
    wanted = {"usable": lambda text: False, "wanted": "answer that can be used"}
    outcomes, _, _ = ask([ok("no JSON")], question(**wanted))
    assert str(outcomes[0]) == f"framing of a session: {MODEL} sent no answer that can be used (3 attempts)"


def test_without_a_schema_no_form_is_asked_for():
    _, formats, _ = ask([ok("Good morning.")], question(schema=None))
    assert formats == [None]
