"""The order in which cells are chosen when not all are wanted: every beginning of it is balanced.

Of all combinations, any first so many have each level of a factor as often as its others, give or take one, and
pairs of levels as evenly as that allows. Where combinations are missing, the least used levels come first. More
cells wanted means more of the same order, so what was chosen stays chosen.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

TRIED = 4
"""Shifts of a block that are compared."""

LOOKAHEAD = 128
"""Cells among which the next is sought where combinations are missing."""


def balanced(sizes: Sequence[int], seed: int, count: int) -> list[tuple[int, ...]]:
    """The first `count` combinations of levels of factors of these sizes, none twice, every beginning balanced.

    Each factor goes through its levels block by block. Those before it together go through all their combinations
    in a period; where the period and the number of levels have a common divisor, the two would move in step. There
    each block is shifted, by what spreads pairs of levels best, and differently in every round of the period,
    until each level has met each combination.
    """
    count = min(count, math.prod(sizes))
    columns: list[list[int]] = []
    period = 1
    clocks = [[number % size for number in range(count + sum(sizes))] for size in sorted(set(sizes) - {1})]
    for factor, size in enumerate(sizes):
        rng = random.Random(f"{seed}:{factor}:{size}")
        names = rng.sample(range(size), size)
        needed = count + sum(sizes[factor + 1 :])
        column = _column(size, period, needed, [*columns, *clocks], rng)
        columns.append([names[level] for level in column])
        period *= size
    return [tuple(column[number] for column in columns) for number in range(count)]


def _column(size: int, period: int, needed: int, others: list[list[int]], rng: random.Random) -> list[int]:
    """The levels of one factor for as many cells as are needed; `others` go on for one block more."""
    step = math.gcd(period, size)
    turn = math.lcm(period, size)
    left: dict[int, list[int]] = {}
    met: list[Counter[tuple[int, int]]] = [Counter() for _ in others]
    column: list[int] = []
    for start in range(0, min(needed, period * size), size):
        shifts = left.setdefault(start % turn, rng.sample(range(step), step))
        chosen = min(shifts[-TRIED:], key=lambda shift: _crowding(start, size, shift, others, met))
        shifts.remove(chosen)
        levels = [(place + chosen) % size for place in range(size)]
        for other, pairs in zip(others, met, strict=True):
            pairs.update(zip(other[start : start + size], levels, strict=True))
        column += levels
    return list(itertools.islice(itertools.cycle(column), needed))


def _crowding(start: int, size: int, shift: int, others: list[list[int]], met: list[Counter[tuple[int, int]]]) -> int:
    """How often the pairs of levels that this shift brings have been met."""
    return sum(
        pairs[other[start + place], (place + shift) % size]
        for other, pairs in zip(others, met, strict=True)
        for place in range(size)
    )


def least_used_first(cells: Iterable[T], levels: Callable[[T], list[tuple[str, str]]]) -> Iterator[T]:
    """The same cells, those with the least used levels first, then those with the least used pairs; `levels` gives
    a cell's, each with its factor."""
    waiting = [(cell, levels(cell)) for cell in cells]
    left = Counter(level for _, mine in waiting for level in mine)
    used: Counter[tuple[str, str]] = Counter(dict.fromkeys(left, 0))
    met: Counter[tuple[tuple[str, str], tuple[str, str]]] = Counter()

    while waiting:
        least: dict[str, int] = {}
        for level, count in used.items():
            if left[level]:
                least[level[0]] = min(least.get(level[0], count), count)
        best = (10**9, 0)
        place = 0
        for number, (_, mine) in enumerate(waiting[:LOOKAHEAD]):
            excess = sum(used[level] - least[level[0]] for level in mine)
            if excess <= best[0]:
                score = (excess, sum(met[pair] for pair in itertools.combinations(mine, 2)))
                if score < best:
                    best, place = score, number
        cell, mine = waiting.pop(place)
        left.subtract(mine)
        used.update(mine)
        met.update(itertools.combinations(mine, 2))
        yield cell
