"""Answers: the JSON that a judge is asked for, and the items that come out of what it sends.

Nothing is repaired: what is not an allowed value, or quotes words that nobody said, is an item with a problem. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generator.judge.figures import Item
from generator.judge.forms import Form, Kind
from generator.schema.label import Label

LEAST_WORDS = 3
"""Fewer words are no evidence: they stand in any transcript."""

NOT_THERE = "the evidence does not stand there"
"""How the problem of an item begins whose quotation nobody said."""

_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": "-", "–": "-", "…": " ", "*": " "})

_LABEL = re.compile(r"^\W*(?:\[\d+\]\s*)?(?:Therapist|Patient [AB]|AI_Facilitator)\s*:\s*|^\W*\[\d+\]\s*")
"""How a turn begins where it is shown to the judge."""

_TWICE = object()
"""In the place of what is said of a turn that is told of twice."""

Turns = Sequence[tuple[Label, str]]


def in_words(form: Form, units: Sequence[str]) -> str:
    """What a judge is told of the form of its answer."""
    entry = ", ".join(f'"{key}": {_example(kind)}' for key, kind in form.questions.items())
    quoted = any(kind.quoted for kind in form.questions.values())
    shape = {
        "therapist turns": f'{{"turns": [{{"turn": {units[0] if units else 1}, {entry}}}, ...]}}',
        "partners": f'{{"a": {{{entry}}}, "b": {{the same for Patient B}}}}',
        "partners before and after": f'{{"a": {{"before": {{{entry}}}, "after": {{the same}}}}, '
        '"b": {the same for Patient B}}',
        "session": f"{{{entry}}}",
    }[form.of]
    lines = ["Answer with one JSON object of this form, and nothing else:", shape]
    if form.of == "therapist turns":
        lines.append(f'"turns" holds one entry for each of these turns, in this order: {", ".join(units)}.')
    if quoted:
        lines.append(
            f'"evidence" is copied word for word from the transcript, {LEAST_WORDS} to 30 words of one speaker in one '
            "turn. It is empty only where the answer is null or neither."
        )
    return "\n".join(lines)


def schema(form: Form) -> dict[str, Any]:
    """JSON Schema of the answer, in the subset that strict endpoints know."""
    entry = {key: _schema_of(kind) for key, kind in form.questions.items()}
    if form.of == "therapist turns":
        return _object({"turns": {"type": "array", "items": _object({"turn": {"type": "integer"}, **entry})}})
    if form.of == "partners":
        return _object(dict.fromkeys("ab", _object(entry)))
    if form.of == "session":
        return _object(entry)
    return _object(dict.fromkeys("ab", _object(dict.fromkeys(("before", "after"), _object(entry)))))


def read(form: Form, units: Sequence[str], turns: Turns, text: str) -> tuple[Item, ...]:
    """An item for every question about every unit, whatever `text` is. `turns`: of the session, for the evidence."""
    data = _json(text)
    if data is None:
        broken = text.count("{") > text.count("}")
        why = "the answer breaks off; raise `tokens` in rubric.yaml" if broken else "the answer is not a JSON object"
        return missing(form, units, why)
    entries = dict(_entries(form, data))
    return tuple(
        _item(unit, key, kind, entries.get(unit), turns) for unit in units for key, kind in form.questions.items()
    )


def missing(form: Form, units: Sequence[str], why: str) -> tuple[Item, ...]:
    """Every item that was asked for, none of them answered."""
    return tuple(Item(unit, key, None, why) for unit in units for key in form.questions)


def stands_in(evidence: str, texts: Sequence[str]) -> bool:
    """Whether quoted words stand in one of the texts: letter by letter, but for the kind of apostrophes, quotation
    marks and dashes, for white space, capitals, the turn's number and label in front, and what is left out at an
    ellipsis."""
    evidence = _LABEL.sub("", evidence)
    pieces = [_plain(piece) for piece in re.split(r"\.{3,}|…|\[\.{3}\]", evidence)]
    pieces = [piece for piece in pieces if piece]
    if sum(len(piece.split()) for piece in pieces) < LEAST_WORDS:
        return any(_plain(evidence) and _plain(evidence) == _plain(text) for text in texts)
    return any(_in_order(pieces, f" {_plain(text)} ") for text in texts)


def _in_order(pieces: Sequence[str], text: str) -> bool:
    at = 0
    for piece in pieces:
        found = re.compile(rf"(?<!\w){re.escape(piece)}(?!\w)").search(text, at)
        if found is None:
            return False
        at = found.end()
    return True


def _plain(text: str) -> str:
    return " ".join(text.translate(_SAME).casefold().split()).strip(" \"'.,;:!?-")


def _json(text: str) -> dict[str, Any] | None:
    """The object in a reply, in a code fence or between other words if need be."""
    start, end = text.find("{"), text.rfind("}")
    try:
        data = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _entries(form: Form, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is said of each unit; of a turn that is told of twice, nothing."""
    if form.of == "therapist turns":
        told = data.get("turns")
        rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
        numbers = [str(row.get("turn")) for row in rows]
        for number, row in zip(numbers, rows, strict=True):
            yield number, row if numbers.count(number) == 1 else _TWICE
    elif form.of == "session":
        yield "session", data
    else:
        for side in "ab":
            told = data.get(side)
            if form.of == "partners":
                yield side, told
            elif isinstance(told, dict):
                yield from ((f"{side}.{time}", told.get(time)) for time in ("before", "after"))


