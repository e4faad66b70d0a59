"""A comparison, side by side, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.compare.comparison import Comparison, Design, Row, Verdict
from generator.compare.words import preamble, sentence
from generator.report.pictures.chart import Picture
from generator.report.pictures.intervals import Interval, interval
from generator.report.pictures.slopes import slopes

VERDICTS: dict[Verdict, str] = {
    "higher": "▲", "lower": "▼", "same": "=", "no difference found": "≈", "too few sessions": "?", "missing": "?",
    "exploratory": "",
}  # fmt: skip
"""A sign for each verdict."""

UNITS: dict[Design, str] = {
    "paired": "pairs of sessions",
    "paired by couple": "pairs of couples' means",
    "couple by couple": "couples of both sides",
    "unpaired": "sessions of both sides",
}
"""What a comparison counts."""


@dataclass(frozen=True, slots=True)
class SideShown:
    """One side against the reference, ready for the page."""

    name: str
    verdicts: tuple[tuple[str, str], ...]
    """Verdict and sentence of each measure of the family."""
    family: tuple[tuple[Row, Interval | None], ...]
    others: tuple[tuple[Row, Interval | None], ...]
    """Those that any session has."""
    slopes: Picture | None
    units: str
    """What is counted."""


def said_before(comparison: Comparison) -> list[str]:
    """What has to be known before any figure, as sentences."""
    names = tuple(f"{side.name}: " for side in comparison.sides)
    return [each if each.startswith(names) else f"{each[0].upper()}{each[1:]}" for each in preamble(comparison)]


def sides(comparison: Comparison) -> Iterator[SideShown]:
    """Every side but the reference, in order."""
    for number, pairing in enumerate(comparison.pairings, start=1):
        found = comparison.of(pairing.side)
        drawn = [(row, interval(row)) for row in found]
        yield SideShown(
            name=pairing.side,
            verdicts=tuple((row.verdict, sentence(row, comparison)) for row in found if row.in_family),
            family=tuple((row, shown) for row, shown in drawn if row.in_family),
            others=tuple((row, shown) for row, shown in drawn if row.n and not row.in_family),
            slopes=slopes(number, comparison.reference, pairing.side, found),
            units=UNITS[pairing.design],
        )
