"""Who speaks next. One structure, one file: a module of this folder with one class that is a `Structure`."""

from __future__ import annotations

import importlib
import pkgutil

from generator.errors import InputError
from generator.structures.protocol import Structure


def _found() -> tuple[type[Structure], ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "protocol")
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and thing.__module__ == module.__name__ and hasattr(thing, "summary")
    )


STRUCTURES: tuple[type[Structure], ...] = _found()
"""All structures, by the name of their file."""


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
