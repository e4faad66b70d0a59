"""A run in the list of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import CouplesimError
from generator.ledger import Ledger, Status
from generator.ledger.file import holder


@dataclass(frozen=True, slots=True)
class Brief:
    """What is known of a run without reading what was said in it."""

    key: str
    """Its name in addresses."""
    began: str = ""
    """UTC."""
    made_by: str = ""
    running: bool = False
    by_status: Mapping[Status, int] | None = None
    """Sessions; None where the ledger cannot be read."""
    problem: str = ""
    """Why the ledger cannot be read, and what to do."""

    @property
    def sessions(self) -> int:
        """How many it has."""
        return sum((self.by_status or {}).values())

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.running:
            return "running"
        return "stopped" if self.by_status and self.by_status["open"] else "finished"


def brief(key: str, folder: Path) -> Brief:
    """A run in brief, whatever state its ledger is in."""
    try:
        ledger = Ledger.read(folder)
        try:
            return brief_of(key, ledger)
        finally:
            ledger.close()
    except CouplesimError as error:
        return Brief(key, problem=str(error))


def brief_of(key: str, ledger: Ledger) -> Brief:
    """An open run in brief."""
    held = holder(ledger.folder)
    made_by, began = ledger.made_by
    return Brief(key, began, made_by, held is not None and held.now, ledger.by_status())
