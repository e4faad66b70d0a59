"""One role's messages: append-only, so that an endpoint's cache hits."""

import itertools
import json

import pytest

from generator import tokens
from generator.schema.label import LABELS
from generator.thread import Said, Thread
from tests.builders import layout, speak, spec

NAMES = dict(zip(LABELS, ("Dr. Forger", "Daniel", "Marcus", "Facilitator"), strict=True))


def reply(request):
    """Quotes, backslashes, line breaks and scripts that JSON must carry unharmed."""
    return f'Turn {len(request.spoken)}: I said "no" \\ at 7:30.\n\nИ 👩‍👩‍👧 {{"role": "system"}} \u2028.'


@pytest.mark.parametrize("structure", ["LLM Only", "Sequential"])
@pytest.mark.parametrize("shape", ["chat", "script"])
def test_every_request_begins_with_the_one_before(shape, structure):
    _, requests = speak(spec(models=layout(shape), structure=structure), reply)
    for label in ("Therapist", "Patient A", "Patient B"):
        sent = [request.messages for request in requests if request.perspective.label == label]
        assert len(sent) >= 9
        for before, after in itertools.pairwise(sent):
            assert before.endswith(b'"}]')
            assert after.startswith(before.removesuffix(b'"}]'))
            assert len(after) > len(before)


@pytest.mark.parametrize("first", ["A", "B"])
def test_in_chat_layout_roles_alternate_and_own_turns_are_the_assistants(first):
    session, requests = speak(spec(first=first), reply)
    for request in requests:
        system, *rest = json.loads(request.messages)
        assert system["role"] == "system"
        assert [message["role"] for message in rest] == (["user", "assistant"] * len(rest))[: len(rest)]
        assert rest[-1]["role"] == "user"
        own = [text for speaker, text in request.spoken if speaker == request.perspective.label]
        assert [message["content"] for message in rest if message["role"] == "assistant"] == own
        assert all(message["content"] for message in rest)
    assert len(requests) == len(session.turns) == 31


def test_in_chat_layout_the_others_are_named():
    thread = Thread("Patient A", NAMES, "You are Daniel.", "", "chat", len)
    for speaker, text in (("Therapist", "Hello."), ("Patient A", "Hi."), ("Patient B", "Hm."), ("Therapist", "So?")):
        thread.absorb(Said.of(speaker, text, 5))
    assert [(message["role"], message["content"]) for message in thread.messages()] == [
        ("system", "You are Daniel."),
        ("user", "Dr. Forger: Hello."),
        ("assistant", "Hi."),
        ("user", "Marcus: Hm.\n\nDr. Forger: So?"),
    ]


def test_in_script_layout_there_is_one_growing_script():
    thread = Thread("Therapist", NAMES, "You are Dr. Forger.", "They sit down.", "script", len)
    thread.absorb(Said.of("Therapist", "Hello.", 5))
    thread.absorb(Said.of("Patient A", "Hi.", 5))
    assert [(message["role"], message["content"]) for message in thread.messages()] == [
        ("system", "You are Dr. Forger."),
        ("user", "They sit down.\n\nDr. Forger:\nHello.\n\nDaniel:\nHi.\n\nDr. Forger:\n"),
    ]


@pytest.mark.parametrize("shape", ["chat", "script"])
def test_the_therapist_opens_with_the_opening_alone(shape):
    _, (request, *_) = speak(spec(models=layout(shape)), reply)
    system, user = json.loads(request.messages)
    assert (system["role"], user["role"]) == ("system", "user")
    assert "Daniel and Marcus have just sat down" in user["content"]


def test_what_is_encoded_is_what_messages_gives():
    thread = Thread("Patient B", NAMES, 'a "system"', "", "chat", len)
    thread.absorb(Said.of("Therapist", "\u2028 “quoted” \\ \n\n🙂", 5))
    assert json.loads(b"".join(thread.encoded())) == thread.messages()
    assert "🙂".encode() in b"".join(thread.encoded()), "not escaped: escapes cost tokens and bytes"


@pytest.mark.parametrize("shape", ["chat", "script"])
def test_prompt_tokens_are_close_to_the_truth(shape):
    _, requests = speak(spec(models=layout(shape)), reply)
    for request in requests:
        messages = json.loads(request.messages)
        counted = sum(tokens.count(message["content"]) + 4 for message in messages)
        assert request.prompt_tokens == pytest.approx(counted, rel=0.03, abs=10)
