"""What is measured of a session, and a session as one row of an experiment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measure:
    """One number a session, with what has to be known to read it."""

    name: str
    """Stable: `airtime_gap`, `fas`."""
    words: str
    """For people, in the middle of a sentence: "airtime gap between the partners"."""
    definition: str
    """How it is computed, in one or two sentences."""
    sign: str
    """What a high or a positive value means."""
    source: str
    """Where the idea comes from: author and year, or "this project"."""
    weakness: str
    """What it gets wrong."""
    least: float = -math.inf
    """No value is below this."""
    most: float = math.inf
    """No value is above this."""
    tolerance: float = 0.0
    """The smallest difference that matters, in the measure's own unit; tells how many decimals are shown."""

    def shown(self, value: float | None) -> str:
        """A value for people, as exact as it matters; "-" where it is missing."""
        if value is None:
            return "-"
        return f"{value:z.{3 if self.tolerance < 0.02 else 2 if self.tolerance < 0.5 else 1}f}"


@dataclass(frozen=True, slots=True)
class Case:
    """One session as a row of an experiment."""

    run: str
    """The run's folder, as it is shown."""
    number: int
    """Of the session in its run, from 1."""
    factors: Mapping[str, str]
    """What the design or the spec says of it: couple, topic, therapist, structure, first_speaker, prompt_set, models,
    temperatures, budget, and every factor of its plan."""
    repeat: int
    """Which of its cell's sessions it is, from 1."""
    values: Mapping[str, float | None] = field(default_factory=dict)
    """By the measure's name; None, or no entry, is missing: never zero, never neutral."""
    spec: Mapping[str, str] = field(default_factory=dict)
    """Everything that determines the session, as text by its dotted name (`prompts.a`, `models.therapist.name`,
    `rng_seed`), people and prompts by the hash of their content: sessions differ in what differs here."""
