"""The requests of one judgement: on record before they are sent, paid for when they have come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from generator.budget import RunPurse
from generator.judge import changes
from generator.judge.store import Key
from generator.ledger.writer import Writer
from generator.schema.turn import Reply, Usage


@dataclass
class Counts:
    """How an evaluation goes."""

    ok: int = 0
    invalid: int = 0
    failed: int = 0
    kept: int = 0
    """Judgements that were there before."""
    requests: int = 0
    under_way: int = 0

    @property
    def judged(self) -> int:
        """Judgements made now, whatever came of them."""
        return self.ok + self.invalid + self.failed


class Log:
    """Enters the requests of one judgement, and pays for them."""

    order = 0

    def __init__(self, writer: Writer, purse: RunPurse, counts: Counts, key: Key) -> None:
        self._writer, self._purse, self._counts, self._key = writer, purse, counts, key
        self._asked_model, self._most = "", Usage()
        self._entering = 0
        self.attempt: int | None = None

    @property
    def in_flight(self) -> bool:
        """Whether a request has been sent whose reply is not on record, or something is being entered."""
        return self.attempt is not None or self._entering > 0

    async def begin(self, model: str, most: Usage) -> None:
        """See `AttemptLog.begin`."""
        await self._purse.reserve(model, most)
        self._asked_model, self._most = model, most
        attempt = changes.Attempt(self._key, model, most)
        try:
            self.attempt = await self._writer.write(attempt.begin)
        except BaseException as exc:
            self._purse.settle(model, most, None)
            if isinstance(exc, asyncio.CancelledError):
                with self.being_entered():
                    await self._writer.write(attempt.take_back)
            raise
        self._counts.requests += 1
        self._counts.under_way += 1

    async def fail(self, kind: str, message: str, billed: str, usage: Usage | None = None) -> None:
        """See `AttemptLog.fail`."""
        if self.attempt is None:
            return
        attempt, self.attempt = self.attempt, None
        self._counts.under_way -= 1
        if usage is not None and usage.estimated:
            usage = None
        self._purse.settle(self._asked_model, self._most, None if billed == "no" else usage or self._most)
        with self.being_entered():
            await self._writer.write(changes.fail, attempt, kind, message, billed, usage)

    def settle(self, reply: Reply | None) -> None:
        """The reply of the attempt begun last has been entered."""
        if self.attempt is not None and reply is not None:
            usage = reply.usage
            self._purse.settle(self._asked_model, self._most, self._most if usage.estimated else usage)
            self._counts.under_way -= 1
            self.attempt = None

    @contextmanager
    def being_entered(self) -> Iterator[None]:
        """While something is written."""
        self._entering += 1
        try:
            yield
        finally:
            self._entering -= 1
