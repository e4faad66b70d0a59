"""What specs are made of: people with their overlays and swaps, prompts, models, budgets; each thing once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.errors import InputError
from generator.plan.loading import Cell, Level, Levels, swap
from generator.plan.overlay import over_couple, over_therapist
from generator.plan.swaps import swap_labels, swap_names
from generator.prompts import PromptSet
from generator.schema.persona import Couple, Therapist, Topic
from generator.schema.record import Record
from generator.schema.session import Budget, Cast, CastPrompts
from generator.strict_yaml import Loc


class Parts:
    """Makes what specs are made of, each thing once."""

    def __init__(self, levels: Levels) -> None:
        self.prompt_sets: dict[str, PromptSet] = {}
        self._levels = levels
        self._plan = levels.plan
        self._own = levels.own
        self._made: dict[Any, Any] = {}
        self._alike: dict[tuple[type, str], Record] = {}
        self._overlays = list(self._plan.factors.overlays)
        self._childless: dict[tuple[str, Loc], dict[str, None]] = {}
        """Couples without children, by the topic about children that they were to have."""
        self._unlike: dict[str, str] = {}
        """Pronouns of couples whose names cannot be swapped, by id."""

    def of(self, cell: Cell) -> dict[str, Any]:
        """The fields of a spec in this cell, but for what its seed decides; and whether its first speaker is
        swapped. Where something is wrong it is noted, and the field is None."""
        couple = self._once(self._couple, cell, "couple", *self._overlays, swap("names"), swap("labels"))
        therapist = self._once(self._therapist, cell, "therapist", *self._overlays)
        topic = cell["topic"].value if "topic" in cell else self._own.get("topic") or self._default_topic(couple)
        if couple is not None and topic is not None:
            self._check_topic(couple, topic, cell)
        return {
            "couple": couple,
            "therapist": therapist,
            "topic": topic,
            "structure": cell["structure"].value if "structure" in cell else self._own.get("structure"),
            "first": cell["first"].value if "first" in cell else self._plan.first,
            "turns": cell["turns"].value if "turns" in cell else self._plan.turns,
            "prompts": self._once(self._prompts, cell, "prompts"),
            "models": self._once(self._models, cell, *_MODEL_FACTORS),
            "budget": self._once(self._budget, cell, *_BUDGET_FACTORS),
            "labels": cell["labels"].value if "labels" in cell else self._plan.labels,
            "swap first": swap("first") in cell and cell[swap("first")].value,
        }

    def note_what_does_not_go_together(self) -> None:
        """Note the problems that concern several cells, each once."""
        for (topic, loc), ids in self._childless.items():
            named = ", ".join(map(repr, ids))
            couples = f"couple {named} has" if len(ids) == 1 else f"couples {named} have"
            out = f"exclude them: {{topic: {topic}, couple: [{', '.join(ids)}]}}"
            remedy = "choose another topic" if loc == ("topic",) else out
            self._levels.problem(f"topic {topic!r} is about children and {couples} none; {remedy}", loc)
        if self._unlike:
            couples = ", ".join(f"{id_!r} ({pronouns})" for id_, pronouns in self._unlike.items())
            self._levels.problem(
                "names can be exchanged only where both partners have the same pronouns, or the texts would be wrong "
                f"about them; not so in {couples}. Exclude the twins: {{swap names: yes, couple: "
                f"[{', '.join(self._unlike)}]}}; or counterbalance labels instead",
                ("counterbalance", self._plan.counterbalance.index("names")),
            )

    def _once(self, make: Any, cell: Cell, *factors: str) -> Any:
        """What `make` makes of the levels of these factors; equal content is one object."""
        levels = {factor: cell[factor] for factor in factors if factor in cell}
        key = (make.__name__, *((factor, id(level)) for factor, level in levels.items()))
        if key not in self._made:
            made = make(levels)
            if made is not None:
                content = made.content if isinstance(made, Cast) else made.canonical
                made = self._alike.setdefault((type(made), content), made)
            self._made[key] = made
        return self._made[key]

    def _couple(self, levels: Cell) -> Couple | None:
        couple: Couple | None = levels["couple"].value if "couple" in levels else self._levels.couple
        if couple is None:
            return None
        overlays = [(levels[name].value, levels[name].loc) for name in self._overlays if name in levels]
        try:
            couple = over_couple(couple, overlays, self._plan.origin)
            if swap("names") in levels and levels[swap("names")].value:
                if couple.a.pronouns != couple.b.pronouns:
                    self._unlike[couple.id] = f"{couple.a.pronouns} and {couple.b.pronouns}"
                    return None
                couple = swap_names(couple)
        except InputError as error:
            for problem in error.problems:
                self._levels.problem(problem)
            return None
        return swap_labels(couple) if swap("labels") in levels and levels[swap("labels")].value else couple

    def _therapist(self, levels: Cell) -> Therapist | None:
        therapist: Therapist = levels["therapist"].value if "therapist" in levels else self._own["therapist"]
        overlays = [(levels[name].value, levels[name].loc) for name in self._overlays if name in levels]
        try:
            return over_therapist(therapist, overlays, self._plan.origin) if therapist else None
        except InputError as error:
            for problem in error.problems:
                self._levels.problem(problem)
            return None

    def _default_topic(self, couple: Couple | None) -> Topic | None:
        found: Topic | None = self._levels.load("topic", couple.topics[0], ()) if couple else None
        return found

    def _check_topic(self, couple: Couple, topic: Topic, cell: Cell) -> None:
        if topic.needs_children and not couple.shared.parents:
            loc = cell["topic"].loc if "topic" in cell else ("topic",)
            self._childless.setdefault((topic.id, loc), {})[couple.id] = None

    def _prompts(self, levels: Cell) -> CastPrompts | None:
        level = levels.get("prompts")
        sets = level.value if level else self._own["prompts"]
        found = {role: each for role, each in sets.items() if each is not None}
        if len(found) < len(sets):
            return None
        self.prompt_sets.update({each.ref.hash: each for each in found.values()})
        return CastPrompts(**{role: each.ref for role, each in found.items()})

    def _models(self, levels: Cell) -> Cast:
        cast = {role: getattr(self._plan.models, role) for role in Cast.model_fields}
        for factor, level in levels.items():
            for role, changes in _changes(factor, level):
                cast[role] = _changed(cast[role], changes)
        return Cast(**cast)

    def _budget(self, levels: Cell) -> Budget:
        budget = self._plan.budget
        for factor, level in levels.items():
            budget = _changed(budget, level.value.given() if factor == "budget" else {factor: level.value})
        return budget


_ROLES = {
    "": tuple(Cast.model_fields),
    "all": tuple(Cast.model_fields),
    "therapist": ("therapist",),
    "partner": ("a", "b"),
    "partners": ("a", "b"),
    "a": ("a",),
    "b": ("b",),
}
_MODEL_FACTORS = ("models", "model", "therapist_model", "partner_model", "temperature", "therapist_temperature",
                  "partner_temperature", "layout")  # fmt: skip
_BUDGET_FACTORS = ("budget", "turn_tokens", "therapist_tokens", "partner_tokens", "cut")


def _changes(factor: str, level: Level) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a level changes in the model of each role, one after the other."""
    if factor == "models":
        for part in ("all", "therapist", "partners", "a", "b"):
            if (change := getattr(level.value, part)) is not None:
                for role in _ROLES[part]:
                    yield role, {name: getattr(change, name) for name in change.model_fields_set}
        return
    role, _, field_ = factor.rpartition("_")
    changes = {"name": level.value.name, **level.value.given()} if field_ == "model" else {field_: level.value}
    for each in _ROLES[role]:
        yield each, changes


def _changed(record: Any, changes: Mapping[str, Any]) -> Any:
    return type(record).model_validate(
        {**{name: getattr(record, name) for name in type(record).model_fields}, **changes}
    )
