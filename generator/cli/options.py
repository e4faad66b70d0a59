"""The options that make a plan, shared by `generate`, `plan` and `preview`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
from pydantic import BaseModel

from generator.errors import InputError
from generator.plan import Plan, load_plan, plan_of
from generator.plan.levels import RolePrompts
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

_TAKES_THE_PLACE_OF = {
    "model": ("model", "models", "therapist_model", "partner_model"),
    "temperature": ("temperature", "therapist_temperature", "partner_temperature"),
    "therapist_prompts": ("prompts",),
    "partner_prompts": ("prompts",),
}
"""The factors that an option puts an end to, where they are others than the one of its name."""

_CANNOT_BE_GIVEN_BESIDE = {
    "therapist_model": ("model", "models"),
    "partner_model": ("model", "models"),
    "temperature": ("models",),
    "therapist_temperature": ("temperature", "models"),
    "partner_temperature": ("temperature", "models"),
    "layout": ("models",),
    **dict.fromkeys(_BUDGET_OPTIONS, ("budget",)),
}
"""Factors that set the same thing as an option, and more."""


def _one_of(record: type[BaseModel], field: str) -> click.Choice[str]:
    """The words that a record's field allows, upper or lower case."""
    words = get_args(record.model_fields[field].annotation)
    return click.Choice(words if isinstance(words[0], str) else get_args(words[0]), case_sensitive=False)


_STRUCTURES = " or ".join(repr(structure.name) for structure in STRUCTURES)

_CAPS = [
    click.option("--run-tokens", type=int, metavar="N", help="Token budget of the whole run, prompts included."),
    click.option("--run-cost", type=float, metavar="USD", help="What the whole run may cost, by the price file."),
]

_THERAPIST = click.option("--therapist", metavar="ID|FILE", help="Therapist [anya-forger].")
_STRUCTURE = click.option("--structure", metavar="NAME", help=f"Who speaks next: {_STRUCTURES} [LLM Only].")

_PLAN_OPTIONS = [
    click.argument("plan_file", metavar="[PLAN]", required=False, type=click.Path(path_type=Path, dir_okay=False)),
    click.option("--couple", metavar="ID|FILE", help="Couple [daniel-marcus]."),
    _THERAPIST,
    click.option("--topic", metavar="ID|FILE", help="Topic [the first of the couple's own]."),
    _STRUCTURE,
    click.option("--prompts", metavar="NAME|FOLDER", help="Prompt set [baseline]."),
    click.option("--therapist-prompts", metavar="NAME|FOLDER", help="Prompt set for the therapist."),
    click.option("--partner-prompts", metavar="NAME|FOLDER", help="Prompt set for both partners."),
    click.option("--first", type=_one_of(Plan, "first"), metavar="[A|B|random]", help="Partner who speaks first [A]."),
]  # fmt: skip

_SESSION_OPTIONS = [
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
    *_CAPS,
    click.option("--labels", type=_one_of(Plan, "labels"), help="Own label at a turn's start [strip]."),
]  # fmt: skip


concurrency_option = click.option(
    "--concurrency", type=click.IntRange(1, 4096), default=64, metavar="N",
    help="Requests under way to an endpoint, and sessions side by side, at most [64]. Fewer where that is as quick.",
)  # fmt: skip


def cap_options(function: F) -> F:
    """Add the options that cap a run."""
    for option in reversed(_CAPS):
        function = option(function)
    return function


network_fs_option = click.option(
    "--allow-network-fs", "network_fs", is_flag=True,
    help="Write where the file system has no locks or no write-ahead log: slower, and at your own risk.",
)  # fmt: skip


open_option = click.option("--open", "open_it", is_flag=True, help="Open the report in the browser of this desktop.")


def page_name(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A report's file as it was given. Raises BadParameter for a name that is no page's: it may be a slip, and the file
    would be replaced."""
    if value and not value.lower().endswith((".html", ".htm")):
        raise click.BadParameter(f"{value}: a report is a page; give it a name that ends in .html")
    return value


def report_options(function: F) -> F:
    """Add what asks for a report: `report`, a file (empty: the usual one; None: no report), and `open_it`."""
    report = click.option(
        "--report", is_flag=False, flag_value="", metavar="[FILE]", callback=page_name,
        help="Write a report too, one page to be mailed [RUN/report.html].",
    )  # fmt: skip
    return report(open_option(function))


def plan_options(function: F) -> F:
    """Add the options that make a plan."""
    for option in reversed([*_PLAN_OPTIONS, *_SESSION_OPTIONS]):
        function = option(function)
    return function


def session_options(function: F) -> F:
    """Add the options that say how sessions are spoken, whoever's they are and from whatever prompts."""
    for option in reversed([_THERAPIST, _STRUCTURE, *_SESSION_OPTIONS]):
        function = option(function)
    return function


def plan_from(plan_file: Path | None, given: dict[str, Any]) -> Plan:
    """The plan in the file, if any, with the options given on top; an option takes the place of the factor that
    varies the same. Raises InputError naming the option."""
    base = load_plan(plan_file) if plan_file is not None else Plan()
    options = {name: value for name, value in given.items() if value is not None}
    _refuse_what_cannot_be_told_apart(base, options)
    data = base.model_dump(mode="json")
    for name, value in options.items():
        for factor in _TAKES_THE_PLACE_OF.get(name, (name,)):
            data["factors"].pop(factor, None)
        if name in _BUDGET_OPTIONS:
            data["budget"][name] = value
        elif name in _MODEL_OPTIONS:
            for model in data["models"].values():
                model[_MODEL_OPTIONS[name]] = value
        elif name in data:
            data[name] = value
    for name, value in options.items():
        role, _, option = name.partition("_")
        for speaker in _ROLES.get(role, ()):
            if option in _MODEL_OPTIONS:
                data["models"][speaker][_MODEL_OPTIONS[option]] = value
            elif option == "prompts":
                data["prompts"] = _by_role(data["prompts"]) | {speaker: value}
    given_keys = frozenset(name.removeprefix("therapist_").removeprefix("partner_") for name in options)
    return plan_of(data, dataclasses.replace(base.origin, given=given_keys))


def _by_role(prompts: str | dict[str, str | None]) -> dict[str, str | None]:
    written = RolePrompts(therapist=prompts, partners=prompts) if isinstance(prompts, str) else RolePrompts(**prompts)
    return {role: written.of(role) for role in ("therapist", "a", "b")}


def _refuse_what_cannot_be_told_apart(plan: Plan, options: dict[str, Any]) -> None:
    problems: list[str] = []
    varied = plan.factors.own()
    mentioned = {factor for cell in plan.exclude for factor in cell}
    mentioned |= {factor for cell in plan.include for factor in cell.factors()}
    for name in options:
        option = f"--{name.replace('_', '-')}"
        for factor in _CANNOT_BE_GIVEN_BESIDE.get(name, ()):
            if factor in varied:
                problems.append(f"{option}: the plan varies {factor}, which sets the same; change it there")
        for factor in _TAKES_THE_PLACE_OF.get(name, (name,)):
            if factor in varied and factor in mentioned:
                problems.append(f"{option}: the plan excludes or includes cells by {factor}; change it there")
    if problems:
        raise InputError(*problems)
