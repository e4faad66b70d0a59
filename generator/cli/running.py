"""Carries a run out at the terminal: caps, signals, and what is said at the end."""

from __future__ import annotations

import asyncio
import gc
import importlib.metadata
import itertools
import shlex
import signal
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any

import click

from generator import batch, preflight
from generator.budget import RunPurse
from generator.cli.progress import Progress
from generator.cli.terminal import safe
from generator.engines.local import Local
from generator.engines.protocol import Stop
from generator.errors import CapReached, CouplesimError, DiskFull
from generator.ledger import Ledger, changes
from generator.plan import Plan
from generator.prices import Prices
from generator.schema.label import PRINCIPALS
from generator.schema.session import REHEARSAL, Cast, Spec
from generator.settings import Chats
from generator.summary import Summary, summary

REHEARSALS = 4
"""Sessions side by side where nobody is waited for."""
FAILED_NAMED = 5
GARBAGE_THRESHOLDS = (5_000, 10, 10)
MEGABYTE = 1_000_000
LAG_SECONDS = 1.0
"""A longer pause of the whole program is said to be one."""

_WHY_HELD = {
    "asked": "as the endpoint asked",
    "away": "before asking again, as the endpoint does not answer",
    "paced": "before the next request, as the endpoint refuses more",
}

SCRIPTED = "rehearsal: every word is scripted text from phrase banks, no language model was used"


def made_by() -> str:
    """What made a run, for its ledger."""
    return f"couplesim {importlib.metadata.version('couplesim')}"


def require_caps(plan: Plan, specs: Iterable[Spec], prices: Prices) -> None:
    """Raises InputError if the plan's caps cannot be kept to: a price is unknown, or a turn has no limit."""
    if plan.run_cost is None and plan.run_tokens is None:
        return
    sessions = list(specs)
    if plan.run_cost is not None:
        models = {spec.models.of(label).name: None for spec in sessions for label in PRINCIPALS}
        prices.require(models, "--run-cost")
    preflight.require_limits(sessions, "--run-cost" if plan.run_tokens is None else "--run-tokens")


def run(
    ledger: Ledger, plan: Plan, prices: Prices, *, concurrency: int, quiet: bool, retry_failed: bool = False
) -> int:
    """Carry out the ledger's open sessions. Returns the exit code; errors are printed and become one."""
    before = summary(ledger, prices.cost)
    purse = RunPurse(plan.run_tokens, plan.run_cost, prices.bound, before.tokens, before.cost or 0.0)
    chats = Chats(most_requests=concurrency)
    sessions = before.complete + before.ended + before.failed + before.open
    progress = Progress(
        sessions,
        sessions - before.open,
        ledger.planned_turns(),
        before.turns,
        quiet,
        lambda: _spent(purse),
        lambda: _limits(chats),
    )
    try:
        with progress:
            code = _on_a_loop(_run(ledger, chats, purse, progress, concurrency, retry_failed))
    except CouplesimError as error:
        click.echo(safe(f"couplesim: {error}"), err=True)
        if isinstance(error, DiskFull):
            _say_what_room_is_needed(ledger)
        code = error.exit_code
    counts = summary(ledger, prices.cost)
    with suppress(CouplesimError):
        ledger.write(changes.summarise, {**counts.as_dict(), "exit_code": code})
    if not code and counts.failed:
        code = 3
    return code


def _say_what_room_is_needed(ledger: Ledger) -> None:
    with suppress(CouplesimError):
        turns, needed = ledger.room_to_come()
        if needed:
            click.echo(f"the {turns:,} turns still to come need about {needed / MEGABYTE:.1f} MB", err=True)


def say_how_it_went(ledger: Ledger, counts: Summary, code: int) -> None:
    """Print what was made, where it is, and what to do next; where nothing was made, only why, as an error."""
    rows = itertools.islice(ledger.each("failed"), FAILED_NAMED)
    failed = [f"failed:      session {row.number}, {row.message}" for row in rows]
    if code and not counts.turns:
        for line in failed:
            click.echo(safe(line), err=True)
        return
    click.echo(f"{_sessions(counts)}")
    details = [f"{counts.turns:,} turns", f"{counts.cut:,} cut off by the budget", *counts.marked]
    click.echo(f"turns:       {', '.join(details)}")
    apart = f"of them {counts.counted_apart}" if counts.counted_apart else "every request holds the whole history"
    click.echo(f"tokens:      {'' if counts.exact else '<= '}{counts.tokens:,} ({apart})")
    for line in money_lines(counts):
        click.echo(line)
    if counts.failures:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in counts.failures.items())
        click.echo(f"retried:     {kinds}")
    if uses_rehearsal(ledger):
        click.echo(SCRIPTED)
    for line in failed:
        click.echo(safe(line))
    click.echo(f"transcripts: {ledger.folder / 'transcripts'}")
    click.echo(f"read one:    couplesim show {shlex.quote(str(ledger.folder))}")


