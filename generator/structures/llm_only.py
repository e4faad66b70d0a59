"""The seed's structure: a counting rule that lets the partners talk to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from generator.schema.label import Label

WINDOW = 6
"""Turns looked back on."""
THERAPIST_SHARE = 2
"""Turns of the window that are the therapist's by right."""
SETTLED = 5
"""Turns after which the therapist's share counts."""


class LLMOnly:
    """Never the same speaker twice; the therapist has two of any six turns; the partners share the rest."""

    name = "LLM Only"
    summary = "partners talk to each other, the therapist takes about two turns in six"

    def __init__(self, first: Literal["A", "B"], turns: int) -> None:
        self._first: Label = "Patient A" if first == "A" else "Patient B"
        self._turns = turns

    def next(self, spoken: Sequence[Label]) -> Label | None:
        """The next speaker by the counting rule; None once all turns have been spoken."""
        if len(spoken) >= self._turns:
            return None
        if not spoken:
            return "Therapist"
        if len(spoken) == 1:
            return self._first
        recent = spoken[-WINDOW:]
        if len(spoken) >= SETTLED and recent.count("Therapist") < THERAPIST_SHARE and spoken[-1] != "Therapist":
            return "Therapist"
        a_count, b_count = recent.count("Patient A"), recent.count("Patient B")
        choice: Label = "Patient A" if a_count <= b_count else "Patient B"
        if choice == spoken[-1]:
            return "Patient B" if choice == "Patient A" else "Patient A"
        return choice
