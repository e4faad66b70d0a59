"""What is written to a store while transcripts are judged, each as one function of the connection. Whoever calls them
decides what becomes one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.judge.figures import Item
from generator.judge.store import Key, Status
from generator.ledger.file import now
from generator.schema.turn import Reply, Usage


def enter_rubric(connection: sqlite3.Connection, judge: str, hash_: str, name: str, content: str) -> None:
    """A judge is about to be asked by this rubric, or would be if its answers were not there."""
    connection.execute("INSERT OR IGNORE INTO rubric VALUES (?, ?, ?)", (hash_, name, content))
    connection.execute("INSERT INTO asked (judge, rubric) VALUES (?, ?)", (judge, hash_))


def enter_transcript(connection: sqlite3.Connection, hash_: str, name: str, shares: Mapping[str, float]) -> None:
    """A transcript that is about to be judged."""
    connection.execute(
        "INSERT INTO transcript VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET name = excluded.name",
        (hash_, name, json.dumps(dict(shares))),
    )


@dataclass
class Attempt:
    """A request that may have to be taken back by somebody who never learned its number."""

    key: Key
    asked_model: str
    most: Usage
    number: int | None = None

    def begin(self, connection: sqlite3.Connection) -> int:
        """It is about to be sent; returns its number."""
        self.number = None
        cursor = connection.execute(
            "INSERT INTO attempt (transcript, subject, rubric, judge, sample, started_at, asked_model, prompt_tokens,"
            " completion_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*_columns(self.key), now(), self.asked_model, self.most.prompt, self.most.completion),
        )
        self.number = int(cursor.lastrowid or 0)
        return self.number

    def take_back(self, connection: sqlite3.Connection) -> None:
        """Nothing was sent, if it was entered at all."""
        connection.execute(
            "UPDATE attempt SET outcome = 'dropped', billed = 'no' WHERE id = ? AND outcome IS NULL", (self.number,)
        )


def fail(
    connection: sqlite3.Connection, attempt: int, kind: str, message: str, billed: str, usage: Usage | None
) -> None:
    """A request brought no usable answer; `usage`: what it took, None to leave what it may have taken."""
    connection.execute(
        "UPDATE attempt SET outcome = ?, message = ?, billed = ? WHERE id = ?", (kind, message, billed, attempt)
    )
    if usage is not None:
        _settle(connection, attempt, usage)


def judge(
    connection: sqlite3.Connection,
    key: Key,
    status: Status,
    reason: str | None,
    items: Sequence[Item],
    coverage: float,
    answer: str | None,
    reply: Reply | None,
    attempt: int | None,
) -> None:
    """A judgement, the words it was read from, and the end of the attempt that brought it. `answer`: None where no
    words came; `reply`: None where none was usable."""
    connection.execute(
        f"INSERT INTO judgement VALUES (NULL{', ?' * 15})",
        (
            *_columns(key), status, reason, _items_json(items), coverage, answer, *_served(reply),
        ),
    )  # fmt: skip
    if attempt is not None and reply is not None:
        connection.execute("UPDATE attempt SET outcome = 'ok', billed = 'yes' WHERE id = ?", (attempt,))
        if not reply.usage.estimated:
            _settle(connection, attempt, reply.usage)


def _settle(connection: sqlite3.Connection, attempt: int, usage: Usage) -> None:
    connection.execute(
        "UPDATE attempt SET prompt_tokens = ?, cached_tokens = ?, completion_tokens = ?, estimated = 0 WHERE id = ?",
        (usage.prompt, usage.cached, usage.completion, attempt),
    )


def _served(reply: Reply | None) -> tuple[Any, ...]:
    if reply is None:
        return (None,) * 5
    return (reply.model, reply.fingerprint, reply.latency_seconds, reply.attempts, reply.raw)


def _columns(key: Key) -> tuple[Any, ...]:
    return (key.transcript, key.subject, key.rubric, key.judge, key.sample)


def _items_json(items: Iterable[Item]) -> str:
    rows = [[item.unit, item.key, item.value, item.problem, item.evidence] for item in items]
    return json.dumps(rows, ensure_ascii=False)
