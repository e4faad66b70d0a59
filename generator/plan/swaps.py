"""Counterbalancing: what becomes of a couple when its labels or its names are exchanged. Each swap undoes itself."""

from __future__ import annotations

import re
from typing import Any

from generator.errors import InputError
from generator.schema.persona import Couple

_NO_TEXT = frozenset({"id", "topics", "pronouns", "attachment", "bids", "pursuer"})
"""Fields that hold no running text."""


def swap_labels(couple: Couple) -> Couple:
    """The same two people, the other one Patient A."""
    pursuer = "B" if couple.pattern.pursuer == "A" else "A"
    pattern = couple.pattern.model_copy(update={"pursuer": pursuer})
    return couple.model_copy(update={"a": couple.b, "b": couple.a, "pattern": pattern})


def swap_names(couple: Couple) -> Couple:
    """The same two people, each with the other's name, wherever it stands: full name, what they are called,
    surname; possessives too.

    The pronouns are left as they are: only for partners who have the same. Raises InputError where a name cannot
    be told from a word, or from the other's.
    """
    other = _pairs(couple)
    data = couple.model_dump(mode="json")
    texts = " ".join(_texts(data))
    for name in other:
        if re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", texts) and name != name.lower():
            raise InputError(f"couple {couple.id!r}: {name.lower()!r} is a word in its texts as well as a name")
    longest_first = "|".join(re.escape(name) for name in sorted(other, key=len, reverse=True))
    names = re.compile(rf"(?<!\w)({longest_first})(['’](?:s(?!\w)|(?=\s\w)))?(?!\w)")

    def exchanged(match: re.Match[str]) -> str:
        name, ending = other[match[1]], match[2] or ""
        return name + (f"{ending}s" if len(ending) == 1 and not name.endswith("s") else ending)

    return Couple.model_validate(_over_texts(data, lambda text: names.sub(exchanged, text)))


def _pairs(couple: Couple) -> dict[str, str]:
    """Each word or group of words that names one partner, and what names the other instead."""
    a, b = couple.a, couple.b
    pairs = [(a.name, b.name), (a.called, b.called)]
    (*given_a, last_a), (*given_b, last_b) = a.name.split(), b.name.split()
    if given_a and given_b:
        pairs += [(" ".join(given_a), " ".join(given_b)), (last_a, last_b)]
    other: dict[str, str] = {}
    for one, two in pairs:
        for name, instead in ((one, two), (two, one)):
            if other.setdefault(name, instead) != instead:
                raise InputError(f"couple {couple.id!r}: {name!r} names both partners in different ways")
    return {name: instead for name, instead in other.items() if name != instead}


def _over_texts(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {key: each if key in _NO_TEXT else _over_texts(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_over_texts(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def _texts(value: Any) -> list[str]:
    found: list[str] = []

    def find(text: str) -> str:
        found.append(text)
        return text

    _over_texts(value, find)
    return found
