"""Carries a run out at the terminal: progress, signals, and what is said at the end."""

from __future__ import annotations

import asyncio
import importlib.metadata
import shlex
import signal
import sys
import time
from contextlib import suppress
from typing import Any

import click

from generator import batch
from generator.cli.terminal import safe
from generator.errors import CouplesimError
from generator.ledger import Ledger, SessionRow, Status
from generator.schema.label import PRINCIPALS
from generator.schema.session import REHEARSAL
from generator.schema.turn import Turn
from generator.settings import Chats

GRACE_SECONDS = 30.0
"""How long the turn in flight may take after the first Ctrl-C."""

SLOW_SECONDS = 5
"""After so long without a new turn, the progress says how long it has waited."""

SCRIPTED = "rehearsal: every word is scripted text from phrase banks, no language model was used"


def made_by() -> str:
    """What made a run, for its ledger."""
    return f"couplesim {importlib.metadata.version('couplesim')}"


def run(ledger: Ledger, *, quiet: bool, retry_failed: bool = False) -> int:
    """Carry out the ledger's open sessions. Returns the exit code; errors are printed and become one."""
    total = sum(row.spec.turns for row in ledger.sessions())
    progress = _Progress(total, ledger.counts()[0], quiet)
    try:
        with progress:
            code = asyncio.run(_run(ledger, progress, retry_failed))
    except CouplesimError as error:
        click.echo(f"couplesim: {error}", err=True)
        code = error.exit_code
    return code


def say_how_it_went(ledger: Ledger, code: int) -> None:
    """Print what was made, where it is, and what to do next; where nothing was made, only why, as an error."""
    rows = ledger.sessions()
    failed = [f"failed:      session {row.number}, {row.message}" for row in rows if row.status == "failed"][:5]
    if code and not ledger.counts()[0]:
        for line in failed:
            click.echo(safe(line), err=True)
        return
    counts = batch.summary(ledger)
    parts = [f"{counts.complete} complete"]
    parts += [
        f"{number} {word}"
        for word, number in (("ended by budget", counts.ended), ("failed", counts.failed), ("open", counts.open))
        if number
    ]
    click.echo(f"{len(rows)} session{'s' * (len(rows) != 1)}: {', '.join(parts)}")
    details = [f"{counts.turns} turns", f"{counts.cut} cut off by the budget"]
    details += [
        f"{number} {word}"
        for word, number in (
            ("trimmed", counts.trimmed),
            ("after retries", counts.retried),
            ("repeating an earlier one", counts.repeats),
        )
        if number
    ]
    click.echo(f"turns:       {', '.join(details)}")
    tokens = f"{'<= ' if counts.tokens_estimated else ''}{counts.tokens:,}"
    click.echo(f"tokens:      {tokens} (every request holds the whole history)")
    if any(row.spec.models.of(label).name == REHEARSAL for row in rows[:1] for label in PRINCIPALS):
        click.echo(SCRIPTED)
    for line in failed:
        click.echo(safe(line))
    click.echo(f"transcripts: {ledger.folder / 'transcripts'}")
    click.echo(f"read one:    couplesim show {shlex.quote(str(ledger.folder))}")


def say_what_was_kept(ledger: Ledger, code: int) -> None:
    """After an exit that is not 0: what was kept, what may have been paid for nothing, and how to go on."""
    if not code:
        return
    turns, sessions = ledger.counts()
    counts = batch.summary(ledger)
    if counts.possibly_paid_twice:
        click.echo(f"at most {counts.possibly_paid_twice} requests may be paid for without a turn", err=True)
    again = " --retry-failed" if counts.failed else ""
    click.echo(
        f"kept: {turns} turns in {sessions} sessions; "
        f"resume: couplesim resume {shlex.quote(str(ledger.folder))}{again}",
        err=True,
    )
    if not turns:
        click.echo("or correct the command and run generate again", err=True)


async def _run(ledger: Ledger, progress: _Progress, retry_failed: bool) -> int:
    chats, stop, received = Chats(), batch.Stop(), 0
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def interrupted(number: int) -> None:
        nonlocal received
        if stop.requested:
            task.cancel()
            return
        stop.requested, received = True, number
        progress.say("stopping after the turn in flight; Ctrl-C again to drop it")
        loop.call_later(GRACE_SECONDS, task.cancel)

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, interrupted, name)
    try:
        counts = await batch.carry_out(ledger, lambda spec: chats.of(spec.models), progress, stop, retry_failed)
    except asyncio.CancelledError:
        counts = batch.summary(ledger)
    finally:
        with suppress(Exception):
            await chats.close()
    if received:
        return 128 + received
    return 3 if counts.failed else 0


class _Progress:
    """Shows a run's progress on standard error: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, turns: int, kept: int, quiet: bool) -> None:
        self._quiet = quiet
        self._live: Any = None
        self._task: Any = None
        self._turns, self._kept = turns, kept
        self._began = self._since = time.monotonic()
        self._at = "beginning"

    def __enter__(self) -> _Progress:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                ProgressColumn,
                TextColumn,
                TimeElapsedColumn,
            )
            from rich.text import Text

            progress = self

            class Doing(ProgressColumn):
                def render(self, task: Any) -> Text:
                    return Text(progress.doing())

            columns = (
                Doing(),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("turns"),
                TimeElapsedColumn(),
            )
            self._live = Progress(*columns, console=Console(stderr=True), transient=True)
            self._live.start()
            self._task = self._live.add_task("generating", total=self._turns, completed=self._kept)
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def doing(self) -> str:
        """Session and turn being waited for, and how long if it is slow."""
        waited = int(time.monotonic() - self._since)
        return self._at + (f", waiting {waited} s" if waited >= SLOW_SECONDS else "")

    def session_begins(self, row: SessionRow, turns_kept: int) -> None:
        self._began = time.monotonic()
        self._waits_for(row, turns_kept + 1)

    def turn_kept(self, row: SessionRow, turn: Turn) -> None:
        self._waits_for(row, turn.n + 1)
        if self._live is not None:
            self._live.advance(self._task)

    def session_ends(self, row: SessionRow, status: Status, reason: str | None, message: str | None) -> None:
        seconds = time.monotonic() - self._began
        self.say(f"session {row.number}: {status}{f' ({reason})' if reason else ''}, {seconds:.1f} s")

    def _waits_for(self, row: SessionRow, turn: int) -> None:
        self._at, self._since = f"session {row.number}, turn {min(turn, row.spec.turns)}", time.monotonic()

    def say(self, text: str) -> None:
        """Print one line beside the progress."""
        if self._live is not None:
            self._live.console.print(text, highlight=False, markup=False)
        elif not self._quiet:
            click.echo(text, err=True)
