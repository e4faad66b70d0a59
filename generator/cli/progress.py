"""Shows how a run goes on, on standard error: a live picture on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from generator.ledger import Status
from generator.schema.turn import Turn

if TYPE_CHECKING:
    from rich.console import RenderableType

LINE_SECONDS = 10.0
"""How often a plain line tells where a run of many sessions is."""
FEW_SESSIONS = 20
"""Of so many sessions, each one's end is told."""
SLOW_SECONDS = 5.0
"""After so long without its next turn, a session is named as waiting."""
RATE_SECONDS = 60.0
"""The rate of turns is that of the last minute."""


class Progress:
    """A `Watcher` that people can watch. Use it as a context."""

    def __init__(
        self,
        sessions: int,
        ended: int,
        turns: int,
        kept: int,
        quiet: bool,
        spent: Callable[[], str],
        limits: Callable[[], str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sessions`, of which `ended` are over; `turns`, of which `kept` are in the ledger. `spent`, `limits`: tell of
        tokens and money, and of how many requests are under way. `now`: in seconds."""
        self._now = now
        self._sessions, self._ended = sessions, ended
        self._turns, self._kept = turns, kept
        self._quiet, self._spent, self._limits = quiet, spent, limits
        self._live: Any = None
        self._failures: Counter[str] = Counter()
        self._waiting: dict[int, tuple[int, float]] = {}
        """By session: the turn that is waited for, and since when."""
        self._began: dict[int, float] = {}
        self._recent: deque[float] = deque(maxlen=4096)
        self._next_line = self._now() + LINE_SECONDS
        self._since = self._now()

    def __enter__(self) -> Progress:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                get_renderable=self._picture, console=Console(stderr=True), refresh_per_second=4, transient=True
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def session_begins(self, number: int, turns: int, turns_kept: int) -> None:
        self._began[number] = self._now()
        self._waiting[number] = (turns_kept + 1, self._now())

    def request_sent(self, number: int, turn: int) -> None:
        """Nothing to show: the wait is told from the last turn on."""

    def request_failed(self, number: int, kind: str) -> None:
        self._failures[kind] += 1

    def turn_kept(self, number: int, turn: Turn) -> None:
        self._kept += 1
        self._recent.append(self._now())
        self._waiting[number] = (turn.n + 1, self._now())
        self.tick()

    def session_ends(self, number: int, status: Status, reason: str | None, message: str | None) -> None:
        self._waiting.pop(number, None)
        seconds = self._now() - self._began.pop(number)
        if status == "open":
            return
        self._ended += 1
        if self._sessions <= FEW_SESSIONS or status == "failed":
            self.say(f"session {number}: {status}{f' ({reason})' if reason else ''}, {seconds:.1f} s")

    def tick(self) -> None:
        """Print the plain line that is due, if one is: of many sessions, or where somebody waits long."""
        if self._live is None and self._now() >= self._next_line and (self._sessions > FEW_SESSIONS or self._slowest()):
            self._next_line = self._now() + LINE_SECONDS
            self.say("  ".join(self.lines()))

    def say(self, text: str) -> None:
        """Print one line beside the progress."""
        if self._live is not None:
            self._live.console.print(text, highlight=False, markup=False)
        elif not self._quiet:
            click.echo(text, err=True)

    def lines(self) -> list[str]:
        """Where the run is, in words."""
        rate = self._rate()
        left = f", {_clock((self._turns - self._kept) / rate)} left" if rate else ""
        lines = [
            f"sessions {self._ended:,}/{self._sessions:,}, turns {self._kept:,}/{self._turns:,}, {rate:.1f}/s{left}",
            ", ".join(part for part in (self._spent(), self._limits()) if part),
        ]
        if self._failures:
            lines.append("retried: " + ", ".join(f"{count} {kind}" for kind, count in self._failures.most_common(4)))
        return [*lines, *self._slowest()]

    def _slowest(self) -> list[str]:
        if not self._waiting:
            return []
        number, (turn, since) = min(list(self._waiting.items()), key=lambda item: item[1][1])
        waited = self._now() - since
        return [f"slowest: session {number}, turn {turn}, waiting {waited:.0f} s"] if waited >= SLOW_SECONDS else []

    def _rate(self) -> float:
        """Turns a second, of the last minute."""
        now = self._now()
        while self._recent and now - self._recent[0] > RATE_SECONDS:
            self._recent.popleft()
        first = self._recent[0] if len(self._recent) == self._recent.maxlen else max(self._since, now - RATE_SECONDS)
        return len(self._recent) / max(now - first, 0.5)

    def _picture(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        picture = Table.grid()
        picture.add_row(ProgressBar(total=max(self._turns, 1), completed=self._kept, width=40))
        for line in self.lines():
            picture.add_row(Text(line, overflow="ellipsis", no_wrap=True))
        return picture


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
