"""Exports of one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from generator.export.record import record, scripted
from generator.export.selection import Selection, Spoken
from generator.export.views import View, Views
from generator.schema.label import Label

SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}
"""What ShareGPT calls the roles of messages."""


def records(selection: Selection) -> Iterator[str]:
    """A session a line, with everything."""
    for spoken in selection:
        yield _line(record(selection.run, spoken.row, spoken.turns))


def messages(selection: Selection, label: Label) -> Iterator[str]:
    """Messages as they were sent to `label`, with its turns as answers, for fine-tuning and evaluation."""
    for spoken, view in _views(selection, label):
        # whoever takes metadata takes text only
        metadata = {name: _as_text(value) for name, value in _mark(selection, spoken, label, view).items()}
        yield _line({"messages": view.messages, "metadata": metadata})


def sharegpt(selection: Selection, label: Label) -> Iterator[str]:
    """The same as ShareGPT conversations."""
    for spoken, view in _views(selection, label):
        said = [{"from": SHAREGPT[each["role"]], "value": each["content"]} for each in view.messages]
        yield _line({"conversations": said, **_mark(selection, spoken, label, view)})


def _views(selection: Selection, label: Label) -> Iterator[tuple[Spoken, View]]:
    views = Views(selection.ledger, label)
    for spoken in selection:
        view = None
        for view in views.of(spoken):
            yield spoken, view
        if view is None:
            selection.without(spoken)


def _mark(selection: Selection, spoken: Spoken, label: Label, view: View) -> dict[str, Any]:
    """What a conversation is, and which of the role's turns ran out of tokens."""
    row = spoken.row
    return {
        "synthetic": True,
        "scripted": scripted(spoken.turns),
        "sensitive": bool(row.spec.sensitive),
        "run": selection.run.id,
        "session": row.id,
        "number": row.number,
        "status": row.status,
        "role": label,
        "model": row.spec.models.of(label).name,
        "prompt_set": row.spec.prompts.of(label).name,
        "prompt_hash": row.spec.prompts.of(label).hash,
        "turns": [turn.n for turn in view.turns],
        "taken_over_turns": [turn.n for turn in view.turns if not turn.reply.attempts],
        "cut_turns": [turn.n for turn in view.turns if turn.cut],
    }


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
