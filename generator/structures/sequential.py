"""Therapist, one partner, the other, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from generator.schema.label import Label


class Sequential:
    """A fixed round of three."""

    name = "Sequential"
    summary = "therapist, first partner, second partner, again and again"

    def __init__(self, first: Literal["A", "B"], turns: int) -> None:
        self._round: tuple[Label, Label, Label] = (
            ("Therapist", "Patient A", "Patient B") if first == "A" else ("Therapist", "Patient B", "Patient A")
        )
        self._turns = turns

    def next(self, spoken: Sequence[Label]) -> Label | None:
        """The next of the round; None once all turns have been spoken."""
        if len(spoken) >= self._turns:
            return None
        return self._round[len(spoken) % 3]
