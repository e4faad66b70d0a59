"""Intervals: for every measure, the difference from the reference and what is left open about it."""

from __future__ import annotations

from dataclasses import dataclass

from generator.compare.comparison import Row
from generator.report.pictures.chart import Mark, Scale

WIDTH, HEIGHT = 180, 22
EDGE = 8
"""Free at both ends."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The picture of one difference, on a scale of its own with nothing in the middle."""

    told: str
    zero: float
    marks: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT


def interval(row: Row) -> Interval | None:
    """The difference of a measure with its interval, beside the smallest difference that matters. None where there is
    no difference to show."""
    if row.difference is None:
        return None
    low, high = (row.difference, row.difference) if row.low is None or row.high is None else (row.low, row.high)
    tolerance = row.measure.tolerance
    reach = max(abs(low), abs(high), abs(row.difference), 2 * tolerance) or 1.0
    x = Scale(-reach, reach, EDGE, WIDTH - EDGE)
    middle = HEIGHT / 2
    marks = []
    if tolerance:
        marks.append(Mark("small", f"M{x(-tolerance)} 2H{x(tolerance)}V{HEIGHT - 2}H{x(-tolerance)}z"))
    marks.append(Mark("reach", f"M{x(low)} {middle}H{x(high)}M{x(low)} 6v10M{x(high)} 6v10"))
    at = x(row.difference)
    marks.append(Mark("middle", f"M{at - 4} {middle}l4 -5l4 5l-4 5z"))
    show = row.measure.shown
    told = f"difference {show(row.difference)}"
    if row.low is not None:
        told += f", interval from {show(row.low)} to {show(row.high)}"
    return Interval(told, x(0), tuple(marks))
