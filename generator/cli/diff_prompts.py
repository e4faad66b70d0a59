"""`couplesim diff-prompts`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.prompt_diff import PromptDiff, Prompts
    from generator.schema.session import Spec


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared."""

    shown: str
    prompts: Prompts
    spec: Spec | None
    """The session it was taken from; None for a prompt set by itself."""


@click.command("diff-prompts", short_help="What sets the prompts of two runs apart.")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--session",
    "numbers",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Session whose prompts are taken from a run [1]; given twice: A's, then B's.",
)
@click.option("--couple", metavar="ID|FILE", help="Couple to render for [that of the run; daniel-marcus].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")  # fmt: skip
def command(old: str, new: str, numbers: tuple[int, ...], couple: str | None, as_json: bool) -> None:
    """Show how the prompts of A became those of B: in the files, and in what each role is sent.

    A and B are runs, of which the prompts kept in the ledger are taken, or prompt sets by name or folder. What is
    sent is rendered for the couple of A's session, or of B's if A is no run. If nothing differs, that is said first.

    \b
    couplesim diff-prompts outputs/first outputs/second
    couplesim diff-prompts outputs/first mine          # what has been edited since
    couplesim diff-prompts outputs/both outputs/both --session 1 --session 2
    """
    from generator.assets import Assets
    from generator.plan import expand, plan_of
    from generator.prompt_diff import named, prompt_diff

    if len(numbers) > 2:
        raise click.UsageError("--session can be given twice at most: A's, then B's")
    first, second = (numbers[0], numbers[-1]) if numbers else (1, 1)
    one, other = _side(old, first), _side(new, second)
    spec = one.spec or other.spec
    if couple is not None or spec is None:
        spec = expand(plan_of({} if couple is None else {"couple": couple}), Assets()).sessions[0].spec
    diff = prompt_diff(one.prompts, other.prompts, spec)
    if as_json:
        sides = {
            name: {
                "from": side.shown,
                "prompts": {label: each.ref.model_dump() for label, each in side.prompts.items()},
            }
            for name, side in (("a", one), ("b", other))
        }
        rendered_for = {"couple": spec.couple.id, "therapist": spec.therapist.id, "topic": spec.topic.id}
        click.echo(json.dumps({**sides, "rendered_for": rendered_for, **diff.as_dict()}, ensure_ascii=False, indent=2))
        return
    click.echo(safe(_verdict(diff)))
    click.echo(safe(f"A: {one.shown}: {named(one.prompts)}"))
    click.echo(safe(f"B: {other.shown}: {named(other.prompts)}"))
    _print(diff, spec)


def _side(given: str, number: int) -> Side:
    from generator.batch import kept_prompts
    from generator.cli.runs import run_at
    from generator.errors import InputError
    from generator.ledger import Ledger
    from generator.prompts import load_prompt_set
    from generator.schema.label import PRINCIPALS

    path = Path(given)
    if not (path / "ledger.db").is_file() and path.name != "ledger.db":
        if "/" in given and not (path / "set.yaml").is_file():
            raise InputError(f"{given}: there is neither a run here (no ledger.db) nor a prompt set (no set.yaml)")
        found = load_prompt_set(given)
        return Side(f"prompt set {given}", dict.fromkeys(PRINCIPALS, found), None)
    folder = run_at(path)
    ledger = Ledger.read(folder)
    try:
        row = ledger.session(number)
        if row is None:
            raise InputError(f"{folder} has sessions 1 to {sum(ledger.by_status().values())}, not {number}")
        return Side(f"{folder}, session {number}", kept_prompts(ledger, row.spec), row.spec)
    finally:
        ledger.close()


def _verdict(diff: PromptDiff) -> str:
    if diff.same_files:
        return "The prompts are the same, word for word."
    if diff.same_sent:
        return "The files differ; what is sent to these people is the same."
    sent = [each.role for each in diff.sent if each.diff]
    files = dict.fromkeys(change.file for change in diff.files)
    return f"The prompts differ: {', '.join(files)}; and so does what is sent to {', '.join(sent)}."


def _print(diff: PromptDiff, spec: Spec) -> None:
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)

    def show(lines: tuple[str, ...]) -> None:
        for line in lines:
            console.print(Text(safe(line), style=_STYLES.get(line[0], "")))

    for change in diff.files:
        console.print(Rule(safe(f"{change.file}: {', '.join(change.roles)}"), align="left"))
        show(change.diff)
    if diff.same_files:
        return
    couple = spec.couple
    people = f"{couple.a.called} and {couple.b.called} with {spec.therapist.name}; {spec.topic.title}"
    console.print(Rule(safe(f"What is sent, for {people}"), align="left"))
    for lines, alike in groupby(diff.sent, lambda sent: sent.diff):
        for sent in alike:
            before, after = sent.tokens
            tokens = f"about {before:,} tokens, then {after:,}" if before != after else f"about {before:,} tokens"
            console.print(Text(f"{sent.role}: {tokens}", style="bold"))
        show(lines or ("  the same",))


_STYLES = {"+": "green", "-": "red", "@": "cyan"}
