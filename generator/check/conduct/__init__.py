"""Level conduct: how one session goes. One family of rules, one file: `RULES`, and `find(case)` that yields hits."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def _found() -> tuple[ModuleType, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


FAMILIES: tuple[ModuleType, ...] = _found()
"""All families, by the name of their file."""
