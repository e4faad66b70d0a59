"""Where scores are kept: one SQLite file beside what is judged, with one writer.

An attempt is committed before its request is sent; a judgement and the end of its attempt are one transaction. What
has been judged is found again by transcript, rubric and judge, so nothing is asked twice and a run's own ledger is
never touched.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Concatenate, Literal, ParamSpec, TypeVar

from generator.errors import StorageError
from generator.judge.figures import Item
from generator.ledger.file import connect, connect_to_read, storage, take_lock, understood
from generator.schema.turn import Usage

P = ParamSpec("P")
T = TypeVar("T")

APPLICATION_ID = 0x63707363
"""Marks a SQLite file as scores of ours ("cpsc")."""
VERSION = 1
"""Schema version, in `user_version`. A newer file is left untouched."""

Status = Literal["ok", "invalid", "failed"]
"""ok: enough valid items. invalid: the last answer had too few. failed: there was no answer."""

SCHEMA = f"""
CREATE TABLE rubric (hash TEXT PRIMARY KEY, name TEXT NOT NULL, content TEXT NOT NULL) STRICT;
CREATE TABLE asked (n INTEGER PRIMARY KEY, judge TEXT NOT NULL, rubric TEXT NOT NULL REFERENCES rubric) STRICT;
CREATE TABLE transcript (hash TEXT PRIMARY KEY, name TEXT NOT NULL, shares TEXT NOT NULL) STRICT;
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, transcript TEXT NOT NULL, subject TEXT NOT NULL, rubric TEXT NOT NULL, judge TEXT NOT NULL,
  sample INTEGER NOT NULL, started_at TEXT NOT NULL, asked_model TEXT NOT NULL, outcome TEXT, message TEXT,
  billed TEXT NOT NULL DEFAULT 'unknown',
  prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL,
  estimated INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE judgement (
  id INTEGER PRIMARY KEY, transcript TEXT NOT NULL REFERENCES transcript, subject TEXT NOT NULL,
  rubric TEXT NOT NULL REFERENCES rubric, judge TEXT NOT NULL, sample INTEGER NOT NULL,
  status TEXT NOT NULL, reason TEXT, items TEXT NOT NULL, coverage REAL NOT NULL,
  answer TEXT, model TEXT, fingerprint TEXT, latency_seconds REAL, attempts INTEGER, raw BLOB
) STRICT;
CREATE INDEX judged ON judgement (judge, rubric, transcript);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


@dataclass(frozen=True, slots=True)
class Key:
    """What one judgement is of. Equal keys are asked once."""

    transcript: str
    """SHA-256 of the transcript in the seed format."""
    subject: str
    """Hash of what else the judge is told: the personas; empty where that is nothing."""
    rubric: str
    """Hash of the rubric's settings and templates."""
    judge: str
    """Model, endpoint and sampling, as canonical JSON."""
    sample: int = 0
    """Which repetition; 0 is the one that counts as the score."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A judgement as it is kept."""

    transcript: str
    name: str
    """The transcript's, as shown."""
    rubric: str
    """The rubric's name."""
    judge: str
    sample: int
    status: Status
    reason: str | None
    """Why it is not ok."""
    items: tuple[Item, ...]
    shares: Mapping[str, float]
    coverage: float
    """The least share of valid items, by the rubric."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request has taken."""

    model: str
    """As it was asked for."""
    usage: Usage
    """At most, where nobody knows."""


