"""Loads couples, therapists and topics from YAML, and reports all problems of all files at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from generator import strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.schema.persona import Couple, Therapist, Topic

P = TypeVar("P", Couple, Therapist, Topic)

_LOADERS: dict[str, Callable[[Path], Couple | Therapist | Topic]] = {
    "couple": lambda path: load_file(path, Couple),
    "therapist": lambda path: load_file(path, Therapist),
    "topic": lambda path: load_file(path, Topic),
}


def load_couple(name: str, assets: Assets | None = None) -> Couple:
    """The couple with this id, or in this file. Raises InputError."""
    return _load(name, "couple", Couple, assets)


def load_therapist(name: str, assets: Assets | None = None) -> Therapist:
    """The therapist with this id, or in this file. Raises InputError."""
    return _load(name, "therapist", Therapist, assets)


def load_topic(name: str, assets: Assets | None = None) -> Topic:
    """The topic with this id, or in this file. Raises InputError."""
    return _load(name, "topic", Topic, assets)


def check_all(assets: Assets) -> None:
    """Validate every persona file under the roots. Raises one InputError holding all problems."""
    problems: list[str] = []
    for kind, load in _LOADERS.items():
        for path in assets.all(kind).values():
            try:
                load(path)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(*problems)


def alike(assets: Assets) -> list[str]:
    """Warnings about couples whose partners have the same names as another couple's."""
    first: dict[tuple[str, ...], str] = {}
    warnings: list[str] = []
    for name in assets.all("couple"):
        couple = load_couple(name, assets)
        names = tuple(sorted((couple.a.name, couple.b.name)))
        if names in first:
            warnings.append(f"couples {first[names]!r} and {name!r} have the same names; is one a copy of the other?")
        first.setdefault(names, name)
    return warnings


def load_file(path: Path, record: type[P]) -> P:
    """One persona file as its record; its id must equal the file's name."""
    document = strict_yaml.read(path)
    persona = strict_yaml.validate(document, record, str(path))
    if persona.id != path.stem:
        line, column = document.values[("id",)]
        raise InputError(f"{path}:{line}:{column}: id: must equal the file's name, {path.stem!r} (got {persona.id!r})")
    return persona


def _load(name: str, kind: str, record: type[P], assets: Assets | None) -> P:
    return load_file((assets or Assets()).find(kind, name), record)
