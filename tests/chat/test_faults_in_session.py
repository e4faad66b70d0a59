"""A session whose endpoint misbehaves: FAULTS rows 21 to 24, 26 to 28 and 30, as they reach the transcript."""

import asyncio
from dataclasses import dataclass

import pytest

from generator.errors import SessionFailed
from generator.format import render
from generator.schema.label import LABELS
from generator.schema.session import Budget, Cast, Model, Spec
from generator.schema.turn import Trim, Turn
from generator.session import Session
from tests.builders import prompts_of, spec
from tests.chat.asking import Clock, Log, case, endpoint_at
from tests.faults.server import Server, body, error, ok, reset, status

MODEL = Model(name="gpt-4o")
SPEC = spec(turns=4, models=Cast(therapist=MODEL, a=MODEL, b=MODEL))
"""Speaks as the therapist, Daniel (A), Marcus (B), Daniel."""
HIDDEN = {"prompt_tokens": 9, "completion_tokens": 150, "completion_tokens_details": {"reasoning_tokens": 150}}
NOT_OURS = "Zanzibar"
"""Stands in every faulty answer, and in no persona or prompt."""


@dataclass
class Spoken:
    """What came of a session."""

    session: Session
    server: Server
    log: Log
    error: SessionFailed | None

    @property
    def texts(self) -> list[str]:
        return [turn.text for turn in self.session.turns]


def speak(*script, turns: list[Turn] | None = None, of: Spec = SPEC) -> Spoken:
    """The session, spoken until it ends or fails, with a server that answers by this script."""
    server, log, clock = Server(script), Log(), Clock()

    async def go() -> Spoken:
        async with server, endpoint_at(server.url, clock) as endpoint:
            session = Session(of, prompts_of(of), dict.fromkeys(LABELS, endpoint), turns or (), log)
            try:
                async for _ in session.run():
                    pass
            except SessionFailed as failed:
                return Spoken(session, server, log, failed)
            return Spoken(session, server, log, None)

    return asyncio.run(go())


BEFORE = ok("Welcome, both of you."), ok("Thanks for having us.")
"""The first two turns."""

FAULTS = [
    # row, behaviour, reason, requests for the turn
    ("1", error(400, f"maximum context length, {NOT_OURS}"), "context_full", 1),
    ("3", error(400, NOT_OURS), "rejected", 1),
    ("6", status(502, f"<html>{NOT_OURS}</html>".encode()), "unavailable", 6),
    ("14", reset(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + NOT_OURS.encode()), "unavailable", 6),
    ("18 html", body(f"<html>{NOT_OURS}</html>".encode()), "bad_reply", 4),
    ("18 text", body(NOT_OURS), "bad_reply", 4),
    ("19", body({"error": {"code": 502, "message": NOT_OURS}}), "unavailable", 6),
    ("20", ok(choices=[{"text": NOT_OURS}]), "bad_reply", 3),
    ("21 refusal", ok(None, refusal=f"I can't help with {NOT_OURS}."), "refused", 2),
    ("21 filter", ok(f"{NOT_OURS} and", "content_filter"), "refused", 2),
    ("22", ok(" \n", reasoning=NOT_OURS), "empty", 3),
    ("23", ok("", "length", usage=HIDDEN, reasoning=NOT_OURS), "no_tokens_left", 1),
    ("27", ok(f"Daniel: {NOT_OURS}"), "empty", 3),
]


@pytest.mark.parametrize(("behaviour", "reason", "requests"), [case(*fault) for fault in FAULTS])
def test_no_error_becomes_a_turn(behaviour, reason, requests):
    """The turns before stand, nothing is put in the faulty one's place, and the session can be taken up there."""
    spoken = speak(*BEFORE, behaviour)
    assert spoken.error is not None
    assert spoken.error.reason == reason
    assert "turn 3" in str(spoken.error)
    assert spoken.server.count == 2 + requests
    assert spoken.texts == ["Welcome, both of you.", "Thanks for having us."]
    assert NOT_OURS not in render(spoken.session.transcript())
    assert spoken.session.end is None

    resumed = speak(ok("We hardly talk."), ok("You never ask."), turns=spoken.session.turns)
    assert resumed.texts == [*spoken.texts, "We hardly talk.", "You never ask."]
    assert resumed.session.end == "complete"
    again, before = resumed.server.requests[0].json, spoken.server.requests[-1].json
    assert {**again, "seed": None} == {**before, "seed": None}
    assert all(NOT_OURS.encode() not in seen.body for seen in resumed.server.requests)


def test_a_fault_that_passes_leaves_no_trace_in_the_text():
    spoken = speak(*BEFORE, status(500, NOT_OURS.encode()), ok(None, refusal=NOT_OURS), ok("We hardly talk."))
    assert spoken.session.end == "complete"
    assert spoken.session.turns[2].reply.attempts == 3
    assert NOT_OURS not in render(spoken.session.transcript())


CUT_OFFS = [
    "I just feel like, you know,",
    "And then she said, “I can",
    "it was never about the dishes, it was about the way you looked at me when I",
    "Well. I tried—",
    "One thing.\n\nAnd another, which",
]