def money_lines(counts: Summary) -> list[str]:
    """What the run has cost, where that is known and not nothing."""
    if not counts.cost or counts.nominal_cost is None:
        return []
    at_most = "" if counts.exact else "<= "
    return [f"cost:        {at_most}${counts.cost:.2f} ({counts.nominal_cost_told})"]


def say_what_was_kept(ledger: Ledger, counts: Summary, code: int) -> None:
    """After an exit that is not 0: what was kept, what may have been paid for nothing, and how to go on."""
    if not code:
        return
    turns, sessions = ledger.counts()
    if counts.possibly_paid_twice:
        click.echo(f"at most {counts.possibly_paid_twice} requests may be paid for without a turn", err=True)
    again = " --retry-failed" if counts.failed else ""
    if code == CapReached.exit_code:
        caps = {"run_cost": " --run-cost USD", "run_tokens": " --run-tokens N"}
        again += "".join(option for cap, option in caps.items() if ledger.plan[cap] is not None)
    click.echo(
        f"kept: {turns} turns in {sessions} sessions; "
        f"resume: couplesim resume {shlex.quote(str(ledger.folder))}{again}",
        err=True,
    )
    if not turns:
        click.echo("or correct the command and run generate again", err=True)


def uses_rehearsal(ledger: Ledger) -> bool:
    """Whether anybody in the run speaks scripted text."""
    return any(each.model == REHEARSAL for each in ledger.spent())


def _sessions(counts: Summary) -> str:
    number = counts.complete + counts.ended + counts.failed + counts.open
    why = ", ".join(f"{count:,} {reason}" for reason, count in counts.reasons.items() if reason != "session_tokens")
    parts = [f"{counts.complete:,} complete"]
    parts += [
        f"{count:,} {word}"
        for word, count in (
            ("ended by budget", counts.ended),
            (f"failed ({why})", counts.failed),
            ("open", counts.open),
        )
        if count
    ]
    return f"{number:,} session{'s' * (number != 1)}: {', '.join(parts)}"


def _on_a_loop(main: Coroutine[Any, Any, int]) -> int:
    import uvloop

    gc.collect()
    gc.freeze()  # what has been imported stays; looking through it again and again takes a third of a run's time
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def _run(
    ledger: Ledger, chats: Chats, purse: RunPurse, progress: Progress, concurrency: int, retry_failed: bool
) -> int:
    stop, received = Stop(), 0
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def interrupted(number: int) -> None:
        nonlocal received
        again, received = bool(received), number
        if again:
            task.cancel()
            return
        stop.request()
        in_flight = sum(gate.in_flight for gate in chats.gates())
        progress.say(f"stopping: {in_flight} turns in flight, Ctrl-C again to drop them")

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, interrupted, name)
    engine = Local(lambda spec: chats.of(spec.models), _at_a_time(ledger, concurrency))
    watch = asyncio.create_task(_watch_the_clock(progress, chats))
    try:
        await batch.carry_out(ledger, engine, progress, stop, purse=purse, retry_failed=retry_failed)
    except asyncio.CancelledError:
        pass
    finally:
        watch.cancel()
        with suppress(Exception):
            await chats.close()
    return 128 + received if received else 0


def _at_a_time(ledger: Ledger, concurrency: int) -> int:
    first = ledger.session(1)
    local = Cast()
    scripted = first is not None and all(first.spec.models.of(label) == local.of(label) for label in PRINCIPALS)
    return min(concurrency, REHEARSALS) if scripted else concurrency


async def _watch_the_clock(progress: Progress, chats: Chats) -> None:
    """Say so when the program itself was held up: what comes late then is not the endpoint's fault. Until the first
    reply it is no wonder: libraries are being loaded."""
    loop = asyncio.get_running_loop()
    while True:
        progress.tick()
        began = loop.time()
        await asyncio.sleep(LAG_SECONDS)
        lag = loop.time() - began - LAG_SECONDS
        if lag > LAG_SECONDS and any(gate.answered for gate in chats.gates()):
            progress.say(f"this machine was too busy for the program for {lag:.1f} s; endpoints may seem slow")


def _spent(purse: RunPurse) -> str:
    tokens = f"{purse.tokens:,}" + (f" of {purse.tokens_cap:,}" if purse.tokens_cap else "") + " tokens"
    if purse.cost_cap:
        return f"{tokens}, ${purse.cost:.2f} of ${purse.cost_cap:.2f}"
    return f"{tokens}, ${purse.cost:.2f}" if purse.cost else tokens


def _limits(chats: Chats) -> str:
    gates = chats.gates()
    if not gates:
        return ""
    said = f"{sum(gate.in_flight for gate in gates)} of {sum(gate.limit for gate in gates)} under way"
    last = max(gates, key=lambda gate: gate.held_seconds)
    held = last.held_seconds
    return said + (f", waiting {held:.0f} s {_WHY_HELD[last.why_held]}" if held >= 1 else "")
