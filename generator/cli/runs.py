"""Finds the run that a path on the command line means."""

from __future__ import annotations

from pathlib import Path

from generator.errors import InputError

RUNS_NAMED = 5
"""How many runs a message names at most."""


def run_at(path: Path) -> Path:
    """The folder of the run: the folder itself, or that of its ledger.db.

    Raises InputError, naming the runs inside the folder or the one around it.
    """
    if path.name == "ledger.db" and path.is_file():
        return path.parent
    if (path / "ledger.db").is_file():
        return path
    raise InputError(f"{path}: there is no run here (no ledger.db){_hint(path)}")


def _hint(path: Path) -> str:
    inside = [ledger.parent for ledger in sorted(path.glob("*/ledger.db"))] if path.is_dir() else []
    if inside:
        more = f" and {len(inside) - RUNS_NAMED} more" if len(inside) > RUNS_NAMED else ""
        return f"; it holds runs: {', '.join(map(str, inside[:RUNS_NAMED]))}{more}"
    for around in list(path.parents if path.name else path.absolute().parents)[:2]:
        if (around / "ledger.db").is_file():
            return f"; {around} is a run"
    return ""
