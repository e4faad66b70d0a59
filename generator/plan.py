"""A plan: what a run is to consist of, and how it becomes specs."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationError

from generator import personas, strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.prompts import PromptSet, load_prompt_set
from generator.schema.label import PRINCIPALS, Label
from generator.schema.persona import Couple
from generator.schema.planned import Planned
from generator.schema.record import Line, Record
from generator.schema.session import Budget, Cast, CastPrompts, Spec
from generator.structures import structure_named

TURNS = (25, 35)
"""Turns of a session whose number is left to its seed, from and to."""


class Plan(Record):
    """A run's plan (`plan.yaml`). Every key may be left out; the command line's options come first."""

    couple: Line = "daniel-marcus"
    """Id of a couple, or the path of its file."""
    therapist: Line = "anya-forger"
    """Id of a therapist, or the path of its file."""
    topic: Line | None = None
    """Id of a topic, or the path of its file. None: the first of the couple's own topics."""
    structure: Line = "LLM Only"
    """Name of a structure."""
    prompts: Line = "baseline"
    """Name of a prompt set, or the path of its folder."""
    first: Literal["A", "B", "random"] = "A"
    """The partner who speaks first; random: by each session's seed."""
    turns: Annotated[StrictInt, Field(ge=1, le=400)] | None = None
    """Turns a session. None: 25 to 35, by each session's seed."""
    sessions: Annotated[StrictInt, Field(ge=1, le=2000)] = 1
    """How many sessions, at most 2,000; each has a seed of its own."""
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 1
    """The run's seed, from which the sessions' seeds follow."""
    models: Cast = Cast()
    """Who speaks for whom: therapist, a, b, facilitator."""
    budget: Budget = Budget()
    run_tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    run_cost: Annotated[float, Field(gt=0)] | None = None
    labels: Literal["strip", "keep"] = "strip"
    """Whether a speaker's own label at the start of a reply is stripped, or kept as in the seed."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a plan comes to."""

    sessions: list[Planned]
    """In order, no two alike."""
    prompts: dict[str, PromptSet]
    """The prompt sets they use, by hash."""

    def prompts_of(self, spec: Spec) -> dict[Label, PromptSet]:
        """The prompt set of each speaker of a session."""
        return {label: self.prompts[spec.prompts.of(label).hash] for label in PRINCIPALS}


def plan_of(data: dict[str, Any]) -> Plan:
    """The plan with these values. Raises InputError naming each option that is out of range."""
    try:
        return Plan.model_validate(data)
    except ValidationError as exc:
        raise InputError(*sorted({_out_of_range(error) for error in exc.errors()})) from exc


def _out_of_range(error: Any) -> str:
    name = str(error["loc"][-1])
    got = "" if (name,) in strict_yaml.MAY_HOLD_A_KEY else f" (got {error['input']!r})"
    option = {"name": "model"}.get(name, name).replace("_", "-")
    return f"--{option}: {strict_yaml.plain(str(error['msg']))}{got}"


def load_plan(path: Path) -> Plan:
    """Read `plan.yaml`. Raises InputError with every problem's place."""
    return strict_yaml.load(path, Plan)


def expand(plan: Plan, assets: Assets, couple: Couple | None = None) -> Expansion:
    """The plan's sessions in order, and their prompt sets; `couple` takes the place of the plan's.

    All problems of all files are raised as one InputError.
    """
    problems: list[str] = []

    def load(loader: Any, name: str) -> Any:
        try:
            return loader(name, assets)
        except InputError as error:
            problems.extend(error.problems)
            return None

    couple = couple or load(personas.load_couple, plan.couple)
    therapist = load(personas.load_therapist, plan.therapist)
    topic_name = plan.topic or (couple.topics[0] if couple else None)
    topic = load(personas.load_topic, topic_name) if topic_name else None
    prompts = load(load_prompt_set, plan.prompts)
    structure = load(lambda name, _: structure_named(name), plan.structure)
    if couple and topic and topic.needs_children and not couple.shared.parents:
        problems.append(f"topic {topic.id!r} is about children and couple {couple.id!r} has none; choose another topic")
    if problems:
        raise InputError(*problems)
    sessions: list[Planned] = []
    for number in range(1, plan.sessions + 1):
        seed = session_seed(plan.seed, number)
        rng = random.Random(seed)
        drawn_first, drawn_turns = rng.choice("AB"), rng.randint(*TURNS)
        spec = Spec(
            couple=couple,
            therapist=therapist,
            topic=topic,
            structure=structure.name,
            first=drawn_first if plan.first == "random" else plan.first,
            turns=plan.turns or drawn_turns,
            prompts=CastPrompts.all_from(prompts.ref),
            models=plan.models,
            budget=plan.budget,
            labels=plan.labels,
            rng_seed=seed,
        )
        sessions.append(Planned(spec, repeat=number))
    return Expansion(sessions, {prompts.ref.hash: prompts})


def session_seed(run_seed: int, number: int) -> int:
    """The seed of session `number` (from 1) of a run."""
    return int.from_bytes(hashlib.sha256(f"{run_seed}:{number}".encode()).digest()[:7])


def run_name(first: Spec) -> str:
    """A name for the run that begins with this session, so that the same command finds its run again."""
    return f"{first.topic.id}_{first.couple.id}_{first.id[:8]}"


def changed_fields(old: Spec, new: Spec) -> list[str]:
    """Dotted names of the fields in which two specs differ."""
    return sorted(_differences(old.model_dump(mode="json"), new.model_dump(mode="json"), ""))


def as_yaml(plan: Plan) -> str:
    """The plan as a file that `load_plan` reads."""
    import yaml

    return str(yaml.safe_dump(json.loads(plan.model_dump_json()), sort_keys=False, allow_unicode=True))


def _differences(old: Any, new: Any, at: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = dict.fromkeys([*old, *new])
        return [name for key in keys for name in _differences(old.get(key), new.get(key), f"{at}.{key}".lstrip("."))]
    return [] if old == new else [at]
