"""Brings a ledger of version 1 up to date: after a copy, in one transaction, so that a kill leaves the old ledger
or the new one. Ids follow from specs, and a spec of version 2 names a prompt set for each speaker: they change.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from generator.budget import asked_tokens
from generator.chat.protocol import UNLIMITED_TOKENS
from generator.errors import StorageError
from generator.ledger import rows
from generator.ledger.file import storage
from generator.schema.session import Spec
from generator.structures import structure_named

_LAYOUT_BYTES = 64
"""What a turn's name and layout add to its text in a prompt, at most."""
_COPIED = (
    "n, speaker, text, end, cut, mid_sentence, repeat, over_budget, tokens, trims, {asked_model}, model, fingerprint,"
    " latency_seconds, attempts, 0, reply_text, reply_end, raw, prompt_tokens, cached_tokens, completion_tokens,"
    " reasoning_tokens, usage_estimated"
)
_UNREADABLE = (
    "session {number} cannot be read, so the ledger was left as it is, of version 1; the couplesim that made it goes on"
)
_PLAN_KEYS = {"sessions": "repeats", "seed": "rng_seed"}


def migrate(path: Path) -> None:
    """Bring the ledger at `path`, of version 1, up to date; the old one is kept as `ledger.v1.db`. The caller holds
    the run's lock. Raises StorageError."""
    with storage(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        _copy(connection, path.with_name("ledger.v1.db"))
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN IMMEDIATE")
        for table in ("run", "prompt_set", "session", "attempt", "turn"):
            connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        for statement in rows.SCHEMA.split(";"):
            connection.execute(statement)
        _enter_all(connection)
        for table in ("turn", "attempt", "session", "prompt_set", "run"):
            connection.execute(f"DROP TABLE old_{table}")
        connection.execute("COMMIT")


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as copy:
        connection.backup(copy)
    os.replace(unfinished, path)


def _enter_all(connection: sqlite3.Connection) -> None:
    plan, made_by, created_at = connection.execute("SELECT plan, made_by, created_at FROM old_run").fetchone()
    renamed = {_PLAN_KEYS.get(key, key): value for key, value in json.loads(plan).items()}
    connection.execute(
        "INSERT INTO run VALUES (1, ?, ?, ?, NULL)", (json.dumps(renamed, ensure_ascii=False), made_by, created_at)
    )
    connection.execute("INSERT INTO document SELECT hash, 'prompt set', content FROM old_prompt_set")
    prompt_bytes = dict(connection.execute("SELECT hash, length(CAST(content AS BLOB)) FROM old_prompt_set"))
    for old in connection.execute("SELECT * FROM old_session ORDER BY number").fetchall():
        try:
            fields = json.loads(old["spec"])
            most = len(old["spec"].encode()) + prompt_bytes[fields["prompts"]["hash"]]
            fields["prompts"] = dict.fromkeys(("therapist", "a", "b"), fields["prompts"])
            spec = Spec.model_validate(fields)
        except (ValueError, KeyError, TypeError) as exc:
            raise StorageError(_UNREADABLE.format(number=old["number"])) from exc
        _enter_session(connection, old, spec, most)


def _enter_session(connection: sqlite3.Connection, old: sqlite3.Row, spec: Spec, most_bytes: int) -> None:
    """`most_bytes`: what a prompt before the first turn may have, at most."""
    connection.executemany("INSERT OR IGNORE INTO document VALUES (?, ?, ?)", rows.documents_of(spec))
    connection.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?, '{}', ?, ?, ?, ?)",
        (spec.id, old["number"], rows.spec_json(spec), spec.turns, old["number"],
         old["status"], old["reason"], old["message"]),
    )  # fmt: skip
    asked = f"CASE speaker {' '.join('WHEN ? THEN ?' for _ in range(3))} END"
    names = [word for label in ("Therapist", "Patient A", "Patient B") for word in (label, spec.models.of(label).name)]
    connection.execute(
        f"INSERT INTO turn SELECT ?, {_COPIED.format(asked_model=asked)} FROM old_turn WHERE session_id = ?",
        (spec.id, *names, old["id"]),
    )
    connection.executemany(
        "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _attempts(connection, old["id"], spec, most_bytes)
    )


def _attempts(connection: sqlite3.Connection, old_id: str, spec: Spec, most_bytes: int) -> Iterator[tuple[Any, ...]]:
    """A session's attempts with what each may have taken at most, which version 1 did not keep. Where a turn's own
    figures include its failed attempts, these have nothing to add."""
    turns = connection.execute(
        "SELECT speaker, length(CAST(text AS BLOB)), attempts, usage_estimated FROM old_turn"
        " WHERE session_id = ? ORDER BY n",
        (old_id,),
    ).fetchall()
    speakers = [turn[0] for turn in turns]
    attempts = connection.execute("SELECT * FROM old_attempt WHERE session_id = ? ORDER BY id", (old_id,)).fetchall()
    made: dict[int, int] = {}
    for attempt in attempts:
        made[attempt["turn"]] = made.get(attempt["turn"], 0) + 1
    for attempt in attempts:
        n = attempt["turn"]
        label = structure_named(spec.structure)(spec.first, spec.turns).next(speakers[: n - 1])
        assert label is not None, "a request was made for a turn that the structure has"
        prompt = most_bytes + sum(turn[1] + _LAYOUT_BYTES for turn in turns[: n - 1])
        completion = asked_tokens(spec.budget, label, spec.models.of(label)) or UNLIMITED_TOKENS
        if attempt["billed"] == "yes" and attempt["outcome"] != "ok" and n <= len(turns):
            _, _, tries, estimated = turns[n - 1]
            if tries == made[n] and not estimated:
                prompt = completion = 0
        yield (
            attempt["id"], spec.id, n, attempt["started_at"], spec.models.of(label).name, attempt["outcome"],
            attempt["message"], attempt["billed"], prompt, completion,
        )  # fmt: skip
