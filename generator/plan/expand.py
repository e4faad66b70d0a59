"""From a plan to its sessions."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from generator import strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.plan.cells import Cell, Level, Levels, cells_of, names_in, swap, told
from generator.plan.overlay import over_couple, over_therapist
from generator.plan.plan import MAX_SESSIONS, Plan
from generator.plan.swaps import swap_labels, swap_names
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS, Label
from generator.schema.persona import Couple, Therapist, Topic
from generator.schema.planned import Planned
from generator.schema.record import Record
from generator.schema.session import Budget, Cast, CastPrompts, Spec
from generator.strict_yaml import Loc

TURNS = (25, 35)
"""Turns of a session whose number is left to its seed, from and to."""


DOUBLES_TOLD = 3
"""Pairs of cells that are the same session, named in messages at most."""


@dataclass(frozen=True, slots=True)
class Design:
    """How a plan's sessions came about."""

    factors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Each factor and the names of its levels."""
    combinations: int = 1
    """Cells that the factors alone have."""
    excluded: int = 0
    included: int = 0
    cells: int = 1
    """Cells of which there are sessions."""
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a plan comes to."""

    sessions: list[Planned]
    """In order, no two alike."""
    prompts: dict[str, PromptSet]
    """The prompt sets they use, by hash."""
    design: Design = Design()
    warnings: tuple[str, ...] = ()
    """What is odd in the plan, and no mistake for certain."""

    def prompts_of(self, spec: Spec) -> dict[Label, PromptSet]:
        """The prompt set of each speaker of a session."""
        return {label: self.prompts[spec.prompts.of(label).hash] for label in PRINCIPALS}


def expand(plan: Plan, assets: Assets, couple: Couple | None = None) -> Expansion:
    """The plan's sessions in order, and their prompt sets; `couple` takes the place of the plan's.

    All cells come once, then all again for the next repeat. What sessions have in common is one object.
    All problems of all files are raised as one InputError.
    """
    levels = Levels(plan, assets, couple)
    _refuse(levels)
    cells = cells_of(levels)
    _refuse(levels)
    if not cells.cells:
        raise InputError(f"{plan.origin.at(('exclude',))}nothing is left: every cell is excluded")
    if len(cells.cells) * plan.repeats > MAX_SESSIONS:
        count = f"{len(cells.cells):,} cells, {plan.repeats:,} sessions each"
        raise InputError(f"{count}: at most {MAX_SESSIONS:,} sessions; vary less, or exclude some")
    parts = Parts(levels)
    of_cells = [(parts.of(cell), names_in(cell)) for cell in cells.cells]
    parts.note_what_does_not_go_together()
    _refuse(levels)
    sessions = list(_sessions(plan, of_cells, levels))
    _refuse(levels)
    factors = {name: [level.name for level in each] for name, each in levels.factors.items()}
    design = Design(factors, cells.combinations, cells.excluded, cells.included, len(cells.cells), plan.repeats)
    return Expansion(sessions, parts.prompt_sets, design, cells.warnings)


def session_seed(rng_seed: int, couple_id: str, topic_id: str, repeat: int) -> int:
    """The seed of a session: the same for all cells of a couple and topic, so that they differ in what is
    varied and in nothing else."""
    return int.from_bytes(hashlib.sha256(f"{rng_seed}:{couple_id}:{topic_id}:{repeat}".encode()).digest()[:7])


def _refuse(levels: Levels) -> None:
    if levels.problems:
        raise InputError(*levels.problems)


def _sessions(plan: Plan, of_cells: list[tuple[dict[str, Any], dict[str, str]]], levels: Levels) -> Iterator[Planned]:
    seen: dict[Any, dict[str, str]] = {}
    doubles: dict[tuple[str, str], None] = {}
    for repeat in range(1, plan.repeats + 1):
        for parts, names in of_cells:
            seed, drawn_first, drawn_turns = _drawn(plan.rng_seed, parts["couple"].id, parts["topic"].id, repeat)
            first = drawn_first if parts["first"] == "random" else parts["first"]
            if parts["swap first"]:
                first = "B" if first == "A" else "A"
            fields = {**parts, "first": first, "turns": parts["turns"] or drawn_turns, "rng_seed": seed}
            del fields["swap first"]
            if (other := seen.setdefault(_identity(fields), names)) is not names:
                doubles[told(other), told(names)] = None
                continue
            try:
                spec = Spec(**fields)
            except ValidationError as exc:
                for error in exc.errors():
                    levels.problem(f"{told(names)}: {strict_yaml.plain(error['msg'])}")
                continue
            yield Planned(spec, names, repeat)
    for one, other_one in list(doubles)[:DOUBLES_TOLD]:
        levels.problem(f"two cells are the same session: {one}; and {other_one}. Exclude one of them")
    if len(doubles) > DOUBLES_TOLD:
        levels.problem(f"and {len(doubles) - DOUBLES_TOLD} pairs of cells more are the same session")


@functools.lru_cache(maxsize=4096)
def _drawn(rng_seed: int, couple_id: str, topic_id: str, repeat: int) -> tuple[int, str, int]:
    seed = session_seed(rng_seed, couple_id, topic_id, repeat)
    rng = random.Random(seed)
    return seed, rng.choice("AB"), rng.randint(*TURNS)


def _identity(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """Equal for equal specs. Parts of equal content are one object here."""
    return tuple(id(value) if isinstance(value, Record) else value for value in fields.values())


class Parts:
    """Makes what specs are made of, each thing once."""

    def __init__(self, levels: Levels) -> None:
        self.prompt_sets: dict[str, PromptSet] = {}
        self._levels = levels
        self._plan = levels.plan
        self._made: dict[Any, Any] = {}
        self._alike: dict[tuple[type, str], Record] = {}
        self._own: dict[str, Any] = {
            "therapist": levels.load("therapist", self._plan.therapist, ("therapist",)),
            "topic": levels.load("topic", self._plan.topic, ("topic",)) if self._plan.topic else None,
            "structure": levels.load("structure", self._plan.structure, ("structure",)),
        }
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
        topic = cell["topic"].value if "topic" in cell else self._own["topic"] or self._default_topic(couple)
        if couple is not None and topic is not None:
            self._check_topic(couple, topic, cell)
        return {
            "couple": couple,
            "therapist": therapist,
            "topic": topic,
            "structure": cell["structure"].value if "structure" in cell else self._own["structure"],
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
                f"about them; not so in {couples}. Leave these couples out, or counterbalance labels instead of names",
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
        couple: Couple = levels["couple"].value if "couple" in levels else self._levels.couple
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
        sets = level.value if level else self._levels.prompts(self._plan.prompts, ("prompts",))
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
