"""What a run is called, and what sets two specs apart."""

from __future__ import annotations

from typing import Any

from generator.schema.session import Spec


def run_name(first: Spec) -> str:
    """A name for the run that begins with this session, so that the same command finds its run again."""
    return f"{first.topic.id}_{first.couple.id}_{first.id[:8]}"


def changed_fields(old: Spec, new: Spec) -> list[str]:
    """Dotted names of the fields in which two specs differ."""
    return sorted(_differences(old.model_dump(mode="json"), new.model_dump(mode="json"), ""))


def _differences(old: Any, new: Any, at: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = dict.fromkeys([*old, *new])
        return [name for key in keys for name in _differences(old.get(key), new.get(key), f"{at}.{key}".lstrip("."))]
    return [] if old == new else [at]
