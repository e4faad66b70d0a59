"""Words, runs, diversity, repetition and likeness: known answers, and plain slow references beside them."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.metrics.words import RUN, WINDOW, diversity, likeness, opener, repeated, runs, sketch, words

few_words = st.lists(st.sampled_from("a b c d e f g h".split()), max_size=150)
turns_of_few_words = st.lists(st.lists(st.sampled_from("a b".split()), max_size=14), max_size=6)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("... — 🙂 …", []),
        ("I know.", ["i", "know"]),
        ("Don't, DON’T!", ["don't", "don't"]),
        ("'Yes,' she said: \"no\"", ["yes", "she", "said", "no"]),
        ("It was 7:30, room 12.", ["it", "was", "7", "30", "room", "12"]),
        ("half-empty", ["half", "empty"]),
        ("Amélie’s café", ["amélie's", "café"]),
        ("one\n\ntwo\tthree", ["one", "two", "three"]),
        ("the kids' room", ["the", "kids", "room"]),
    ],
)
def test_words_are_small_and_bare(text, found):
    assert list(words(text)) == found


def test_runs_and_openers():
    found = "we were late and he left".split()
    assert runs(found) == [("we", "were", "late", "and", "he"), ("were", "late", "and", "he", "left")]
    assert runs(found[: RUN - 1]) == []
    assert opener(found) == ("we", "were", "late")
    assert opener(found[:2]) == ("we", "were")
    assert opener([]) == ()


def test_diversity_of_known_texts():
    assert diversity(["yes"] * 200) == pytest.approx(1 / WINDOW)
    assert diversity([str(number) for number in range(200)]) == 1
    assert diversity(["yes", "no"] * 25) == pytest.approx(2 / WINDOW)
    half = [str(number) for number in range(25)]
    assert diversity(half * 4) == 0.5, "every window holds each word twice"


def test_there_is_no_diversity_below_one_window():
    assert diversity([]) is None
    assert diversity(["word"] * (WINDOW - 1)) is None
    assert diversity(["word"] * WINDOW) is not None


@given(few_words)
@example(["a"] * WINDOW)
@example(["a"] * WINDOW + ["b"])
def test_diversity_is_the_mean_over_all_windows(found):
    windows = [found[start : start + WINDOW] for start in range(len(found) - WINDOW + 1)]
    expected = sum(len(set(window)) / WINDOW for window in windows) / len(windows) if windows else None
    assert diversity(found) == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_repeated_runs_of_a_small_session():
    first = "i was at work until nine".split()
    second = "you said i was at work again".split()
    third = "i was at work until nine".split()
    assert repeated([first, second, third, []]) == ((0, 0, 2, 0), (2, 3, 2, 0))
    second = "you said i was at work until nine".split()
    assert repeated([first, second]) == ((0, 2), (2, 4))


def test_what_a_turn_says_twice_within_itself_repeats_no_earlier_turn():
    assert repeated(["a b c d e a b c d e".split()]) == ((0,), (6,))
    assert repeated([["a", "b", "c"], ["d", "e", "f"], ["a", "b", "c", "d", "e"]]) == ((0, 0, 0), (0, 0, 1))


@given(turns_of_few_words)
def test_repeated_runs_are_those_of_a_plain_search(turns):
    again, all_ = [], []
    for number, found in enumerate(turns):
        mine = [tuple(found[start : start + RUN]) for start in range(max(0, len(found) - RUN + 1))]
        earlier = [tuple(e[start : start + RUN]) for e in turns[:number] for start in range(len(e) - RUN + 1)]
        again.append(sum(run in earlier for run in mine))
        all_.append(len(mine))
    assert repeated(turns) == (tuple(again), tuple(all_))


def invented(rng, length=2500, vocabulary=1500):
    return [f"word{rng.randrange(vocabulary)}" for _ in range(length)]


def true_likeness(one, other):
    a, b = set(runs(one)), set(runs(other))
    return len(a & b) / len(a | b)


def test_likeness_is_close_to_that_of_all_runs():
    rng = random.Random(7)
    errors = []
    for _ in range(60):
        shared = invented(rng)[: rng.randint(0, 2500)]
        one, other = [shared + invented(rng)[len(shared) :] for _ in range(2)]
        found = likeness(sketch([one]), sketch([other]))
        errors.append(found - true_likeness(one, other))
    assert max(map(abs, errors)) < 0.15
    assert abs(sum(errors) / len(errors)) < 0.015, "no lean to either side"


def test_likeness_at_its_ends():
    rng = random.Random(1)
    one, other = invented(rng), [f"other{number}" for number in range(2500)]
    assert len(sketch([one])) > 50
    assert likeness(sketch([one]), sketch([list(one)])) == 1
    assert likeness(sketch([one]), sketch([other])) == 0
    assert likeness(sketch([one]), sketch([])) == 0
    assert likeness(sketch([]), sketch([])) == 0


@given(few_words, few_words)
def test_likeness_is_the_same_both_ways(one, other):
    a, b = sketch([one]), sketch([other])
    assert likeness(a, b) == likeness(b, a)
    assert 0 <= likeness(a, b) <= 1


def test_the_same_runs_are_sampled_wherever_they_stand():
    rng = random.Random(3)
    first, second, third = invented(rng), invented(rng), invented(rng)
    whole = sketch([first, second, third])
    assert sketch([second]) <= whole
    assert whole == sketch([third, first, second]) == sketch([first]) | sketch([second]) | sketch([third])


def test_a_run_does_not_reach_into_the_next_turn():
    found = [str(number) for number in range(4000)]
    apart = [found[start : start + RUN - 1] for start in range(0, 4000, RUN - 1)]
    assert sketch(apart) == frozenset()
