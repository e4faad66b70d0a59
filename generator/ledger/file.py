"""The ledger's file: its lock, its header, and SQLite's errors in our words."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from generator.errors import InputError, RunInUse, StorageError

APPLICATION_ID = 0x63706C73
"""Marks a SQLite file as ours ("cpls")."""

VERSION = 2
"""Schema version, in `user_version`. A newer file is left untouched."""


GLANCE_SECONDS = 0.05
"""Somebody who only looks whether a run is held (`holder`) is gone after this."""


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing: write-ahead log, every commit synced."""
    with storage(path):
        connection = sqlite3.connect(path, timeout=5.0)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    return connection


def check_ours(path: Path) -> None:
    """Refuse what is not an intact ledger of ours, by its first 100 bytes and its size; SQLite itself could
    change a file by opening it. While pages wait in the write-ahead log, the size says nothing. Offsets: https://www.sqlite.org/fileformat.html#the_database_header
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
        size, log = path.stat().st_size, Path(f"{path}-wal")
        waiting = log.exists() and log.stat().st_size > 0
    except OSError as exc:
        raise StorageError(f"{path}: cannot be read ({exc.strerror})") from exc
    page_size, pages, version, application = (
        int.from_bytes(header[start:end]) for start, end in ((16, 18), (28, 32), (60, 64), (68, 72))
    )
    torn = not waiting and size < pages * page_size
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION_ID or torn:
        raise StorageError(f"{path}: the ledger is damaged, or is not a couplesim ledger; it was left untouched")
    if version > VERSION:
        raise StorageError(f"{path}: made by a newer couplesim (ledger version {version}); it was left untouched")


def require(folder: Path) -> Path:
    """The ledger of the run in `folder`. Raises InputError if there is none."""
    path = folder / "ledger.db"
    if not path.is_file():
        raise InputError(f"{folder}: there is no run here (no ledger.db)")
    return path


def take_lock(folder: Path) -> IO[str]:
    """Take the run for this process; closing the file gives it free, and so does any end of the process.

    Raises RunInUse naming the owner, StorageError if the folder cannot be written.
    """
    path = folder / "run.lock"
    try:
        lock = path.open("a+")
    except OSError as exc:
        raise StorageError(f"cannot write to {folder}: {exc.strerror}; choose another folder with --out") from exc
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(GLANCE_SECONDS)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        lock.seek(0)
        owner = lock.read().strip() or "another process"
        lock.close()
        raise RunInUse(f"{folder}: run in use by {owner}; wait for it, or choose another folder with --out") from exc
    lock.truncate(0)
    lock.write(f"pid {os.getpid()} on {socket.gethostname()} since {now()}")
    lock.flush()
    return lock


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a run, or has held it last."""

    now: bool
    """Whether they hold it still."""
    pid: int | None
    """None, like the other two, where it is not on record."""
    host: str | None
    since: str | None
    """UTC."""


def holder(folder: Path) -> Holder | None:
    """Who holds the run in `folder`; None if nobody ever has. Only tries the lock, for a moment and shared with others
    who do so."""
    try:
        with (folder / "run.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                held = False
            except BlockingIOError:
                held = True
            owner = re.fullmatch(r"pid (\d+) on (\S+) since (\S+)", lock.read(400))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StorageError(f"{folder / 'run.lock'}: cannot be read ({exc.strerror})") from exc
    return Holder(held, int(owner[1]), owner[2], owner[3]) if owner else Holder(held, None, None, None)


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Translates SQLite's errors within the block into StorageError."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        if "full" in str(exc):
            raise StorageError(f"disk full: {path} could not be written; free some space and resume") from exc
        raise StorageError(f"{path}: {exc}; what was committed is kept") from exc
    except sqlite3.DatabaseError as exc:
        raise StorageError(f"{path}: the ledger is damaged ({exc}); it was left untouched") from exc


def now() -> str:
    """The time in UTC, for people to read; nothing is ordered or identified by it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
