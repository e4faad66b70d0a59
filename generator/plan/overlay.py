"""Lays changes over people: key by key, and validates what comes of it as their files are validated."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from generator import strict_yaml
from generator.errors import InputError
from generator.plan.levels import Overlay
from generator.plan.origin import Origin
from generator.schema.persona import Couple, Therapist
from generator.strict_yaml import Document, Loc

P = TypeVar("P", Couple, Therapist)

_Piece = tuple[Loc, dict[str, Any], Loc]
"""Where in the persona changes are laid, the changes, and where in the plan they are written."""


def over_couple(couple: Couple, overlays: list[tuple[Overlay, Loc]], origin: Origin) -> Couple:
    """The couple with these overlays (each with its place in the plan) over it. Raises InputError with the
    place of whatever makes it invalid."""
    pieces: list[_Piece] = [
        (key, changes, (*loc, part))
        for overlay, loc in overlays
        for part, keys, changes in (
            ("couple", ((),), overlay.couple),
            ("partners", (("a",), ("b",)), overlay.partners),
            ("a", (("a",),), overlay.a),
            ("b", (("b",),), overlay.b),
        )
        if changes
        for key in keys
    ]
    return _over(couple, pieces, [loc for _, loc in overlays], origin)


def over_therapist(therapist: Therapist, overlays: list[tuple[Overlay, Loc]], origin: Origin) -> Therapist:
    """The therapist with these overlays over them. Raises InputError."""
    pieces: list[_Piece] = [
        ((), overlay.therapist, (*loc, "therapist")) for overlay, loc in overlays if overlay.therapist
    ]
    return _over(therapist, pieces, [loc for _, loc in overlays], origin)


def _over(persona: P, pieces: list[_Piece], levels: list[Loc], origin: Origin) -> P:
    if not pieces:
        return persona
    document = _laid(persona.model_dump(mode="json"), pieces, levels, origin)
    try:
        return strict_yaml.validate(document, type(persona), origin.source or "plan")
    except InputError as error:
        raise InputError(
            *(problem.replace(": file: ", f": {persona.id}: ", 1) for problem in error.problems)
        ) from error


def _laid(data: dict[str, Any], pieces: list[_Piece], levels: list[Loc], origin: Origin) -> Document:
    """What comes of it, as if it had been one file: everything from the plan has its place there."""
    document = Document(data)
    document.values[()] = origin.place(levels[-1])
    for into, changes, loc in pieces:
        if not into and "id" in changes:
            raise InputError(f"{origin.at((*loc, 'id'), key=True)}an overlay cannot change an id")
        inner: dict[str, Any] = data
        for key in into:
            inner = inner[str(key)]
        _lay(inner, changes, into, loc, document, origin)
    return document


def _lay(into: dict[str, Any], changes: dict[str, Any], at: Loc, loc: Loc, document: Document, origin: Origin) -> None:
    for key, value in changes.items():
        here, there = (*at, key), (*loc, key)
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _lay(into[key], value, here, there, document, origin)
            continue
        into[key] = copy.deepcopy(value)
        document.keys[here] = origin.place(there, key=True)
        _mark(value, here, there, document, origin)


def _mark(value: Any, at: Loc, loc: Loc, document: Document, origin: Origin) -> None:
    """Enter where a value, and all in it, was written."""
    document.values[at] = origin.place(loc)
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        document.keys[(*at, key)] = origin.place((*loc, key), key=True)
        _mark(each, (*at, key), (*loc, key), document, origin)
