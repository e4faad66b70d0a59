"""The cells of a plan: every combination of the factors' levels, without those excluded, with those included."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator import personas
from generator.assets import Assets
from generator.errors import InputError
from generator.plan.levels import ALL, FACTORS, OWN, IncludedCell, PromptsLevel, name_of
from generator.plan.plan import Plan
from generator.prompts import PromptSet, load_prompt_set
from generator.schema.persona import Couple, Topic
from generator.schema.record import Record
from generator.strict_yaml import Loc
from generator.structures import STRUCTURES, structure_named

MAX_COMBINATIONS = 1_000_000
"""Combinations of a plan's levels at most, those excluded too."""

SWAPS = ("names", "labels", "first")
"""In the order in which twins are counted through; the last is swapped first."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One value of a factor."""

    name: str
    """As it stands in tables."""
    value: Any
    """What is loaded: a couple, a structure's name, a model."""
    loc: Loc
    """Where in the plan it is written."""
    written: str = ""
    """The word it was written as, where that is not its name."""
    only_for: frozenset[str] | None = None
    """Ids of the couples it is for; None: for all."""


Cell = Mapping[str, Level]
"""A level for each factor that varies."""


def swap(name: str) -> str:
    """The factor that says whether something is swapped."""
    return f"swap {name}"


def names_in(cell: Cell) -> dict[str, str]:
    """The names of a cell's levels."""
    return {factor: level.name for factor, level in cell.items()}


def told(names: Mapping[str, str]) -> str:
    """A cell in words."""
    return ", ".join(f"{factor} {level}" for factor, level in names.items()) or "the plan's only cell"


class Levels:
    """Loads what a plan names, each thing once; what is wrong is gathered in `problems`."""

    def __init__(self, plan: Plan, assets: Assets, couple: Couple | None = None) -> None:
        """`couple` takes the place of the plan's."""
        self.plan = plan
        self.problems: dict[str, None] = {}
        """In order, each once."""
        self._assets = assets
        self._loaded: dict[tuple[str, str], Any] = {}
        self.couple = couple or self.load("couple", plan.couple, ("couple",))
        self.factors: dict[str, list[Level]] = {}
        for name, written in plan.factors.own().items():
            self.factors[name] = self._levels(name, written, ("factors", name))
        for name, overlays in plan.factors.overlays.items():
            if not self._is_taken(name, ("factors", "overlays", name)):
                self.factors[name] = self._levels(name, list(overlays), ("factors", "overlays", name))
        if "first" in plan.counterbalance and "first" in self.factors:
            loc: Loc = ("counterbalance", plan.counterbalance.index("first"))
            self.problem("first is both a factor and counterbalanced, which is the same; leave one of them out", loc)
        for name in SWAPS:
            if name in plan.counterbalance:
                loc = ("counterbalance", plan.counterbalance.index(name))
                self.factors[swap(name)] = [Level("no", False, loc), Level("yes", True, loc)]
        for name, levels in self.factors.items():
            self._refuse_doubles(name, levels)

    def problem(self, text: str, loc: Loc = (), key: bool = False) -> None:
        """Note what is wrong at a place of the plan."""
        self.problems[(self.plan.origin.at(loc, key) if loc else "") + text] = None

    def load(self, kind: str, name: str, loc: Loc) -> Any:
        """The asset `name` names; None, and a problem noted, if it cannot be had."""
        if (kind, name) not in self._loaded:
            self._loaded[kind, name] = None
            try:
                if kind == "structure":
                    self._loaded[kind, name] = structure_named(name).name
                else:
                    path = self._assets.find(kind, name)
            except InputError as error:
                for problem in error.problems:
                    self.problem(problem, loc)
                return None
            try:
                if kind != "structure":
                    self._loaded[kind, name] = _LOADERS[kind](str(path), self._assets)
            except InputError as error:
                self.problems.update(dict.fromkeys(error.problems))
        return self._loaded[kind, name]

    def prompts(self, written: Any, loc: Loc) -> dict[str, PromptSet | None]:
        """The prompt sets by speaker; a role that is not written has the plan's, and that the default."""
        own = self.plan.prompts if isinstance(written, PromptsLevel) else None
        found: dict[str, PromptSet | None] = {}
        for role in ("therapist", "a", "b"):
            name, at = written.of(role), loc
            if name is None and own is not None:
                name, at = own.of(role), ("prompts",)
            found[role] = self.load("prompt set", name or "baseline", at)
        return found

    def level(self, factor: str, written: Any, loc: Loc) -> Level | None:
        """A level from what is written; None, and a problem noted, if it cannot be had."""
        kind = {"prompts": "prompt set"}.get(factor, factor)
        if kind in ("couple", "therapist", "topic", "structure"):
            value = self.load(kind, written, loc)
            if value is None:
                return None
            return Level(value if kind == "structure" else value.id, value, loc, written)
        if factor == "prompts":
            sets = self.prompts(written, loc)
            name = name_of(written)
            return Level(name.rstrip("/").rpartition("/")[2] or name, sets, loc, name)
        return Level(name_of(written), written, loc)

    def _levels(self, factor: str, written: list[Any], loc: Loc) -> list[Level]:
        levels: list[Level] = []
        for number, each in enumerate(written):
            at = (*loc, number)
            if factor == "topic" and each == OWN:
                levels += self._own_topics(at)
            elif factor in ("couple", "therapist", "topic", "structure") and each == ALL:
                levels += filter(None, (self.level(factor, name, at) for name in self._all(factor)))
            elif found := self.level(factor, each, at):
                levels.append(found)
        return levels

    def _all(self, kind: str) -> list[str]:
        return [each.name for each in STRUCTURES] if kind == "structure" else list(self._assets.all(kind))

    def _own_topics(self, loc: Loc) -> Iterator[Level]:
        couples = [level.value for level in self.factors["couple"]] if "couple" in self.factors else [self.couple]
        whose: dict[str, set[str]] = {}
        for couple in filter(None, couples):
            for name in couple.topics:
                whose.setdefault(name, set()).add(couple.id)
        for name, ids in whose.items():
            topic: Topic | None = self.load("topic", name, loc)
            if topic is not None:
                yield Level(topic.id, topic, loc, only_for=frozenset(ids))

    def _is_taken(self, name: str, loc: Loc) -> bool:
        taken = name in FACTORS or name == "overlays" or name.startswith("swap ")
        if taken:
            self.problem(f"{name!r} is another factor's name; call this one otherwise", loc, key=True)
        return taken

    def _refuse_doubles(self, factor: str, levels: list[Level]) -> None:
        first: dict[str, Level] = {}
        for level in levels:
            if level.name in first:
                self.problem(f"{factor}: there are two levels {level.name!r}; each needs a name of its own", level.loc)
            first.setdefault(level.name, level)


_LOADERS: dict[str, Any] = {
    "couple": personas.load_couple,
    "therapist": personas.load_therapist,
    "topic": personas.load_topic,
    "prompt set": load_prompt_set,
}


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
            if couple.id not in topic.only_for:
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

    def __init__(self, number: int, written: Mapping[str, Any], levels: Levels) -> None:
        self.loc: Loc = ("exclude", number)
        self.hits = 0
        self._wanted = {
            factor: frozenset(map(name_of, names if isinstance(names, list) else [names]))
            for factor, names in written.items()
        }
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
