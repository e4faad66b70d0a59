"""A stand-in for a judge, for tests only: no model judges here, answers are planted, and every reply says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.judge.forms import FORMS, Form, units
from tests.faults.server import Behaviour, Seen, ok

MODEL = "stand-in-judge"
SERVED = "stand-in: no model judged"

Plant = Callable[[str, str, str], Any]
"""The answer to a rubric's question about a unit: (rubric, unit, key)."""

PLAIN = {"framing": "neither", "bids": 2, "challenges": "neither", "panas": 3}


def plain(rubric: str, unit: str, key: str) -> Any:
    """The middle of everything; no bid before anybody has spoken."""
    return None if rubric == "bids" and unit == "1" else PLAIN.get(rubric, 5)


@dataclass
class StandIn:
    """A script for `Server`. Answers by `plant`; quotes the first words of what it may quote."""

    plant: Plant = plain
    asked: list[str] = field(default_factory=list)
    """The rubric of each request, in order."""

    def __call__(self, number: int, seen: Seen) -> Behaviour:
        rubric, turns = read_request(seen)
        self.asked.append(rubric)
        return self.reply(rubric, turns)

    def reply(self, rubric: str, turns: Sequence[tuple[str, str]]) -> Behaviour:
        return ok(json.dumps(answer(rubric, turns, self.plant), ensure_ascii=False), model=SERVED)


def read_request(seen: Seen) -> tuple[str, list[tuple[str, str]]]:
    """Which rubric is asked, of which turns: from the words of the request alone, as a judge would."""
    text = seen.json["messages"][1]["content"]
    transcript, asked = text.split("End of the transcript.")
    found = re.split(r"^\[\d+\] (Therapist|Patient A|Patient B): ", transcript, flags=re.MULTILINE)[1:]
    turns = [(label, said.strip()) for label, said in zip(found[::2], found[1::2], strict=True)]
    (rubric,) = [name for name, form in FORMS.items() if all(f'"{key}": ' in asked for key in form.questions)]
    return rubric, turns


def answer(rubric: str, turns: Sequence[tuple[str, str]], plant: Plant) -> dict[str, Any]:
    """The answer that a judge would give who thought what is planted."""
    form = FORMS[rubric]
    therapist = tuple(n for n, (label, _) in enumerate(turns, start=1) if label == "Therapist")
    entries = {unit: _entry(rubric, form, unit, turns, plant) for unit in units(form, therapist)}
    if form.of == "therapist turns":
        return {"turns": [{"turn": int(unit), **entry} for unit, entry in entries.items()]}
    if form.of == "session":
        return entries["session"]
    if form.of == "partners":
        return entries
    return {side: {time: entries[f"{side}.{time}"] for time in ("before", "after")} for side in "ab"}


def _entry(rubric: str, form: Form, unit: str, turns: Sequence[tuple[str, str]], plant: Plant) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for key, kind in form.questions.items():
        value = plant(rubric, unit, key)
        if kind.quoted is None:
            entry[key] = value
        else:
            at = {"turn": int(unit) - 1, "before": int(unit) - 2}[kind.quoted] if kind.quoted != "transcript" else 0
            quote = " ".join(turns[at][1].split()[:8])
            entry[key] = {"evidence": "" if value == kind.unquoted else quote, "answer": value}
    return entry
