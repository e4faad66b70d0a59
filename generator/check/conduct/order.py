"""Who speaks when, and for how many turns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from generator.check.rule import Case, Hit, Rule
from generator.errors import InputError
from generator.people import PARTNERS
from generator.schema.label import Label
from generator.structures import structure_named

RULES = (
    Rule("opening", "conduct", "error", "The therapist does not open the session.",
         "Let the therapist speak first."),
    Rule("twice-in-a-row", "conduct", "error", "Somebody has two turns in a row.",
         "Join the turns, or see whether one between them is lost."),
    Rule("order", "conduct", "error", "A speaker whom the stated structure does not call on.",
         "Correct the Structure line, or see whether a turn is lost or wrongly labelled."),
    Rule("turn-count", "conduct", "warning", "More or fewer turns than the run, or the contract, asks for.",
         "See why the session ended there; the contract's range is `turns` in seeds/contract.yaml."),
    Rule("structure-unknown", "conduct", "note", "The Structure line names no structure that is known here.",
         "The order of speakers was not checked; `couplesim list structures` shows the names."),
)  # fmt: skip


def find(case: Case) -> Iterator[Hit]:
    """Hits on the order of speakers. Only the first departure from the structure is told: what follows, follows."""
    turns, labels = case.reading.turns, case.labels
    if not turns:
        return
    if labels[0] != "Therapist":
        yield Hit("opening", turns[0].line, f"{labels[0] or 'an unknown speaker'} opens the session")
    for before, turn in pairwise(turns):
        if turn.label is not None and turn.label == before.label:
            yield Hit("twice-in-a-row", turn.line, f"{turn.label} speaks in turns {before.n} and {turn.n}")
    yield from _departure(case)
    yield from _count(case)


def _departure(case: Case) -> Iterator[Hit]:
    name, labels = case.reading.structure, case.labels
    if not name:
        return
    try:
        structure = structure_named(name)
    except InputError:
        yield Hit("structure-unknown", case.reading.structure_line, f"no structure is called {name!r}", name)
        return
    first: Literal["A", "B"] = "B" if next((x for x in labels if x in PARTNERS), None) == "Patient B" else "A"
    order = structure(first, len(labels) + 1)
    spoken: list[Label] = []
    for turn in case.reading.turns:
        expected = order.next(spoken)
        if turn.label is None:
            return
        if turn.label != expected:
            message = f"turn {turn.n} is {turn.label}'s; by {structure.name!r} it would be {expected}'s"
            yield Hit("order", turn.line, message)
            return
        spoken.append(turn.label)


def _count(case: Case) -> Iterator[Hit]:
    count, last = len(case.labels), case.reading.turns[-1].line
    if case.known is not None:
        if case.known.complete and count != case.known.turns:
            yield Hit("turn-count", last, f"{count} turns; the run asked for {case.known.turns}")
        return
    least, most = case.contract.turns.least, case.contract.turns.most
    if not least <= count <= most:
        yield Hit("turn-count", last, f"{count} turns; the contract asks for {least} to {most}")
