"""`couplesim list`."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.assets import Assets

KINDS = ("couples", "therapists", "topics", "structures", "prompts")
ASSETS = {"couples": "couple", "therapists": "therapist", "topics": "topic", "prompts": "prompt set"}


@click.command("list", short_help="List what there is.")
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(kind: str | None, as_json: bool) -> None:
    """List couples, therapists, topics, structures and prompt sets, yours first.

    Material marked * is sensitive; the reason stands beside it.
    """
    from generator.assets import Assets
    from generator.errors import InputError
    from generator.personas import alike

    assets = Assets()
    problems: list[str] = []
    rows = {name: _rows(name, assets, problems) for name in ([kind] if kind else KINDS)}
    with suppress(InputError):  # files that do not load are among the problems
        for warning in alike(assets):
            click.echo(safe(f"couplesim: warning: {warning}"), err=True)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _print(rows)
    if problems:
        raise InputError(*problems)


def _print(rows: dict[str, list[dict[str, str]]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for name, items in rows.items():
        table = Table(
            title=f"{name} ({len(items)})", title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0)
        )
        table.add_column(no_wrap=True, style="bold")
        table.add_column()
        for item in items:
            mark = f"\n* {item['sensitive']}" if item.get("sensitive") else ""
            table.add_row(Text(safe(item["id"] + ("*" if mark else ""))), Text(safe(item["summary"] + mark)))
        console.print(table)
        console.print()


def _rows(kind: str, assets: Assets, problems: list[str]) -> list[dict[str, str]]:
    """What there is of a kind; what is wrong with files that do not load is added to `problems`."""
    from generator.errors import InputError
    from generator.structures import STRUCTURES

    if kind == "structures":
        return [{"id": structure.name, "summary": structure.summary} for structure in STRUCTURES]
    rows: list[dict[str, str]] = []
    for name in assets.all(ASSETS[kind]):
        try:
            rows.append({"id": name, **_ROW[kind](name, assets)})
        except InputError as error:
            problems += error.problems
    return rows


def _couple(name: str, assets: Assets) -> dict[str, str]:
    from generator.personas import load_couple

    couple = load_couple(name, assets)
    a, b = couple.a, couple.b
    people = f"{a.called} ({a.age}) and {b.called} ({b.age}), {couple.shared.relationship}"
    return {"summary": f"{people}; topics: {', '.join(couple.topics)}", "sensitive": couple.sensitive or ""}


def _therapist(name: str, assets: Assets) -> dict[str, str]:
    from generator.personas import load_therapist

    therapist = load_therapist(name, assets)
    return {"summary": f"{therapist.name}, {therapist.credentials}; {therapist.school}"}


def _topic(name: str, assets: Assets) -> dict[str, str]:
    from generator.personas import load_topic

    topic = load_topic(name, assets)
    return {"summary": topic.title, "sensitive": topic.sensitive or ""}


def _prompt_set(name: str, assets: Assets) -> dict[str, str]:
    from generator.prompts import load_prompt_set

    return {"summary": load_prompt_set(name, assets).settings.tries.strip()}


_ROW: dict[str, Callable[[str, Assets], dict[str, str]]] = {
    "couples": _couple,
    "therapists": _therapist,
    "topics": _topic,
    "prompts": _prompt_set,
}
