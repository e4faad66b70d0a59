"""A run laid open for one request: its ledger, its sessions, and what the checks know of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator.ledger import Ledger, SessionRow
from generator.schema.turn import Turn
from generator.view.catalogue import Catalogue, Catalogues, Codes
from generator.view.checks import Checks
from generator.view.shelf import Shelf


class Missing(Exception):
    """What an address names is not there; says so to people."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A run."""

    key: str
    """Its name in addresses."""
    folder: Path
    ledger: Ledger
    catalogue: Catalogue
    checks: Checks

    @property
    def codes(self) -> Codes:
        """The findings known by now of each whole session, which are being checked from now on."""
        self.checks.begin(self.whole)
        return dict(self.checks.codes)

    @property
    def whole(self) -> list[int]:
        """The numbers of the sessions that are checked: those that came to the end they were to have."""
        return [line.entry.number for line in self.catalogue.lines.values() if line.whole]

    def session(self, number: int) -> tuple[SessionRow, list[Turn]]:
        """A session and what has been said in it. Raises Missing."""
        with self.ledger.snapshot():
            row = self.ledger.session(number) if number in self.catalogue.lines else None
            if row is None:
                raise Missing(f"{self.key} has no session {number}.")
            return row, self.ledger.turns(row.id)


class Desk:
    """Opens runs, and keeps what is dear to find out again."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._catalogues = Catalogues()
        self._checks: dict[tuple[str, tuple[str, ...]], Checks] = {}

    def look_ahead(self) -> None:
        """Find out now what the first page of the run alone on the shelf needs."""
        for key in self.shelf.runs() if self.shelf.is_run else ():
            with self.opened(key):
                pass

    @contextmanager
    def opened(self, key: str) -> Iterator[Opened]:
        """The run with this name in addresses, until the end of the block. Raises Missing or StorageError."""
        folder = self.shelf.runs().get(key)
        if folder is None:
            raise Missing(f"There is no run {key}.")
        ledger = Ledger.read(folder)
        try:
            catalogue, extent = self._catalogues.of(key, ledger)
            yield Opened(key, folder, ledger, catalogue, self._checks.setdefault((key, extent), Checks(folder)))
        finally:
            ledger.close()
