"""What a ledger can be asked: its plan, its sessions and turns, and what they come to. It is only read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.errors import StorageError
from generator.ledger import index, rows
from generator.ledger.file import storage, understood
from generator.ledger.index import End, Entry, Tally
from generator.ledger.rows import SessionRow, Status
from generator.schema.label import Label
from generator.schema.turn import Turn

PAGE = 256
"""Sessions read at a time."""

TURN_OVERHEAD_BYTES = 600
"""What a turn takes in the ledger beside its texts: its figures, its requests and what is free in their pages."""


_SESSION = "SELECT id, number, spec, status, reason, message, cell, repeat FROM session"


@dataclass(frozen=True, slots=True)
class Spent:
    """What the requests to one model have taken, in tokens."""

    model: str
    """As it was asked for."""
    prompt: int
    cached: int
    """Part of `prompt`."""
    completion: int
    reasoning: int
    """Part of `completion`."""
    at_most_prompt: int
    at_most_completion: int
    """What other requests may have taken at most: those that brought no turn and may have been billed, and those whose
    figures the endpoint did not give."""
    estimated_prompt: int
    estimated_completion: int
    """Estimate of what the latter have taken that brought a turn."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request whose end is not on record."""

    number: int
    """Of its session."""
    turn: int
    model: str
    """As it was asked for."""
    started_at: str
    """UTC."""
    awaited: bool
    """Whether it is its session's latest, for the turn that comes next: only such a one can be under way."""


