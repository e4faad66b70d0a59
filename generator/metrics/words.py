"""Words, runs of words, and how often they come again."""

from __future__ import annotations

import functools
import itertools
import re
import string
import zlib
from collections.abc import Iterable, Sequence

from generator.sentences import REMEMBERED, sentences

RUN = 5
"""Words of a run; people rarely say five words in the same order twice."""

WINDOW = 50
"""Words of a window of `diversity`; fewer make the figure jump, more leave short turns out."""

SAMPLED = 16
"""Of so many runs one is taken into a `sketch`."""

_BETWEEN_WORDS = str.maketrans(
    {"’": "'"} | dict.fromkeys((set(string.punctuation) - {"'", "_"}) | set("“”‘„«»‹›…–—―•¡¿"), " ")
)
"""For plain text this is quicker than the pattern, and the same."""
_WORD = re.compile(r"[\w]+(?:['’][\w]+)*")


@functools.lru_cache(maxsize=REMEMBERED)
def words(text: str) -> tuple[str, ...]:
    """The words of `text` in small letters, without punctuation; "don't" is one, both apostrophes are one."""
    small = text.casefold().translate(_BETWEEN_WORDS)
    if not (small.isascii() and small.isprintable()) or "''" in small:
        return tuple(_WORD.findall(text.casefold().replace("’", "'")))
    found = small.split(" ")
    return tuple([bare for word in found if (bare := word.strip("'"))])


@functools.lru_cache(maxsize=REMEMBERED)
def words_of_turn(text: str) -> tuple[str, ...]:
    """The words of a whole turn, out of its sentences, whose words are wanted too."""
    return tuple(itertools.chain.from_iterable(words(sentence) for sentence in sentences(text)))


def runs(found: Sequence[str], length: int = RUN) -> list[tuple[str, ...]]:
    """All runs of so many words, in order."""
    return list(zip(*[found[start:] for start in range(length)], strict=False))


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
    places = {word: place for place, word in enumerate(dict.fromkeys(found))}
    numbers = [places[word] for word in found]
    counts = [0] * len(places)
    for number in numbers[:WINDOW]:
        counts[number] += 1
    distinct = total = sum(count > 0 for count in counts)
    for leaving, coming in zip(numbers, numbers[WINDOW:], strict=False):
        distinct += not counts[coming]
        counts[coming] += 1
        counts[leaving] -= 1
        distinct -= not counts[leaving]
        total += distinct
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


class _Numbers(dict[str, int]):
    """A number under `SAMPLED` for every word, the same in every session."""

    def __missing__(self, word: str) -> int:
        number = self[word] = zlib.crc32(word.encode()) % SAMPLED
        return number


def sketch(turns: Iterable[Sequence[str]]) -> frozenset[int]:
    """A sample of a session's runs, as numbers: the same runs are sampled in every session."""
    numbers = _Numbers()
    kept = set()
    for found in turns:
        own = bytes([numbers[word] for word in found])
        for at, (first, third, last) in enumerate(zip(own, own[2:], own[RUN - 1 :], strict=False)):
            if (first + 3 * third + 7 * last) % SAMPLED == 0:
                kept.add(zlib.crc32(" ".join(found[at : at + RUN]).encode()))
    return frozenset(kept)


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """Jaccard index of two sketches, an unbiased estimate of that of all runs: 0 nothing in common, 1 the same."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0
