"""`couplesim preview`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from generator.cli.options import plan_from, plan_options
from generator.cli.terminal import safe


@click.command("preview", short_help="Show what would be sent.")
@plan_options
@click.option(
    "--cell",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Show the first session of the Nth cell, as `couplesim plan` counts them [1].",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")  # fmt: skip
def command(plan_file: Path | None, cell: int, as_json: bool, **given: Any) -> None:
    """Render every prompt of a session, with token counts and what is odd in them. Sends nothing, needs no key.

    Of a plan that varies something it shows one cell; `couplesim plan` shows what they all come to.
    """
    from generator import preflight
    from generator.assets import Assets
    from generator.errors import InputError
    from generator.estimate import expect
    from generator.plan import expand
    from generator.prices import Prices

    assets = Assets()
    expansion = expand(plan_from(plan_file, given), assets)
    firsts = [one for one in expansion.sessions if one.repeat == 1]
    if cell > len(firsts):
        raise InputError(f"--cell: the plan has cells 1 to {len(firsts)} (got {cell})")
    planned, prices = firsts[cell - 1], Prices.load(assets)
    spec, prompts = planned.spec, expansion.prompts_of(planned.spec)
    sent = preflight.messages(spec, prompts)
    lints = preflight.lints(spec, prompts)
    expected = expect(spec, prompts)
    figures = {
        "requests": expected.taken.requests,
        "prompt_tokens": expected.taken.prompt,
        "reply_tokens": expected.taken.reply,
        "cost": expected.cost(spec.models, prices),
    }
    if as_json:
        roles = {label: {"messages": messages, "tokens": tokens} for label, (messages, tokens) in sent.items()}
        told = {"cell": dict(planned.cell), "roles": roles, "expected": figures, "lints": [str(lint) for lint in lints]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print(sent, figures, dict(planned.cell), len(expansion.sessions))
        for lint in lints:
            click.echo(safe(str(lint)), err=True)
    if any(lint.severity == "error" for lint in lints):
        raise click.exceptions.Exit(2)


def _print(sent: dict[Any, Any], figures: dict[str, Any], cell: dict[str, str], sessions: int) -> None:
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False)
    if cell:
        console.print(Text(safe("cell: " + ", ".join(f"{factor} {level}" for factor, level in cell.items()))))
    for label, (messages, tokens) in sent.items():
        console.print(Rule(f"{label}: first request, about {tokens:,} tokens", align="left"))
        for message in messages:
            if message["content"]:
                console.print(Text(f"[{message['role']}]", style="bold cyan"))
                console.print(Text(safe(message["content"])))
                console.print()
    console.print(Rule("expected of this session", align="left"))
    cost = "" if figures["cost"] is None else f", about ${figures['cost']:.2f} without caching"
    console.print(
        f"requests: {figures['requests']}, prompt tokens: about {figures['prompt_tokens']:,}, "
        f"reply tokens: about {figures['reply_tokens']:,}{cost}"
    )
    console.print("assumed: turns as long as the seed's where the budget allows it, one request a turn")
    if sessions > 1:
        console.print(f"the plan has {sessions:,} sessions; `couplesim plan` shows what all of them come to")
