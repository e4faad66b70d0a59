"""What a check has to say."""

from __future__ import annotations

from typing import Literal, get_args

from generator.schema.record import Record

Severity = Literal["error", "warning", "note"]
"""`error`: the transcript is broken, or says what no session may. `warning`: very likely wrong, by a rule
that can be mistaken. `note`: a fact worth knowing, often as it should be."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the gravest."""

Level = Literal["format", "conduct", "drift"]
"""`format`: the grammar of the file. `conduct`: how one session goes. `drift`: how a set of sessions differs
from its reference."""


class Finding(Record):
    """One thing a check has to say."""

    code: str
    """Stable; `docs/check.md` explains each."""
    level: Level
    severity: Severity
    path: str
    """The file, "-" for standard input; for drift, what was compared."""
    line: int | None
    """From 1. None: it is about the file, or the set, as a whole."""
    message: str
    words: str = ""
    """The words concerned, as they stand there; empty if the message says it all."""
    remedy: str
    """What to do about it."""

    @property
    def place(self) -> str:
        """`path:line`, for people and editors."""
        return f"{self.path}:{self.line}" if self.line else self.path


def at_least(severity: Severity, bound: Severity) -> bool:
    """Whether `severity` is as grave as `bound` or graver."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(bound)
