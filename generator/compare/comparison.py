"""What a comparison has found, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from generator.schema.measure import Measure

Design = Literal["paired", "paired by couple", "couple by couple", "unpaired"]
"""paired: each session with the one that has the same place in the design on the other side. paired by couple: each
couple's mean on one side with its mean on the other. couple by couple: the sides have different couples, and a couple's
mean counts once. unpaired: every session counts for itself."""

Verdict = Literal["higher", "lower", "same", "no difference found", "too few sessions", "missing", "exploratory"]
"""Of the compared side, against the reference. same: no difference, and the interval leaves room for none that matters.
too few sessions: no result could have been told from chance. missing: less than half of the sessions have a value.
exploratory: outside the family, so nothing is said."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the sets of sessions that are compared."""

    name: str
    """The run's folder, or the factor's level."""
    sessions: int
    broken: int | None = None
    """Sessions with an error of format or conduct; None: not looked for."""
    scripted: bool = False
    """Whether somebody in them speaks the rehearsal's text, which no language model wrote."""
    judge: str | None = None
    """Who judged them, as JSON; None: nobody."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """How the sessions of a side go with those of the reference."""

    side: str
    design: Design
    units: int
    """Pairs; where there are none, sessions or couples of both sides together."""
    couples: int
    """Different couples among them; 0 where the couple is what is compared."""
    by_couple: bool
    """Whether couples are what chance is reckoned by, so that the result speaks for others like them. Otherwise it is
    sessions, and where a couple has several the result holds for these couples."""
    left_out: int
    """Sessions of both sides that have no counterpart."""
    shared: tuple[str, ...]
    """What varies and is equal within each pair: factors, and the number of the repeat."""
    differs: tuple[str, ...]
    """Dotted names of all in which the sides' specs differ: ("prompts.a", "prompts.b")."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What differs, coarsely: ("prompts",). More than one thing means that either may be the cause. The seed and
        what is drawn from it do not count."""
        drawn = {"rng_seed", "first", "turns"} if "rng_seed" in self.differs else set()
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self.differs if name not in drawn))


@dataclass(frozen=True, slots=True)
class Pair:
    """One unit of a paired comparison."""

    name: str
    """What its sessions have in common, for people: "ruth-harold, grief, 2"."""
    couple: str
    reference: float
    value: float


@dataclass(frozen=True, slots=True)
class Mixed:
    """The difference by a linear mixed model with the couple as random effect."""

    difference: float
    low: float
    """Of the 95% interval, as `high`."""
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one side against the reference."""

    measure: Measure
    side: str
    in_family: bool
    n: int
    """Units that have the measure: pairs, couples, or sessions of both sides together."""
    n_of: int
    """Units there are."""
    reference: float | None
    """Mean of the reference's units; None where no unit has the measure."""
    value: float | None
    """Mean of the side's."""
    difference: float | None = None
    """`value` less `reference`."""
    low: float | None = None
    """Of the 95% bootstrap interval of the difference, as `high`; None: too few units for one."""
    high: float | None = None
    effect: float | None = None
    """Hedges' g: the difference in standard deviations of the sessions, corrected for their number. None where there
    is no spread."""
    p: float | None = None
    """Of a permutation test, two-sided."""
    p_holm: float | None = None
    """Corrected over the family; None outside it."""
    verdict: Verdict = "exploratory"
    mixed: Mixed | None = None
    """None where no couple has several sessions, couples are few, or the model cannot be fitted."""
    pairs: tuple[Pair, ...] = ()
    """Every pair; empty where the design has none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, how, and what came of it."""

    by: str
    """The factor whose levels the sides are; "run" for runs."""
    reference: str
    """The side that all others are compared with."""
    sides: tuple[Side, ...]
    """The reference first."""
    pairings: tuple[Pairing, ...]
    """One for each other side, in order."""
    family: tuple[str, ...]
    """The measures that the correction is over and that verdicts are given on."""
    rows: tuple[Row, ...]
    """Side by side; the family first, in its order."""
    left_out: tuple[str, ...] = ()
    """What was there and was not compared, one sentence each."""

    def of(self, side: str) -> Sequence[Row]:
        """The rows of one side."""
        return [row for row in self.rows if row.side == side]

    def row(self, measure: str, side: str | None = None) -> Row:
        """The row of a measure and side; of the last side where none is named. Raises KeyError."""
        wanted = side if side is not None else self.sides[-1].name
        for row in self.rows:
            if (row.measure.name, row.side) == (measure, wanted):
                return row
        raise KeyError(measure)

    def as_dict(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        return {
            "by": self.by,
            "reference": self.reference,
            "sides": [_fields(side) for side in self.sides],
            "pairings": [{**_fields(pairing), "kinds": pairing.kinds} for pairing in self.pairings],
            "family": self.family,
            "rows": [_row(row) for row in self.rows],
            "left_out": self.left_out,
        }


def _row(row: Row) -> dict[str, Any]:
    return {
        **_fields(row),
        "measure": row.measure.name,
        "words": row.measure.words,
        "mixed": _fields(row.mixed) if row.mixed else None,
        "pairs": [_fields(pair) for pair in row.pairs],
    }


def _fields(record: Any) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(record)}
