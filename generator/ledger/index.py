"""The sessions of a run in a few words each, for who looks at thousands of them: their specs are not built, and what
many share is read once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.ledger.rows import Status

PRINCIPALS = ("therapist", "a", "b")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a session is. It never changes."""

    number: int
    """Of its run, from 1."""
    couple: str
    """Ids of the people and the topic."""
    therapist: str
    topic: str
    structure: str
    prompts: str
    """Name of the prompt set; where they differ, of the therapist's, A's and B's."""
    model: str
    """The same of the model that speaks."""
    first: str
    """The partner who speaks first."""
    cell: Mapping[str, str]
    """Which level of each factor it has."""
    repeat: int
    planned_turns: int


@dataclass(frozen=True, slots=True)
class End:
    """How a session stands."""

    number: int
    status: Status
    reason: str | None
    """Why it ended or failed; None while open or complete."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What has been said in a session, counted."""

    turns: int
    cut: int
    trimmed: int
    tokens: int
    """Of the texts, counted here."""


def entries(rows: Iterable[sqlite3.Row], documents: Iterable[sqlite3.Row]) -> Iterator[Entry]:
    """The entries of session rows; `documents`: those of the kinds couple, therapist, topic and models."""
    named = {row["hash"]: _name(row["kind"], json.loads(row["content"])) for row in documents}
    cells: dict[str, Mapping[str, str]] = {}
    for row in rows:
        spec, cell = json.loads(row["spec"]), row["cell"]
        if cell not in cells:
            cells[cell] = json.loads(cell)
        yield Entry(
            number=row["number"],
            couple=named[spec["couple"]],
            therapist=named[spec["therapist"]],
            topic=named[spec["topic"]],
            structure=spec["structure"],
            prompts=_one_or_each([spec["prompts"][role]["name"] for role in PRINCIPALS]),
            model=named[spec["models"]],
            first=spec["first"],
            cell=cells[cell],
            repeat=row["repeat"],
            planned_turns=row["turns"],
        )


def _name(kind: str, content: dict[str, Any]) -> str:
    if kind == "models":
        return _one_or_each([content[role]["name"] for role in PRINCIPALS])
    return str(content["id"])


def _one_or_each(names: list[str]) -> str:
    return names[0] if len(set(names)) == 1 else "/".join(names)
