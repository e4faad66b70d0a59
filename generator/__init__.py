"""couplesim: simulated couples-therapy sessions. Names are imported when they are used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.api import agenerate, generate, replay
    from generator.format import parse, render
    from generator.inspection import check_paths
    from generator.personas import load_couple, load_therapist, load_topic
    from generator.prompts import load_prompt_set
    from generator.schema.session import Budget, Cast, Model

_HOMES = {
    "agenerate": "generator.api",
    "check_paths": "generator.inspection",
    "replay": "generator.api",
    "generate": "generator.api",
    "load_couple": "generator.personas",
    "load_therapist": "generator.personas",
    "load_topic": "generator.personas",
    "load_prompt_set": "generator.prompts",
    "parse": "generator.format",
    "render": "generator.format",
    "Budget": "generator.schema.session",
    "Cast": "generator.schema.session",
    "Model": "generator.schema.session",
}

__all__ = [
    "Budget",
    "Cast",
    "Model",
    "agenerate",
    "check_paths",
    "generate",
    "load_couple",
    "load_prompt_set",
    "load_therapist",
    "load_topic",
    "parse",
    "render",
    "replay",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'generator' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
