"""What a turn and a session may take."""

import pytest

from generator.budget import UNLIMITED_RESERVE, Purse, asked_tokens, spoken_tokens
from generator.schema.session import Budget, Model
from generator.schema.turn import Reply, Usage


def took(usage, wasted=0):
    return Reply(text="Yes.", end="stop", usage=usage, model="m", wasted_tokens=wasted)


ROLES = Budget(turn_tokens=150, therapist_tokens=90, partner_tokens=None, facilitator_tokens=60)


@pytest.mark.parametrize(
    ("budget", "label", "tokens"),
    [
        (Budget(), "Therapist", 150),
        (ROLES, "Therapist", 90),
        (ROLES, "Patient A", 150),
        (ROLES, "Patient B", 150),
        (ROLES, "AI_Facilitator", 60),
        (Budget(partner_tokens=40), "Patient B", 40),
        (Budget(partner_tokens=40), "Therapist", 150),
        (Budget(cut="none", partner_tokens=40), "Patient B", None),
    ],
)
def test_spoken_tokens(budget, label, tokens):
    assert spoken_tokens(budget, label) == tokens


@pytest.mark.parametrize(
    ("cut", "headroom", "tokens"),
    [
        ("server", 0, 150),
        ("sentence", 0, 150),
        ("client", 0, 300),
        ("server", 1000, 1150),
        ("client", 1000, 1300),
        ("none", 0, None),
        ("none", 1000, None),
    ],
)
def test_asked_tokens(cut, headroom, tokens):
    assert asked_tokens(Budget(cut=cut), "Patient A", Model(reasoning_headroom=headroom)) == tokens


def test_a_purse_is_asked_before_and_charged_after():
    purse = Purse(1000)
    assert purse.allows(850, 150)
    assert not purse.allows(851, 150)
    purse.charge(took(Usage(prompt=400, cached=300, completion=80, reasoning=20), wasted=20))
    assert purse.spent == 500
    assert purse.allows(350, 150)
    assert not purse.allows(351, 150)


def test_a_turn_without_limit_is_reserved_for():
    assert Purse(UNLIMITED_RESERVE + 10).allows(10, None)
    assert not Purse(UNLIMITED_RESERVE + 10).allows(11, None)


def test_a_purse_without_limit_allows_everything():
    purse = Purse(None)
    purse.charge(took(Usage(prompt=10**9)))
    assert purse.allows(10**9, None)
