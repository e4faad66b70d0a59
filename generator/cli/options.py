"""The options that make a plan, shared by `generate` and `preview`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
from pydantic import BaseModel

from generator.plan import Plan, load_plan, plan_of
from generator.schema.session import Budget, Model
from generator.structures import STRUCTURES

F = TypeVar("F", bound=Callable[..., Any])

_ROLES = {"therapist": ("therapist",), "partner": ("a", "b")}
_MODEL_OPTIONS = {
    "model": "name",
    "base_url": "base_url",
    "key_env": "key_env",
    "temperature": "temperature",
    "layout": "layout",
    "token_parameter": "token_parameter",
    "reasoning_effort": "reasoning_effort",
    "reasoning_headroom": "reasoning_headroom",
    "context_tokens": "context_tokens",
}
_BUDGET_OPTIONS = ("turn_tokens", "therapist_tokens", "partner_tokens", "cut", "session_tokens")


def _one_of(record: type[BaseModel], field: str) -> click.Choice[str]:
    """The words that a record's field allows, upper or lower case."""
    words = get_args(record.model_fields[field].annotation)
    return click.Choice(words if isinstance(words[0], str) else get_args(words[0]), case_sensitive=False)


_STRUCTURES = " or ".join(repr(structure.name) for structure in STRUCTURES)

_OPTIONS = [
    click.argument("plan_file", metavar="[PLAN]", required=False, type=click.Path(path_type=Path, dir_okay=False)),
    click.option("--couple", metavar="ID|FILE", help="Couple [daniel-marcus]."),
    click.option("--therapist", metavar="ID|FILE", help="Therapist [anya-forger]."),
    click.option("--topic", metavar="ID|FILE", help="Topic [the first of the couple's own]."),
    click.option("--structure", metavar="NAME", help=f"Who speaks next: {_STRUCTURES} [LLM Only]."),
    click.option("--prompts", metavar="NAME|FOLDER", help="Prompt set [baseline]."),
    click.option("--first", type=_one_of(Plan, "first"), metavar="[A|B|random]", help="Partner who speaks first [A]."),
    click.option("--turns", type=int, metavar="N", help="Turns a session [25 to 35, by the session's seed]."),
    click.option("-n", "--sessions", "repeats", type=int, metavar="N", help="Sessions of each cell [1]."),
    click.option("--seed", "rng_seed", type=int, metavar="N", help="The run's seed [1]."),
    click.option("--model", metavar="NAME", help="Model for all roles [rehearsal: scripted, no model]."),
    click.option("--therapist-model", metavar="NAME", help="Model for the therapist."),
    click.option("--partner-model", metavar="NAME", help="Model for both partners."),
    click.option("--base-url", metavar="URL", help="Endpoint up to and including /v1 [the OpenAI API]."),
    click.option("--therapist-base-url", metavar="URL", help="Endpoint for the therapist."),
    click.option("--partner-base-url", metavar="URL", help="Endpoint for both partners."),
    click.option("--key-env", metavar="NAME", help="Variable that holds the key [OPENAI_API_KEY, for the OpenAI API]."),
    click.option("--temperature", type=float, metavar="T", help="Sampling temperature for all roles."),
    click.option("--therapist-temperature", type=float, metavar="T", help="For the therapist."),
    click.option("--partner-temperature", type=float, metavar="T", help="For both partners."),
    click.option("--layout", type=_one_of(Model, "layout"), help="How a role's messages are laid out [chat]."),
    click.option("--token-parameter", type=_one_of(Model, "token_parameter"),
                 help="Field for the budget [max_tokens]."),
    click.option("--reasoning-effort", type=_one_of(Model, "reasoning_effort"), help="For models that think first."),
    click.option("--reasoning-headroom", type=int, metavar="N", help="Tokens set apart for hidden reasoning [0]."),
    click.option("--context-tokens", type=int, metavar="N", help="Size of the model's context window."),
    click.option("--turn-tokens", type=int, metavar="N", help="Token budget of a turn [150]."),
    click.option("--therapist-tokens", type=int, metavar="N", help="Token budget of a therapist's turn."),
    click.option("--partner-tokens", type=int, metavar="N", help="Token budget of a partner's turn."),
    click.option("--cut", type=_one_of(Budget, "cut"), help="Who cuts at the budget, and where [server]."),
    click.option("--session-tokens", type=int, metavar="N", help="Token budget of a whole session, prompts included."),
    click.option("--labels", type=_one_of(Plan, "labels"), help="Own label at a turn's start [strip]."),
]  # fmt: skip


concurrency_option = click.option(
    "--concurrency", type=click.IntRange(1, 4096), default=64, metavar="N",
    help="Requests under way to an endpoint, and sessions side by side, at most [64]. Fewer where that is as quick.",
)  # fmt: skip


def plan_options(function: F) -> F:
    """Add the options that make a plan."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def plan_from(plan_file: Path | None, given: dict[str, Any]) -> Plan:
    """The plan in the file, if any, with the options given on top. Raises InputError naming the option."""
    base = load_plan(plan_file) if plan_file is not None else Plan()
    data = base.model_dump(mode="json")
    for name, value in given.items():
        if value is None:
            continue
        if name in _BUDGET_OPTIONS:
            data["budget"][name] = value
        elif name in _MODEL_OPTIONS:
            for role in data["models"].values():
                role[_MODEL_OPTIONS[name]] = value
        elif name in data:
            data[name] = value
    for name, value in given.items():
        role, _, option = name.partition("_")
        if value is not None and role in _ROLES and option in _MODEL_OPTIONS:
            for speaker in _ROLES[role]:
                data["models"][speaker][_MODEL_OPTIONS[option]] = value
    return plan_of(data)
