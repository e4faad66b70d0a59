"""How a run stands, in words: the lines of `couplesim status` and of the viewer."""

from __future__ import annotations

import calendar
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.ledger import Unanswered
from generator.status import Standing

WAITING_NAMED = 3


def lines(folder: Path, found: Standing, now: float) -> Iterator[tuple[str, str]]:
    """Name and text of each thing there is to say; `now` in seconds since the epoch. An empty name goes on with the one
    before."""
    counts = found.counts
    yield "run", f"{folder}, begun {ago(found.began, now)} by {found.made_by}"
    yield "state", _state(found, now)
    yield "sessions", _sessions(found)
    yield "turns", _turns(found)
    if counts.failures:
        yield "failures", "requests that brought no turn: " + _counted(counts.failures)
    if counts.reasons:
        yield "reasons", _counted(counts.reasons)
    at_most = "" if counts.exact else "<= "
    cap = f" of {found.token_cap:,}" if found.token_cap else ""
    yield "tokens", f"{at_most}{counts.tokens:,}{cap}" + (f", {counts.counted_apart}" if counts.counted_apart else "")
    if money := _money(found):
        yield "cost", money
    if found.possibly_paid_twice:
        yield "paid twice", f"at most {found.possibly_paid_twice:,} requests may be paid for without a turn"
    if found.under_way:
        yield "under way", _under_way(found.under_way, now)
    for index, failed in enumerate(found.failed_sessions):
        yield ("failed" if not index else ""), f"session {failed.number}: {failed.message or failed.reason}"
    if (more := counts.failed - len(found.failed_sessions)) > 0:
        yield "", f"and {more:,} more"
    yield from _next(folder, found)


def _state(found: Standing, now: float) -> str:
    held = found.holder
    who = f"pid {held.pid} on {held.host}" if held and held.pid else "a process"
    since = f" since {held.since}, {ago(held.since, now)}" if held and held.since else ""
    if found.running:
        return f"running: {who}{since}"
    state = "not finished" if found.counts.open else "finished"
    return f"{state}, nobody is at work on it" + (f"; the last was {who}{since}" if held else "")


def _sessions(found: Standing) -> str:
    counts = found.counts
    number = counts.complete + counts.ended + counts.failed + counts.open
    by = (
        (counts.complete, "complete"),
        (counts.ended, "ended by budget"),
        (counts.failed, "failed"),
        (counts.open, "open"),
    )
    return f"{number:,}: {', '.join(f'{count:,} {word}' for count, word in by if count)}"


def _turns(found: Standing) -> str:
    counts, planned = found.counts, found.planned_turns
    share = f" ({100 * counts.turns // planned} %)" if planned else ""
    cut = [f"{counts.cut:,} cut off by the budget"] if counts.cut else []
    return ", ".join([f"{counts.turns:,} of {planned:,}{share}", *cut, *counts.marked])


def _money(found: Standing) -> str:
    counts, cap = found.counts, found.cost_cap
    if counts.cost is None or counts.nominal_cost is None:
        return "unknown: there is no price for a model of this run"
    if not counts.cost and not cap:
        return ""
    of = f" of ${cap:.2f}" if cap else ""
    return f"<= ${counts.cost:.2f}{of} ({counts.nominal_cost_told})"


def _under_way(requests: Any, now: float) -> str:
    def told(each: Unanswered) -> str:
        return f"session {each.number}, turn {each.turn}, {_clock(now - _seconds(each.started_at))}"

    oldest = "; ".join(told(each) for each in requests[:WAITING_NAMED])
    number = len(requests)
    return f"{number:,} request{'s' * (number != 1)}" + (", the oldest: " if number > 1 else ": ") + oldest


def _next(folder: Path, found: Standing) -> Iterator[tuple[str, str]]:
    if command := go_on(folder, found):
        yield "go on", command
        if found.counts.open and found.counts.failed:
            yield "", "(without --retry-failed, failed sessions are left as they are)"
    elif not found.running:
        yield "read one", f"couplesim show {shlex.quote(str(folder))}"


def go_on(folder: Path, found: Standing) -> str | None:
    """The command that goes on with the run; None if it has nothing to do."""
    options = found.next_options
    return None if options is None else " ".join(["couplesim resume", shlex.quote(str(folder)), *options])


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    return ", ".join(f"{count:,} {name}" for name, count in ordered)


def ago(when: str, now: float) -> str:
    """How long before `now` a moment on record was: "3 min ago"."""
    return f"{_clock(now - _seconds(when))} ago"


def _seconds(when: str) -> float:
    return calendar.timegm(time.strptime(when, "%Y-%m-%dT%H:%M:%SZ"))


def _clock(seconds: float) -> str:
    """ "12 s", "3 min", "2 h 05 min", "4 days"; clocks that disagree give 0 s."""
    minutes = int(max(seconds, 0)) // 60
    if minutes < 1:
        return f"{int(max(seconds, 0))} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // (24 * 60)} days"
