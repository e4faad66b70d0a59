"""How positive or negative a sentence sounds: the only place that knows the affect lexicon."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from string import punctuation
from typing import Any

from generator.errors import InputError

REMEMBERED = 20_000
"""Sentences whose score is remembered: people say the short ones again and again."""

LONGEST = 2000
"""Characters of a sentence that are scored: the library's time grows with the square of the length."""

BEFORE, AFTER = 3, 2
"""Words around one of the lexicon that the library looks at."""


@functools.lru_cache(maxsize=REMEMBERED)
def score(sentence: str) -> float:
    """Affect of one sentence, -1 (negative) to 1 (positive), 0 where no word of the lexicon stands in it.

    The compound score of VADER (Hutto and Gilbert 2014), which works offline. English. Weakness: it knows
    words, negation and emphasis, not what is meant; therapy talk sounds more positive to it than it is.
    Raises InputError if the library is not installed.
    """
    analyser, sentence = _analyser(), sentence[:LONGEST]
    if not sentence.isascii():
        return float(analyser.polarity_scores(sentence)["compound"])
    return _score_of_plain(sentence.strip(), analyser)


@dataclass(slots=True)
class _Said:
    """A sentence, or a part of one, under the names by which the library asks for it."""

    words_and_emoticons: list[str]
    is_cap_diff: bool


def _score_of_plain(sentence: str, analyser: Any) -> float:
    """What the library's `polarity_scores` says where there are no emoji, in time that does not grow with the square of
    the length: only words of the lexicon are given to it, each with the few around it that it looks at."""
    words = [bare if len(bare := word.strip(punctuation)) > 2 else word for word in sentence.split()]
    small = [word.lower() for word in words]
    if analyser.lexicon.keys().isdisjoint(small):
        return 0.0
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, allcap_differential

    shouted = allcap_differential(words)
    scores: list[float] = []
    for at, word in enumerate(small):
        if word not in analyser.lexicon or word in BOOSTER_DICT or small[at : at + 2] == ["kind", "of"]:
            scores.append(0)
        else:
            first = max(0, at - BEFORE)
            near = _Said(words[first : at + AFTER + 1], shouted)
            analyser.sentiment_valence(0, near, words[at], at - first, scores)
    return float(analyser.score_valence(analyser._but_check(words, scores), sentence)["compound"])


@functools.cache
def _analyser() -> Any:
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as exc:
        raise InputError(
            "figures need the extra libraries: pip install 'couplesim[figures]'; or check with --no-drift"
        ) from exc
    return SentimentIntensityAnalyzer()
