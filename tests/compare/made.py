"""Sessions made up as rows of an experiment, with effects that are known because they were planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from generator.compare import Comparison, Side
from generator.compare.reckoning import reckon
from generator.schema.measure import Case, Measure


def measure(name: str = "talk", tolerance: float = 0.1) -> Measure:
    return Measure(name, f"the {name}", "", "", "", "", tolerance=tolerance)


def case(side: str, number: int = 1, repeat: int = 1, **factors: str) -> Case:
    """A session of a side; whatever factors it has are in its spec too."""
    own = {"couple": "c1", **factors}
    return Case(side, number, own, repeat, {}, {"prompts.a": side, **own})


def valued(case: Case, **values: float | None) -> Case:
    return Case(case.run, case.number, case.factors, case.repeat, values, case.spec)


def sides(
    couples: int,
    repeats: int = 1,
    value: Callable[[str, int, int], Mapping[str, float | None]] = lambda *_: {},
    couple_of: Callable[[str, int], str] = lambda _, couple: f"c{couple:02}",
    first_repeat: Mapping[str, int] | None = None,
) -> dict[str, list[Case]]:
    """Two sides, `before` and `after`, with sessions of so many couples; `value` gives the measures of a side, couple
    and repeat, all by number."""
    made: dict[str, list[Case]] = {"before": [], "after": []}
    for side, held in made.items():
        begin = (first_repeat or {}).get(side, 1)
        for couple in range(couples):
            for repeat in range(begin, begin + repeats):
                one = case(side, len(held) + 1, repeat, couple=couple_of(side, couple), prompt_set=side)
                held.append(valued(one, **value(side, couple, repeat)))
    return made


def compared(
    of: Mapping[str, Sequence[Case]], *names: str, family: Sequence[str] | None = None, tolerance: float = 0.1
) -> Comparison:
    """The sides compared by measures of these names, all of them tested unless a family is named."""
    measures = {name: measure(name, tolerance) for name in names or ("talk",)}
    sized = {Side(name, len(held)): held for name, held in of.items()}
    return reckon(sized, measures, tuple(measures) if family is None else family, by="prompt_set")


class Chance:
    """Values with what couples have in common, what they make of the change, and noise; the same for the same seed."""

    def __init__(
        self,
        seed: int,
        couples: int,
        names: Sequence[str],
        *,
        effect: float = 0,
        intercept: float = 0,
        slope: float = 0,
    ) -> None:
        self._rng: Any = np.random.default_rng(seed)
        self._effect = effect
        self._intercepts = {name: self._rng.normal(0, intercept, couples) for name in names}
        self._slopes = {name: self._rng.normal(0, slope, couples) for name in names}

    def __call__(self, side: str, couple: int, repeat: int) -> dict[str, float | None]:
        return {
            name: float(
                intercepts[couple]
                + (side == "after") * (self._effect + self._slopes[name][couple])
                + self._rng.normal()
            )
            for name, intercepts in self._intercepts.items()
        }
