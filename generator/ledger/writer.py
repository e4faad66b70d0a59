"""Writes to a ledger from many sessions at once: whatever waits becomes one transaction (group commit), in a
thread of its own, so that nobody else waits for the disk. A caller goes on when its change is on the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from generator.ledger.file import connect, storage

P = ParamSpec("P")
T = TypeVar("T")

Change = Callable[[sqlite3.Connection], Any]


class Writer:
    """The one writer of a running run. The caller holds the run's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.db"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[tuple[Change, asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(
        self, change: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Commit one of `changes`; returns when it is on the disk. Raises StorageError."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.append((_bound(change, args, kwargs), done))
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write_all())
        return await asyncio.shield(done)

    async def close(self) -> None:
        """Wait for what is being written and close the file."""
        if self._writing is not None:
            await self._writing
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await loop.run_in_executor(self._thread, self._commit, [change for change, _ in batch])
            except Exception as exc:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(exc)
                continue
            for (_, done), result in zip(batch, results, strict=True):
                if not done.done():
                    done.set_result(result)

    def _commit(self, batch: list[Change]) -> list[Any]:
        if self._connection is None:
            self._connection = connect(self._path)
        with storage(self._path), self._connection:
            return [change(self._connection) for change in batch]

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _bound(change: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Change:
    return lambda connection: change(connection, *args, **kwargs)
