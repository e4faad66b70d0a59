"""Words, runs of words, and how often they come again."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

RUN = 5
"""Words of a run; people rarely say five words in the same order twice."""

WINDOW = 50
"""Words of a window of `diversity`; fewer make the figure jump, more leave short turns out."""

SAMPLED = 16
"""Of so many runs one is taken into a `sketch`."""

_WORD = re.compile(r"[\w]+(?:['’][\w]+)*")


def words(text: str) -> list[str]:
    """The words of `text` in small letters, without punctuation; "don't" is one, both apostrophes are one."""
    return _WORD.findall(text.casefold().replace("’", "'"))


def runs(found: Sequence[str], length: int = RUN) -> list[tuple[str, ...]]:
    """All runs of so many words, in order."""
    return list(zip(*(found[start:] for start in range(length)), strict=False))


def opener(found: Sequence[str], length: int = 3) -> tuple[str, ...]:
    """The first words of a turn."""
    return tuple(found[:length])


def diversity(found: Sequence[str]) -> float | None:
    """Lexical diversity: the moving-average type-token ratio (MATTR; Covington and McFall 2010).

    Distinct words over all words, mean over every window of `WINDOW` words; 0 to 1, higher is more varied.
    Unlike the plain ratio it does not fall with length. None below one window. Weakness: inflected forms count
    as different words.
    """
    if len(found) < WINDOW:
        return None
    counts = Counter(found[:WINDOW])
    total = len(counts)
    for leaving, coming in zip(found, found[WINDOW:], strict=False):
        counts[coming] += 1
        counts[leaving] -= 1
        if not counts[leaving]:
            del counts[leaving]
        total += len(counts)
    return total / (WINDOW * (len(found) - WINDOW + 1))


def repeated(turns: Iterable[Sequence[str]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """For every turn, how many of its runs an earlier turn has, and how many runs it has."""
    seen: set[tuple[str, ...]] = set()
    again, all_ = [], []
    for found in turns:
        mine = runs(found)
        again.append(sum(run in seen for run in mine))
        all_.append(len(mine))
        seen.update(mine)
    return tuple(again), tuple(all_)


def sketch(turns: Iterable[Sequence[str]]) -> frozenset[int]:
    """A sample of a session's runs, as numbers: the same runs are sampled in every session."""
    hashes = (zlib.crc32(" ".join(run).encode()) for found in turns for run in runs(found))
    return frozenset(number for number in hashes if number % SAMPLED == 0)


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """Jaccard index of two sketches, an unbiased estimate of that of all runs: 0 nothing in common, 1 the same."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0
