"""Affect of a sentence: the library's own score, reached sooner where there is nothing to score."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from generator import affect

ANALYSER = SentimentIntensityAnalyzer()
FILLERS = (
    "the I was not very kind of but least so, (that) REALLY don't never at all ok - no or nor without doubt this the "
    "bomb yeah right kiss of death to die for sort just enough BUT :) x"
).split()


@pytest.mark.parametrize("text", ["I love you.", "That was a kind and happy day!", "Thank you 😊"])
def test_kind_words_are_positive(text):
    assert 0 < affect.score(text) <= 1


@pytest.mark.parametrize("text", ["I hate this.", "You hurt me, and I cried.", "It was terrible!", "I am not happy."])
def test_hard_words_are_negative(text):
    assert -1 <= affect.score(text) < 0


@pytest.mark.parametrize("text", ["", " ", "...", "The table has four legs.", "On Monday we drove to the sea."])
def test_plain_words_are_nothing(text):
    assert affect.score(text) == 0


@given(st.text(max_size=100))
def test_a_score_is_between_the_ends(text):
    assert -1 <= affect.score(text) <= 1


def test_the_shorter_way_to_a_score_changes_none():
    rng = random.Random(1)
    words = [word for word in ANALYSER.lexicon if word.replace("'", "").replace("-", "").isalpha()]
    for _ in range(1500):
        said = [rng.choice(words) if rng.random() < 0.3 else rng.choice(FILLERS) for _ in range(rng.randint(1, 14))]
        text = " ".join(said) + rng.choice([".", "!", "?", "!!!", "", ",", " "])
        assert affect.score(text) == ANALYSER.polarity_scores(text)["compound"], text


@pytest.mark.parametrize("text", ["See you :)", "You left again :(", "We will see ;-)", "<3"])
def test_signs_that_smile_are_in_the_lexicon_too(text):
    assert affect.score(text) == ANALYSER.polarity_scores(text)["compound"] != 0
