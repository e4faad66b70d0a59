"""Figures out of planted items are exact; what is missing is missing."""

import pytest

from generator.judge.figures import Item, figure
from generator.judge.forms import FORMS, NEGATIVE, POSITIVE, units
from generator.judge.measures import JUDGED, RULES
from tests.judge.trying import items

EVEN = dict.fromkeys(map(str, range(1, 20)), 0.5)


def value(name, found, shares=EVEN, coverage=0.8):
    return figure(RULES[name], found, shares, coverage).value


@pytest.mark.parametrize(
    ("adopts", "fas"),
    [
        (["A", "A", "A", "B", "neither"], 2 / 5),
        (["B"] * 4, -1.0),
        (["both", "neither"], 0.0),
        (["A", "both", "both", "both"], 1 / 4),
    ],
)
def test_framing_adoption(adopts, fas):
    assert value("fas", items(adopts=adopts)) == fas
    assert value("fas_adjusted", items(adopts=adopts)) == fas, "with equal shares they are the same"


def test_framing_adjusted_for_words():
    """A has said three quarters of the words: an adoption of A weighs 2/3, one of B weighs 2."""
    shares = dict.fromkeys("1234", 0.75)
    assert value("fas_adjusted", items(adopts=["A", "A", "A", "B"]), shares) == 0.0, "in proportion to words"
    found = value("fas_adjusted", items(adopts=["A", "B", "neither", "both"]), shares)
    assert found == pytest.approx((2 / 3 - 2) / (2 / 3 + 2 + 2))
    alone = value("fas_adjusted", items(adopts=["B", "neither"]), {"1": 1.0, "2": 1.0})
    assert alone == pytest.approx(-5 / 6), "no adoption weighs more than five"


def test_responsiveness_to_bids():
    """Turns without a bid are left out of a mean, and are no zeros."""
    found = [
        Item("1", "depth_a", None), Item("1", "depth_b", None), Item("2", "depth_a", 1), Item("2", "depth_b", 5),
        Item("3", "depth_a", 2), Item("3", "depth_b", None), Item("4", "depth_a", None), Item("4", "depth_b", 4),
    ]  # fmt: skip
    assert value("brd", found) == 4.5 - 1.5
    nobody = figure(RULES["brd"], [Item("1", "depth_a", None), Item("1", "depth_b", 3)], EVEN, 0.8)
    assert (nobody.value, nobody.n_valid, nobody.n, nobody.why) == (None, 2, 2, "one partner made no bid")


def test_challenges():
    assert value("cas", items(challenges=["A", "B", "B", "both", "neither", "B"])) == -2.0


def test_alliance_and_its_gap():
    scores = {"bond": (8, 3), "goal": (7, 4), "task": (9, 5), "validation": (1, 1), "neutrality": (10, 2),
              "guidance": (0, 0)}  # fmt: skip
    found = [Item(side, key, pair["ab".index(side)]) for side in "ab" for key, pair in scores.items()]
    assert (value("alliance.a", found), value("alliance.b", found), value("alliance_gap", found)) == (8.0, 4.0, 4.0)
    assert value("alliance_neutrality_gap", found) == 8.0


def test_panas_sums_and_changes():
    found = [
        Item(f"a.{time}", key, score)
        for time, up, down in (("before", 1, 4), ("after", 3, 2))
        for keys, score in ((POSITIVE, up), (NEGATIVE, down))
        for key in keys
    ]
    assert value("panas_positive_before.a", found) == 10
    assert value("panas_positive_change.a", found) == 20
    assert value("panas_negative_change.a", found) == -20
    assert value("panas_negative_change.b", found) is None


def test_below_the_coverage_a_session_does_not_count_and_says_so():
    enough = figure(RULES["fas"], items(adopts=["A", "A", "A", "A", None]), EVEN, 0.8)
    assert (enough.value, enough.n_valid, enough.n) == (1.0, 4, 5), "the missing one is not in the divisor"
    thin = figure(RULES["fas"], items(adopts=["A", "A", "A", None, None]), EVEN, 0.8)
    assert (thin.value, thin.n_valid, thin.n) == (None, 3, 5)
    assert thin.why == "3 of 5 items are valid: not answered"


def test_each_side_of_a_difference_has_to_be_covered():
    found = [Item("a", key, 9) for key in FORMS["alliance"].questions]
    found += [Item("b", key, None, "not answered") for key in FORMS["alliance"].questions]
    assert value("alliance.a", found) == 9.0
    assert value("alliance_gap", found) is None


def test_every_measure_says_what_has_to_be_known_and_comes_of_a_rubric_that_is_asked():
    assert JUDGED.keys() == RULES.keys()
    for name, measure in JUDGED.items():
        assert measure.name == name
        assert all((measure.words, measure.definition, measure.sign, measure.source, measure.weakness))
        form = FORMS[RULES[name].rubric]
        for unit, keys in RULES[name].sides:
            assert set(keys) <= form.questions.keys()
            assert unit is None or unit in units(form, (1, 2))
    assert {rule.rubric for rule in RULES.values()} == set(FORMS)


@pytest.mark.parametrize("name", JUDGED)
def test_no_value_leaves_its_range(name):
    """With every item at either end of its scale."""
    rule, measure = RULES[name], JUDGED[name]
    form = FORMS[rule.rubric]
    for pick in (0, -1):
        values = {key: [v for v in kind.values if v is not None][pick] for key, kind in form.questions.items()}
        values |= {key: "A" if pick else "B" for key, value in values.items() if isinstance(value, str)}
        for flipped in (False, True):
            found = []
            for unit in units(form, (1, 2, 3)):
                for key, kind in form.questions.items():
                    other = [v for v in kind.values if v is not None][-1 - pick]
                    swap = flipped and (unit.startswith("b") or unit.endswith("after") or key == "depth_b")
                    found.append(Item(unit, key, other if swap else values[key]))
            got = figure(rule, found, {}, 0.8).value
            assert got is not None
            assert measure.least <= got <= measure.most
