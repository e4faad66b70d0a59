"""What a plan names, loaded: its own people, prompts and structure, and the levels of its factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator import personas
from generator.assets import Assets
from generator.errors import InputError
from generator.plan.levels import ALL, FACTORS, OWN, PromptsLevel, name_of
from generator.plan.plan import Plan
from generator.prompts import PromptSet, load_prompt_set
from generator.schema.persona import Couple, Topic
from generator.strict_yaml import Loc
from generator.structures import STRUCTURES, structure_named

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


class Levels:
    """Loads what a plan names, each thing once; what is wrong is gathered in `problems`."""

    def __init__(self, plan: Plan, assets: Assets, couple: Couple | None = None) -> None:
        """`couple` takes the place of the plan's."""
        self.plan = plan
        self.problems: dict[str, None] = {}
        """In order, each once."""
        self._assets = assets
        self._loaded: dict[tuple[str, str], Any] = {}
        varied = plan.factors.own()
        own = {kind: getattr(plan, kind) for kind in _KINDS if kind not in varied}
        if couple is not None:
            own.pop("couple", None)
        self.own: dict[str, Any] = {kind: self.load(kind, name, (kind,)) for kind, name in own.items() if name}
        """What the plan names itself, where that is not varied."""
        self.couple: Couple | None = couple or self.own.get("couple")
        if "prompts" not in varied:
            self.own["prompts"] = self.prompts(plan.prompts, ("prompts",))
        self.factors: dict[str, list[Level]] = {}
        for name, written in plan.factors.own().items():
            self.factors[name] = self._levels(name, written, ("factors", name))
        for name, overlays in plan.factors.overlays.items():
            if not self._is_taken(name, ("factors", "overlays", name)):
                self.factors[name] = self._levels(name, list(overlays), ("factors", "overlays", name))
        for name, loc in plan.unused().items():
            if plan.origin.says(loc):
                remedy = f"take it out, or write it as a level of factors.{name}"
                self.problem(f"{'.'.join(map(str, loc))}: every cell has factors.{name}; {remedy}", loc, key=True)
        if "first" in plan.counterbalance and "first" in self.factors:
            loc = ("counterbalance", plan.counterbalance.index("first"))
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
        if kind in _KINDS:
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
            elif factor in _KINDS and each == ALL:
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


_KINDS = ("couple", "therapist", "topic", "structure")
"""Factors whose levels are assets or structures, by name."""

_LOADERS: dict[str, Any] = {
    "couple": personas.load_couple,
    "therapist": personas.load_therapist,
    "topic": personas.load_topic,
    "prompt set": load_prompt_set,
}
