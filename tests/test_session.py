"""The loop: budgets, cut-offs, what becomes of a reply, and that the same replies give the same session."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.chat.recorded import Recorded
from generator.chat.rehearsal.chat import Rehearsal
from generator.chat.scripted import Scripted
from generator.errors import SessionFailed
from generator.format import render
from generator.schema.label import LABELS
from generator.schema.session import Budget, Cast, Model
from generator.schema.turn import Reply, Usage
from generator.session import Session
from tests.builders import layout, prompts_of, speak, spec

TEN = "I was up at five. Then I drove to"
LONG = TEN + " work and nobody had called me back."
LONGER = LONG + " I waited there by the"
"""Texts of 10, 18 and 23 tokens."""


async def spoken(session: Session) -> None:
    async for _ in session.run():
        pass


def spoken_by(chat, of, turns=()) -> Session:
    session = Session(of, prompts_of(of), dict.fromkeys(LABELS, chat), turns)
    asyncio.run(spoken(session))
    return session


def reply(text: str, end: str = "stop", completion: int = 5, reasoning: int = 0) -> Reply:
    return Reply(text=text, end=end, usage=Usage(completion=completion, reasoning=reasoning), model="m")


def only_turn(said: str | Reply, **changes):
    session, requests = speak(spec(turns=1, **changes), [said])
    return session.turns[0], requests[0]


CUTS = [
    # policy, said, asked for, reply, text, end, mid-sentence, taken away (outer blanks left out)
    ("server", LONG, 10, TEN, TEN, "length", True, []),
    ("server", "I was up at five.", 10, "I was up at five.", "I was up at five.", "stop", False, []),
    ("client", LONG, 20, LONG, TEN, "length", True, ["work and nobody had called me back."]),
    ("client", TEN, 20, TEN, TEN, "stop", True, []),
    ("client", LONGER, 20, LONG + " I waited", TEN, "length", True, ["work and nobody had called me back. I waited"]),
    ("client", reply("Short enough.", "length"), 20, "Short enough.", "Short enough.", "length", False, []),
    ("sentence", LONG, 10, TEN, "I was up at five.", "length", False, ["Then I drove to"]),
    ("sentence", TEN, 10, TEN, TEN, "stop", True, []),
    ("none", LONG, None, LONG, LONG, "stop", False, []),
]  # fmt: skip


@pytest.mark.parametrize(("cut", "said", "asked", "replied", "text", "end", "mid_sentence", "removed"), CUTS)
def test_what_each_policy_makes_of_a_reply(cut, said, asked, replied, text, end, mid_sentence, removed):
    turn, request = only_turn(said, budget=Budget(turn_tokens=10, cut=cut))
    assert request.max_tokens == asked
    assert turn.reply.text == replied, "the reply is kept as it came"
    assert (turn.text, turn.end, turn.cut, turn.mid_sentence) == (text, end, end == "length", mid_sentence)
    assert [(trim.kind, trim.removed.strip()) for trim in turn.trims] == [("budget", part) for part in removed]


def test_what_came_and_what_was_taken_away_are_kept_with_their_blanks():
    turn, _ = only_turn(f" {LONG}\n", budget=Budget(turn_tokens=10, cut="client"))
    assert turn.reply.text == f" {LONG}\n"
    assert turn.text + turn.trims[-1].removed == LONG


def test_a_reply_ended_by_another_speakers_line_is_not_a_cut_off():
    turn, _ = only_turn(reply("Good morning to you both.\nPatient A: I was up at five and then I", "length"))
    assert turn.text == "Good morning to you both."
    assert not turn.cut, "the budget cut what was taken away, not what was kept"


@pytest.mark.parametrize(("cut", "text"), [("server", TEN), ("client", TEN), ("sentence", "I was up at five.")])
def test_head_room_for_hidden_reasoning_is_not_spoken_in(cut, text):
    """A model that thinks little may not say more for it: the spoken budget holds."""
    model = Model(name="m", reasoning_headroom=50)
    turn, request = only_turn(LONG, budget=Budget(turn_tokens=10, cut=cut), models=Cast(therapist=model))
    assert request.max_tokens >= 60
    assert (turn.text, turn.end, turn.cut, turn.reply.text) == (text, "length", True, LONG)


def test_budgets_by_role_and_head_room():
    model = Model(name="m", reasoning_headroom=500)
    budget = Budget(turn_tokens=40, therapist_tokens=30)
    _, requests = speak(spec(turns=3, budget=budget, models=Cast(b=model)), lambda request: "Yes.")
    assert [request.max_tokens for request in requests] == [30, 40, 540]


@pytest.mark.parametrize(
    ("labels", "said", "text"),
    [
        ("strip", "Therapist: Good morning.", "Good morning."),
        ("strip", "Dr. Anya Forger: Therapist: Good morning.", "Good morning."),
        ("keep", "Therapist: Good morning.", "Therapist: Good morning."),
        ("keep", "Good morning.\nDaniel: Hello.", "Good morning."),
    ],
)
def test_own_labels_are_stripped_or_kept_and_others_never(labels, said, text):
    assert only_turn(said, labels=labels)[0].text == text


def test_a_repeated_text_is_kept_and_flagged():
    session, _ = speak(spec(turns=4), ["One.", "Two.", "Two.", " One. "])
    assert [(turn.text, turn.repeat) for turn in session.turns] == [
        ("One.", False), ("Two.", False), ("Two.", True), ("One.", True),
    ]  # fmt: skip


@pytest.mark.parametrize(("completion", "reasoning", "over"), [(10, 0, False), (11, 0, True), (500, 495, False)])
def test_a_reply_over_its_budget_is_kept_and_flagged(completion, reasoning, over):
    turn, _ = only_turn(reply(LONG, "stop", completion, reasoning), budget=Budget(turn_tokens=10))
    assert (turn.text, turn.over_budget, turn.cut) == (LONG, over, False)


def test_session_tokens_end_the_session_at_a_turn_boundary():
    free, requests = speak(spec(turns=8), lambda request: LONG)
    spent = sum(turn.reply.usage.total for turn in free.turns[:4])
    need = spent + requests[4].prompt_tokens + requests[4].max_tokens
    for limit, turns in ((need, 5), (need - 1, 4)):
        session, asked = speak(spec(turns=8, budget=Budget(session_tokens=limit)), lambda request: LONG)
        assert (session.end, len(session.turns), len(asked)) == ("session_tokens", turns, turns)
        assert sum(turn.reply.usage.total for turn in session.turns) <= limit
    assert free.end == "complete"


def test_session_tokens_count_what_was_spoken_before():
    of = spec(turns=8, budget=Budget(session_tokens=9000))
    whole, _ = speak(of, lambda request: LONG)
    resumed = spoken_by(Scripted(lambda request: LONG), of, whole.turns[:3])
    assert resumed.end == whole.end == "session_tokens"
    assert resumed.turns == whole.turns


def test_a_full_context_fails_the_session_with_turn_prompt_and_limit():
    _, requests = speak(spec(turns=9), lambda request: LONG)
    sizes = [request.prompt_tokens + 150 for request in requests]
    at = next(n for n in range(3, 9) if sizes[n] > max(sizes[:n]))
    for limit, turns in ((sizes[at] - 1, at), (sizes[at], next(n for n in range(9) if sizes[n] > sizes[at]))):
        model = Model(context_tokens=limit)
        of = spec(turns=9, models=Cast(therapist=model, a=model, b=model))
        chat = Scripted(lambda request: LONG)
        session = Session(of, prompts_of(of), dict.fromkeys(LABELS, chat))
        with pytest.raises(SessionFailed) as failed:
            asyncio.run(spoken(session))
        assert (failed.value.reason, len(session.turns), len(chat.requests)) == ("context_full", turns, turns)
        for part in (f"turn {turns + 1}", str(requests[turns].prompt_tokens), str(limit)):
            assert part in str(failed.value)


class Log:
    """An AttemptLog that remembers."""

    def __init__(self):
        self.events = []

    order = 0

    async def begin(self, model, most):
        self.events.append("begin")

    async def fail(self, kind, message, billed, usage=None):
        self.events.append((kind, billed))


@pytest.mark.parametrize("foreign", ["Patient A: Good morning.", "Daniel: Hello.", "**Marcus Wright:** I", "\n \n"])
def test_a_reply_of_somebody_elses_words_fails_the_session(foreign):
    """The session asks once; asking again is the chat's business, which is told what is usable."""
    log, chat = Log(), Scripted([foreign, "Good morning."])
    session = Session(spec(turns=1), prompts_of(spec()), dict.fromkeys(LABELS, chat), attempts=log)
    with pytest.raises(SessionFailed, match="turn 1, Therapist: ") as failed:
        asyncio.run(spoken(session))
    assert (failed.value.reason, session.turns, len(chat.requests)) == ("empty", [], 1)
    assert log.events == ["begin", ("empty", "yes")]
    assert not chat.requests[0].usable(foreign)
    assert chat.requests[0].usable("Therapist: Good morning.\n\n" + foreign)


