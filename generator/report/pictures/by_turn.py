"""By-turn curves: a figure's mean over the sessions at every turn of a speaker."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generator.pages.shown import CLASSES, SIGNS
from generator.report.contents import Entry
from generator.report.pictures.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    Key,
    Mark,
    Picture,
    Scale,
    area,
    axis,
    polyline,
    signs,
)  # fmt: skip
from generator.schema.label import PRINCIPALS, Label

ARM_SIGNS = ("●", "■", "▲", "◆")
"""Of the sides of a comparison, in order; more sides than these are not drawn."""
FEW = 4
"""A turn that less than one in so many sessions has is left out: its mean says little."""
FEWEST_FOR_SPREAD = 4
"""Sessions at a turn from which on the middle half of them is shown."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure that every turn has."""

    name: str
    title: str
    unit: str
    """For the axis and the table."""
    decimals: int
    value: Callable[[Entry, int], float | None]
    """Of a session's turn, from 0; None where it is not known."""
    low: float | None = None
    """Where the axis begins and ends; None: where the values do."""
    high: float | None = None

    def shown(self, value: float) -> str:
        """A value for people."""
        return f"{value:.{self.decimals}f}"


AFFECT = Measured(
    "affect", "Affect by turn", "negative to positive", 2,
    lambda entry, at: entry.figures.affect[at] if entry.figures else None,
)  # fmt: skip
WORDS = Measured(
    "words", "Length by turn", "words", 0, lambda entry, at: entry.figures.words[at] if entry.figures else None, low=0
)
CUT = Measured(
    "cut", "Cut-offs by turn", "per cent of turns cut off", 0, lambda entry, at: 100.0 * entry.cuts[at], low=0, high=100
)


@dataclass(frozen=True, slots=True)
class _Curve:
    """One line: who or which side, and its values by turn."""

    key: Key
    label: Label
    values: dict[int, list[float]]

    def mean(self, turn: int) -> float:
        return statistics.fmean(self.values[turn])

    def half(self, turn: int) -> tuple[float, float]:
        """The middle half of the sessions at a turn."""
        values = self.values[turn]
        if len(values) < FEWEST_FOR_SPREAD:
            return self.mean(turn), self.mean(turn)
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return low, high


def curves(measured: Measured, entries: Sequence[Entry], arms: Sequence[str]) -> Picture | None:
    """A panel for each speaker with a curve for each side; one panel for all speakers where nothing is compared.
    None where no session has the figure."""
    if len(arms) == 1:
        panels = [("", [_curve(measured, entries, label, _speaker_key(label)) for label in PRINCIPALS])]
    else:
        sides = [[entry for entry in entries if entry.arm == arm] for arm in arms[: len(ARM_SIGNS)]]
        looks = [arm_key(number, arm) for number, arm in enumerate(arms[: len(ARM_SIGNS)])]
        panels = [
            (label, [_curve(measured, side, label, key) for side, key in zip(sides, looks, strict=True)])
            for label in PRINCIPALS
        ]
    panels = [(name, [curve for curve in found if curve.values]) for name, found in panels]
    every = [curve for _, found in panels for curve in found]
    if not every:
        return None
    x, y = _scales(measured, every, spread=len(arms) == 1)
    charts = tuple(_chart(measured, name, found, x, y, spread=len(arms) == 1) for name, found in panels if found)
    keys = tuple({curve.key.name: curve.key for curve in every}.values())
    return Picture(
        measured.name, measured.title, _caption(measured, len(arms)), charts, keys,
        ("turn", *_columns(panels)), _rows(measured, every),
    )  # fmt: skip


def arm_key(number: int, arm: str) -> Key:
    """The look of a side, from 0."""
    return Key(f"arm-{number + 1}", arm, ARM_SIGNS[number])


def _speaker_key(label: Label) -> Key:
    return Key(CLASSES[label], label, SIGNS[label])


def _curve(measured: Measured, entries: Sequence[Entry], label: Label, key: Key) -> _Curve:
    values: dict[int, list[float]] = {}
    for entry in entries:
        for at, speaker in enumerate(entry.speakers):
            if speaker == label and (value := measured.value(entry, at)) is not None:
                values.setdefault(at + 1, []).append(value)
    most = max(map(len, values.values()), default=0)
    return _Curve(key, label, {turn: found for turn, found in sorted(values.items()) if len(found) * FEW >= most})


def _scales(measured: Measured, found: Sequence[_Curve], spread: bool) -> tuple[Scale, Scale]:
    reached = [value for curve in found for turn in curve.values for value in (
        curve.half(turn) if spread else (curve.mean(turn),))]  # fmt: skip
    reached += [curve.mean(turn) for curve in found for turn in curve.values]
    low = min(reached) if measured.low is None else measured.low
    high = max(reached) * 1.05 if measured.high is None else measured.high
    last = max(turn for curve in found for turn in curve.values)
    return Scale(1, max(last, 2), LEFT + 8, WIDTH - RIGHT - 4), Scale(low, high, HEIGHT - BOTTOM, TOP)


def _chart(measured: Measured, name: str, found: Sequence[_Curve], x: Scale, y: Scale, spread: bool) -> Chart:
    marks = []
    for curve in found if spread else ():
        halves = {turn: curve.half(turn) for turn in curve.values}
        upper, lower = ([(x(turn), y(half[side])) for turn, half in halves.items()] for side in (1, 0))
        marks.append(Mark(f"spread {curve.key.classes}", area(upper, lower)))
    for curve in found:
        points = [(x(turn), y(curve.mean(turn))) for turn in curve.values]
        marks.append(Mark(f"curve {curve.key.classes}", polyline(points)))
        marks.append(Mark(f"dots {curve.key.classes}", signs(curve.key.sign, points, 2.6)))
    title = f"{measured.title}, {name}" if name else measured.title
    told = " ".join(_told(measured, curve) for curve in found)
    zero = y(0) if y.low < 0 < y.high else None
    return Chart(title, told, axis(x), axis(y), "turn", measured.unit, tuple(marks), zero=zero)


def _told(measured: Measured, curve: _Curve) -> str:
    means = {turn: curve.mean(turn) for turn in curve.values}
    first, last = min(means), max(means)
    top = max(means, key=lambda turn: means[turn])
    return (
        f"{curve.key.name}: {measured.shown(means[first])} in turn {first}, {measured.shown(means[last])} in turn "
        f"{last}, highest {measured.shown(means[top])} in turn {top}."
    )


def _caption(measured: Measured, arms: int) -> str:
    if arms == 1:
        return f"Mean over the sessions ({measured.unit}); the shaded area is the middle half of them."
    more = f" The first {len(ARM_SIGNS)} of {arms} sides." if arms > len(ARM_SIGNS) else ""
    return f"Mean over the sessions ({measured.unit}), for each speaker.{more}"


def _columns(panels: Sequence[tuple[str, Sequence[_Curve]]]) -> list[str]:
    return [f"{name}: {curve.key.name}" if name else curve.key.name for name, found in panels for curve in found]


def _rows(measured: Measured, every: Sequence[_Curve]) -> tuple[tuple[str, ...], ...]:
    turns = sorted({turn for curve in every for turn in curve.values})
    return tuple(
        (str(turn), *(measured.shown(curve.mean(turn)) if turn in curve.values else "" for curve in every))
        for turn in turns
    )
