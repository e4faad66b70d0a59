"""Turns that stand nearly the same in another session: found exactly where they were planted."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.metrics.duplicates import FEWEST_WORDS, SAME, near_duplicates, trace
from generator.metrics.words import runs


def turns(seed, count=10, length=60):
    """Turns of random words, none of them like another."""
    rng = random.Random(seed)
    return [[f"w{rng.randrange(10**6)}" for _ in range(length)] for _ in range(count)]


def changed(words, every):
    """The same words, but each so-manieth is another."""
    return [f"other{at}" if at % every == 0 else word for at, word in enumerate(words, start=1)]


def shares(*sessions):
    return near_duplicates([list(map(trace, session)) for session in sessions])


@pytest.mark.parametrize("planted", [0, 1, 4, 10])
def test_planted_twins_are_counted_in_both_sessions(planted):
    one, other, third = turns(1), turns(2), turns(3)
    other[:planted] = [changed(words, 20) for words in one[:planted]]
    assert shares(one, other, third) == [planted / 10, planted / 10, 0]


def test_what_is_said_twice_within_a_session_is_no_twin():
    one = turns(1)
    assert shares(one + one, turns(2)) == [0, 0]


def test_only_turns_with_half_of_their_runs_in_common_are_twins():
    (words,) = turns(1, 1)
    for every, twin in ((30, True), (15, True), (6, False), (4, False)):
        mine, theirs = set(runs(words, 3)), set(runs(changed(words, every), 3))
        assert (len(mine & theirs) / len(mine | theirs) >= SAME) is twin
        assert shares([words], [changed(words, every)]) == [twin, twin]


def test_short_turns_do_not_count():
    short, long = ["all", "right"] * 5, turns(1, 1)[0]
    assert len(short) < FEWEST_WORDS
    assert shares([short, long], [short]) == [0, None]
    assert shares([short], [short]) == [None, None]
    assert trace(long[:FEWEST_WORDS]) is not None


def test_a_session_alone_has_no_others():
    assert shares(turns(1)) == [None]
    assert shares() == []


WORDS = st.lists(st.sampled_from("the rain on a roof in march and you asleep".split()), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=4), max_size=4))
def test_no_other_turns_are_twins_than_those_that_are(sessions):
    """Whatever the turns: what is found is true (what is just at the bound may be passed over)."""

    def twins(n, words):
        others = [theirs for m, session in enumerate(sessions) if m != n for theirs in session]
        mine = set(runs(words, 3))
        alike = (set(runs(theirs, 3)) for theirs in others if len(theirs) >= FEWEST_WORDS)
        return any(len(mine & theirs) >= SAME * len(mine | theirs) for theirs in alike)

    for n, (session, share) in enumerate(zip(sessions, shares(*sessions), strict=True)):
        long = [words for words in session if len(words) >= FEWEST_WORDS]
        if share is None:
            assert not long or len(sessions) == 1
        else:
            assert share <= sum(twins(n, words) for words in long) / len(long)
