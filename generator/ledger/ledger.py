"""A run's ledger, opened to write, to read beside a writer, or made anew.

One writer. An attempt is committed before its request is sent; the reply, the turn and the attempt's end
are one transaction; whoever runs the session waits for it before the next request.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

from generator.errors import StorageError
from generator.ledger import changes, rows
from generator.ledger.file import (
    check_ours,
    connect,
    connect_to_read,
    is_old,
    now,
    require,
    storage,
    take_lock,
)
from generator.ledger.migration import migrate
from generator.ledger.reading import Reading
from generator.schema.planned import Planned

P = ParamSpec("P")
T = TypeVar("T")


class Ledger(Reading):
    """An open ledger. Use `create`, `open` (to write) or `read` (beside a running one)."""

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, lock: IO[str] | None, network_fs: bool = False
    ) -> None:
        super().__init__(folder, connection)
        self.network_fs = network_fs
        self._lock = lock

    @classmethod
    def create(
        cls,
        folder: Path,
        plan: Mapping[str, Any],
        made_by: str,
        planned: Iterable[Planned],
        prompts: Mapping[str, Any],
        *,
        network_fs: bool = False,
    ) -> Ledger:
        """Begin a run in `folder`, with its sessions and its prompt sets (hash to content), all or nothing.
        `network_fs`: see `connect`.

        Raises StorageError if the folder cannot be written, or holds anything of another run.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageError(f"cannot write to {folder}: {exc.strerror}; choose another folder with --out") from exc
        lock = take_lock(folder, network_fs)
        try:
            path = folder / "ledger.db"
            _refuse_remains(folder)
            _build(folder / ".ledger.new", plan, made_by, planned, prompts)
            connect(folder / ".ledger.new", network_fs=network_fs).close()
            os.replace(folder / ".ledger.new", path)
            return cls(folder, connect(path, network_fs=network_fs), lock, network_fs)
        except BaseException:
            (folder / ".ledger.new").unlink(missing_ok=True)
            lock.close()
            raise

    @classmethod
    def open(cls, folder: Path, *, network_fs: bool = False) -> Ledger:
        """Open a run to go on with it, and bring its ledger up to date where an older couplesim made it.
        `network_fs`: see `connect`. Raises StorageError or RunInUse."""
        path = require(folder)
        lock = take_lock(folder, network_fs)
        try:
            check_ours(path)
            with storage(path), closing(sqlite3.connect(path)) as connection:
                old = is_old(connection)
            if old:
                migrate(path)
            return cls(folder, connect(path, network_fs=network_fs), lock, network_fs)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """Open a run to look at it; works beside a running one. Raises StorageError."""
        path = require(folder)
        check_ours(path)
        connection = connect_to_read(path)
        try:
            if is_old(connection):
                raise StorageError(_OLD.format(path=path, run=shlex.quote(str(folder))))
        except BaseException:
            connection.close()
            raise
        return cls(folder, connection, None)

    def close(self) -> None:
        """Close the file and give the run free."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def write(self, change: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Commit one of `changes` in a transaction of its own."""
        with storage(self.folder / "ledger.db"), self._connection:
            return change(self._connection, *args, **kwargs)

    def replace_sessions(self, plan: Mapping[str, Any], planned: Iterable[Planned], prompts: Mapping[str, Any]) -> None:
        """Put other sessions in the place of those of an untouched run."""

        def replace(connection: sqlite3.Connection) -> None:
            for table in ("attempt", "turn", "session", "document"):
                connection.execute(f"DELETE FROM {table}")
            changes.enter(connection, plan, planned, prompts)

        self.write(replace)


_OLD = (
    "{path}: made by an older couplesim; couplesim repair {run} brings it up to date and keeps a copy of it, "
    "couplesim resume {run} does so and goes on with the run"
)


def _refuse_remains(folder: Path) -> None:
    path = folder / "ledger.db"
    if path.exists() and path.stat().st_size > 0:
        raise StorageError(f"{path}: another run began here just now; resume it, or choose another folder with --out")
    if Path(f"{path}-wal").exists() or any(folder.glob("transcripts/**/*.txt")):
        raise StorageError(
            f"{path}: the ledger is empty or missing beside what it wrote; restore it, "
            "or choose another folder with --out"
        )


def _build(
    path: Path, plan: Mapping[str, Any], made_by: str, planned: Iterable[Planned], prompts: Mapping[str, Any]
) -> None:
    with storage(path):
        for left in (path, Path(f"{path}-journal")):
            left.unlink(missing_ok=True)
        connection = sqlite3.connect(path)
        connection.executescript("BEGIN;" + rows.SCHEMA)
        connection.execute("INSERT INTO run (only, plan, made_by, created_at) VALUES (1, '', ?, ?)", (made_by, now()))
        changes.enter(connection, plan, planned, prompts)
        connection.commit()
        connection.close()
