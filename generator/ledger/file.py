"""The ledger's file: its lock, its header, and SQLite's errors in our words."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from generator.errors import DiskFull, InputError, RunInUse, StorageError

APPLICATION_ID = 0x63706C73
"""Marks a SQLite file as ours ("cpls")."""

VERSION = 2
"""Schema version, in `user_version`. A newer file is left untouched."""


GLANCE_SECONDS = 0.05
"""Somebody who only looks whether a run is held (`holder`) is gone after this."""


def connect(path: Path, *, network_fs: bool = False) -> sqlite3.Connection:
    """Open for writing: write-ahead log, every commit synced. `network_fs`: where a file system cannot have a
    write-ahead log, a rollback journal will do; otherwise that is refused with StorageError."""
    with storage(path):
        connection = sqlite3.connect(path, timeout=5.0)
        try:
            connection.row_factory = sqlite3.Row
            mode = journal_mode(connection, "WAL")
            if mode != "wal" and network_fs:
                mode = journal_mode(connection, "TRUNCATE")
            elif mode != "wal":
                raise StorageError(_NO_WAL.format(path=path, mode=mode))
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open for reading, beside a writer if there is one. Where nothing can be written, and so no log be opened, nobody
    is writing either."""
    with storage(path):
        address = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(address, uri=True)
        try:
            connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError as exc:
            connection.close()
            if _log_holds_anything(path) or not exc.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
                raise
            connection = sqlite3.connect(f"{address}&immutable=1", uri=True)
        except BaseException:
            connection.close()
            raise
    connection.row_factory = sqlite3.Row
    return connection


def _log_holds_anything(path: Path) -> bool:
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def journal_mode(connection: sqlite3.Connection, wanted: str) -> str:
    """Ask for a journal mode; the one that the file system allows comes back."""
    return str(connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0])


_NO_WAL = (
    "{path}: this file system cannot have SQLite's write-ahead log (it offers {mode!r}); is it a network drive? "
    "Choose a local folder with --out, or add --allow-network-fs to write more slowly and at your own risk"
)


def check_ours(path: Path) -> None:
    """Refuse what is not an intact ledger of ours, by its first 100 bytes and its size; SQLite itself could
    change a file by opening it. While pages wait in the write-ahead log, the size says nothing. Offsets: https://www.sqlite.org/fileformat.html#the_database_header
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
        size, waiting = path.stat().st_size, _log_holds_anything(path)
    except OSError as exc:
        raise StorageError(f"{path}: cannot be read ({exc.strerror})") from exc
    page_size, pages, application = (int.from_bytes(header[start:end]) for start, end in ((16, 18), (28, 32), (68, 72)))
    torn = not waiting and size < pages * page_size
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION_ID or torn:
        raise StorageError(
            f"{path}: the ledger is damaged, or is not a couplesim ledger; it was left untouched. {remedy(path)}"
        )
    check_newer(path)


def check_newer(path: Path) -> None:
    """Refuse a ledger whose header says that a newer couplesim made it."""
    with path.open("rb") as file:
        header = file.read(100)
    version, application = int.from_bytes(header[60:64]), int.from_bytes(header[68:72])
    if application == APPLICATION_ID and version > VERSION:
        raise StorageError(f"{path}: made by a newer couplesim (ledger version {version}); it was left untouched")


def is_old(connection: sqlite3.Connection) -> bool:
    """Whether an older couplesim made the ledger. The header in the file may not know yet what its log holds."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) < VERSION


def require(folder: Path) -> Path:
    """The ledger of the run in `folder`. Raises InputError if there is none."""
    path = folder / "ledger.db"
    if not path.is_file():
        raise InputError(f"{folder}: there is no run here (no ledger.db)")
    return path


def take_lock(folder: Path, network_fs: bool = False, name: str = "run.lock", what: str = "run") -> IO[str]:
    """Take the run for this process; closing the file gives it free, and so does any end of the process.
    `network_fs`: go on without a lock where the file system has none. `name`, `what`: of the lock's file and of what it
    is for, where that is not the run.

    Raises RunInUse naming the owner, StorageError if the folder cannot be written or locked.
    """
    path = folder / name
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
    except BlockingIOError as exc:
        lock.seek(0)
        owner = lock.read().strip() or "another process"
        lock.close()
        raise RunInUse(f"{folder}: {what} in use by {owner}; wait for it, or choose another folder with --out") from exc
    except OSError as exc:
        if not network_fs:
            lock.close()
            raise StorageError(_NO_LOCK.format(folder=folder, why=exc.strerror)) from exc
    with suppress(OSError):  # on a full disk nobody is told who holds it
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), f"pid {os.getpid()} on {socket.gethostname()} since {now()}".encode())
    return lock


_NO_LOCK = (
    "{folder}: nothing can be locked on this file system ({why}); is it a network drive? Choose a local folder with "
    "--out, or add --allow-network-fs and see to it yourself that one process at a time writes the run"
)


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
    except sqlite3.Error as exc:
        raise _translated(path, exc) from exc


def _translated(path: Path, exc: sqlite3.Error) -> StorageError:
    name = getattr(exc, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return DiskFull(f"disk full: {path} could not be written; free some space and resume")
    if name in _WRITING:
        return DiskFull(f"disk full or failing: {path} could not be written ({exc}); free some space and resume")
    if type(exc) is sqlite3.DatabaseError or str(exc).startswith(("no such table", "Could not decode")):
        return StorageError(f"{path}: the {_kind(path)} is damaged ({exc}); it was left untouched. {remedy(path)}")
    return StorageError(f"{path}: {exc}; what was committed is kept")


_WRITING = {f"SQLITE_IOERR_{what}" for what in ("WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "SHMSIZE", "SHMOPEN")}


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Translates into StorageError what a record within the block does not understand of a row."""
    try:
        yield
    except (ValueError, KeyError) as exc:
        first = (str(exc).splitlines() or [""])[0]
        raise StorageError(
            f"{path}: the {_kind(path)} is damaged ({first}); it was left untouched. {remedy(path)}"
        ) from exc


def remedy(path: Path) -> str:
    """What can be done about a damaged file, in words."""
    if _kind(path) == "file":
        return "Move it away and give the command again"
    return f"To copy what is readable: couplesim repair {shlex.quote(str(path.parent))}"


def _kind(path: Path) -> str:
    return "ledger" if path.name == "ledger.db" else "file"


def now() -> str:
    """The time in UTC, for people to read; nothing is ordered or identified by it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
