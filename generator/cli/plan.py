"""`couplesim plan`."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.options import concurrency_option, plan_from, plan_options
from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.estimate import Estimator
    from generator.plan import Expansion, Plan
    from generator.preflight import Lint
    from generator.prices import Prices

WIDTH = 80
CELLS_SHOWN = 10
"""Cells that are listed unless all are asked for."""


@click.command("plan", short_help="Show what a plan comes to, before anything is spent.")
@plan_options
@concurrency_option
@click.option(
    "--turn-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    metavar="S",
    help="Seconds that a request is assumed to take [3].",
)
@click.option("--cells", "all_cells", is_flag=True, help="List every cell, not only the first.")
@click.option("--power", "with_power", is_flag=True, help="Show how small an effect of each factor could be found.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    plan_file: Path | None,
    concurrency: int,
    turn_seconds: float,
    all_cells: bool,
    with_power: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Show a plan's cells, calls, tokens, cost and time, and look over the prompts of all its cells.

    Nothing is sent, and no key is needed. Exit code 2 if anything in the prompts forbids sending them.
    """
    from generator import preflight
    from generator.assets import Assets
    from generator.estimate import Estimator
    from generator.plan import expand
    from generator.prices import Prices

    assets = Assets()
    plan, prices = plan_from(plan_file, given), Prices.load(assets)
    expansion = expand(plan, assets)
    if plan.run_cost is not None:
        prices.require(expansion.models(), "--run-cost")
    estimator = Estimator()
    figures = _figures(plan, expansion, estimator, prices, concurrency, turn_seconds)
    lints = preflight.lints_of_all(expansion, estimator)
    if with_power:
        figures["power"] = _power(expansion)
    if as_json:
        figures["lints"] = [str(lint) for lint in lints]
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        _print(figures, lints, all_cells, str(plan_file or "the plan"))
    if any(lint.severity == "error" for lint in lints):
        raise click.exceptions.Exit(2)


def _figures(
    plan: Plan, expansion: Expansion, estimator: Estimator, prices: Prices, concurrency: int, turn_seconds: float
) -> dict[str, Any]:
    """All that is shown, as data."""
    from generator.estimate import Taken
    from generator.schema.label import PRINCIPALS

    design = expansion.design
    by_model: dict[str, Taken] = dict.fromkeys(expansion.models(), Taken())
    longest = 0
    for one in expansion.sessions:
        expected = estimator.expect(one.spec, expansion.prompts_of(one.spec))
        for label in PRINCIPALS:
            by_model[one.spec.models.of(label).name] += expected.by_label[label]
        longest = max(longest, one.spec.turns)
    total = sum(by_model.values(), Taken())
    models = {name: _model(name, taken, prices) for name, taken in by_model.items()}
    cells = Counter(tuple(one.cell.items()) for one in expansion.sessions)
    return {
        "factors": {name: list(levels) for name, levels in design.factors.items()},
        "combinations": design.combinations,
        "excluded": design.excluded,
        "included": design.included,
        "cells": design.cells,
        "repeats": design.repeats,
        "sampled": design.sampled,
        "sessions": len(expansion.sessions),
        "requests": total.requests,
        "prompt_tokens": total.prompt,
        "cached_tokens": total.cached,
        "reply_tokens": total.reply,
        "models": models,
        "cost": _sum(model["cost"] for model in models.values()),
        "cost_with_caching": _sum(model["cost_with_caching"] for model in models.values()),
        "prices": {"file": str(prices.path), "checked": prices.checked},
        "caps": {"run_tokens": plan.run_tokens, "run_cost": plan.run_cost},
        "seconds": max(longest, total.requests / min(concurrency, len(expansion.sessions))) * turn_seconds,
        "concurrency": concurrency,
        "turn_seconds": turn_seconds,
        "list": [{"cell": dict(cell), "sessions": count} for cell, count in cells.items()],
    }


def _model(name: str, taken: Any, prices: Prices) -> dict[str, Any]:
    from generator.schema.turn import Usage

    nominal = Usage(prompt=taken.prompt, completion=taken.reply)
    cached = Usage(prompt=taken.prompt, cached=taken.cached, completion=taken.reply)
    return {
        "requests": taken.requests,
        "prompt_tokens": taken.prompt,
        "cached_tokens": taken.cached,
        "reply_tokens": taken.reply,
        "cost": prices.cost(name, nominal),
        "cost_with_caching": prices.cost(name, cached),
    }


def _sum(costs: Iterable[float | None]) -> float | None:
    known = list(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)


def _power(expansion: Expansion) -> dict[str, Any]:
    from generator.compare.measures import FAMILY
    from generator.compare.power import WANTED, power_of

    found = power_of(expansion.sessions, expansion.design.factors, len(FAMILY))
    return {"measures": len(FAMILY), "wanted": WANTED, "factors": [dataclasses.asdict(each) for each in found]}


def _print(figures: dict[str, Any], lints: Sequence[Lint], all_cells: bool, name: str) -> None:
    _print_cells(figures["list"], list(figures["factors"]), all_cells)
    _print_design(figures, name)
    _print_models(figures)
    click.echo()
    if "power" in figures:
        _print_power(figures["power"])
    click.echo(f"time:    about {_time(figures['seconds'])}")
    for number, text in enumerate(_assumptions(figures)):
        _say(text, "assumed: " if number == 0 else " " * len("assumed: "))
    for lint in lints:
        click.echo(safe(f"couplesim: {lint}"), err=True)
    if not lints:
        click.echo("prompts: all looked over, nothing odd in them")


