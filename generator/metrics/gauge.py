"""A measure and how it is read off a session; what there is to read it from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generator.people import People
from generator.schema.label import Label
from generator.schema.measure import Measure
from generator.schema.profile import SessionFigures
from generator.schema.session import Spec


@dataclass(frozen=True, slots=True)
class Heard:
    """One session as the measures hear it."""

    turns: Sequence[tuple[Label, str]]
    people: People
    figures: SessionFigures
    """Of these turns, one value a turn."""
    spec: Spec | None = None
    """None: not from a run. What hangs on it is missing then."""

    def said(self, label: Label) -> list[str]:
        """The texts of one speaker's turns, in order."""
        return [text for speaker, text in self.turns if speaker == label]

    def share(self, label: Label, does: Callable[[str], bool]) -> float | None:
        """The share of a speaker's turns that do something; None if the speaker has no turn."""
        said = self.said(label)
        return sum(map(does, said)) / len(said) if said else None


@dataclass(frozen=True, slots=True)
class Gauge:
    """One measure without a model."""

    measure: Measure
    value: Callable[[Heard], float | None]
    """None: there is nothing to count, or what would have to be known is not."""


def gap(one: float, other: float) -> float | None:
    """How two amounts differ, as a share of both: 1 all is the first's, 0 equal, -1 all is the other's.

    None if there is nothing of either.
    """
    return (one - other) / (one + other) if one + other else None
