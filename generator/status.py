"""How a run stands: who holds it, what has come of it, what is under way. From its ledger and its lock, only read."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from generator.ledger import Ledger, Unanswered
from generator.ledger.file import Holder, holder
from generator.summary import Price, Summary, summary

FAILED_NAMED = 5


@dataclass(frozen=True, slots=True)
class FailedSession:
    """A session that could not go on."""

    number: int
    reason: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A run at one moment."""

    made_by: str
    began: str
    """UTC."""
    holder: Holder | None
    """Who holds it or has held it last; None if nobody ever has."""
    counts: Summary
    planned_turns: int
    token_cap: int | None
    cost_cap: float | None
    """USD."""
    failed_sessions: Sequence[FailedSession]
    """The first few."""
    under_way: Sequence[Unanswered]
    """Requests that are waited for; none where nobody holds the run."""

    @property
    def running(self) -> bool:
        """Whether a process is at work on it."""
        return self.holder is not None and self.holder.now

    @property
    def possibly_paid_twice(self) -> int:
        """Requests that may have been billed and brought no turn, without those under way."""
        return self.counts.possibly_paid_twice - len(self.under_way)

    @property
    def next_options(self) -> tuple[str, ...] | None:
        """With what `couplesim resume` goes on; None if it has nothing to do."""
        if self.running or not (self.counts.open or self.counts.failed):
            return None
        return ("--retry-failed",) if self.counts.failed else ()

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "running": self.running,
            **{name: value for name, value in asdict(self).items() if name != "counts"},
            **self.counts.as_dict(),
            "possibly_paid_twice": self.possibly_paid_twice,
        }


def standing(ledger: Ledger, price: Price) -> Standing:
    """How the run in `ledger` stands now."""
    held = holder(ledger.folder)
    with ledger.snapshot():
        made_by, began = ledger.made_by
        plan = ledger.plan
        unanswered = ledger.unanswered() if held is not None and held.now else []
        failed = itertools.islice(ledger.each("failed"), FAILED_NAMED)
        return Standing(
            made_by,
            began,
            held,
            summary(ledger, price),
            ledger.planned_turns(),
            plan.get("run_tokens"),
            plan.get("run_cost"),
            [FailedSession(row.number, row.reason, row.message) for row in failed],
            [each for each in unanswered if each.awaited and _began_since(each, held)],
        )


def _began_since(request: Unanswered, held: Holder | None) -> bool:
    return held is None or held.since is None or request.started_at >= held.since
