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
@click.option("--price-in", type=click.FloatRange(min=0), metavar="USD", help="Price of a million prompt tokens.")
@click.option("--price-out", type=click.FloatRange(min=0), metavar="USD", help="Price of a million reply tokens.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    plan_file: Path | None, price_in: float | None, price_out: float | None, as_json: bool, **given: Any
) -> None:
    """Render every prompt of a session, with token counts and what is odd in them. Sends nothing, needs no key."""
    from generator import preflight
    from generator.assets import Assets
    from generator.errors import InputError
    from generator.plan import expand

    plan = plan_from(plan_file, given)
    specs, prompts = expand(plan, Assets())
    spec = specs[0]
    sent = preflight.messages(spec, prompts)
    lints = preflight.lints(spec, prompts)
    expected = [preflight.expect(each, prompts) for each in specs]
    if (price_in is None) != (price_out is None):
        raise InputError("--price-in and --price-out belong together")
    cost = (
        sum(each.cost(price_in, price_out) for each in expected)
        if price_in is not None and price_out is not None
        else None
    )
    totals = {
        "sessions": len(specs),
        "requests": sum(each.requests for each in expected),
        "prompt_tokens": sum(each.prompt_tokens for each in expected),
        "reply_tokens": sum(each.reply_tokens for each in expected),
        "cost": cost,
    }
    if as_json:
        roles = {label: {"messages": messages, "tokens": tokens} for label, (messages, tokens) in sent.items()}
        click.echo(
            json.dumps(
                {"roles": roles, "expected": totals, "lints": [str(lint) for lint in lints]},
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        _print(sent, totals)
        for lint in lints:
            click.echo(safe(str(lint)), err=True)
    if any(lint.severity == "error" for lint in lints):
        raise click.exceptions.Exit(2)


def _print(sent: dict[Any, Any], totals: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False)
    for label, (messages, tokens) in sent.items():
        console.print(Rule(f"{label}: first request, about {tokens:,} tokens", align="left"))
        for message in messages:
            if message["content"]:
                console.print(Text(f"[{message['role']}]", style="bold cyan"))
                console.print(Text(safe(message["content"])))
                console.print()
    console.print(Rule("expected", align="left"))
    console.print(
        f"sessions: {totals['sessions']}, requests: {totals['requests']}, "
        f"prompt tokens: about {totals['prompt_tokens']:,}, reply tokens: about {totals['reply_tokens']:,}"
    )
    if totals["cost"] is not None:
        console.print(f"about ${totals['cost']:.2f}, without caching, retries or hidden reasoning")
    console.print("assumed: turns as long as the seed's where the budget allows it, one request a turn")