def _print_cells(cells: list[dict[str, Any]], factors: list[str], all_cells: bool) -> None:
    if not factors:
        return
    shown = cells if all_cells else cells[:CELLS_SHOWN]
    columns = list(dict.fromkeys([*factors, *(factor for cell in shown for factor in cell["cell"])]))
    several = ["sessions"] if any(cell["sessions"] != 1 for cell in shown) else []
    rows = [
        [str(number), *(each["cell"].get(factor, "") for factor in columns), *(str(each[name]) for name in several)]
        for number, each in enumerate(shown, 1)
    ]
    _table(["cell", *columns, *several], rows)
    if len(shown) < len(cells):
        click.echo(f"... and {len(cells) - len(shown):,} cells more (--cells lists all)")
    click.echo()


def _print_design(figures: dict[str, Any], name: str) -> None:
    widest = min(max(map(len, figures["factors"]), default=0), WIDTH // 3)
    for factor, levels in figures["factors"].items():
        _say(", ".join(levels), f"{factor:{widest}}  {len(levels):3}  ")
    factors = " x ".join(str(len(levels)) for levels in figures["factors"].values())
    parts = [f"{factors} = {figures['combinations']:,} combinations"] if " x " in factors else []
    parts += [f"{figures[what]:,} {what}" for what in ("excluded", "included") if figures[what]]
    if figures["sampled"]:
        parts.append(f"a balanced sample of {figures['cells'] * figures['repeats']:,} sessions")
    elif figures["repeats"] > 1:
        parts.append(f"{figures['cells']:,} cells, {figures['repeats']} sessions of each")
    _say("; ".join([f"{figures['sessions']:,} session{'s' if figures['sessions'] != 1 else ''}", *parts]), f"{name}: ")
    click.echo()


def _print_models(figures: dict[str, Any]) -> None:
    rows = [[name, *_row(model)] for name, model in figures["models"].items()]
    if len(rows) > 1:
        rows.append(["all", *_row(figures)])
    _table(["model", "requests", "prompt tokens", "of them cached", "reply tokens", "cost", "with cache"], rows)
    if figures["cost"] is None:
        unknown = [name for name, model in figures["models"].items() if model["cost"] is None]
        _say(f"no price for {', '.join(unknown)} in {figures['prices']['file']}")
    for cap, words in (("run_tokens", "{:,} tokens"), ("run_cost", "${:,.2f}")):
        if figures["caps"][cap] is not None:
            _say(f"the run stops before it passes {words.format(figures['caps'][cap])} ({cap})")


def _print_power(power: dict[str, Any]) -> None:
    """What each factor's comparison could find."""
    if not power["factors"]:
        _say("power:   nothing varies, so there is nothing to compare inside this run")
        click.echo()
        return
    effects = list(power["factors"][0]["power"])
    rows = [
        [
            each["factor"], each["design"], str(each["units"]), str(each["couples"]),
            "-" if each["detectable"] is None else f"{each['detectable']:.2f}",
            *(f"{100 * each['power'][effect]:.0f}%" for effect in effects),
        ]
        for each in power["factors"]
    ]  # fmt: skip
    found = f"{100 * power['wanted']:.0f}% find"
    _table(["factor", "design", "units", "couples", found, *(f"find {effect:g}" for effect in effects)], rows)
    _say(
        "find: how often an effect of such a size is found, and the size that is found so often, in standard "
        "deviations of the differences within pairs, or of the sessions where nothing is paired. In pairs that are no "
        "more alike than any two sessions, an effect of 1 is a g of 1.4 as `couplesim compare` shows it; in pairs that "
        f"correlate by 0.5 it is a g of 1. {power['measures']} measures are tested, times the levels of a factor less "
        "one, at the strictest level of Holm's correction, by t tests, and pairs of a couple as if they were "
        "independent. -: no result could be told from chance",
        "assumed: ",
    )
    click.echo()


def _row(taken: dict[str, Any]) -> list[str]:
    counts = [f"{taken[name]:,}" for name in ("requests", "prompt_tokens", "cached_tokens", "reply_tokens")]
    costs = [taken["cost"], taken["cost_with_caching"]]
    return counts + ["?" if cost is None else f"${cost:,.2f}" for cost in costs]


def _assumptions(figures: dict[str, Any]) -> list[str]:
    prices = figures["prices"]
    return [
        "turns as long as the seed's where the budget allows it, one request a turn, no hidden reasoning",
        "with cache: each request finds the same role's one before it in the endpoint's cache, from 1,024 tokens on",
        f"prices of {prices['checked']} in {prices['file']}; edit them there",
        f"{figures['turn_seconds']:g} s a request, {figures['concurrency']} at once (--turn-seconds, --concurrency)",
    ]


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min"


def _say(text: str, label: str = "") -> None:
    """A paragraph, its lines set in under each other."""
    indent = " " * len(label) if len(label) <= WIDTH // 2 else "  "
    lines = textwrap.wrap(
        safe(text), WIDTH, initial_indent=safe(label), subsequent_indent=indent, break_on_hyphens=False
    )
    click.echo("\n".join(lines))


def _table(head: list[str], rows: list[list[str]]) -> None:
    """A table that fits `WIDTH`; words that are too long are broken over lines."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for number, title in enumerate(head):
        numeric = all(row[number][:1] in "0123456789$?" for row in rows)
        table.add_column(Text(safe(title)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))
    Console(highlight=False, width=WIDTH).print(table)