class Reading:
    """The questions."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection
        self._specs = rows.Specs(self._document)

    @property
    def plan(self) -> dict[str, Any]:
        """The plan the run was made from."""
        with understood(self.folder / "ledger.db"):
            plan: dict[str, Any] = json.loads(self._all("SELECT plan FROM run")[0][0])
        return plan

    @property
    def made_by(self) -> tuple[str, str]:
        """What began the run, and when (UTC)."""
        made_by, created_at = self._all("SELECT made_by, created_at FROM run")[0]
        return made_by, created_at

    def prompt_set(self, hash_: str) -> dict[str, Any]:
        """A kept prompt set's settings and files."""
        with understood(self.folder / "ledger.db"):
            content: dict[str, Any] = json.loads(self._document(hash_))
        return content

    def is_untouched(self) -> bool:
        """Whether no turn was kept and no request can have been paid for."""
        return self.counts()[0] == 0 and self.possibly_paid_twice() == 0

    def session(self, number: int) -> SessionRow | None:
        """The session with this number, from 1; None if there is none."""
        found = self._all(f"{_SESSION} WHERE number = ?", number)
        return self._session(found[0]) if found else None

    def sessions(self) -> list[SessionRow]:
        """All sessions in order, all in memory; `each` reads them one by one."""
        return list(self.each())

    def each(self, *statuses: Status) -> Iterator[SessionRow]:
        """The sessions in order, read as they are asked for; with one of these statuses, or all."""
        chosen = f"AND status IN ({', '.join('?' * len(statuses))})" if statuses else ""
        after = 0
        while page := self._all(f"{_SESSION} WHERE number > ? {chosen} ORDER BY number LIMIT {PAGE}", after, *statuses):
            after = page[-1]["number"]
            yield from map(self._session, page)

    def places(self) -> dict[str, tuple[str, int]]:
        """Id and number of each session by its place in the design (`Planned.key`)."""
        found = self._all("SELECT id, number, cell, repeat FROM session")
        return {rows.key_in(row["cell"], row["repeat"]): (row["id"], row["number"]) for row in found}

    def turns(self, session_id: str) -> list[Turn]:
        """The turns of a session, in order."""
        found = self._all("SELECT * FROM turn WHERE session_id = ? ORDER BY n", session_id)
        with understood(self.folder / "ledger.db"):
            return [rows.turn_of(row) for row in found]

    def spoken(self, session_id: str) -> list[tuple[Label, str]]:
        """Speaker and text of a session's turns, in order."""
        found = self._all("SELECT speaker, text FROM turn WHERE session_id = ? ORDER BY n", session_id)
        return [(speaker, text) for speaker, text in found]

    def extent(self) -> tuple[str, ...]:
        """Equal as long as the run has the same sessions."""
        found = self._all("SELECT created_at, count(id), min(id), max(id) FROM run LEFT JOIN session")[0]
        return tuple(map(str, found))

    def entries(self) -> list[Entry]:
        """The sessions in order and in a few words each."""
        found = self._all("SELECT number, spec, turns, cell, repeat FROM session ORDER BY number")
        documents = self._all(
            "SELECT hash, kind, content FROM document WHERE kind IN ('couple', 'therapist', 'topic', 'models')"
        )
        with understood(self.folder / "ledger.db"):
            return list(index.entries(found, documents))

    def ends(self) -> list[End]:
        """How every session stands, in order."""
        return [End(*row) for row in self._all("SELECT number, status, reason FROM session ORDER BY number")]

    def tallies(self, numbers: Iterable[int]) -> dict[int, Tally]:
        """What has been said in these sessions; one in which nothing has is not in it."""
        chosen = list(numbers)
        found = self._all(
            "SELECT number, count(*), total(cut), total(trims != '[]'), total(tokens)"
            " FROM turn JOIN session ON session.id = session_id"
            f" WHERE number IN ({', '.join('?' * len(chosen))}) GROUP BY 1",
            *chosen,
        )
        return {number: Tally(*map(int, counted)) for number, *counted in found}

    def factors(self) -> list[str]:
        """The names of the factors that are varied, in the order of the first session's."""
        found = self._all(
            "SELECT key FROM session, json_each(session.cell) GROUP BY 1 ORDER BY min(number), min(json_each.id)"
        )
        return [name for (name,) in found]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Whatever is read within the block is the ledger at one moment; a writer is not held up by it."""
        with storage(self.folder / "ledger.db"):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    def counts(self) -> tuple[int, int]:
        """Turns that were spoken here, and sessions with at least one."""
        row = self._all("SELECT count(*), count(DISTINCT session_id) FROM turn WHERE attempts > 0")[0]
        return int(row[0]), int(row[1])

    def by_status(self) -> dict[Status, int]:
        """How many sessions there are of each status."""
        counted: dict[Status, int] = {"complete": 0, "ended": 0, "failed": 0, "open": 0}
        return counted | dict(self._all("SELECT status, count(*) FROM session GROUP BY status"))

    def reasons(self) -> dict[str, int]:
        """How many sessions failed or ended for each reason."""
        return dict(self._all("SELECT reason, count(*) FROM session WHERE reason IS NOT NULL GROUP BY 1 ORDER BY 1"))

    def planned_turns(self) -> int:
        """Turns of all sessions together that are to be spoken here, if nothing ends one earlier."""
        return int(self._all("SELECT total(turns) - total(json_extract(spec, '$.prefix.turns')) FROM session")[0][0])

    def room_to_come(self) -> tuple[int, int]:
        """How many turns of open sessions are still to come, if nothing ends one earlier, and about how many bytes they
        need, ledger and transcripts, if they are as long as those kept; 0 bytes before the first turn."""
        planned, kept, each = self._all(
            "SELECT (SELECT total(turns) FROM session WHERE status = 'open'),"
            " (SELECT count(*) FROM turn JOIN session ON id = session_id WHERE status = 'open'),"
            " (SELECT avg(2 * length(CAST(text AS BLOB)) + length(CAST(reply_text AS BLOB)) + length(raw)"
            " + length(CAST(trims AS BLOB))) FROM turn)"
        )[0]
        turns = int(planned) - kept
        return turns, round(turns * (each + TURN_OVERHEAD_BYTES)) if each else 0

    def figures(self) -> dict[str, int]:
        """Counts over all turns that were spoken here: turns, trimmed, cut, retried, repeats, over_budget, tokens,
        tokens_estimated (turns whose usage was counted here); and how many others were taken_over."""
        row = self._all(
            "SELECT count(*) AS turns, total(trims != '[]') AS trimmed, total(cut) AS cut,"
            " total(attempts > 1) AS retried, total(repeat) AS repeats, total(over_budget) AS over_budget,"
            " total(prompt_tokens + completion_tokens) AS tokens,"
            " total(usage_estimated) AS tokens_estimated FROM turn WHERE attempts > 0"
        )[0]
        taken_over = self._all("SELECT total(json_extract(spec, '$.prefix.turns')) FROM session")[0][0]
        counted = {name: int(row[name]) for name in row.keys()}  # noqa: SIM118  (iterating a Row gives its values)
        return {**counted, "taken_over": int(taken_over)}

    def failures(self) -> dict[str, int]:
        """How many requests failed in each way."""
        return dict(self._all("SELECT outcome, count(*) FROM attempt WHERE outcome != 'ok' GROUP BY 1"))

    def possibly_paid_twice(self) -> int:
        """Attempts that may have been billed and brought no turn: what stops and faults can have cost."""
        return int(self._all("SELECT count(*) FROM attempt WHERE outcome IS NOT 'ok' AND billed != 'no'")[0][0])

    def unanswered(self) -> list[Unanswered]:
        """Requests of which nothing more is on record: under way, or lost in a stop. The oldest first."""
        found = self._all(
            "SELECT number, turn, asked_model, started_at,"
            " (SELECT count(*) FROM turn WHERE turn.session_id = session.id)"
            " FROM attempt JOIN session ON session.id = session_id"
            " WHERE outcome IS NOT 'ok' AND outcome IS NULL ORDER BY attempt.id"
        )
        latest = {number: index for index, (number, *_) in enumerate(found)}
        return [
            Unanswered(number, turn, model, started_at, latest[number] == index and turn == kept + 1)
            for index, (number, turn, model, started_at, kept) in enumerate(found)
        ]

    def spent(self) -> list[Spent]:
        """What all requests have taken, by the model asked for."""
        kept = self._all(
            "SELECT asked_model, usage_estimated, sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),"
            " sum(reasoning_tokens) FROM turn GROUP BY 1, 2"
        )
        at_most = self._all(
            "SELECT asked_model, sum(prompt_tokens), sum(completion_tokens) FROM attempt"
            " WHERE (outcome IS NOT 'ok' AND billed != 'no') OR (outcome = 'ok' AND (session_id, turn) IN"
            " (SELECT session_id, n FROM turn WHERE usage_estimated)) GROUP BY 1"
        )
        exactly = {model: figures for model, estimated, *figures in kept if not estimated}
        about = {model: [prompt, reply] for model, estimated, prompt, _, reply, _ in kept if estimated}
        rest = {model: figures for model, *figures in at_most}
        none = [0, 0]
        return [
            Spent(model, *exactly.get(model, none * 2), *rest.get(model, none), *about.get(model, none))
            for model in sorted({*exactly, *rest})
        ]

    def _session(self, row: sqlite3.Row) -> SessionRow:
        with understood(self.folder / "ledger.db"):
            return SessionRow(
                row["id"], row["number"], self._specs.read(row["spec"]), row["status"], row["reason"], row["message"],
                json.loads(row["cell"]), row["repeat"],
            )  # fmt: skip

    def _document(self, hash_: str) -> str:
        found = self._all("SELECT content FROM document WHERE hash = ?", hash_)
        if not found:
            raise StorageError(f"{self.folder}: the ledger does not hold document {hash_}")
        return str(found[0][0])

    def _all(self, sql: str, *parameters: Any) -> list[Any]:
        with storage(self.folder / "ledger.db"):
            return self._connection.execute(sql, parameters).fetchall()
