"""Where an export goes. It replaces itself and nothing else.

Beside a file, or in a folder, stands what says which export it is (`about.json`), with the hash of every file. A
file that is not in it, or has been changed since, is somebody's own and is never written over. New files are made
whole in a hidden folder first; then one after the other takes its place. A stop at any moment leaves every file
whole, old or new, and the same export again puts things right.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generator.errors import InputError, StorageError
from generator.files import write_whole

ABOUT = "about.json"
ELSEWHERE = "choose another place with --out"


class Place:
    """A file or a folder that an export is written to."""

    def __init__(self, out: Path, is_folder: bool, which: Mapping[str, Any]) -> None:
        """`which`: what makes two exports the same."""
        self._out, self._which = out, dict(which)
        resolved = out.resolve()
        self._base = resolved if is_folder else resolved.parent
        self._about = resolved / ABOUT if is_folder else resolved.with_name(f"{resolved.name}.{ABOUT}")
        self._staged = resolved / ".new" if is_folder else resolved.with_name(f".{resolved.name}.new")
        self._is_folder = is_folder
        self._known: dict[str, list[str]] = {}
        """Hashes that each file of the earlier export may have."""

    @contextmanager
    def replacing(self) -> Iterator[Path]:
        """An empty folder to write the new files to. Raises InputError where something else stands."""
        self._check()
        try:
            self._staged.mkdir(parents=True, exist_ok=True)
            held = os.open(self._staged, os.O_RDONLY)
        except OSError as exc:
            raise InputError(f"cannot write to {self._out}: {exc.strerror}; {ELSEWHERE}") from exc
        try:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                raise InputError(f"{self._out}: another export is being written here") from exc
            try:
                _empty(self._staged)
                yield self._staged
            except OSError as exc:
                raise self._unwritten(exc) from exc
            finally:
                shutil.rmtree(self._staged, ignore_errors=True)
        finally:
            os.close(held)

    def put(self, facts: Mapping[str, Any]) -> None:
        """Let the new files take their places; `facts` are said of them. Call it within `replacing`."""
        new = {str(path.relative_to(self._staged)): _hash(path) for path in _files(self._staged)}
        for name in new:
            self._refuse_if_not_ours(name)
        self._say(facts, {name: [*self._known.get(name, ()), *_of(new, name)] for name in sorted({*self._known, *new})})
        for name, hash_ in new.items():
            place = self._base / name
            if not place.is_file() or _hash(place) != hash_:
                place.parent.mkdir(parents=True, exist_ok=True)
                _sync(self._staged / name)
                os.replace(self._staged / name, place)
        for name in self._known.keys() - new.keys():
            (self._base / name).unlink(missing_ok=True)
        self._say(facts, {name: [hash_] for name, hash_ in sorted(new.items())})

    def _check(self) -> None:
        place = self._out.resolve()
        if self._is_folder and place.exists() and not place.is_dir():
            raise InputError(f"{self._out} is a file; {ELSEWHERE}")
        if not self._is_folder and place.is_dir():
            raise InputError(f"{self._out} is a folder; {ELSEWHERE}")
        stands = place.exists() and (not self._is_folder or any(each != self._staged for each in place.iterdir()))
        if not self._about.exists():
            if stands:
                raise InputError(f"{self._out}: something else stands here; {ELSEWHERE}")
            return
        try:
            about = json.loads(self._about.read_text(encoding="utf-8"))
            self._known = {str(name): [str(each) for each in hashes] for name, hashes in about["files"].items()}
            same = {name: about[name] for name in self._which} == self._which
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as exc:
            raise InputError(f"{self._about}: is not of an export; {ELSEWHERE}") from exc
        if not same or any(not _is_inside(name) for name in self._known):
            raise InputError(f"{self._out} holds another export: {_said(about, self._which)}; {ELSEWHERE}")
        for name in self._known:
            self._refuse_if_not_ours(name)

    def _refuse_if_not_ours(self, name: str) -> None:
        place = self._base / name
        if not place.exists() and not place.is_symlink():
            return
        if name not in self._known:
            raise InputError(f"{place}: something else stands here; move it away, or {ELSEWHERE}")
        if not place.is_file() or _hash(place) not in self._known[name]:
            raise InputError(f"{place} was changed since it was exported; move it away, or {ELSEWHERE}")

    def _say(self, facts: Mapping[str, Any], files: Mapping[str, list[str]]) -> None:
        about = {**self._which, **facts, "files": files}
        write_whole(self._about, json.dumps(about, ensure_ascii=False, indent=2) + "\n")

    def _unwritten(self, exc: OSError) -> StorageError:
        reason = "disk full" if exc.errno == errno.ENOSPC else exc.strerror or str(exc)
        return StorageError(
            f"{self._out}: cannot be written ({reason}); what stood there is as it was, or new and whole"
        )


def _of(new: Mapping[str, str], name: str) -> list[str]:
    return [new[name]] if name in new else []


def _said(about: Mapping[str, Any], which: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {about[name]}" for name in which if about[name] != which[name])


def _is_inside(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
