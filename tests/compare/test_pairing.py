"""Which sessions go together: by the design where it allows it, by couples where it does not, and it says which."""

from generator.compare.pairing import match
from tests.compare.made import case, sides


def design(side: str, **factors: list[str]) -> list:
    """Every combination of the factors' levels, two repeats of each, as sessions of a side."""
    cells = [{}]
    for name, levels in factors.items():
        cells = [{**cell, name: level} for cell in cells for level in levels]
    return [case(side, n, repeat, **cell) for n, (repeat, cell) in enumerate((r, c) for r in (1, 2) for c in cells)]


def pairs(matched) -> set[tuple[int, int]]:
    return {(one.number, other.number) for unit in matched.units for one in unit.reference for other in unit.side}


def test_sessions_go_together_by_every_factor_but_the_one_compared():
    factors = {"couple": ["x", "y"], "attachment": ["anxious", "secure"]}
    before, after = (design(name, **factors, prompt_set=[name]) for name in ("before", "after"))
    found = match(before, after, 6)
    assert (found.design, len(found.units), found.couples, found.left_out) == ("paired", 8, 2, 0)
    assert pairs(found) == {(number, number) for number in range(8)}
    assert found.shared == ("couple", "attachment", "repeat")
    assert found.differs == ("prompt_set", "prompts.a")
    assert [unit.name for unit in found.units][:3] == ["x, anxious, 1", "x, secure, 1", "y, anxious, 1"]


def test_what_is_made_up_of_the_compared_factor_does_not_stand_in_the_way():
    """The therapist's model is compared; the name of all models together differs with it."""
    small, large = (
        [case(name, n, therapist_model=name, a_model=a, model=f"{name}/{a}") for n, a in enumerate(("p", "q"))]
        for name in ("small", "large")
    )
    found = match(small, large, 6)
    assert (found.design, pairs(found)) == ("paired", {(0, 0), (1, 1)})
    assert found.shared == ("a_model",)


def test_sessions_without_a_counterpart_are_left_out_and_counted():
    before, after = (design(name, couple=["x", "y", "z"]) for name in ("before", "after"))
    found = match(before, after[:4], 6)
    assert (found.design, len(found.units), found.left_out) == ("paired", 4, 2)


def test_a_drawn_first_speaker_is_no_reason_to_leave_pairs_out():
    before = [case("before", n, n, first_speaker="AB"[n % 2]) for n in range(6)]
    after = [case("after", n, n, first_speaker="BA"[n % 2]) for n in range(6)]
    found = match(before, after, 6)
    assert (found.design, len(found.units)) == ("paired", 6)
    assert "first_speaker" in found.differs


def test_couples_are_paired_where_sessions_cannot_be():
    found = match(*sides(8, 2, first_repeat={"after": 100}).values(), 6)
    assert (found.design, len(found.units), found.couples) == ("paired by couple", 8, 8)
    assert {len(unit.reference) for unit in found.units} == {len(unit.side) for unit in found.units} == {2}


def test_with_few_couples_sessions_stay_alone():
    found = match(*sides(3, 2, first_repeat={"after": 100}).values(), 6)
    assert (found.design, len(found.units), found.left_out) == ("unpaired", 12, 0)


def test_sides_with_different_couples_are_not_paired_by_what_else_is_alike():
    found = match(*sides(4, 2, couple_of=lambda side, couple: f"{side} {couple}").values(), 6)
    assert (found.design, len(found.units), found.couples) == ("couple by couple", 8, 8)
    assert {"couple", "prompts.a"} <= set(found.differs)


def test_two_couples_can_be_compared_session_by_session():
    x, y = ([case("run", n, n, couple=name) for n in range(4)] for name in ("x", "y"))
    found = match(x, y, 6)
    assert (found.design, len(found.units), found.couples) == ("paired", 4, 0)