class Store:
    """An open store. `open` to write, `read` beside a writer."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: IO[str] | None) -> None:
        self.path = path
        self._connection, self._lock = connection, lock

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open a store to add to it; make it where there is none. Raises StorageError or RunInUse."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageError(f"cannot write to {path.parent}: {exc.strerror}; choose a file with --out") from exc
        lock = take_lock(path.parent, name=f"{path.name}.lock", what=path.name)
        try:
            if path.exists():
                _check_ours(path)
            else:
                _build(path)
            return cls(path, connect(path), lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def read(cls, path: Path) -> Store:
        """Open a store to look at it. Raises StorageError."""
        _check_ours(path)
        return cls(path, connect_to_read(path), None)

    def close(self) -> None:
        """Close the file and give it free."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def write(self, change: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Commit a change in a transaction of its own."""
        with storage(self.path), self._connection:
            return change(self._connection, *args, **kwargs)

    def judged(self, judge: str) -> dict[Key, Status]:
        """What this judge has judged, and how it ended; the newest of equal keys."""
        found = self._all(
            "SELECT transcript, subject, rubric, judge, sample, status FROM judgement WHERE judge = ? ORDER BY id",
            judge,
        )
        return {Key(*row[:5]): row["status"] for row in found}

    def judges(self) -> list[str]:
        """Who has been asked, the one asked last at the end."""
        return [row[0] for row in self._all("SELECT judge FROM asked GROUP BY judge ORDER BY max(n)")]

    def kept(self, judge: str | None = None, *, samples: bool = False) -> list[Kept]:
        """The judgements of one judge, None for the one asked last; of each rubric those by the wording asked last,
        of equal keys the newest. `samples`: repetitions too."""
        if judge is None:
            judges = self.judges()
            if not judges:
                return []
            judge = judges[-1]
        found = self._all(_KEPT.format(samples="" if samples else "AND sample = 0"), judge, judge)
        with understood(self.path):
            return [_kept(row) for row in found]

    def taken(self) -> list[Taken]:
        """What every request took that was or may have been billed."""
        found = self._all(
            "SELECT asked_model, prompt_tokens, cached_tokens, completion_tokens, estimated"
            " FROM attempt WHERE billed != 'no'"
        )
        return [
            Taken(model, Usage(prompt=prompt, cached=cached, completion=completion, estimated=bool(estimated)))
            for model, prompt, cached, completion, estimated in found
        ]

    def _all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with storage(self.path):
            return self._connection.execute(sql, values).fetchall()


_KEPT = """
SELECT judgement.*, rubric.name AS rubric_name, transcript.name AS transcript_name, shares
FROM judgement JOIN rubric ON rubric.hash = judgement.rubric JOIN transcript ON transcript.hash = judgement.transcript
WHERE judge = ? {samples}
  AND judgement.rubric IN (
    SELECT rubric FROM (
      SELECT asked.rubric AS rubric, max(n) FROM asked JOIN rubric ON hash = asked.rubric
      WHERE judge = ? GROUP BY name))
  AND judgement.id IN (SELECT max(id) FROM judgement GROUP BY transcript, rubric, judge, sample)
ORDER BY judgement.id
"""


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(
        transcript=row["transcript"],
        name=row["transcript_name"],
        rubric=row["rubric_name"],
        judge=row["judge"],
        sample=row["sample"],
        status=row["status"],
        reason=row["reason"],
        items=tuple(Item(*item) for item in json.loads(row["items"])),
        shares=json.loads(row["shares"]),
        coverage=row["coverage"],
    )


def _build(path: Path) -> None:
    """Make an empty store, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with storage(new), closing(sqlite3.connect(new)) as connection:
        connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
    os.replace(new, path)


def _check_ours(path: Path) -> None:
    """Refuse what is not an intact store of ours, by its first 100 bytes: SQLite could change a file by opening it."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as exc:
        raise StorageError(f"{path}: cannot be read ({exc.strerror})") from exc
    version, application = int.from_bytes(header[60:64]), int.from_bytes(header[68:72])
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION_ID:
        raise StorageError(
            f"{path}: the scores are damaged, or these are no scores of couplesim; the file was left untouched. Move "
            "it away, or choose another with --out"
        )
    if version > VERSION:
        raise StorageError(f"{path}: made by a newer couplesim (scores version {version}); it was left untouched")