@pytest.mark.parametrize(("name", "closing"), [("chat", b"]"), ("script", b'"}]')])
@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(min_size=1), min_size=12, max_size=12))
def test_each_request_of_a_role_begins_with_its_last_one(name, closing, texts):
    said = iter([f"{text} And so on." for text in texts])
    of = spec(turns=12, models=layout(name), budget=Budget(cut="none"))
    _, requests = speak(of, lambda request: next(said))
    for label in LABELS:
        mine = [request.messages for request in requests if request.perspective.label == label]
        for before, after in pairwise(mine):
            assert before.endswith(closing)
            assert after.startswith(before.removesuffix(closing))
            assert len(after) > len(before)


def test_equal_specs_and_replies_give_equal_sessions_and_the_seed_tells_them_apart():
    def transcript(seed):
        return render(spoken_by(Rehearsal(), spec(turns=9, rng_seed=seed)).transcript()).encode()

    def seeds(seed):
        return [request.seed for request in speak(spec(turns=9, rng_seed=seed), lambda request: LONG)[1]]

    assert transcript(1) == transcript(1) != transcript(2)
    assert seeds(1) == seeds(1) != seeds(2)
    assert len(set(seeds(1))) == 9


@pytest.mark.parametrize("kept", [0, 1, 5, 11, 12])
def test_a_session_taken_up_again_goes_on_as_it_would_have(kept):
    of = spec(turns=12)
    whole = spoken_by(Rehearsal(), of)
    assert spoken_by(Rehearsal(), of, whole.turns[:kept]).turns == whole.turns


def test_a_recording_replays_a_session_byte_for_byte():
    of = spec(turns=31)
    whole = spoken_by(Rehearsal(), of)
    replayed = spoken_by(Recorded(whole.turns), of)
    assert replayed.turns == whole.turns
    assert render(replayed.transcript()).encode() == render(whole.transcript()).encode()
    assert any(turn.cut for turn in whole.turns), "with cut-offs in it"
    with pytest.raises(SessionFailed, match="no turn 4"):
        spoken_by(Recorded(whole.turns[:3]), of)
