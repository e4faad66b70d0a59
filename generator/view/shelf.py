"""The runs that there are to look at. What an address names is looked up among them and never becomes a path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from generator.errors import InputError
from generator.sources import shown

DEPTH = 3
"""How many folders down from the one that is shown a run may be."""


class Shelf:
    """The runs in a folder, or one run."""

    def __init__(self, path: Path) -> None:
        """Raises InputError if `path` is neither a folder nor a run."""
        path = path.parent if path.name == "ledger.db" and path.is_file() else path
        if not path.is_dir():
            raise InputError(f"{path}: there is no such folder; name a run, or a folder of runs such as outputs")
        self.path = path
        self.is_run = (path / "ledger.db").is_file()

    def runs(self) -> dict[str, Path]:
        """The folders of the runs by the names that addresses have for them, as they are now."""
        if self.is_run:
            return {shown(Path(self.path.resolve().name)): self.path}
        found = sorted(_runs(self.path, DEPTH))
        return {":".join(shown(Path(part)) for part in run.relative_to(self.path).parts): run for run in found}


def _runs(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inside = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return
    for path in inside:
        if (path / "ledger.db").is_file():
            yield path
        elif depth > 1:
            yield from _runs(path, depth - 1)