@pytest.mark.parametrize("text", CUT_OFFS)
def test_cut_off_is_kept_verbatim(text):
    """Row 24."""
    spoken = speak(ok(text, "length"), *BEFORE)
    turn = spoken.session.turns[0]
    assert (turn.text, turn.cut, turn.end, turn.trims) == (text, True, "length", ())
    assert turn.reply.attempts == 1
    assert spoken.server.count == 4
    assert f"Therapist:\n{text}\n\n" in render(spoken.session.transcript())


def test_over_budget_is_kept_and_flagged():
    """Row 26."""
    turns = speak(ok("Hello.", usage={"prompt_tokens": 9, "completion_tokens": 151}), ok("Hi.")).session.turns
    assert [turn.over_budget for turn in turns] == [True, False, False, False]
    assert turns[0].text == "Hello."


def test_what_earlier_attempts_took_is_not_over_budget():
    """The text that came is within the budget; another 100 tokens were wasted."""
    usage = {"prompt_tokens": 9, "completion_tokens": 100}
    turn = speak(ok("", usage=usage), ok("Hello.", usage=usage), ok("Hi.")).session.turns[0]
    assert (turn.reply.usage.completion, turn.reply.wasted_tokens) == (100, 109)
    assert not turn.over_budget
    much = {**usage, "completion_tokens": 151}
    long = speak(ok("", usage=usage), ok("word " * 150, usage=much), ok("Hi.")).session.turns[0]
    assert long.over_budget


def test_a_session_taken_up_again_has_spent_what_it_spent():
    """Attempts that brought nothing count for the session's budget, live and from the turns kept."""
    of = spec(turns=4, models=SPEC.models, budget=Budget(session_tokens=10_000))
    dear = {"prompt_tokens": 4000, "completion_tokens": 20}
    live = speak(ok("", usage=dear), ok("Daniel: No.", usage=dear), ok("Welcome.", usage=dear), of=of)
    assert (live.session.end, live.texts) == ("session_tokens", ["Welcome."])
    reply = live.session.turns[0].reply
    assert (reply.usage.total, reply.wasted_tokens) == (4020, 2 * 4020)
    resumed = speak(ok("Hi."), turns=live.session.turns, of=of)
    assert (resumed.session.end, resumed.server.count) == ("session_tokens", 0)


FOREIGN = [
    # the therapist says, is left, is removed
    ("Tell me more.\n\nPatient B: I feel alone.", "Tell me more.", "Patient B: I feel alone."),
    ("Tell me more.\nDaniel: No.\nMarcus: Me neither.", "Tell me more.", "Daniel: No.\n\nMarcus: Me neither."),
    ("Tell me more.\n\n**Patient A:** Well.", "Tell me more.", "**Patient A:** Well."),
    ("Tell me more.\n\n[Daniel]: Well.", "Tell me more.", "[Daniel]: Well."),
]


@pytest.mark.parametrize(("said", "left", "removed"), FOREIGN)
def test_another_speakers_lines_are_cut(said, left, removed):
    """Row 27: cut at the first foreign label; what came is kept beside it."""
    turn = speak(ok(said), *BEFORE).session.turns[0]
    assert turn.text == left
    assert Trim(kind="speaker", removed=removed) in turn.trims
    assert turn.reply.text == said
    assert turn.reply.attempts == 1


@pytest.mark.parametrize("said", ["Daniel: I feel alone.", "**Patient B:** I feel alone.", "Marcus Wright: Hm.\n\nGo."])
def test_only_another_speakers_lines_is_an_empty_reply(said):
    """Row 27, then 22: asked again, each time billed; then the session fails."""
    spoken = speak(ok(said))
    assert spoken.error is not None
    assert spoken.error.reason == "empty"
    assert spoken.texts == []
    assert spoken.server.count == 3
    assert spoken.log.events == [("begin",), ("fail", "empty", "yes")] * 3

    mended = speak(ok(said), ok("Go on."))
    assert mended.texts == ["Go on."] * 4
    assert [turn.reply.attempts for turn in mended.session.turns] == [2, 1, 1, 1]
    assert mended.log.events == [("begin",), ("fail", "empty", "yes"), *[("begin",)] * 4]


OWN = [
    ("Therapist: Welcome.", "Welcome."),
    ("Therapist: Therapist: Welcome.", "Welcome."),
    ("**Therapist:** Welcome.", "Welcome."),
    ("Dr. Forger: Welcome.", "Welcome."),
]


@pytest.mark.parametrize(("said", "left"), OWN)
def test_own_label_is_stripped(said, left):
    """Row 28."""
    turn = speak(ok(said), *BEFORE).session.turns[0]
    assert turn.text == left
    assert {trim.kind for trim in turn.trims} == {"label"}
    assert turn.reply.text == said


@pytest.mark.parametrize("said", ["You said “Therapist: he knows.”", "I wrote down Daniel: tired, Marcus: angry."])
def test_label_within_a_line_is_speech(said):
    """Row 28."""
    turn = speak(ok(said), *BEFORE).session.turns[0]
    assert (turn.text, turn.trims) == (said, ())


def test_next_request_works_after_characters_that_no_file_can_hold():
    """Row 30."""
    spoken = speak(ok("a\ud800b\x00c\x1b[2J\ufeff"), ok("Hi."))
    assert spoken.session.end == "complete"
    assert spoken.texts[0] == "a\ufffdbc[2J"
    assert "a\ufffdbc[2J" in spoken.server.requests[1].json["messages"][-1]["content"]
