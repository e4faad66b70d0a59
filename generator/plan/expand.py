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
from generator.plan.cells import cells_of, names_in, told
from generator.plan.choice import in_order, within
from generator.plan.loading import Levels
from generator.plan.parts import Parts
from generator.plan.plan import MAX_SESSIONS, Plan
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS, Label
from generator.schema.persona import Couple
from generator.schema.planned import Planned
from generator.schema.record import Record
from generator.schema.session import Cast, Spec

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
    sampled: bool = False
    """Whether the sessions are a sample of all those."""


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

    def casts(self) -> list[Cast]:
        """The models of its sessions by role, each cast once."""
        return list({id(one.spec.models): one.spec.models for one in self.sessions}.values())

    def models(self) -> list[str]:
        """The names of the models that speak in any session."""
        return list(dict.fromkeys(cast.of(label).name for cast in self.casts() for label in PRINCIPALS))


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
    of_cells = [(parts.of(cell), names_in(cell)) for cell in in_order(cells, levels)]
    parts.note_what_does_not_go_together()
    _refuse(levels)
    planned = _sessions(plan, of_cells, levels)
    sessions = list(planned if plan.sample is None else within(plan.sample, planned, parts.prompt_sets, assets))
    _refuse(levels)
    factors = {name: [level.name for level in each] for name, each in levels.factors.items()}
    design = Design(
        factors,
        cells.combinations,
        cells.excluded,
        cells.included,
        len(cells.cells),
        plan.repeats,
        sampled=len(sessions) < len(cells.cells) * plan.repeats,
    )
    if plan.sample is not None and not sessions:
        raise InputError(f"{plan.origin.at(('sample',))}the sample's cap does not hold one session")
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
    doubles: set[tuple[str, str]] = set()
    for repeat in range(1, plan.repeats + 1):
        for parts, names in of_cells:
            seed, drawn_first, drawn_turns = _drawn(plan.rng_seed, parts["couple"].id, parts["topic"].id, repeat)
            first = drawn_first if parts["first"] == "random" else parts["first"]
            if parts["swap first"]:
                first = "B" if first == "A" else "A"
            fields = {**parts, "first": first, "turns": parts["turns"] or drawn_turns, "rng_seed": seed}
            del fields["swap first"]
            if (other := seen.setdefault(_identity(fields), names)) is not names:
                doubles.add((told(other), told(names)))
                if len(doubles) <= DOUBLES_TOLD:
                    text = f"two cells are the same session: {told(other)}; and {told(names)}. Exclude one of them"
                    levels.problem(text)
                continue
            try:
                spec = Spec(**fields)
            except ValidationError as exc:
                for error in exc.errors():
                    levels.problem(f"{told(names)}: {strict_yaml.plain(error['msg'])}")
                continue
            yield Planned(spec, names, repeat)
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
