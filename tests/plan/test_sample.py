"""Samples of a large factorial: every beginning balanced, seeded, and kept when the cap grows."""

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.plan.sample import balanced, least_used_first

SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=5).filter(lambda sizes: math.prod(sizes) <= 600)
SEEDS = st.integers(0, 2**32)


def spread(counts: Counter, levels: int) -> int:
    """How far the most and the least used of so many levels are apart."""
    return max(counts.values(), default=0) - (min(counts.values()) if len(counts) == levels else 0)


@given(SIZES, SEEDS)
def test_every_combination_comes_once_and_every_beginning_is_balanced(sizes, seed):
    order = balanced(sizes, seed, 10**9)
    assert sorted(order) == sorted(itertools.product(*map(range, sizes)))
    counts = [Counter() for _ in sizes]
    for cell in order:
        for count, level in zip(counts, cell, strict=True):
            count[level] += 1
        assert all(spread(count, size) <= 1 for count, size in zip(counts, sizes, strict=True))


@given(SIZES, SEEDS, st.integers(0, 600), st.integers(0, 600))
def test_a_larger_sample_begins_with_the_smaller(sizes, seed, one, other):
    small, large = sorted((one, other))
    assert balanced(sizes, seed, large)[:small] == balanced(sizes, seed, small)


@given(SEEDS)
def test_pairs_of_levels_are_spread_too(seed):
    """A quarter of the worked example: no pair of levels is much rarer than another."""
    sizes = (13, 4, 2, 3)
    order = balanced(sizes, seed, 78)
    for one, other in itertools.combinations(range(4), 2):
        pairs = Counter((cell[one], cell[other]) for cell in order)
        even = 78 / (sizes[one] * sizes[other])
        counts = [pairs[pair] for pair in itertools.product(range(sizes[one]), range(sizes[other]))]
        assert min(counts) >= math.floor(even * 0.6)
        assert max(counts) <= math.ceil(even * 1.6)


def test_seeds_make_a_difference():
    assert len({tuple(balanced((5, 4, 3), seed, 10)) for seed in range(20)}) == 20


@given(SIZES, SEEDS, st.data())
def test_with_holes_the_least_used_levels_come_first(sizes, seed, data):
    """No cell that is left over has only levels used two times less than those of the one that was chosen."""
    whole = balanced(sizes, seed, 10**9)
    cells = data.draw(st.lists(st.sampled_from(whole), unique=True, max_size=100))
    order = list(least_used_first(cells, lambda cell: [(str(place), str(level)) for place, level in enumerate(cell)]))
    assert sorted(order) == sorted(cells)
    used = [Counter() for _ in sizes]
    for number, cell in enumerate(order):
        mine = sum(count[level] for count, level in zip(used, cell, strict=True))
        for waiting in order[number:]:
            assert mine <= sum(count[level] for count, level in zip(used, waiting, strict=True))
        for count, level in zip(used, cell, strict=True):
            count[level] += 1


FACTORIAL = """
factors:
  couple: [ruth-harold, mei-jonas, yuki-ben, priya-tom, noor-felix]
  therapist_model: [m, n, o]
  turns: [10, 20]
counterbalance: [first, labels]
"""


def chosen(desk, text: str) -> list[str]:
    return [one.spec.id for one in desk.expand(text).sessions]


@pytest.mark.parametrize("more", ["", "exclude: [{couple: priya-tom, turns: 10}]\n", "repeats: 2\n"])
def test_growing_a_cap_keeps_what_was_chosen(desk, more):
    everything = set(chosen(desk, FACTORIAL + more))
    before: list[str] = []
    for count in (1, 7, 30, 31, 100):
        sample = chosen(desk, f"{FACTORIAL}{more}sample: {{sessions: {count}}}\n")
        assert sample[: len(before)] == before
        assert len(sample) == len(set(sample)) == count
        assert set(sample) <= everything
        before = sample


def test_a_sample_of_a_plan_is_balanced_over_all_its_factors(desk):
    expansion = desk.expand(FACTORIAL + "sample: {sessions: 37}\n")
    assert len(expansion.design.factors) == 5
    for factor, levels in expansion.design.factors.items():
        counts = Counter(one.cell[factor] for one in expansion.sessions)
        assert spread(counts, len(levels)) <= 1
    assert expansion.design.sampled


def test_a_cap_above_all_takes_all(desk):
    assert sorted(chosen(desk, FACTORIAL + "sample: {sessions: 1000}\n")) == sorted(chosen(desk, FACTORIAL))
    assert not desk.expand(FACTORIAL + "sample: {sessions: 1000}\n").design.sampled


def test_tokens_and_money_are_caps_too(desk):
    """Of the same order, as many as fit; both together, the smaller."""
    order = chosen(desk, FACTORIAL + "sample: {sessions: 1000}\n")
    priced = FACTORIAL.replace("[m, n, o]", "[gpt-4o, gpt-4o-mini, gpt-4.1]")
    by_tokens = chosen(desk, FACTORIAL + "sample: {tokens: 1000000}\n")
    assert by_tokens == order[: len(by_tokens)]
    assert 3 < len(by_tokens) < 60
    by_cost = chosen(desk, priced + "sample: {cost: 0.5}\n")
    assert by_cost == chosen(desk, priced + "sample: {cost: 5}\n")[: len(by_cost)]
    assert 3 < len(by_cost) < 60
    both = chosen(desk, priced + "sample: {cost: 0.5, sessions: 4}\n")
    assert both == by_cost[:4]


def test_a_cap_that_holds_nothing_is_told(desk):
    assert desk.problems("sample: {tokens: 10}\n") == ["plan.yaml:1:9: the sample's cap does not hold one session"]


def test_a_cap_in_money_needs_prices(desk):
    (problem,) = desk.problems("factors: {model: [gpt-4o, nobodys]}\nsample: {cost: 5}\n")
    assert problem.startswith("sample.cost: no price for model 'nobodys' in ")
