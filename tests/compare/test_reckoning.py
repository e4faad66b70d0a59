"""Planted effects are found with sign and size; nothing is found where there is nothing, whatever couples have in
common; and what cannot be told is not told."""

import gc
import math

import pytest
from scipy import stats

from generator.compare.reckoning import couples_needed
from generator.compare.statistics import ALPHA
from tests.compare.made import Chance, compared, sides

TRIALS = 200
UNLIKELY = 0.01
"""A test that keeps to its level has more false positives than these trials may show with this probability."""


def keeps_its_level(hits: int, of: int) -> bool:
    """Whether so many false positives are what a test that keeps to 5% may show by chance."""
    return stats.binomtest(hits, of, ALPHA, alternative="greater").pvalue > UNLIKELY


def test_the_bound_on_false_positives_can_be_broken():
    assert keeps_its_level(10, TRIALS)
    assert not keeps_its_level(20, TRIALS)


# What was planted is found


@pytest.mark.parametrize("effect", [1.5, -1.5])
def test_a_planted_effect_is_found_with_its_sign(effect):
    found = compared(sides(16, 1, Chance(1, 16, ["talk"], effect=effect, intercept=3))).row("talk")
    assert found.verdict == ("higher" if effect > 0 else "lower")
    assert found.p_holm <= ALPHA
    assert found.low <= effect <= found.high
    assert math.copysign(1, found.effect) == math.copysign(1, effect)
    assert found.difference == pytest.approx(found.value - found.reference)
    assert (found.n, found.n_of, len(found.pairs)) == (16, 16, 16)
    assert found.difference == pytest.approx(sum(pair.value - pair.reference for pair in found.pairs) / 16)


def test_intervals_hold_what_was_planted_about_as_often_as_they_say():
    names = [f"m{number}" for number in range(TRIALS)]
    found = compared(sides(30, 1, Chance(2, 30, names, effect=1, intercept=2)), *names, family=())
    held = sum(row.low <= 1 <= row.high for row in found.rows)
    assert 0.89 <= held / TRIALS <= 0.99


def test_an_effect_is_found_whatever_couples_have_in_common_and_the_mixed_model_agrees():
    found = compared(sides(12, 3, Chance(3, 12, ["talk"], effect=1, intercept=5, slope=0.3)))
    row = found.row("talk")
    assert found.pairings[0].by_couple
    assert row.verdict == "higher"
    assert row.mixed.low <= row.difference <= row.mixed.high
    assert row.mixed.p < ALPHA


def test_couples_that_react_alike_in_a_side_of_their_own_are_compared_couple_by_couple():
    of = sides(12, 3, Chance(4, 12, ["talk"], effect=4), couple_of=lambda side, couple: f"{side} {couple}")
    found = compared(of)
    assert found.pairings[0].design == "couple by couple"
    assert (found.row("talk").n, found.row("talk").pairs) == (24, ())
    assert found.row("talk").verdict == "higher"


# Where there is nothing, nothing is found


