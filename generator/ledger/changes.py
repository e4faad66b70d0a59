"""What is written to a ledger while a run goes on, each as one function of the connection. Whoever calls them
decides what becomes one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.ledger import rows
from generator.ledger.file import now
from generator.schema.planned import Planned
from generator.schema.turn import Turn, Usage


def enter(
    connection: sqlite3.Connection, plan: Mapping[str, Any], planned: Iterable[Planned], prompts: Mapping[str, Any]
) -> None:
    """Enter a plan, its sessions with what they begin with, and its prompt sets (hash to content); what is there
    already stays as it is."""
    known: set[str] = set()

    def document(hash_: str, kind: str, content: str) -> None:
        if hash_ not in known:
            known.add(hash_)
            connection.execute("INSERT OR IGNORE INTO document VALUES (?, ?, ?)", (hash_, kind, content))

    connection.execute("UPDATE run SET plan = ?", (json.dumps(plan, ensure_ascii=False),))
    for hash_, content in prompts.items():
        document(hash_, "prompt set", json.dumps(content, ensure_ascii=False))
    for one in planned:
        for shared in rows.documents_of(one.spec):
            document(*shared)
        entered = connection.execute(
            "INSERT OR IGNORE INTO session (id, number, spec, turns, cell, repeat)"
            " VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM session), ?, ?, ?, ?)",
            (
                one.spec.id,
                rows.spec_json(one.spec),
                one.spec.turns,
                json.dumps(dict(one.cell), ensure_ascii=False),
                one.repeat,
            ),
        )
        for turn in one.prefix if entered.rowcount else ():
            commit_turn(connection, one.spec.id, turn, one.spec.models.of(turn.speaker).name, None)


def begin_attempt(connection: sqlite3.Connection, session_id: str, turn: int, asked_model: str, most: Usage) -> int:
    """A request is about to be sent that may take `most`; returns the attempt's number."""
    cursor = connection.execute(
        "INSERT INTO attempt (session_id, turn, started_at, asked_model, prompt_tokens, completion_tokens)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (session_id, turn, now(), asked_model, most.prompt, most.completion),
    )
    return int(cursor.lastrowid or 0)


@dataclass
class Attempt:
    """One that may have to be taken back by somebody who never learned its number."""

    session_id: str
    turn: int
    asked_model: str
    most: Usage
    number: int | None = None

    def begin(self, connection: sqlite3.Connection) -> int:
        """See `begin_attempt`."""
        self.number = None
        self.number = begin_attempt(connection, self.session_id, self.turn, self.asked_model, self.most)
        return self.number

    def take_back(self, connection: sqlite3.Connection, message: str) -> None:
        """Nothing was sent, if it was entered at all."""
        connection.execute(
            "UPDATE attempt SET outcome = 'dropped', message = ?, billed = 'no'"
            " WHERE id = ? AND session_id = ? AND turn = ? AND outcome IS NULL",
            (message, self.number, self.session_id, self.turn),
        )


def fail_attempt(
    connection: sqlite3.Connection, attempt: int, kind: str, message: str, billed: str, usage: Usage | None
) -> None:
    """A request brought no usable reply; `usage`: what it took, None to leave what it may have taken."""
    connection.execute(
        "UPDATE attempt SET outcome = ?, message = ?, billed = ? WHERE id = ?", (kind, message, billed, attempt)
    )
    if usage is not None:
        connection.execute(
            "UPDATE attempt SET prompt_tokens = ?, completion_tokens = ? WHERE id = ?",
            (usage.prompt, usage.completion, attempt),
        )


def commit_turn(
    connection: sqlite3.Connection, session_id: str, turn: Turn, asked_model: str, attempt: int | None
) -> None:
    """A turn, its reply and the end of the attempt that brought it."""
    row = rows.turn_row(session_id, turn, asked_model)
    connection.execute(f"INSERT INTO turn VALUES ({', '.join('?' * len(row))})", row)
    if attempt is not None:
        connection.execute("UPDATE attempt SET outcome = 'ok', billed = 'yes' WHERE id = ?", (attempt,))


def end_session(
    connection: sqlite3.Connection,
    session_id: str,
    status: rows.Status,
    reason: str | None = None,
    message: str | None = None,
) -> None:
    """How a session ended."""
    connection.execute(
        "UPDATE session SET status = ?, reason = ?, message = ? WHERE id = ?", (status, reason, message, session_id)
    )


def summarise(connection: sqlite3.Connection, summary: Mapping[str, Any]) -> None:
    """What the run has come to, as it stood at the end of a sitting."""
    connection.execute("UPDATE run SET summary = ?", (json.dumps(summary, ensure_ascii=False),))
