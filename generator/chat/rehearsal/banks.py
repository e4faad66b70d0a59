"""The phrase banks: units of one to three sentences, by act, with slots and inline alternatives.

`{slot}` is filled from what the speaker knows, `[one|other]` offers a choice of words. Units live in
`banks/*.yaml`; the folder's README says what each act is for.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Mapping
from importlib.resources import files

from generator import strict_yaml

SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")


@functools.cache
def banks() -> dict[str, tuple[str, ...]]:
    """All acts of all bank files. An act stands in one file only."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(files(__package__).joinpath("banks").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".yaml"):
            for act, units in strict_yaml.parse(path.read_bytes(), path.name).data.items():
                if act in found:
                    raise ValueError(f"{path.name}: act {act!r} stands in another bank file too")
                found[act] = tuple(units)
    return found


def slots_of(unit: str) -> set[str]:
    """Names of the slots in a unit."""
    return set(SLOT.findall(unit))


def speak(unit: str, fillers: Mapping[str, str], rng: random.Random) -> str:
    """The unit with its choices made and its slots filled."""
    chosen = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), unit)
    return SLOT.sub(lambda match: fillers[match[1]], chosen)
