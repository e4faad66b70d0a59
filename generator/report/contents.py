"""What a report holds, before it becomes a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.check.drift import Band
from generator.compare import Comparison
from generator.schema.finding import Severity
from generator.schema.label import Label
from generator.schema.profile import SessionFigures
from generator.summary import Summary

FILTERS = {
    "run": "run",
    "couple": "couple",
    "topic": "topic",
    "prompts": "prompt set",
    "model": "model",
    "finding": "finding",
    "end": "end",
}
"""What sessions can be filtered by, and how that is called."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One session in the list, and what pictures need of it."""

    key: str
    number: int
    title: str
    filters: Mapping[str, tuple[str, ...]]
    """What it is found by: one value each, or one a finding."""
    sensitive: bool
    arm: str
    """The side of the comparison it is on; the same for all where nothing is compared."""
    speakers: tuple[Label, ...]
    """Who speaks, turn by turn."""
    cuts: tuple[bool, ...]
    """Which turns are cut off."""
    trimmed: int
    """Turns from which something was taken away."""
    told: int
    """How often something of the personas comes out."""
    grave: int
    """Findings that are more than a note."""
    figures: SessionFigures | None
    """None for sessions with holes, and where figures cannot be taken."""
    packed: str
    """The whole session; see `pack`."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a run is from the reference."""

    bands: tuple[Band, ...]
    """Every figure with its band; empty if it could not be judged."""
    against: str
    """What it was compared with; or why it was not, if there are no bands."""

    def having(self, verdict: str) -> list[Band]:
        """The figures of this verdict."""
        return [band for band in self.bands if band.verdict == verdict]


@dataclass(frozen=True, slots=True)
class FoundCode:
    """How often a check found one thing."""

    code: str
    severity: Severity
    what: str
    """What the code means."""
    count: int
    sessions: int
    """In how many sessions."""


@dataclass(frozen=True, slots=True)
class FailedSession:
    """A session that could not go on."""

    key: str
    number: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a factor that is varied, and what its sessions came to."""

    factor: str
    name: str
    whole: int
    """Sessions complete, or ended by a budget as asked."""
    failed: int
    open: int


@dataclass(frozen=True, slots=True)
class RunPart:
    """What is said of one run."""

    name: str
    """As it is shown."""
    made_by: str
    began: str
    """UTC."""
    counts: Summary
    settings: Mapping[str, str]
    """What its sessions have in common or share out among them, for people: "couples" to "ruth-harold (12)"."""
    levels: tuple[Level, ...]
    drift: Drift
    failed: tuple[FailedSession, ...]
    """All of them."""
    scripted: bool
    """Whether anybody in it speaks the rehearsal's scripted text."""

    @property
    def sessions(self) -> int:
        """All sessions, whatever became of them."""
        return self.counts.complete + self.counts.ended + self.counts.failed + self.counts.open


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a report."""

    runs: tuple[RunPart, ...]
    entries: tuple[Entry, ...]
    found: tuple[FoundCode, ...]
    comparison: Comparison | None
    """None where there is nothing to compare."""

    @property
    def arms(self) -> tuple[str, ...]:
        """What pictures tell apart: the sides that are compared, the reference first; the runs if nothing is."""
        if self.comparison is not None:
            return tuple(side.name for side in self.comparison.sides)
        return tuple(dict.fromkeys(entry.arm for entry in self.entries))
