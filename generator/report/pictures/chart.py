"""A chart: axes with ticks, lines and marks on them, and what it shows in words and as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 36
"""Margins in which ticks and labels stand."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places in the picture."""

    low: float
    high: float
    start: float
    """Where `low` is drawn."""
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low or 1
        return round(self.start + (value - self.low) / span * (self.end - self.start), 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something drawn: a line, marks, or an area, by its classes in the stylesheet."""

    classes: str
    path: str
    """SVG path data."""


@dataclass(frozen=True, slots=True)
class Words:
    """Text in the picture."""

    x: float
    y: float
    text: str
    classes: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture."""

    title: str
    told: str
    """What it shows, in a sentence or two, for those who do not see it."""
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    x_label: str = ""
    y_label: str = ""
    marks: tuple[Mark, ...] = ()
    words: tuple[Words, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    zero: float | None = None
    """Where a line through nothing is drawn; None: nowhere."""


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend."""

    classes: str
    name: str
    sign: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Charts that belong together, with the same figures as a table."""

    name: str
    """Stable; names it on the page."""
    title: str
    caption: str
    charts: tuple[Chart, ...]
    keys: tuple[Key, ...]
    head: tuple[str, ...]
    """Of the table."""
    rows: tuple[tuple[str, ...], ...]


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values from `low` to `high`, at most so many, in steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(1, most - 1) or 1
    power = 10 ** math.floor(math.log10(rough))
    step = next(step for nice in (1, 2, 5, 10) if (step := nice * power) >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def axis(scale: Scale, most: int = 6, suffix: str = "") -> tuple[Tick, ...]:
    """Ticks on a scale."""
    return tuple(Tick(scale(value), f"{value:g}{suffix}") for value in ticks(scale.low, scale.high, most))


def polyline(points: Iterable[Point]) -> str:
    """A line through the points."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def area(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """What lies between two lines."""
    return polyline([*upper, *reversed(lower)]) + "Z"


def signs(shape: str, points: Iterable[Point], size: float) -> str:
    """A sign at every point: ■, ●, ▲ or ◆."""
    drawn = {"■": _square, "●": _circle, "▲": _triangle, "◆": _diamond}[shape]
    return "".join(drawn(x, y, size) for x, y in points)


def _square(x: float, y: float, size: float) -> str:
    side = 1.8 * size
    return f"M{x - side / 2:g} {y - side / 2:g}h{side:g}v{side:g}h{-side:g}z"


def _circle(x: float, y: float, size: float) -> str:
    return f"M{x - size:g} {y:g}a{size:g} {size:g} 0 1 0 {2 * size:g} 0a{size:g} {size:g} 0 1 0 {-2 * size:g} 0"


def _triangle(x: float, y: float, size: float) -> str:
    return f"M{x:g} {y - 1.2 * size:g}l{1.1 * size:g} {2.1 * size:g}h{-2.2 * size:g}z"


def _diamond(x: float, y: float, size: float) -> str:
    reach = 1.3 * size
    return f"M{x:g} {y - reach:g}l{reach:g} {reach:g}l{-reach:g} {reach:g}l{-reach:g} {-reach:g}z"
