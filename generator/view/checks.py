"""Checks the whole sessions of a run beside what else is done, and remembers which findings each has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from generator.assets import Assets
from generator.contract import load_contract
from generator.errors import CouplesimError
from generator.inspection import check_session
from generator.ledger import Ledger

REST = 1.0
"""Seconds it rests for each second that it works, so that pages need not wait."""


class Checks:
    """The checks of one run. `begin` as often as is wished: what has been checked is not checked again."""

    def __init__(self, folder: Path) -> None:
        self.codes: dict[int, frozenset[str]] = {}
        """The codes found in each session checked so far, by its number."""
        self.problem = ""
        """Why the checks have come to an end before all was checked."""
        self._folder = folder
        self._work: threading.Thread | None = None

    def begin(self, numbers: Sequence[int]) -> None:
        """See to it that these sessions are being checked."""
        waiting = [number for number in numbers if number not in self.codes]
        if waiting and not self.at_work:
            self._work = threading.Thread(target=self._check, args=(waiting,), daemon=True)
            self._work.start()

    @property
    def at_work(self) -> bool:
        """Whether more is on the way."""
        return self._work is not None and self._work.is_alive()

    def wait(self) -> None:
        """Until those asked for are checked."""
        if self._work is not None:
            self._work.join()

    def _check(self, numbers: Sequence[int], now: Callable[[], float] = time.monotonic) -> None:
        try:
            contract = load_contract(None, Assets())
            ledger = Ledger.read(self._folder)
            try:
                for number in numbers:
                    began = now()
                    row = ledger.session(number)
                    if row is not None:
                        found = check_session(row, ledger.turns(row.id), contract)
                        self.codes[number] = frozenset(finding.code for finding in found)
                    time.sleep(REST * (now() - began))
            finally:
                ledger.close()
            self.problem = ""
        except CouplesimError as error:
            self.problem = str(error)
