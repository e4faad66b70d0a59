"""Finds personas, prompts and seeds: a user's own folders first, then what is shipped."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from generator.errors import InputError

FOLDERS = {
    "couple": ("personas/couples", ".yaml"),
    "therapist": ("personas/therapists", ".yaml"),
    "topic": ("personas/topics", ".yaml"),
    "prompt set": ("prompts", "/set.yaml"),
    "rubric": ("prompts/judges", "/rubric.yaml"),
}
"""Where each kind of asset lives under a root, and how its path ends; with a slash, it is the folder that holds the
file."""


def shipped_root() -> Path:
    """The folder that holds the shipped `personas/`, `prompts/`, `seeds/` and `schemas/`.

    In an installed wheel that is `generator/data`; in a source checkout, the checkout itself.
    """
    package = Path(__file__).resolve().parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent


class Assets:
    """The assets under a list of roots; where two roots hold the same id, the earlier one wins."""

    def __init__(self, roots: Sequence[Path] | None = None) -> None:
        """`roots`: folders to look in, first wins. None: the current folder, then what is shipped."""
        self.roots = list(roots) if roots is not None else [Path.cwd(), shipped_root()]

    def all(self, kind: str) -> dict[str, Path]:
        """All assets of a kind: id to path, sorted by id."""
        folder, ending = FOLDERS[kind]
        found: dict[str, Path] = {}
        for root in self.roots:
            base = root / folder
            if not base.is_dir():
                continue
            for path in sorted(base.iterdir()):
                if path.name.startswith(("_", ".")):
                    continue
                if ending.startswith("/"):
                    if (path / ending[1:]).is_file():
                        found.setdefault(path.name, path)
                elif path.suffix == ending:
                    found.setdefault(path.stem, path)
        return dict(sorted(found.items()))

    def seed(self, name: str) -> Path:
        """The path of a file in seeds/. Raises InputError naming every folder looked in."""
        return self.top(f"seeds/{name}")

    def top(self, name: str) -> Path:
        """The path of a file under a root: "prices.yaml". Raises InputError naming every folder looked in."""
        places = [root / name for root in self.roots]
        for path in places:
            if path.is_file():
                return path
        raise InputError(f"there is no {name}; looked in {', '.join(str(path.parent) for path in places)}")

    def find(self, kind: str, name: str) -> Path:
        """The path of the asset `name`: an id, or the path of a file (for prompt sets and rubrics, a folder).

        Raises InputError naming the nearest id and every folder looked in.
        """
        if "/" in name or name.endswith(".yaml"):
            try:
                if Path(name).exists():
                    return Path(name)
            except (OSError, ValueError):
                pass
            raise InputError(f"{name[:200]}: there is no such {kind} file")
        known = self.all(kind)
        if name in known:
            return known[name]
        near = _near(name.casefold(), list(known))
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
        tried = ", ".join(str(root / FOLDERS[kind][0]) for root in dict.fromkeys(self.roots))
        raise InputError(f"no {kind} {name!r}{hint} Looked in {tried}; `couplesim list` shows all")


def _near(name: str, known: Sequence[str]) -> list[str]:
    """The id that is spelt most like `name`, or else up to three that begin with it or contain it."""
    return (
        difflib.get_close_matches(name, known, n=1)
        or [id_ for id_ in known if name and id_.startswith(name)][:3]
        or [id_ for id_ in known if name and name in id_][:3]
    )
