"""Paired slopes: a line a pair, from its value at the reference to its value on the other side."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compare.comparison import Row
from generator.report.pictures.chart import BOTTOM, TOP, WIDTH, Chart, Mark, Picture, Scale, Tick, axis, polyline, signs

HEIGHT = 200
FROM, TO = 110, 270
"""Where the two sides stand."""
MOST = 9
"""Measures that are drawn."""


def slopes(number: int, reference: str, side: str, rows: Sequence[Row]) -> Picture | None:
    """A panel for each measure of the family that has pairs; `number` tells the sides' pictures apart. None where there
    are no pairs."""
    paired = [row for row in rows if row.in_family and row.pairs][:MOST]
    if not paired:
        return None
    return Picture(
        f"slopes-{number}",
        f"Pair by pair: {reference} to {side}",
        "A line a pair of sessions, or of couples; the thick line is the mean.",
        tuple(_chart(reference, side, row) for row in paired),
        (),
        ("measure", "pairs", "higher", "lower", "equal", f"mean {reference}", f"mean {side}"),
        tuple(_row(row) for row in paired),
    )


def _chart(reference: str, side: str, row: Row) -> Chart:
    values = [value for pair in row.pairs for value in (pair.reference, pair.value)]
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5
    y = Scale(low, high, HEIGHT - BOTTOM - 6, TOP + 4)
    pairs = "".join(polyline([(FROM, y(pair.reference)), (TO, y(pair.value))]) for pair in row.pairs)
    marks = [Mark("pair", pairs)]
    if row.reference is not None and row.value is not None:
        ends = [(FROM, y(row.reference)), (TO, y(row.value))]
        marks += [Mark("mean", polyline(ends)), Mark("dots mean", signs("●", ends, 4))]
    _, higher, lower, equal, *means = _row(row)[1:]
    told = f"{len(row.pairs)} pairs: {higher} higher, {lower} lower, {equal} equal; mean {means[0]} to {means[1]}."
    words = row.measure.words
    return Chart(
        f"{words[0].upper()}{words[1:]}", told, (Tick(FROM, reference), Tick(TO, side)), axis(y, 5), marks=tuple(marks),
        width=WIDTH, height=HEIGHT,
    )  # fmt: skip


def _row(row: Row) -> tuple[str, ...]:
    changes = [pair.value - pair.reference for pair in row.pairs]
    counts = (sum(change > 0 for change in changes), sum(change < 0 for change in changes), changes.count(0.0))
    words, show = row.measure.words, row.measure.shown
    return words, str(len(changes)), *map(str, counts), show(row.reference), show(row.value)