def _item(unit: str, key: str, kind: Kind, entry: Any, turns: Turns) -> Item:
    if entry is _TWICE:
        return Item(unit, key, None, "the turn stands twice in the answer")
    if not isinstance(entry, dict) or key not in entry:
        return Item(unit, key, None, "not answered")
    told, evidence = entry[key], None
    if kind.quoted:
        if not isinstance(told, dict) or "answer" not in told:
            return Item(unit, key, None, "answered without evidence")
        evidence = told.get("evidence")
        told = told["answer"]
    if not _allowed(told, kind):
        return Item(unit, key, None, f"{_shown(told)} is not among the answers")
    if kind.quoted is None or told == kind.unquoted:
        return Item(unit, key, told)
    if not isinstance(evidence, str) or not stands_in(evidence, _where(kind, unit, turns)):
        return Item(unit, key, None, f"{NOT_THERE}: {_shown(evidence)}", _shown(evidence))
    return Item(unit, key, told, None, evidence[:400])


def _allowed(told: Any, kind: Kind) -> bool:
    return any(type(told) is type(value) and told == value for value in kind.values)


def _where(kind: Kind, unit: str, turns: Turns) -> list[str]:
    """The texts in which evidence may stand."""
    if kind.quoted == "transcript":
        return [text for _, text in turns]
    at = int(unit) - 1
    if kind.quoted == "turn":
        return [turns[at][1]]
    since = next((n + 1 for n in range(at - 1, -1, -1) if turns[n][0] == "Therapist"), 0)
    return [text for _, text in turns[since:at]]


def _shown(told: Any) -> str:
    return str(told)[:120].encode("utf-8", "replace").decode()


def _example(kind: Kind) -> str:
    values = [value for value in kind.values if value is not None]
    if isinstance(values[0], int):
        words = f"{values[0]} to {values[-1]}"
    else:
        words = " or ".join(f'"{value}"' for value in values)
    words += " or null" if None in kind.values else ""
    return f'{{"evidence": "...", "answer": {words}}}' if kind.quoted else words


def _schema_of(kind: Kind) -> dict[str, Any]:
    types = dict.fromkeys(_JSON_TYPES[type(value)] for value in kind.values)
    answer = {"type": list(types) if len(types) > 1 else next(iter(types)), "enum": list(kind.values)}
    return _object({"evidence": {"type": "string"}, "answer": answer}) if kind.quoted else answer


_JSON_TYPES: dict[type, str] = {int: "integer", str: "string", type(None): "null"}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def valid_share(items: Sequence[Item]) -> float:
    """Share of items that are valid; 0 of none."""
    return sum(item.problem is None for item in items) / len(items) if items else 0.0
