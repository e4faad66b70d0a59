"""Compares sides, measure by measure: pairs, differences, intervals, tests, one correction over the family, verdicts.

The permutation test carries the verdict. Where couples have several pairs each, those of a couple are exchanged all
together, so that what couples have in common is not taken for evidence; with fewer couples than such a test needs to
find anything, pairs are exchanged one by one, and the result holds for these couples. The mixed model says the same in
other terms, and is shown beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from generator.compare import statistics
from generator.compare.comparison import Comparison, Mixed, Pair, Pairing, Row, Side, Verdict
from generator.compare.pairing import Unit, couple_of, match
from generator.compare.statistics import ALPHA
from generator.schema.measure import Case, Measure

LEAST_COVERAGE = 0.5
"""Share of the units that must have a measure."""
COUPLES_OF_A_MIXED_MODEL = 5
"""Fewer say too little of how couples vary."""


def reckon(
    sides: Mapping[Side, Sequence[Case]],
    measures: Mapping[str, Measure],
    family: Collection[str],
    *,
    by: str,
    left_out: Sequence[str] = (),
) -> Comparison:
    """Each side against the first; `family` names the measures that are tested."""
    reference, *others = sides
    tests = max(1, len(family) * len(others))
    pairings, rows = [], []
    for side in others:
        found = _Against(sides[reference], sides[side], side.name, tests)
        pairings.append(found.pairing)
        ordered = [*family, *(each for each in measures if each not in family)]
        rows += [found.row(measures[each], each in family) for each in ordered]
    return Comparison(
        by,
        reference.name,
        tuple(sides),
        tuple(pairings),
        tuple(family),
        tuple(_with_verdicts(rows)),
        tuple(left_out),
    )


def couples_needed(tests: int) -> int:
    """How many pairs a permutation test needs at least to tell a difference from chance, corrected for so many
    tests."""
    number = 2
    while statistics.least_p_of_pairs(number) * tests > ALPHA:
        number += 1
    return number


@dataclass(frozen=True, slots=True)
class _Valued:
    """The units that have one measure, and its values."""

    units: list[Unit]
    reference: list[float]
    """Means of the units, as `side`."""
    side: list[float]
    sessions: tuple[list[float], list[float]]
    """Values of single sessions, of the reference and of the side."""
    couples: tuple[list[str], list[str]]
    """Whose sessions those are."""


class _Against:
    """One side against the reference."""

    def __init__(self, reference: Sequence[Case], side: Sequence[Case], name: str, tests: int) -> None:
        self.name = name
        needed = couples_needed(tests)
        self._matched = match(reference, side, needed)
        self._tests = tests
        units, couples = len(self._matched.units), self._matched.couples
        by_session = self._matched.design in ("paired", "unpaired")
        self._by_couple = not by_session or (self._matched.paired and (couples == units or couples >= needed))
        self._mixed = couples >= COUPLES_OF_A_MIXED_MODEL and (not by_session or couples < units)

    @property
    def pairing(self) -> Pairing:
        found = self._matched
        return Pairing(
            self.name, found.design, len(found.units), found.couples, self._by_couple, found.left_out, found.shared,
            found.differs,
        )  # fmt: skip

    def row(self, measure: Measure, in_family: bool) -> Row:
        """All that can be said of a measure before the correction."""
        valued = self._valued(measure.name)
        count, of = len(valued.units), len(self._matched.units)
        if not (valued.reference and valued.side):
            return Row(measure, self.name, in_family, count, of, None, None, verdict="missing")
        reference, value = fmean(valued.reference), fmean(valued.side)
        row = Row(measure, self.name, in_family, count, of, reference, value, value - reference)
        if count < LEAST_COVERAGE * of:
            return replace(row, verdict="missing")
        row = replace(row, effect=statistics.effect(*valued.sessions), pairs=self._pairs(valued))
        row = self._of_pairs(row, valued) if self._matched.paired else self._of_groups(row, valued)
        return replace(row, mixed=self._mixed_model(valued)) if in_family and self._mixed else row

    def _of_pairs(self, row: Row, valued: _Valued) -> Row:
        clusters = [unit.couple if self._by_couple else str(place) for place, unit in enumerate(valued.units)]
        interval = statistics.interval_of_pairs(valued.reference, valued.side, clusters)
        p = statistics.p_of_pairs(valued.reference, valued.side, clusters)
        return self._tested(row, interval, p, statistics.least_p_of_pairs(len(set(clusters))))

    def _of_groups(self, row: Row, valued: _Valued) -> Row:
        interval = statistics.interval_of_groups(valued.reference, valued.side)
        p = statistics.p_of_groups(valued.reference, valued.side)
        return self._tested(row, interval, p, statistics.least_p_of_groups(len(valued.reference), len(valued.side)))

    def _tested(self, row: Row, interval: tuple[float, float] | None, p: float, least_p: float) -> Row:
        low, high = interval or (None, None)
        few = row.in_family and least_p * self._tests > ALPHA
        return replace(row, low=low, high=high, p=p, verdict="too few sessions" if few else "exploratory")

    def _valued(self, name: str) -> _Valued:
        found = _Valued([], [], [], ([], []), ([], []))
        for unit in self._matched.units:
            own = [
                [(value, couple_of(case)) for case in cases if (value := case.values.get(name)) is not None]
                for cases in (unit.reference, unit.side)
            ]
            if not any(own) or (self._matched.paired and not all(own)):
                continue
            found.units.append(unit)
            for place, (values, means) in enumerate(zip(own, (found.reference, found.side), strict=True)):
                means += [fmean(value for value, _ in values)] if values else []
                found.sessions[place].extend(value for value, _ in values)
                found.couples[place].extend(couple for _, couple in values)
        return found

    def _pairs(self, valued: _Valued) -> tuple[Pair, ...]:
        if not self._matched.paired:
            return ()
        both = zip(valued.units, valued.reference, valued.side, strict=True)
        return tuple(Pair(unit.name, unit.couple, one, other) for unit, one, other in both)

    def _mixed_model(self, valued: _Valued) -> Mixed | None:
        if self._matched.design == "paired":
            differences = [other - one for one, other in zip(valued.reference, valued.side, strict=True)]
            return statistics.mixed(differences, None, [unit.couple for unit in valued.units])
        one, other = valued.sessions
        is_side = [False] * len(one) + [True] * len(other)
        return statistics.mixed([*one, *other], is_side, [*valued.couples[0], *valued.couples[1]])


def _with_verdicts(rows: Sequence[Row]) -> list[Row]:
    """The rows with the correction over the family and what follows from it."""
    ps = {place: row.p for place, row in enumerate(rows) if row.in_family and row.p is not None}
    corrected = statistics.holm(ps)
    return [
        replace(row, p_holm=corrected[place], verdict=_verdict(row, corrected[place])) if place in corrected else row
        for place, row in enumerate(rows)
    ]


def _verdict(row: Row, p_holm: float) -> Verdict:
    if row.verdict != "exploratory" or row.difference is None:
        return row.verdict
    if p_holm <= ALPHA:
        return "higher" if row.difference > 0 else "lower"
    small = row.measure.tolerance
    if row.low is not None and row.high is not None and -small <= row.low and row.high <= small:
        return "same"
    return "no difference found"
