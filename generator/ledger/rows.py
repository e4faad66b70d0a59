"""The ledger's tables, and how sessions and turns become their rows and come back. Content that many sessions
share (people, topics, models, budgets, prompt sets) is kept once, under its hash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from generator.ledger.file import APPLICATION_ID, VERSION
from generator.schema.persona import Couple, Therapist, Topic
from generator.schema.planned import key_of
from generator.schema.record import Record
from generator.schema.session import Budget, Cast, Spec
from generator.schema.turn import Reply, Turn

Status = Literal["open", "complete", "ended", "failed"]
"""open: not finished. complete: all turns. ended: stopped by a budget, as asked. failed: see the reason."""

SCHEMA = f"""
CREATE TABLE run (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  plan TEXT NOT NULL, made_by TEXT NOT NULL, created_at TEXT NOT NULL, summary TEXT
) STRICT;
CREATE TABLE document (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, content TEXT NOT NULL) STRICT;
CREATE TABLE session (
  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, spec TEXT NOT NULL, turns INTEGER NOT NULL,
  cell TEXT NOT NULL, repeat INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'open', reason TEXT, message TEXT
) STRICT;
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session, turn INTEGER NOT NULL,
  started_at TEXT NOT NULL, asked_model TEXT NOT NULL, outcome TEXT, message TEXT,
  billed TEXT NOT NULL DEFAULT 'unknown', prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL
) STRICT;
CREATE TABLE turn (
  session_id TEXT NOT NULL REFERENCES session, n INTEGER NOT NULL, speaker TEXT NOT NULL, text TEXT NOT NULL,
  end TEXT NOT NULL, cut INTEGER NOT NULL, mid_sentence INTEGER NOT NULL,
  repeat INTEGER NOT NULL, over_budget INTEGER NOT NULL, tokens INTEGER NOT NULL, trims TEXT NOT NULL,
  asked_model TEXT NOT NULL, model TEXT NOT NULL, fingerprint TEXT, latency_seconds REAL NOT NULL,
  attempts INTEGER NOT NULL, wasted_tokens INTEGER NOT NULL,
  reply_text TEXT NOT NULL, reply_end TEXT NOT NULL, raw BLOB NOT NULL,
  prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL, usage_estimated INTEGER NOT NULL,
  PRIMARY KEY (session_id, n)
) STRICT;
CREATE INDEX session_status ON session (status, number);
CREATE INDEX attempt_lost ON attempt (id) WHERE outcome IS NOT 'ok';
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""

_KEPT_ONCE: dict[str, type[Record]] = {
    "couple": Couple, "therapist": Therapist, "topic": Topic, "models": Cast, "budget": Budget
}  # fmt: skip


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
    cell: Mapping[str, str]
    """Which level of each factor it has; empty where nothing is varied."""
    repeat: int
    """Which of its cell's sessions it is, from 1."""


def key_in(cell: str, repeat: int) -> str:
    """The place in the design (`Planned.key`) that a row's columns hold."""
    return key_of(json.loads(cell), repeat)


def documents_of(spec: Spec) -> Iterator[tuple[str, str, str]]:
    """Hash, kind and content of what a spec shares with others."""
    for kind in _KEPT_ONCE:
        part: Record = getattr(spec, kind)
        yield part.content_hash, kind, part.canonical


def spec_json(spec: Spec) -> str:
    """A spec with the hashes of its documents in their place."""
    hashes = {kind: getattr(spec, kind).content_hash for kind in _KEPT_ONCE}
    own = spec.model_dump(mode="json", exclude={*_KEPT_ONCE, *(("prefix",) if spec.prefix is None else ())})
    return json.dumps({**own, **hashes}, ensure_ascii=False)


class Specs:
    """Reads specs; every document is parsed once, and equal ones are one object."""

    def __init__(self, content: Callable[[str], str]) -> None:
        """`content`: a document's content by its hash."""
        self._content = content
        self._read: dict[str, Record] = {}

    def read(self, text: str) -> Spec:
        """The spec written by `spec_json`."""
        fields = json.loads(text)
        for kind, record in _KEPT_ONCE.items():
            if (hash_ := fields[kind]) not in self._read:
                self._read[hash_] = record.model_validate_json(self._content(hash_))
            fields[kind] = self._read[hash_]
        return Spec.model_validate(fields)


def turn_row(session_id: str, turn: Turn, asked_model: str) -> tuple[Any, ...]:
    """The values of a turn's row, in the table's order."""
    reply, usage = turn.reply, turn.reply.usage
    return (
        session_id, turn.n, turn.speaker, turn.text, turn.end, turn.cut, turn.mid_sentence,
        turn.repeat, turn.over_budget, turn.tokens,
        json.dumps([trim.model_dump() for trim in turn.trims], ensure_ascii=False) if turn.trims else "[]",
        asked_model, reply.model, reply.fingerprint, reply.latency_seconds, reply.attempts, reply.wasted_tokens,
        reply.text, reply.end, reply.raw,
        usage.prompt, usage.cached, usage.completion, usage.reasoning, usage.estimated,
    )  # fmt: skip


def turn_of(row: sqlite3.Row | dict[str, Any]) -> Turn:
    """The turn in a row."""
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
        **{name: values[name] for name in ("model", "fingerprint", "latency_seconds", "attempts", "wasted_tokens")},
    }
    return Turn.model_validate(
        {
            **{name: values[name] for name in ("n", "speaker", "text", "end", "tokens")},
            **{name: bool(values[name]) for name in ("cut", "mid_sentence", "repeat", "over_budget")},
            "trims": json.loads(values["trims"]),
            "reply": Reply.model_validate(reply),
        }
    )
