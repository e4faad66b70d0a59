"""`couplesim repair`."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.ledger.salvage import Saved


@click.command("repair", short_help="Mend a damaged run.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
def command(run_folder: Path) -> None:
    """Copy what is readable of the ledger in folder RUN into a new one, and say what was saved and what was lost.

    The damaged ledger is not changed; it is kept as ledger.damaged.db. Sessions that lost turns are open again; their
    transcripts, if they were written, are put aside. Nothing is sent to a model. A ledger made by an older couplesim
    is brought up to date, after a copy.
    """
    from generator import batch
    from generator.cli.runs import run_at
    from generator.errors import InputError
    from generator.ledger.repair import bring_up_to_date, repair
    from generator.plan import load_plan

    folder = run_at(run_folder)
    if copy := bring_up_to_date(folder):
        click.echo(f"brought up to date; the old ledger is kept as {copy}")
        return
    plan: dict[str, Any] | None = None
    with suppress(InputError):
        plan = load_plan(folder / "plan.yaml").model_dump(mode="json")
    saved = repair(folder, plan)
    click.echo(f"saved: {len(saved.sessions):,} sessions, {saved.turns:,} turns, {len(saved.attempts):,} requests")
    for line in _lost(saved, plan is not None):
        click.echo(safe(f"lost:  {line}"))
    aside = sum(batch.put_aside(folder, session.number, session.spec) for session in saved.set_back)
    if aside:
        click.echo(f"{aside:,} transcripts that say more than that are in {folder / 'transcripts' / 'before-repair'}")
    click.echo(f"the damaged ledger is kept as {saved.kept_as}")
    click.echo(f"go on: couplesim resume {shlex.quote(str(folder))}")


def _lost(saved: Saved, has_plan: bool) -> Iterator[str]:
    missing = saved.missing
    if missing:
        turns = f", with {saved.orphans:,} turns" if saved.orphans else ""
        yield f"{_numbers('session', missing)}{turns}; generate with the same plan adds what is missing"
    elif saved.orphans:
        yield f"sessions after number {max(each.number for each in saved.sessions.values())}, {saved.orphans:,} turns"
    if "session" in saved.torn:
        yield "perhaps sessions with higher numbers, of which nothing is left"
    for session in sorted(saved.set_back, key=lambda each: each.number):
        yield f"session {session.number}: turns {len(session.turns) + 1} to {len(session.turns) + session.lost_turns}"
    if "turn" in saved.torn:
        yield "perhaps last turns of sessions that were open; they are spoken again"
    if "attempt" in saved.torn:
        yield "some requests: what the run has taken may be more than is told from now on"
    if saved.plan is None:
        taken = "that of plan.yaml has taken its place" if has_plan else "and with it caps in tokens or money"
        yield f"the plan; {taken}"


def _numbers(word: str, numbers: list[int]) -> str:
    """ "sessions 3, 5 to 9"."""
    spans = []
    for _, group in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        spans.append(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}")
    return f"{word}{'s' * (len(numbers) > 1)} {', '.join(spans)}"
