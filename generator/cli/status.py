"""`couplesim status`."""

from __future__ import annotations

import json
import textwrap
import time
from pathlib import Path

import click

WIDTH = 80
INDENT = 11
COMMANDS = ("go on", "read one")
"""Lines to be copied, which are not folded."""


@click.command("status", short_help="How a run stands.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(run_folder: Path, as_json: bool) -> None:
    """How the run in folder RUN stands: who is at work on it, what it has come to, what it has cost, what failed and
    how to go on. It is only read, and may be running.
    """
    from generator.cli.runs import run_at
    from generator.cli.terminal import safe
    from generator.ledger import Ledger
    from generator.prices import Prices
    from generator.status import standing
    from generator.status_lines import go_on, lines

    folder = run_at(run_folder)
    ledger = Ledger.read(folder)
    try:
        found = standing(ledger, Prices.load().cost)
    finally:
        ledger.close()
    if as_json:
        told = {"run": str(folder), **found.as_dict(), "go_on": go_on(folder, found)}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name, text in lines(folder, found, time.time()):
        for line in [text] if name in COMMANDS else _folded(text):
            click.echo(safe(f"{name:<{INDENT}}{line}"))
            name = ""


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - INDENT, break_long_words=False, break_on_hyphens=False)
