"""Figures out of the items that a judge has answered. Pure.

An item is one question about one thing: a therapist's turn, a partner, a partner before the session. An item that
failed or is invalid is missing; it is never taken for zero or for the middle of the scale. Where less than a share of
the items is there (the rubric's `coverage`), on either side of a difference, the figure is missing as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

Value = int | str | None
"""What an item is answered with: a number, a word, or None where the question does not arise."""

LEAST_SHARE = 0.1
"""A partner's share of the words is taken to be at least this, so that one adoption weighs five at most."""

PANAS_ITEMS = 10
"""Of each scale."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question about one thing, answered."""

    unit: str
    """What it is about: the number of a turn, "a", "b.before", "session"."""
    key: str
    """The question's."""
    value: Value
    problem: str | None = None
    """Why there is no valid answer; None if there is one."""
    evidence: str | None = None
    """The words quoted for it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure's value in one session."""

    value: float | None
    """None: missing."""
    n_valid: int
    """Items that were answered validly."""
    n: int
    """Items that were asked for."""
    why: str | None = None
    """Why the value is missing; None if it is not."""


Side = Sequence[Item]
Shares = Mapping[str, float]
"""Patient A's share of the words that both partners had spoken before a turn, by the turn's number."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a measure comes out of the items of a rubric."""

    rubric: str
    sides: tuple[tuple[str | None, tuple[str, ...]], ...]
    """Unit (None for any) and keys of the items on each side; each side has to be covered by itself."""
    value: Callable[[Sequence[Side], Shares], float | None]
    """Of the valid items; None where there is nothing to measure."""
    nothing: str = "there is nothing to measure"
    """Why it is missing, then."""


def figure(judged: Judged, items: Sequence[Item], shares: Shares, coverage: float) -> Figure:
    """The measure's value in one session. `coverage`: the least share of items that must be valid on each side."""
    sides = [
        [item for item in items if (unit in (None, item.unit)) and item.key in keys] for unit, keys in judged.sides
    ]
    valid = [[item for item in side if item.problem is None] for side in sides]
    n, n_valid = sum(map(len, sides)), sum(map(len, valid))
    for asked, answered in zip(sides, valid, strict=True):
        if not answered or len(answered) < coverage * len(asked):
            problem = next((item.problem for item in asked if item.problem), "it was not asked")
            return Figure(None, n_valid, n, f"{len(answered)} of {len(asked)} items are valid: {problem}")
    value = judged.value(valid, shares)
    return Figure(value, n_valid, n, judged.nothing if value is None else None)


def _mean(side: Side) -> float | None:
    numbers = [item.value for item in side if isinstance(item.value, int)]
    return fmean(numbers) if numbers else None


def one(sides: Sequence[Side], shares: Shares) -> float | None:
    """Mean of the only side."""
    return _mean(sides[0])


def difference(sides: Sequence[Side], shares: Shares) -> float | None:
    """Mean of the first side less that of the second."""
    first, second = map(_mean, sides)
    return None if first is None or second is None else first - second


def total(sides: Sequence[Side], shares: Shares) -> float | None:
    """Sum of a PANAS scale, in place of missing items the mean of the others."""
    mean = _mean(sides[0])
    return None if mean is None else mean * PANAS_ITEMS


def change(sides: Sequence[Side], shares: Shares) -> float | None:
    """Difference of two such sums."""
    by = difference(sides, shares)
    return None if by is None else by * PANAS_ITEMS


def adoption(sides: Sequence[Side], shares: Shares) -> float | None:
    """FAS; see `measures`."""
    words = [item.value for item in sides[0]]
    return (words.count("A") - words.count("B")) / len(words)


def adoption_for_words(sides: Sequence[Side], shares: Shares) -> float | None:
    """FAS adjusted for words; see `measures`."""
    a = b = other = 0.0
    for item in sides[0]:
        share = shares.get(item.unit, 0.5)
        if item.value == "A":
            a += 0.5 / min(max(share, LEAST_SHARE), 1 - LEAST_SHARE)
        elif item.value == "B":
            b += 0.5 / min(max(1 - share, LEAST_SHARE), 1 - LEAST_SHARE)
        else:
            other += 1.0
    return (a - b) / (a + b + other)


def challenges(sides: Sequence[Side], shares: Shares) -> float | None:
    """CAS; see `measures`."""
    words = [item.value for item in sides[0]]
    return float(words.count("A") - words.count("B"))
