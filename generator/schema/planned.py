"""A session as a plan has it: what determines it, and where in the design it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from generator.schema.session import Spec
from generator.schema.turn import Turn


@dataclass(frozen=True, slots=True)
class Planned:
    """One session of a plan."""

    spec: Spec
    cell: Mapping[str, str] = field(default_factory=dict)
    """Which level of each factor it has, by the factor's name; empty where nothing is varied."""
    repeat: int = 1
    """Which of its cell's sessions it is, from 1."""
    prefix: Sequence[Turn] = ()
    """The turns that its spec says it begins with."""

    @property
    def key(self) -> str:
        """Its place in the design, as text: equal for equal cells and repeats, whatever is in the files."""
        return key_of(self.cell, self.repeat)


def key_of(cell: Mapping[str, str], repeat: int) -> str:
    """A place in a design, as text."""
    return json.dumps([dict(sorted(cell.items())), repeat], ensure_ascii=False)
