"""Copies what is readable of a damaged ledger into a new one. The damaged file is never written to: copies of it
are read (`salvage`), and it is kept beside the new ledger under another name.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from generator.errors import InputError, StorageError
from generator.ledger import rows
from generator.ledger.file import APPLICATION_ID, VERSION, check_newer, check_ours, now, require, storage, take_lock
from generator.ledger.ledger import Ledger
from generator.ledger.salvage import Row, Saved, salvage

PAGE_BYTES = 4096
"""Of every ledger."""


def repair(folder: Path, plan: Mapping[str, Any] | None) -> Saved:
    """Put a new ledger in the place of a damaged one. `plan`: to be kept where the ledger's own cannot be read.

    Raises InputError if there is nothing to repair, StorageError if nothing can be read, RunInUse.
    """
    path = require(folder)
    try:
        with take_lock(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".repair-") as work:
            check_newer(path)
            return _repaired(path, Path(work), plan)
    except OSError as exc:
        raise StorageError(f"{folder}: cannot be written ({exc.strerror}); the ledger was left as it is") from exc


def _repaired(path: Path, work: Path, plan: Mapping[str, Any] | None) -> Saved:
    saved = _best(path, work)
    if saved is None:
        raise InputError(f"{path}: nothing to repair, all of it can be read")
    if not saved.sessions:
        raise StorageError(
            f"{path}: nothing in it can be read; it was left untouched. Restore a backup of it; "
            f"the transcripts in {path.parent / 'transcripts'} are as they were"
        )
    new = work / "new.db"
    with storage(new):
        _write(new, saved, plan)
    saved.kept_as = _swap(path, new)
    return saved


def _best(path: Path, work: Path) -> Saved | None:
    """The most that any way of looking at the file gives; None if the file is sound."""
    best, refused = Saved(), False
    try:
        check_ours(path)
    except StorageError:
        refused = True
    for number, copy in enumerate(_copies(path, work)):
        with closing(sqlite3.connect(copy)) as connection:
            saved = salvage(connection)
            whole = not (saved.torn or saved.set_back) and _is_sound(connection)
        if number == 0 and whole and not refused:
            return None
        if (len(saved.sessions), saved.turns) > (len(best.sessions), best.turns):
            best = saved
        if number == 0 and saved.sessions and not Path(f"{path}-wal").exists():
            break
    return best


def _is_sound(connection: sqlite3.Connection) -> bool:
    try:
        return [tuple(row) for row in connection.execute("PRAGMA integrity_check")] == [(b"ok",)]
    except sqlite3.Error:
        return False


def _copies(path: Path, work: Path) -> Iterator[Path]:
    """The file as it is; then with the header, and with the whole first page, of a new ledger in place of its own;
    each with its log, if there is one, and without."""
    log, fresh = Path(f"{path}-wal"), work / "fresh.db"
    with closing(sqlite3.connect(fresh)) as connection:
        connection.executescript(rows.SCHEMA)
    for number, grafted in enumerate((0, 100, PAGE_BYTES)):
        for with_log in (True, False) if log.exists() else (False,):
            copy = work / f"copy{number}{with_log}.db"
            shutil.copyfile(path, copy)
            if with_log:
                shutil.copyfile(log, f"{copy}-wal")
            if grafted:
                _graft(copy, fresh.read_bytes()[:grafted], with_log)
            yield copy


def _graft(copy: Path, head: bytes, with_log: bool) -> None:
    pages = -(-copy.stat().st_size // PAGE_BYTES)
    version = b"\x02\x02" if with_log else b"\x01\x01"
    head = head[:18] + version + head[20:28] + pages.to_bytes(4) + bytes(8) + head[40:]
    with copy.open("r+b") as file:
        file.truncate(pages * PAGE_BYTES)
        file.write(head)


def _write(path: Path, saved: Saved, plan: Mapping[str, Any] | None) -> None:
    kept = saved.plan or json.dumps(plan or {}, ensure_ascii=False)
    made_by, created_at = saved.made_by
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("BEGIN;" + rows.SCHEMA)
        connection.execute("INSERT INTO run VALUES (1, ?, ?, ?, NULL)", (kept, made_by, created_at or now()))
        for hash_, (kind, content) in saved.documents.items():
            connection.execute("INSERT INTO document VALUES (?, ?, ?)", (hash_, kind, content))
        for session in sorted(saved.sessions.values(), key=lambda each: each.number):
            row = session.row
            again = session.lost_turns > 0 or (row["status"] == "ended" and "turn" in saved.torn)
            opened = {"status": "open", "reason": None, "message": None} if again and row["status"] != "failed" else {}
            _insert(connection, "session", row | opened)
            for turn in session.turns:
                _insert(connection, "turn", turn)
        for attempt in saved.attempts:
            _insert(connection, "attempt", attempt)


def _insert(connection: sqlite3.Connection, table: str, row: Row) -> None:
    names = ", ".join(row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def _swap(path: Path, new: Path) -> Path:
    """The damaged file gets another name, with its log; then the new one gets its name."""
    kept = path.with_name("ledger.damaged.db")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"ledger.damaged-{number}.db")
    log = Path(f"{path}-wal")
    _second_name(path, kept)
    if log.exists():
        _second_name(log, Path(f"{kept}-wal"))
        log.unlink()
    Path(f"{path}-shm").unlink(missing_ok=True)
    os.replace(new, path)
    return kept


def _second_name(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError:
        shutil.copyfile(path, name)


def bring_up_to_date(folder: Path) -> Path | None:
    """Where an older couplesim made the ledger: bring it up to date; the name of the copy that is kept, else None."""
    path = require(folder)
    with path.open("rb") as file:
        header = file.read(100)
    if int.from_bytes(header[68:72]) != APPLICATION_ID or int.from_bytes(header[60:64]) >= VERSION:
        return None
    try:
        Ledger.open(folder).close()
    except StorageError as exc:
        if not isinstance(exc.__cause__, sqlite3.DatabaseError):
            raise
        message = f"{path}: of version 1 and damaged ({exc.__cause__}); it was left untouched. Restore a backup of it"
        raise StorageError(message) from exc
    return path.with_name("ledger.v1.db")
