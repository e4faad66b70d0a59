"""What a structure is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from generator.schema.label import Label


class Structure(Protocol):
    """Decides who speaks next from who has spoken. Pure: the same history gives the same answer."""

    name: str
    """As it stands in the transcript's `Structure:` line."""
    summary: str
    """One line for `couplesim list`."""

    def __init__(self, first: Literal["A", "B"], turns: int) -> None: ...

    def next(self, spoken: Sequence[Label]) -> Label | None:
        """The next speaker after `spoken`, or None when the session is over."""
        ...