@pytest.fixture
def little_garbage():
    """statsmodels collects garbage with every correction: what is there already need not be gone through each time."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("little_garbage")
def test_null_comparisons_give_false_positives_within_five_percent():
    """Whole comparisons of two measures each; one claim in any of them is a false positive."""
    names = ["one", "two"]
    verdicts = [
        {row.verdict for row in compared(sides(7, 1, Chance(seed, 7, names, intercept=3)), *names).rows}
        for seed in range(TRIALS)
    ]
    assert not any("too few sessions" in each for each in verdicts)
    assert keeps_its_level(sum(not each.isdisjoint({"higher", "lower"}) for each in verdicts), TRIALS)


@pytest.mark.parametrize(
    ("couples", "intercept", "slope", "by_couple"),
    [(12, 5, 0, True), (12, 5, 2, True), (4, 5, 0, False)],
    ids=["couples differ", "couples react in their own ways", "few couples"],
)
def test_null_comparisons_of_couples_with_several_sessions_do_too(couples, intercept, slope, by_couple):
    names = [f"m{number}" for number in range(TRIALS)]
    chance = Chance(5, couples, names, intercept=intercept, slope=slope)
    found = compared(sides(couples, 3, chance), *names, family=())
    assert found.pairings[0].by_couple == (by_couple or couples >= couples_needed(1))
    assert keeps_its_level(sum(row.p <= ALPHA for row in found.rows), TRIALS)


def test_null_comparisons_of_sides_with_different_couples_do_too():
    names = [f"m{number}" for number in range(TRIALS)]
    chance = Chance(6, 8, names)
    of = sides(8, 3, chance, couple_of=lambda side, couple: f"{side} {couple}")
    apart = {
        side: [one.__class__(one.run, one.number, one.factors, one.repeat, shifted(one), one.spec) for one in held]
        for side, held in of.items()
    }
    found = compared(apart, *names, family=())
    assert found.pairings[0].design == "couple by couple"
    assert keeps_its_level(sum(row.p <= ALPHA for row in found.rows), TRIALS)


def shifted(one):
    """Its values, moved by what its couple has in common, which differs from measure to measure."""
    own = Chance(int.from_bytes(one.factors["couple"].encode(), "big") % 2**32, 1, list(one.values))
    common = own("before", 0, 1)
    return {name: value + 4 * common[name] for name, value in one.values.items()}


# What cannot be told


@pytest.mark.parametrize(("tests", "pairs"), [(1, 6), (2, 7), (3, 7), (6, 8), (9, 9)])
def test_how_many_pairs_are_needed(tests, pairs):
    assert couples_needed(tests) == pairs
    assert 2.0 ** (1 - pairs) * tests <= ALPHA < 2.0 ** (2 - pairs) * tests


def test_too_few_sessions_are_no_proof_of_anything():
    found = compared(sides(5, 1, lambda side, couple, _: {"talk": couple + 10 * (side == "after")})).row("talk")
    assert (found.verdict, found.difference) == ("too few sessions", 10)
    assert found.p == pytest.approx(2 / 2**5)


def test_one_pair_is_told_and_not_judged():
    found = compared(sides(1, 1, lambda side, *_: {"talk": 1.0 + (side == "after")})).row("talk")
    assert (found.verdict, found.difference, found.low, found.effect, found.n) == ("too few sessions", 1, None, None, 1)


def test_no_value_is_no_zero():
    def value(side, couple, _):
        return {"talk": 1.0 if couple < 3 else None, "none": None, "most": float(couple) if couple else None}

    found = compared(sides(12, 1, value), "talk", "none", "most")
    talk, none, most = found.rows
    assert (talk.verdict, talk.n, talk.n_of, talk.p) == ("missing", 3, 12, None)
    assert (none.verdict, none.n, none.reference, none.value, none.difference) == ("missing", 0, None, None, None)
    assert (most.verdict, most.n, most.reference) == ("same", 11, 6)


def test_a_pair_with_one_value_is_no_pair():
    found = compared(sides(12, 1, lambda side, couple, _: {"talk": 1.0 if couple or side == "after" else None}))
    assert found.row("talk").n == 11


def test_equal_sessions_are_the_same():
    row = compared(sides(9, 1, lambda _, couple, __: {"talk": couple / 3})).row("talk")
    assert (row.verdict, row.difference, row.low, row.high, row.p, row.effect) == ("same", 0, 0, 0, 1, 0)


def test_same_is_said_only_where_the_interval_leaves_no_room_for_more():
    of = sides(20, 1, Chance(7, 20, ["talk"]))
    assert compared(of, tolerance=2).row("talk").verdict == "same"
    assert compared(of, tolerance=0.1).row("talk").verdict == "no difference found"


# The family


def test_holm_corrects_over_the_family_and_over_nothing_else():
    names = ["one", "two", "three"]
    of = sides(16, 1, Chance(8, 16, names, effect=0.8))
    alone = compared(of, *names, family=["one"])
    together = compared(of, *names)
    assert alone.row("one").p == alone.row("one").p_holm == together.row("one").p
    assert [row.verdict for row in alone.rows[1:]] == ["exploratory"] * 2
    assert [row.p_holm for row in alone.rows[1:]] == [None, None]
    assert alone.row("two").p == together.row("two").p
    ps = sorted((row.p, row.p_holm) for row in together.rows)
    assert ps[0][1] == pytest.approx(3 * ps[0][0])
    assert ps[1][1] == pytest.approx(max(2 * ps[1][0], ps[0][1]))


def test_every_side_is_compared_with_the_first_in_one_family():
    of = sides(16, 1, Chance(9, 16, ["talk"]))
    third = [one.__class__("third", one.number, one.factors, one.repeat, {"talk": one.values["talk"] + 3}, one.spec)
             for one in of["before"]]  # fmt: skip
    found = compared({**of, "third": third})
    assert [(row.side, row.verdict) for row in found.rows] == [("after", "no difference found"), ("third", "higher")]
    assert found.row("talk").side == "third"
    assert found.row("talk").p_holm == pytest.approx(2 * found.row("talk").p)
    with pytest.raises(KeyError):
        found.row("silence")
