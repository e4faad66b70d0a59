"""Reads what can be read of a damaged ledger, row by row. Nothing is guessed: shared content must have the hash it is
filed under, a session the id that follows from its spec, and of a session's turns an unbroken row from the first
one on is taken.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from generator.ledger import rows
from generator.schema.label import PRINCIPALS
from generator.schema.record import hash_of
from generator.schema.session import Spec
from generator.schema.turn import Turn

GONE = 2_000
"""So many row numbers in a row without a readable row: there are no more."""
_TABLES = ("run", "document", "session", "turn", "attempt")
_HOPELESS = {"SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_CANTOPEN"}
"""No database, no such table."""
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
Row = dict[str, Any]


@dataclass
class Session:
    """A session that was saved."""

    number: int
    spec: Spec
    row: Row
    turns: list[Row] = field(default_factory=list)
    """The rows of its turns, the first one first, without a gap."""
    lost_turns: int = 0
    """So many are known to have followed."""


@dataclass
class Saved:
    """What could be read of a ledger, and what could not."""

    plan: str | None = None
    made_by: tuple[str, str] = ("", "")
    documents: dict[str, tuple[str, str]] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    attempts: list[Row] = field(default_factory=list)
    torn: set[str] = field(default_factory=set)
    """Tables of which parts could not be read, or made no sense."""
    orphans: int = 0
    """Turns of sessions that could not be read."""
    kept_as: Path = Path()
    """The damaged ledger."""

    @property
    def turns(self) -> int:
        return sum(len(session.turns) for session in self.sessions.values())

    @property
    def set_back(self) -> list[Session]:
        """Sessions that had been further than their turns now tell."""
        return [session for session in self.sessions.values() if session.lost_turns]

    @property
    def missing(self) -> list[int]:
        """Numbers of the sessions that could not be read, as far as they can be told."""
        known = {session.number for session in self.sessions.values()}
        return [number for number in range(1, max(known, default=0)) if number not in known]


def salvage(connection: sqlite3.Connection) -> Saved:
    """What the tables behind `connection` still hold."""
    connection.row_factory = sqlite3.Row
    connection.text_factory = bytes
    saved = Saved()
    found = {table: list(_rows(connection, table, saved)) for table in _TABLES}
    for row in found["run"]:
        with _sense(saved, "run"):
            saved.plan, saved.made_by = json.dumps(json.loads(row["plan"])), (row["made_by"], row["created_at"])
    for row in found["document"]:
        with _sense(saved, "document"):
            if _hash_of(row["kind"], row["content"]) != row["hash"]:
                raise ValueError("other content than was filed")
            saved.documents[row["hash"]] = (row["kind"], row["content"])
    specs = rows.Specs(lambda hash_: saved.documents[hash_][1])
    for row in found["session"]:
        with _sense(saved, "session"):
            _keep_session(saved, row, specs.read(row["spec"]))
    _keep_turns(saved, found["turn"])
    _keep_attempts(saved, found["attempt"])
    return saved


@contextmanager
def _sense(saved: Saved, table: str) -> Iterator[None]:
    """What makes no sense in the block is left out and marks the table as torn."""
    try:
        yield
    except _UNREADABLE:
        saved.torn.add(table)


def _keep_session(saved: Saved, row: Row, spec: Spec) -> None:
    prompts = {spec.prompts.of(label).hash for label in PRINCIPALS}
    taken = {session.number for session in saved.sessions.values()}
    cell = json.loads(row["cell"])
    if (
        spec.id != row["id"]
        or row["status"] not in get_args(rows.Status)
        or not prompts <= saved.documents.keys()
        or not isinstance(cell, dict)
        or not isinstance(row["repeat"], int)
        or row["number"] in taken
    ):
        raise ValueError("not what was entered")
    saved.sessions[spec.id] = Session(int(row["number"]), spec, row)


def _keep_turns(saved: Saved, found: list[Row]) -> None:
    read: dict[str, dict[int, Row]] = {}
    for row in found:
        with _sense(saved, "turn"):
            if row["session_id"] not in saved.sessions:
                saved.orphans += 1
                continue
            turn: Turn = rows.turn_of(row)
            if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", turn.text):
                raise ValueError("a character that no turn has")
            read.setdefault(row["session_id"], {}).setdefault(turn.n, row)
    for id_, session in saved.sessions.items():
        turns = read.get(id_, {})
        while (n := len(session.turns) + 1) in turns:
            session.turns.append(turns[n])
        known = max(turns, default=0)
        if session.row["status"] == "complete":
            known = max(known, session.spec.turns)
        session.lost_turns = max(0, known - len(session.turns))


def _keep_attempts(saved: Saved, found: list[Row]) -> None:
    for row in found:
        with _sense(saved, "attempt"):
            session = saved.sessions.get(row["session_id"])
            if session is None:
                continue
            kept = row["turn"] <= len(session.turns)
            if row["outcome"] == "ok" and not kept:
                session.lost_turns = max(session.lost_turns, row["turn"] - len(session.turns))
                row["outcome"] = "lost"
            saved.attempts.append(row)


def _hash_of(kind: str, content: str) -> str:
    if kind != "prompt set":
        return hash_of(content)
    kept = json.loads(content)
    return hash_of(
        json.dumps([kept["settings"], dict(sorted(kept["files"].items()))], sort_keys=True, ensure_ascii=False)
    )


def _rows(connection: sqlite3.Connection, table: str, saved: Saved) -> Iterator[Row]:
    """The rows of a table that can be read: from both ends as far as that goes, and one by one between them."""
    select = f"SELECT rowid AS place, * FROM {table} NOT INDEXED"
    ends: list[dict[int, sqlite3.Row]] = []
    for order in ("ASC", "DESC"):
        ends.append({})
        try:
            for row in connection.execute(f"{select} ORDER BY rowid {order}"):
                ends[-1][row["place"]] = row
            break
        except (sqlite3.Error, OverflowError) as exc:
            saved.torn.add(table)
            if getattr(exc, "sqlite_errorname", "") in _HOPELESS:
                return
    found = {place: row for end in ends for place, row in end.items()}
    if table in saved.torn and (len(ends) == 2):
        last = min(ends[1], default=None)
        found |= _one_by_one(connection, select, max(ends[0], default=0) + 1, last)
    for _, row in sorted(found.items()):
        with _sense(saved, table):
            yield {
                name: value.decode("utf-8") if isinstance(value, bytes) and name != "raw" else value
                for name, value in dict(row).items()
                if name != "place"
            }


def _one_by_one(
    connection: sqlite3.Connection, select: str, first: int, last: int | None
) -> Iterator[tuple[int, sqlite3.Row]]:
    place, missing = first, 0
    while missing < GONE and (last is None or place < last):
        try:
            row = connection.execute(f"{select} WHERE rowid = ?", (place,)).fetchone()
        except (sqlite3.Error, OverflowError):
            row = None
        missing = 0 if row else missing + 1
        if row:
            yield place, row
        place += 1
