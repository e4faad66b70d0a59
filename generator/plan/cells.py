"""The cells of a plan: every combination of the factors' levels, without those excluded, with those included."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.errors import InputError
from generator.plan.levels import FACTORS, IncludedCell, name_of
from generator.plan.loading import SWAPS, Cell, Level, Levels, swap
from generator.schema.record import Record
from generator.strict_yaml import Loc

MAX_COMBINATIONS = 1_000_000
"""Combinations of a plan's levels at most, those excluded too."""


def names_in(cell: Cell) -> dict[str, str]:
    """The names of a cell's levels."""
    return {factor: level.name for factor, level in cell.items()}


def told(names: Mapping[str, str]) -> str:
    """A cell in words."""
    return ", ".join(f"{factor} {level}" for factor, level in names.items()) or "the plan's only cell"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a plan, and how they came about."""

    cells: list[Cell]
    combinations: int
    """How many the factors alone have."""
    excluded: int
    included: int
    warnings: tuple[str, ...]


def cells_of(levels: Levels) -> Cells:
    """The cells of the plan that `levels` were loaded for; what is wrong is noted there."""
    factors, plan = levels.factors, levels.plan
    rules = [_Rule(number, rule, levels) for number, rule in enumerate(plan.exclude)]
    cells: list[Cell] = []
    combinations = 0
    if (product := math.prod(map(len, factors.values()))) > MAX_COMBINATIONS:
        raise InputError(f"{product:,} combinations: at most {MAX_COMBINATIONS:,}; vary less")
    for combination in itertools.product(*factors.values()):
        cell: Cell = dict(zip(factors, combination, strict=True))
        topic = cell.get("topic")
        if topic is not None and topic.only_for is not None:
            couple = cell["couple"].value if "couple" in cell else levels.couple
            if couple is None or couple.id not in topic.only_for:
                continue
        combinations += 1
        if not [rule for rule in rules if rule.matches(cell)]:
            cells.append(cell)
    excluded = combinations - len(cells)
    found = (_included(number, each, levels) for number, each in enumerate(plan.include))
    included = [one for one in found if one is not None]
    warnings = tuple(warning for rule in rules if (warning := rule.warning()))
    return Cells([*cells, *included], combinations, excluded, len(included), warnings)


class _Rule:
    """An entry of `exclude`."""

    def __init__(self, number: int, written: Mapping[str, list[str]], levels: Levels) -> None:
        self.loc: Loc = ("exclude", number)
        self.hits = 0
        self._wanted = {factor: frozenset(names) for factor, names in written.items()}
        self._levels = levels
        for factor in written:
            _require_factor(factor, (*self.loc, factor), levels)

    def matches(self, cell: Cell) -> bool:
        for factor, names in self._wanted.items():
            level = cell.get(factor)
            if level is None or (level.name not in names and level.written not in names):
                return False
        self.hits += 1
        return True

    def warning(self) -> str | None:
        if self.hits:
            return None
        hints = []
        for factor, names in self._wanted.items():
            known = [level.name for level in self._levels.factors.get(factor, ())]
            written = [level.written for level in self._levels.factors.get(factor, ())]
            for name in sorted(names - {*known, *written}):
                near = difflib.get_close_matches(name, known, n=1)
                hints.append(f"{factor} has no level {name!r}{f'; did you mean {near[0]!r}?' if near else ''}")
        why = f": {', '.join(hints)}" if hints else ""
        return f"{self._levels.plan.origin.at(self.loc)}this exclusion matches no cell{why}"


def _included(number: int, written: IncludedCell, levels: Levels) -> Cell | None:
    given = written.factors()
    cell: dict[str, Level] = {}
    for factor in (*levels.factors, *(name for name in given if name not in levels.factors)):
        loc: Loc = ("include", number, factor)
        value = given.get(factor)
        known = {level.name: level for level in levels.factors.get(factor, ())}
        known |= {level.written: level for level in known.values() if level.written}
        if value is None and factor in map(swap, SWAPS):
            cell[factor] = known["no"]
        elif value is None:
            levels.problem(f"this cell says nothing of {factor}", loc[:-1])
        elif (name := name_of(value)) in known and _is_a_word(value):
            cell[factor] = known[name]
        elif factor in FACTORS and factor not in ("models", "budget"):
            if found := levels.level(factor, value, loc):
                cell[factor] = found
        elif _require_factor(factor, loc, levels):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, known))}"
            levels.problem(f"{factor} has no level {name!r}; {hint}", loc)
    return cell if len(cell) >= len(levels.factors) else None


def _is_a_word(value: Any) -> bool:
    return not isinstance(value, Record) or not value.given() or isinstance(value.model_dump(), str)  # type: ignore[attr-defined]


def _require_factor(factor: str, loc: Loc, levels: Levels) -> bool:
    if factor in levels.factors:
        return True
    near = difflib.get_close_matches(factor, levels.factors, n=1)
    known = ", ".join(levels.factors) or "nothing"
    hint = f"; did you mean {near[0]!r}?" if near else f"; what varies: {known}"
    levels.problem(f"{factor!r} is no factor of this plan{hint}", loc, key=True)
    return False
