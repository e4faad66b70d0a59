"""A plan as it is written: what all sessions share, what is varied, how much of it is wanted."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, StrictInt, ValidationError

from generator import strict_yaml
from generator.errors import InputError
from generator.plan.levels import Factors, IncludedCell, Prompts, RolePrompts, Sample, Swap, WordsOf
from generator.plan.origin import Origin
from generator.schema.record import Line, Record
from generator.schema.session import Budget, Cast
from generator.strict_yaml import Loc

MAX_SESSIONS = 100_000
"""Sessions of a plan at most."""

_ALONE_SET_BY_A_FACTOR: dict[str, Loc] = {
    **{name: (name,) for name in ("couple", "therapist", "topic", "structure", "first", "turns", "labels")},
    **{name: ("budget", name) for name in ("turn_tokens", "therapist_tokens", "partner_tokens", "cut")},
}
"""Factors whose levels leave nothing of the plan's own value, and where that stands."""

_OPTION_OF = {"name": "model", "repeats": "sessions", "rng_seed": "seed"}
"""Options that are called otherwise than the key they set."""


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
    prompts: Prompts = RolePrompts(therapist="baseline", partners="baseline")
    """Name of a prompt set or the path of its folder; or a mapping with `therapist` and `partners` (or `a`, `b`)."""
    first: Literal["A", "B", "random"] = "A"
    """The partner who speaks first; random: by each session's seed."""
    turns: Annotated[StrictInt, Field(ge=1, le=400)] | None = None
    """Turns a session. None: 25 to 35, by each session's seed."""
    models: Cast = Cast()
    """Who speaks for whom: therapist, a, b, facilitator."""
    budget: Budget = Budget()
    labels: Literal["strip", "keep"] = "strip"
    """Whether a speaker's own label at the start of a reply is stripped, or kept as in the seed."""
    repeats: Annotated[StrictInt, Field(ge=1, le=MAX_SESSIONS)] = 1
    """Sessions of each cell. Those of one couple and topic have seeds of their own; across cells, a repeat's
    seed is the same, so that cells can be compared in pairs."""
    rng_seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 1
    """The run's seed, from which the sessions' seeds follow."""
    factors: Factors = Factors()
    """What is varied: each factor's levels. Every combination is a cell."""
    counterbalance: Annotated[list[Swap], Field(max_length=3)] = Field(default=[])
    """Adds the swapped twin of every cell: `first`, the other partner speaks first; `labels`, who is Patient A
    and who is Patient B is exchanged; `names`, the partners exchange their names."""
    exclude: list[dict[Line, WordsOf]] = Field(default=[])
    """Cells left out: those that have all the levels given, each a level or a list of levels."""
    include: list[IncludedCell] = Field(default=[])
    """Cells more, outside the combinations too: a level for every factor."""
    sample: Sample | None = None
    """A balanced choice out of the cells. None: all."""
    run_tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    """Prompt and reply tokens that the run may take, failed requests included. None: no limit."""
    run_cost: Annotated[float, Field(gt=0)] | None = None
    """What the run may cost, in US dollars by the price file. None: no limit."""
    _origin: Origin = PrivateAttr(default=Origin())

    @property
    def origin(self) -> Origin:
        """Where its values stand."""
        return self._origin

    def unused(self) -> dict[str, Loc]:
        """By factor, where the plan has a value of its own that no session gets: every cell has its factor's."""
        unused = {name: loc for name, loc in _ALONE_SET_BY_A_FACTOR.items() if name in self.factors.own()}
        if levels := self.factors.prompts:
            cells = [cell.prompts for cell in self.include if cell.prompts is not None]
            if all(level.of(role) for level in (*levels, *cells) for role in ("therapist", "a", "b")):
                unused["prompts"] = ("prompts",)
        return unused


def plan_of(data: dict[str, Any], origin: Origin | None = None) -> Plan:
    """The plan with these values, some of which may be those of the file `origin`. Raises InputError naming
    each option that is out of range."""
    try:
        plan = Plan.model_validate(data)
    except ValidationError as exc:
        raise InputError(*sorted({_out_of_range(error) for error in exc.errors()})) from exc
    if origin is not None:
        plan._origin = origin
    return plan


def _out_of_range(error: Any) -> str:
    name = str(error["loc"][-1])
    got = "" if (name,) in strict_yaml.MAY_HOLD_A_KEY else f" (got {error['input']!r})"
    option = _OPTION_OF.get(name, name).replace("_", "-")
    return f"--{option}: {strict_yaml.plain(str(error['msg']))}{got}"


def load_plan(path: Path) -> Plan:
    """Read `plan.yaml`. Raises InputError with every problem's place."""
    document = strict_yaml.read(path)
    plan = strict_yaml.validate(document, Plan, str(path))
    plan._origin = Origin(str(path), document)
    return plan


def as_yaml(plan: Plan) -> str:
    """The plan as a file that `load_plan` reads; without values that no session gets."""
    import yaml

    data = json.loads(plan.model_dump_json())
    for *above, key in plan.unused().values():
        del functools.reduce(dict.__getitem__, above, data)[key]
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
