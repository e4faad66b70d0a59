"""The ledger: one SQLite file a run, the only state. Transcripts are a view of it.

One writer. An attempt is committed before its request is sent; the reply, the turn and the attempt's end
are one transaction; whoever runs the session waits for it before the next request.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from generator.errors import StorageError
from generator.ledger_file import APPLICATION_ID, VERSION, check_ours, connect, now, require, storage, take_lock
from generator.schema.session import Spec
from generator.schema.turn import Reply, Turn

Status = Literal["open", "complete", "ended", "failed"]
"""open: not finished. complete: all turns. ended: stopped by a budget, as asked. failed: see the reason."""

_SCHEMA = f"""
CREATE TABLE run (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  plan TEXT NOT NULL, made_by TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT;
CREATE TABLE prompt_set (hash TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;
CREATE TABLE session (
  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, spec TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'open', reason TEXT, message TEXT
) STRICT;
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session, turn INTEGER NOT NULL,
  started_at TEXT NOT NULL, outcome TEXT, message TEXT, billed TEXT NOT NULL DEFAULT 'unknown'
) STRICT;
CREATE TABLE turn (
  session_id TEXT NOT NULL REFERENCES session, n INTEGER NOT NULL, speaker TEXT NOT NULL, text TEXT NOT NULL,
  end TEXT NOT NULL, cut INTEGER NOT NULL, mid_sentence INTEGER NOT NULL,
  repeat INTEGER NOT NULL, over_budget INTEGER NOT NULL, tokens INTEGER NOT NULL, trims TEXT NOT NULL,
  model TEXT NOT NULL, fingerprint TEXT, latency_seconds REAL NOT NULL, attempts INTEGER NOT NULL,
  reply_text TEXT NOT NULL, reply_end TEXT NOT NULL, raw BLOB NOT NULL,
  prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL, usage_estimated INTEGER NOT NULL,
  PRIMARY KEY (session_id, n)
) STRICT;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as the ledger knows it."""

    id: str
    number: int
    """Position in the run, from 1."""
    spec: Spec
    status: Status
    reason: str | None
    """Why it ended; None while open or complete."""
    message: str | None


class Ledger:
    """An open ledger. Use `create`, `open` (to write) or `read` (beside a running one)."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: IO[str] | None) -> None:
        self.folder = folder
        self._connection = connection
        self._lock = lock

    @classmethod
    def create(
        cls, folder: Path, plan: dict[str, Any], made_by: str, specs: Sequence[Spec], prompts: Mapping[str, Any]
    ) -> Ledger:
        """Begin a run in `folder`, with its sessions and its prompt sets (hash to content), all or nothing.

        Raises StorageError if the folder cannot be written, or holds anything of another run.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageError(f"cannot write to {folder}: {exc.strerror}; choose another folder with --out") from exc
        lock = take_lock(folder)
        try:
            path = folder / "ledger.db"
            _refuse_remains(folder)
            _build(folder / ".ledger.new", plan, made_by, specs, prompts)
            os.replace(folder / ".ledger.new", path)
            return cls(folder, connect(path), lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Open a run to go on with it. Raises StorageError or RunInUse."""
        path = require(folder)
        lock = take_lock(folder)
        try:
            check_ours(path)
            return cls(folder, connect(path), lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """Open a run to look at it; works beside a running one. Raises StorageError."""
        path = require(folder)
        check_ours(path)
        with storage(path):
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        return cls(folder, connection, None)

    def close(self) -> None:
        """Close the file and give the run free."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    @property
    def plan(self) -> dict[str, Any]:
        """The plan the run was made from."""
        plan: dict[str, Any] = json.loads(self._all("SELECT plan FROM run")[0][0])
        return plan

    def prompt_set(self, hash_: str) -> dict[str, Any]:
        """A kept prompt set's settings and files."""
        rows = self._all("SELECT content FROM prompt_set WHERE hash = ?", hash_)
        if not rows:
            raise StorageError(f"{self.folder}: the ledger does not hold prompt set {hash_}")
        content: dict[str, Any] = json.loads(rows[0][0])
        return content

    def is_untouched(self) -> bool:
        """Whether no turn was kept and no request can have been paid for."""
        return self.counts()[0] == 0 and self.possibly_paid_twice() == 0

    def replace_sessions(self, plan: dict[str, Any], specs: Sequence[Spec], prompts: Mapping[str, Any]) -> None:
        """Put other sessions in the place of those of an untouched run."""
        with self._transaction() as connection:
            for table in ("attempt", "session", "prompt_set"):
                connection.execute(f"DELETE FROM {table}")
            _enter(connection, plan, specs, prompts)

    def add_sessions(self, plan: dict[str, Any], specs: Sequence[Spec], prompts: Mapping[str, Any]) -> None:
        """Extend the run to these sessions and prompt sets; those it holds already stay as they are."""
        with self._transaction() as connection:
            _enter(connection, plan, specs, prompts)

    def sessions(self) -> list[SessionRow]:
        """All sessions in order."""
        rows = self._all("SELECT id, number, spec, status, reason, message FROM session ORDER BY number")
        return [SessionRow(r[0], r[1], Spec.model_validate_json(r[2]), r[3], r[4], r[5]) for r in rows]

    def begin_attempt(self, session_id: str, turn: int) -> int:
        """Commit that a request is about to be sent; returns the attempt's number."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO attempt (session_id, turn, started_at) VALUES (?, ?, ?)", (session_id, turn, now())
            )
        return int(cursor.lastrowid or 0)

    def fail_attempt(self, attempt: int, kind: str, message: str, billed: str) -> None:
        """Commit that a request brought no usable reply."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE attempt SET outcome = ?, message = ?, billed = ? WHERE id = ?", (kind, message, billed, attempt)
            )

    def commit_turn(self, session_id: str, turn: Turn, attempt: int | None) -> None:
        """Commit a turn, its reply and the end of the attempt that brought it, in one transaction."""
        reply, usage = turn.reply, turn.reply.usage
        row = (
            session_id, turn.n, turn.speaker, turn.text, turn.end, turn.cut, turn.mid_sentence,
            turn.repeat, turn.over_budget, turn.tokens,
            json.dumps([trim.model_dump() for trim in turn.trims], ensure_ascii=False),
            reply.model, reply.fingerprint, reply.latency_seconds, reply.attempts,
            reply.text, reply.end, reply.raw,
            usage.prompt, usage.cached, usage.completion, usage.reasoning, usage.estimated,
        )  # fmt: skip
        with self._transaction() as connection:
            connection.execute(f"INSERT INTO turn VALUES ({', '.join('?' * len(row))})", row)
            if attempt is not None:
                connection.execute("UPDATE attempt SET outcome = 'ok', billed = 'yes' WHERE id = ?", (attempt,))

    def end_session(
        self, session_id: str, status: Status, reason: str | None = None, message: str | None = None
    ) -> None:
        """Commit how a session ended."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE session SET status = ?, reason = ?, message = ? WHERE id = ?",
                (status, reason, message, session_id),
            )

    def turns(self, session_id: str) -> list[Turn]:
        """The turns of a session, in order."""
        rows = self._all("SELECT * FROM turn WHERE session_id = ? ORDER BY n", session_id)
        return [_turn(row) for row in rows]

    def counts(self) -> tuple[int, int]:
        """Turns and sessions with at least one turn."""
        row = self._all("SELECT count(*), count(DISTINCT session_id) FROM turn")[0]
        return int(row[0]), int(row[1])

    def figures(self) -> dict[str, int]:
        """Counts over all turns: turns, trimmed, cut, retried, repeats, tokens, tokens_estimated (turns whose
        usage was counted here)."""
        row = self._all(
            "SELECT count(*) AS turns, total(trims != '[]') AS trimmed, total(cut) AS cut,"
            " total(attempts > 1) AS retried, total(repeat) AS repeats,"
            " total(prompt_tokens + completion_tokens) AS tokens,"
            " total(usage_estimated) AS tokens_estimated FROM turn"
        )[0]
        return {name: int(row[name]) for name in row.keys()}  # noqa: SIM118  (iterating a Row gives its values)

    def possibly_paid_twice(self) -> int:
        """Attempts that may have been billed and brought no turn: what stops and faults can have cost."""
        return int(self._all("SELECT count(*) FROM attempt WHERE outcome IS NOT 'ok' AND billed != 'no'")[0][0])

    def _all(self, sql: str, *parameters: Any) -> list[Any]:
        with storage(self.folder / "ledger.db"):
            return self._connection.execute(sql, parameters).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with storage(self.folder / "ledger.db"), self._connection:
            yield self._connection


def _refuse_remains(folder: Path) -> None:
    path = folder / "ledger.db"
    if path.exists() and path.stat().st_size > 0:
        raise StorageError(f"{path}: another run began here just now; resume it, or choose another folder with --out")
    if Path(f"{path}-wal").exists() or any(folder.glob("transcripts/**/*.txt")):
        raise StorageError(
            f"{path}: the ledger is empty or missing beside what it wrote; restore it, "
            "or choose another folder with --out"
        )


def _build(path: Path, plan: dict[str, Any], made_by: str, specs: Sequence[Spec], prompts: Mapping[str, Any]) -> None:
    with storage(path):
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path)
        connection.executescript("BEGIN;" + _SCHEMA)
        connection.execute("INSERT INTO run VALUES (1, '', ?, ?)", (made_by, now()))
        _enter(connection, plan, specs, prompts)
        connection.commit()
        connection.close()


def _enter(
    connection: sqlite3.Connection, plan: dict[str, Any], specs: Sequence[Spec], prompts: Mapping[str, Any]
) -> None:
    contents = [(hash_, json.dumps(content, ensure_ascii=False)) for hash_, content in prompts.items()]
    sessions = [(spec.id, number, spec.model_dump_json()) for number, spec in enumerate(specs, start=1)]
    connection.execute("UPDATE run SET plan = ?", (json.dumps(plan, ensure_ascii=False),))
    connection.executemany("INSERT OR IGNORE INTO prompt_set VALUES (?, ?)", contents)
    connection.executemany("INSERT OR IGNORE INTO session (id, number, spec) VALUES (?, ?, ?)", sessions)


def _turn(row: sqlite3.Row) -> Turn:
    values = dict(row)
    usage = {
        "prompt": values["prompt_tokens"],
        "cached": values["cached_tokens"],
        "completion": values["completion_tokens"],
        "reasoning": values["reasoning_tokens"],
        "estimated": bool(values["usage_estimated"]),
    }
    reply = {
        "text": values["reply_text"],
        "end": values["reply_end"],
        "usage": usage,
        "raw": values["raw"],
        **{name: values[name] for name in ("model", "fingerprint", "latency_seconds", "attempts")},
    }
    return Turn.model_validate(
        {
            **{name: values[name] for name in ("n", "speaker", "text", "end", "tokens")},
            **{name: bool(values[name]) for name in ("cut", "mid_sentence", "repeat", "over_budget")},
            "trims": json.loads(values["trims"]),
            "reply": Reply.model_validate(reply),
        }
    )
