"""Who speaks next. One structure, one file; adding one means adding it to `STRUCTURES`."""

from __future__ import annotations

from generator.errors import InputError
from generator.structures.llm_only import LLMOnly
from generator.structures.protocol import Structure
from generator.structures.sequential import Sequential

STRUCTURES: tuple[type[Structure], ...] = (Sequential, LLMOnly)


def structure_named(name: str) -> type[Structure]:
    """The structure whose `Structure:` line is `name`; case and punctuation are forgiven.

    Raises InputError, naming those there are.
    """
    wanted = _key(name)
    for structure in STRUCTURES:
        if _key(structure.name) == wanted:
            return structure
    known = ", ".join(repr(structure.name) for structure in STRUCTURES)
    raise InputError(f"no structure is called {name!r}; there are {known}")


def _key(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
