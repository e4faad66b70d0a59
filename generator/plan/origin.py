"""Where a plan's values stand in its file, so that a mistake found later still has its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from generator.strict_yaml import Document, Loc, Place, as_written


@dataclass(frozen=True)
class Origin:
    """A plan's file; empty for a plan made of options."""

    source: str = field(default="", compare=False)
    """The file's path as it was given. Where a plan comes from is no part of it: all origins are equal."""
    document: Document = field(default_factory=lambda: Document(None), compare=False)
    given: frozenset[str] = field(default=frozenset(), compare=False)
    """Keys of the plan that an option has given instead."""

    def at(self, loc: Sequence[str | int], key: bool = False) -> str:
        """ "plan.yaml:3:12: " for the value there, or for its key; empty where the file says nothing of it."""
        if loc[0] in self.given or (loc[0],) not in self.document.values:
            return ""
        line, column = self.place(tuple(loc), key)
        return f"{self.source}:{line}:{column}: "

    def says(self, loc: Loc) -> bool:
        """Whether the file gives a value there, and not `null`."""
        value = self.document.data
        for part in loc:
            value = value.get(part) if isinstance(value, dict) else None
        return value is not None

    def place(self, loc: Loc, key: bool = False) -> Place:
        """Line and column of the value, or of the nearest one around it."""
        loc = as_written(loc, self.document)
        if key and loc in self.document.keys:
            return self.document.keys[loc]
        while loc and loc not in self.document.values:
            loc = loc[:-1]
        return self.document.values.get(loc, (1, 1))
