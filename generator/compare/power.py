"""What a plan's sessions can show, before they are made: the power of each factor's comparison.

Reckoned with t tests (statsmodels), which the permutation tests of a comparison are close to from some ten pairs on,
at the level that Holm's correction leaves to the first of the tests, where it is hardest.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.cases import exact, factors_of
from generator.compare import statistics
from generator.compare.comparison import Design
from generator.compare.pairing import Matched, match
from generator.compare.reckoning import couples_needed
from generator.compare.statistics import ALPHA
from generator.schema.measure import Case
from generator.schema.planned import Planned

WANTED = 0.8
"""The power at which an effect counts as detectable."""
EFFECTS = (0.2, 0.5, 0.8)
"""A small, a medium and a large effect (Cohen 1988), in standard deviations."""


@dataclass(frozen=True, slots=True)
class Power:
    """What the comparison of a factor's levels can show."""

    factor: str
    levels: tuple[str, str]
    """The reference and, of the others, the one with the fewest units."""
    tests: int
    """Over how many the correction goes: the family's measures, for each other level."""
    design: Design
    units: int
    """Pairs; or sessions of both levels together."""
    couples: int
    detectable: float | None
    """The smallest effect found with a power of `WANTED`: for pairs in standard deviations of the differences within
    them, otherwise in those of the sessions. None: none could be told from chance."""
    power: Mapping[float, float]
    """By effect, in the same unit."""


def power_of(sessions: Sequence[Planned], factors: Mapping[str, Sequence[str]], family: int) -> list[Power]:
    """For every factor with several levels; `family` is the number of measures that will be tested."""
    cases = [
        Case("", number, factors_of(one.spec, one.cell), one.repeat, spec=exact(one.spec))
        for number, one in enumerate(sessions, start=1)
    ]
    found = []
    for factor, levels in factors.items():
        by_level = {level: [case for case in cases if case.factors.get(factor) == level] for level in levels}
        by_level = {level: held for level, held in by_level.items() if held}
        if len(by_level) > 1:
            found.append(_of_factor(factor, by_level, family * (len(by_level) - 1)))
    return found


def _of_factor(factor: str, by_level: Mapping[str, Sequence[Case]], tests: int) -> Power:
    reference, *others = by_level
    needed = couples_needed(tests)
    matched = {level: match(by_level[reference], by_level[level], needed) for level in others}
    fewest = min(others, key=lambda level: len(matched[level].units))
    found = matched[fewest]
    return Power(
        factor, (reference, fewest), tests, found.design, len(found.units), found.couples,
        _detectable(found, tests), {effect: _power(found, effect, tests) for effect in EFFECTS},
    )  # fmt: skip


def _detectable(found: Matched, tests: int) -> float | None:
    if not _can_tell(found, tests):
        return None
    lib = statistics.library()
    one, other = _sizes(found)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if found.paired:
            effect = lib.TTestPower().solve_power(None, nobs=one, alpha=ALPHA / tests, power=WANTED)
        else:
            effect = lib.TTestIndPower().solve_power(
                None, nobs1=one, alpha=ALPHA / tests, power=WANTED, ratio=other / one
            )
    return float(effect) if math.isfinite(effect) else None


def _power(found: Matched, effect: float, tests: int) -> float:
    if not _can_tell(found, tests):
        return 0.0
    lib = statistics.library()
    one, other = _sizes(found)
    if found.paired:
        return float(lib.TTestPower().power(effect, one, ALPHA / tests))
    return float(lib.TTestIndPower().power(effect, one, ALPHA / tests, ratio=other / one))


def _sizes(found: Matched) -> tuple[int, int]:
    """Units of the reference and of the other level."""
    return sum(bool(unit.reference) for unit in found.units), sum(bool(unit.side) for unit in found.units)


def _can_tell(found: Matched, tests: int) -> bool:
    one, other = _sizes(found)
    least = statistics.least_p_of_pairs(one) if found.paired else statistics.least_p_of_groups(one, other)
    return least * tests <= ALPHA
