"""How positive or negative a sentence sounds: the only place that knows the affect lexicon."""

from __future__ import annotations

import functools
from string import punctuation
from typing import Any

from generator.errors import InputError

REMEMBERED = 20_000
"""Sentences whose score is remembered: people say the short ones again and again."""

LONGEST = 2000
"""Characters of a sentence that are scored: the library's time grows with the square of the length."""


@functools.lru_cache(maxsize=REMEMBERED)
def score(sentence: str) -> float:
    """Affect of one sentence, -1 (negative) to 1 (positive), 0 where no word of the lexicon stands in it.

    The compound score of VADER (Hutto and Gilbert 2014), which works offline. English. Weakness: it knows
    words, negation and emphasis, not what is meant; therapy talk sounds more positive to it than it is.
    Raises InputError if the library is not installed.
    """
    analyser, sentence = _analyser(), sentence[:LONGEST]
    if sentence.isascii() and not any(_scored(word, analyser.lexicon) for word in sentence.split()):
        return 0.0
    return float(analyser.polarity_scores(sentence)["compound"])


def _scored(word: str, lexicon: Any) -> bool:
    return word.lower() in lexicon or word.strip(punctuation).lower() in lexicon


@functools.cache
def _analyser() -> Any:
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as exc:
        raise InputError(
            "figures need the extra libraries: pip install 'couplesim[figures]'; or check with --no-drift"
        ) from exc
    return SentimentIntensityAnalyzer()
