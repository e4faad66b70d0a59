"""`couplesim list`."""

from __future__ import annotations

import json

import click

KINDS = ("couples", "therapists", "topics", "structures", "prompts")


@click.command("list", short_help="List what there is.")
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(kind: str | None, as_json: bool) -> None:
    """List couples, therapists, topics, structures and prompt sets, yours first.

    Material marked * is sensitive; the reason stands beside it.
    """
    from generator.assets import Assets
    from generator.personas import alike, check_all

    assets = Assets()
    check_all(assets)
    for warning in alike(assets):
        click.echo(f"couplesim: warning: {warning}", err=True)
    chosen = [kind] if kind else list(KINDS)
    rows = {name: _rows(name, assets) for name in chosen}
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for name, items in rows.items():
        table = Table(
            title=f"{name} ({len(items)})", title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0)
        )
        table.add_column(no_wrap=True, style="bold")
        table.add_column()
        for item in items:
            mark = f"\n* {item['sensitive']}" if item.get("sensitive") else ""
            table.add_row(item["id"] + ("*" if mark else ""), item["summary"] + mark)
        console.print(table)
        console.print()


def _rows(kind: str, assets: object) -> list[dict[str, str]]:
    from generator.assets import Assets
    from generator.personas import load_couple, load_therapist, load_topic
    from generator.prompts import load_prompt_set
    from generator.structures import STRUCTURES

    assert isinstance(assets, Assets)
    if kind == "structures":
        return [{"id": structure.name, "summary": structure.summary} for structure in STRUCTURES]
    rows: list[dict[str, str]] = []
    if kind == "couples":
        for name in assets.all("couple"):
            couple = load_couple(name, assets)
            a, b = couple.a, couple.b
            people = f"{a.called} ({a.age}) and {b.called} ({b.age}), {couple.shared.relationship}"
            summary = f"{people}; topics: {', '.join(couple.topics)}"
            rows.append({"id": name, "summary": summary, "sensitive": couple.sensitive or ""})
    elif kind == "therapists":
        for name in assets.all("therapist"):
            therapist = load_therapist(name, assets)
            rows.append({"id": name, "summary": f"{therapist.name}, {therapist.credentials}; {therapist.school}"})
    elif kind == "topics":
        for name in assets.all("topic"):
            topic = load_topic(name, assets)
            rows.append({"id": name, "summary": topic.title, "sensitive": topic.sensitive or ""})
    else:
        for name in assets.all("prompt set"):
            prompts = load_prompt_set(name, assets)
            rows.append({"id": name, "summary": prompts.settings.tries.strip()})
    return rows
