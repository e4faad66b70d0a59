"""Gates: bounds that make a comparison a test. What is missing passes no gate."""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from generator.compare.comparison import Comparison
from generator.compare.measures import unknown
from generator.errors import InputError

CHANGE = "change:"
"""Before a measure's name: the difference from the reference, not the value."""

_GATE = re.compile(rf"\s*({CHANGE})?\s*([\w.]+)\s*(<=|>=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*", re.ASCII)
_HOLDS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound on a measure."""

    written: str
    measure: str
    of_change: bool
    """Whether it is the difference from the reference that is bounded."""
    holds: str
    """"<=", ">=", "<" or ">"."""
    bound: float


def gate_of(written: str, measures: Collection[str]) -> Gate:
    """The gate in `agreement_ratio<=0.2` or `change:agreement_ratio<=0.05`. Raises InputError."""
    found = _GATE.fullmatch(written)
    if not found:
        raise InputError(f"--gate {written}: a gate looks like agreement_ratio<=0.2 or change:agreement_ratio<=0.05")
    change, measure, holds, bound = found.groups()
    if measure not in measures:
        raise InputError(f"--gate {written}: {unknown(measure, measures)}")
    return Gate(written.strip(), measure, change is not None, holds, float(bound))


def broken(gates: Iterable[Gate], found: Comparison) -> Iterator[str]:
    """A sentence for every gate that a side breaks, the reference aside."""
    for gate in gates:
        for side in found.sides[1:]:
            row = next((row for row in found.of(side.name) if row.measure.name == gate.measure), None)
            if row is None:
                yield f"{gate.written}: {side.name} has no values, which is no pass"
                continue
            value = row.difference if gate.of_change else row.value
            if value is None or row.verdict == "missing":
                yield f"{gate.written}: {side.name} has too few values ({row.n} of {row.n_of}), which is no pass"
            elif not _HOLDS[gate.holds](value, gate.bound):
                yield f"{gate.written}: {side.name} has {value:.4g}"
