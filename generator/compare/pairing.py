"""Which sessions are compared with which.

Sessions go together if they have the same place in the design: the same level of every factor that varies on both
sides alike, and the same number among their cell's repeats. Sessions of one couple, topic and repeat share their seed
(docs/plans.md), so pairs differ in what is compared and in nothing else. A factor whose levels on one side are all
different from those on the other is what is compared, or goes along with it; nothing can be paired by it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from generator.compare.comparison import Design
from generator.schema.measure import Case

DRAWN = "first_speaker"
"""May have been drawn with the seed: where it stands in the way of pairs, it is no part of the design."""
LEAST_PAIRED = 0.5
"""Share of the smaller side's sessions that pairs must hold; otherwise they would leave out too much."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Sessions that count once."""

    name: str
    """What they have in common, for people."""
    couple: str
    """"" where the sides have different ones."""
    reference: tuple[Case, ...]
    """Empty for a unit of the other side alone."""
    side: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """The sessions of two sides as units."""

    design: Design
    units: tuple[Unit, ...]
    left_out: int
    """Sessions in no unit."""
    shared: tuple[str, ...]
    """What varies and is equal within each unit: factors, and the number of the repeat."""
    differs: tuple[str, ...]
    """Dotted names of what differs between the sides."""

    @property
    def paired(self) -> bool:
        return self.design in ("paired", "paired by couple")

    @property
    def couples(self) -> int:
        """Different couples among the units; 0 where the couple is what is compared."""
        return len({unit.couple for unit in self.units} - {""})


def match(reference: Sequence[Case], side: Sequence[Case], enough_couples: int) -> Matched:
    """The sessions of both sides as units: pairs of sessions where the design has them; else pairs of couples where
    there are `enough_couples`; else each side's own."""
    shared = _shared(reference, side)
    if "couple" not in shared and max(len(set(map(couple_of, cases))) for cases in (reference, side)) > 1:
        return _unpaired(reference, side)
    for names in (shared, [name for name in shared if name != DRAWN]):
        units, left_out = _units(reference, side, _by_place(names), names)
        if _enough(units, reference, side):
            return Matched("paired", units, left_out, _varying(names, units), _differences(units))
    by_couple, left_out = _units(reference, side, couple_of, ["couple"])
    if len(by_couple) >= enough_couples and _enough(by_couple, reference, side):
        return Matched("paired by couple", by_couple, left_out, ("couple",), _disjoint(reference, side))
    return _unpaired(reference, side)


def couple_of(case: Case) -> str:
    """Whose session it is."""
    return case.factors.get("couple", "")


def _by_place(names: Iterable[str]) -> Callable[[Case], Hashable]:
    return lambda case: (case.repeat, *(case.factors.get(name) for name in names))


def _shared(reference: Sequence[Case], side: Sequence[Case]) -> list[str]:
    """Factors that have levels in common on both sides."""
    names = dict.fromkeys(name for case in (*reference, *side) for name in case.factors)
    return [
        name
        for name in names
        if {case.factors.get(name) for case in reference} & {case.factors.get(name) for case in side}
    ]


def _units(
    reference: Sequence[Case], side: Sequence[Case], key: Callable[[Case], Hashable], names: Sequence[str]
) -> tuple[tuple[Unit, ...], int]:
    """Sessions with equal keys on both sides, and how many have no counterpart."""
    groups: dict[Hashable, tuple[list[Case], list[Case]]] = defaultdict(lambda: ([], []))
    for number, cases in enumerate((reference, side)):
        for case in cases:
            groups[key(case)][number].append(case)
    whole = [(one, other) for one, other in groups.values() if one and other]
    left_out = sum(len(one) + len(other) for one, other in groups.values() if not (one and other))
    varying = [name for name in names if len({one[0].factors.get(name) for one, _ in whole}) > 1]
    repeats = len({one[0].repeat for one, _ in whole}) > 1 and names != ["couple"]
    return tuple(_unit(one, other, varying, repeats) for one, other in whole), left_out


def _unit(reference: Sequence[Case], side: Sequence[Case], varying: Sequence[str], repeats: bool) -> Unit:
    first = reference[0]
    words = [first.factors[name] for name in varying if name in first.factors]
    name = ", ".join([*dict.fromkeys(words), *([str(first.repeat)] if repeats or not words else [])])
    couple = couple_of(first)
    return Unit(name, couple if couple == couple_of(side[0]) else "", tuple(reference), tuple(side))


def _enough(units: Sequence[Unit], reference: Sequence[Case], side: Sequence[Case]) -> bool:
    held = min(sum(len(unit.reference) for unit in units), sum(len(unit.side) for unit in units))
    return held >= LEAST_PAIRED * min(len(reference), len(side)) and held > 0


def _unpaired(reference: Sequence[Case], side: Sequence[Case]) -> Matched:
    """Each side's sessions as units of their own, or its couples where the sides have different ones and any has
    several sessions."""
    counts = [Counter(map(couple_of, cases)) for cases in (reference, side)]
    nested = not counts[0].keys() & counts[1].keys()
    if nested and max(max(count.values()) for count in counts) > 1:
        own = [Unit(name, name, tuple(c for c in reference if couple_of(c) == name), ()) for name in counts[0]]
        other = [Unit(name, name, (), tuple(c for c in side if couple_of(c) == name)) for name in counts[1]]
        return Matched("couple by couple", (*own, *other), 0, (), _disjoint(reference, side))
    own = [Unit(f"{case.run} {case.number}", couple_of(case), (case,), ()) for case in reference]
    other = [Unit(f"{case.run} {case.number}", couple_of(case), (), (case,)) for case in side]
    return Matched("unpaired", (*own, *other), 0, (), _disjoint(reference, side))


def _varying(names: Iterable[str], units: Sequence[Unit]) -> tuple[str, ...]:
    firsts = [unit.reference[0] for unit in units]
    varying = tuple(name for name in names if len({case.factors.get(name) for case in firsts}) > 1)
    return varying + (("repeat",) if len({case.repeat for case in firsts}) > 1 else ())


def _differences(units: Sequence[Unit]) -> tuple[str, ...]:
    """What differs within any unit."""
    found: dict[str, None] = {}
    for unit in units:
        one, other = unit.reference[0].spec, unit.side[0].spec
        found |= dict.fromkeys(name for name in {**one, **other} if one.get(name) != other.get(name))
    return tuple(sorted(found))


def _disjoint(reference: Sequence[Case], side: Sequence[Case]) -> tuple[str, ...]:
    """What no session of one side has in common with any of the other."""
    names = dict.fromkeys(name for case in (*reference, *side) for name in case.spec)
    return tuple(
        sorted(
            name
            for name in names
            if not {case.spec.get(name) for case in reference} & {case.spec.get(name) for case in side}
        )
    )
