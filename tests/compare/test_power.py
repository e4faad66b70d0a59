"""What a plan can show: the pairs it has, and textbook figures of power."""

import pytest

from generator.compare.power import power_of
from generator.plan import expand
from generator.plan.plan import plan_of
from tests.builders import SHIPPED


def powers(family=1, repeats=1, **factors):
    expansion = expand(plan_of({"turns": 7, "repeats": repeats, "factors": factors}), SHIPPED)
    return {each.factor: each for each in power_of(expansion.sessions, expansion.design.factors, family)}


def test_the_pairs_are_those_of_the_design():
    found = powers(couple=["daniel-marcus", "ruth-harold"], prompts=["baseline", "candid"], first=["A", "B"], repeats=5)
    assert {name: (each.design, each.units, each.couples) for name, each in found.items()} == {
        "couple": ("paired", 20, 0),
        "prompts": ("paired", 20, 2),
        "first": ("paired", 20, 2),
    }


def test_power_is_that_of_the_tables():
    """Cohen (1988): 34 pairs find an effect of 0.5 with a power of 0.80 at 0.05."""
    found = powers(couple=["daniel-marcus", "ruth-harold"], prompts=["baseline", "candid"], repeats=17)["prompts"]
    assert (found.units, found.tests) == (34, 1)
    assert found.power[0.5] == pytest.approx(0.81, abs=0.01)
    assert found.detectable == pytest.approx(0.495, abs=0.005)


def test_more_tests_leave_less_power():
    one, many = (
        powers(family, couple=["daniel-marcus", "ruth-harold"], prompts=["baseline", "candid"], repeats=17)["prompts"]
        for family in (1, 9)
    )
    assert many.detectable > one.detectable
    assert all(many.power[effect] < one.power[effect] for effect in one.power)


def test_every_further_level_is_a_further_test():
    found = powers(2, prompts=["baseline", "candid", "structured"], repeats=20)["prompts"]
    assert (found.levels, found.tests, found.units) == (("baseline", "candid"), 4, 20)


def test_a_design_that_can_show_nothing_says_so():
    found = powers(9, prompts=["baseline", "candid"], repeats=4)["prompts"]
    assert (found.units, found.detectable, set(found.power.values())) == (4, None, {0.0})


def test_a_plan_without_factors_has_no_comparison():
    assert powers() == {}
