"""Which sessions of a run go out: whole ones; those with holes if asked for. Read one by one, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from generator.ledger import Ledger, SessionRow, Status
from generator.schema.record import hash_of
from generator.schema.turn import Turn

WHOLE: tuple[Status, ...] = ("complete", "ended")
"""Sessions that came to the end they were to have."""


@dataclass(frozen=True, slots=True)
class Run:
    """The run that sessions come from."""

    id: str
    """Tells runs apart, copies and renamed folders aside."""
    made_by: str
    """What began it: "couplesim 0.1.0"."""
    began: str
    """UTC."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A session and what was said in it."""

    row: SessionRow
    turns: list[Turn]
    """At least one."""


class Selection:
    """The sessions to be exported, in order; iterate once. Afterwards the counts say what became of all others."""

    def __init__(self, ledger: Ledger, with_incomplete: bool) -> None:
        self.ledger, self.with_incomplete = ledger, with_incomplete
        self.run = run_of(ledger)
        self.sessions = self.turns = 0
        self.incomplete = 0
        """Sessions with holes among `sessions`."""
        self.left_out: Counter[Status] = Counter()
        """Sessions with holes that were not asked for."""
        self.silent = 0
        """Sessions asked for in which nothing was said, or nothing by the role whose view was asked for."""

    def __iter__(self) -> Iterator[Spoken]:
        for row in self.ledger.each():
            if row.status not in WHOLE and not self.with_incomplete:
                self.left_out[row.status] += 1
            elif turns := self.ledger.turns(row.id):
                self.sessions += 1
                self.turns += len(turns)
                self.incomplete += row.status not in WHOLE
                yield Spoken(row, turns)
            else:
                self.silent += 1

    def without(self, spoken: Spoken) -> None:
        """A session that came up has nothing to be exported."""
        self.sessions -= 1
        self.turns -= len(spoken.turns)
        self.incomplete -= spoken.row.status not in WHOLE
        self.silent += 1


def run_of(ledger: Ledger) -> Run:
    """Which run a ledger is of."""
    made_by, began = ledger.made_by
    first = ledger.session(1)
    return Run(hash_of(f"{began} {first.id if first else ''}"), made_by, began)
