"""What the rehearsal speaker hears in the talk so far."""

from __future__ import annotations

import pytest

from generator.chat.rehearsal.banks import banks, slots_of
from generator.chat.rehearsal.listening import addressed, listen, question_kind
from generator.perspective import perspective
from generator.schema.session import Temperament
from tests.builders import spec

A, B, T = (perspective(spec(), label, Temperament()) for label in ("Patient A", "Patient B", "Therapist"))
STEP = "sitting down together for ten minutes before anything else"
KINDS = ("feeling", "example", "need", "view", "step")


@pytest.mark.parametrize("kind", KINDS)
def test_the_banks_questions_are_heard_as_what_they_ask(kind):
    units = banks()[f"ask_{kind}"]
    heard = [question_kind(unit) for unit in units]
    assert heard.count(kind) / len(units) >= 0.8


@pytest.mark.parametrize(
    ("question", "whom"),
    [
        ("Marcus, what was that like?", {"Patient B"}),
        ("Daniel spoke first. Marcus, what was that like?", {"Patient B"}),
        ("Think of the last time, Daniel. Who stood where?", {"Patient A"}),
        ("Daniel and Marcus, what now?", {"Patient A", "Patient B"}),
        ("What now?", {"Patient A", "Patient B"}),
    ],
)
def test_who_is_asked(question, whom):
    assert addressed(A, question) == whom


def test_a_question_to_the_other_is_not_mine_to_answer():
    spoken = [("Therapist", "Daniel, when did you last feel that?")]
    assert listen(A, spoken).asked == "feeling"
    assert listen(B, spoken).asked is None


@pytest.mark.parametrize(
    "proposal",
    [f"What if we tried {STEP}?", f"I keep coming to the idea of {STEP}.", f"How about {STEP}, just on Mondays?"],
)
def test_a_proposal_is_taken_up_by_the_other(proposal):
    heard = listen(B, [("Therapist", "Welcome."), ("Patient A", f"Well. {proposal}")])
    assert (heard.proposal, heard.fresh_proposal) == (STEP, True)
    assert not listen(A, [("Therapist", "Welcome."), ("Patient A", f"Well. {proposal}")]).fresh_proposal


def test_a_plan_from_a_model_is_heard_too_and_a_story_is_not():
    mine = [("Therapist", "Welcome."), ("Patient A", "Maybe we could start with walking the dog together at seven.")]
    assert listen(B, mine).proposal == "walking the dog together at seven"
    assert listen(B, [("Patient A", "I did try letting things slide.")]).proposal is None


def test_quotes_are_short_phrases_of_the_latest_turn_not_quoted_before():
    spoken = [("Patient B", "I stood in the cold hallway. You turned up the kitchen radio.")]
    assert listen(A, spoken).quotes["Patient B"] == ("the cold hallway", "the kitchen radio")
    spoken.append(("Patient A", "You say “the cold hallway”. I heard."))
    assert "the cold hallway" not in listen(T, spoken).quotes["Patient B"]


def test_every_slot_of_every_unit_can_be_filled():
    known = {"partner", "detail", "stressor", "since", "moment", "theirs", "concern", "angle", "step"}
    known |= {"name", "other", "a", "b", "quote", "quote_other", "me", "credentials"}
    for act, units in banks().items():
        for unit in units:
            assert slots_of(unit) <= known, (act, unit)
