"""Writes to a ledger from many sessions at once: whatever waits becomes one transaction (group commit), in a
thread of its own, so that nobody else waits for the disk. A caller goes on when its change is on the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from generator.ledger.file import connect, storage

P = ParamSpec("P")
T = TypeVar("T")

Change = Callable[[sqlite3.Connection], Any]


AT_ONCE = 32
"""Changes of one transaction at most. If a thousand waited for one another, a thousand sessions would go on in step:
all of them would be busy together, and then all of them would wait for the endpoint."""


class Writer:
    """The one writer of a running run. The caller holds the run's lock."""

    def __init__(self, folder: Path, *, network_fs: bool = False, name: str = "ledger.db") -> None:
        """`network_fs`: see `connect`. `name`: of the file in `folder`."""
        self._path, self._network_fs = folder / name, network_fs
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[tuple[Change, asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None

    def write(
        self, change: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Commit one of `changes`, after those that were given before. Wait for what it returns: the change is on the
        disk then; who stops waiting takes nothing back. Raises StorageError; a change that fails for a reason of its
        own does so alone."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.append((_bound(change, args, kwargs), done))
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write_all())
        return asyncio.shield(done)

    async def close(self) -> None:
        """Wait for what is being written and close the file; who is told to stop meanwhile does so afterwards."""
        closing = asyncio.ensure_future(self._finish())
        told_to_stop = False
        while not closing.done():
            try:
                await asyncio.shield(closing)
            except asyncio.CancelledError:
                told_to_stop = True
        closing.result()
        if told_to_stop:
            raise asyncio.CancelledError

    async def _finish(self) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._commit, [change for change, _ in batch])
            except BaseException:  # the loop is being closed: nobody may wait for ever
                for _, done in (*batch, *self._waiting):
                    done.cancel()
                raise
            for (_, done), outcome in zip(batch, outcomes, strict=True):
                if done.done():
                    continue
                if isinstance(outcome, _Failed):
                    done.set_exception(outcome.error)
                    done.exception()  # whoever waited for it may have been sent home
                else:
                    done.set_result(outcome)

    def _commit(self, batch: list[Change]) -> list[Any]:
        """What became of each change: its result, or `_Failed`."""
        try:
            return self._transaction(batch)
        except Exception as exc:
            if len(batch) == 1 or _is_the_disks_fault(exc):
                return [_Failed(exc) for _ in batch]
        outcomes: list[Any] = []
        for change in batch:  # one is at fault; the others must not suffer for it
            try:
                outcomes += self._transaction([change])
            except Exception as exc:
                outcomes.append(_Failed(exc))
        return outcomes

    def _transaction(self, batch: list[Change]) -> list[Any]:
        if self._connection is None:
            self._connection = connect(self._path, network_fs=self._network_fs)
        with storage(self._path), self._connection:
            return [change(self._connection) for change in batch]

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True, slots=True)
class _Failed:
    """A change that was not committed."""

    error: Exception


def _is_the_disks_fault(exc: Exception) -> bool:
    """Whether no other change would fare better: the disk, the lock, the file."""
    cause = exc.__cause__
    return isinstance(cause, sqlite3.OperationalError) or type(cause) is sqlite3.DatabaseError


def _bound(change: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Change:
    return lambda connection: change(connection, *args, **kwargs)
