"""Carries out a run: hands the open sessions of a ledger to an engine and enters what happens in them.

One turn is the unit: it is committed before the next request of its session, and a run can be taken up
again after any stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from generator.batch.beginning import kept_prompts
from generator.batch.transcripts import file_text, put_in_order
from generator.budget import RunPurse
from generator.engines.protocol import Engine, Job, Stop
from generator.errors import ProviderRefused, SessionFailed
from generator.format import render
from generator.ledger import Ledger, Status, changes
from generator.ledger.writer import Writer
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS
from generator.schema.turn import Turn, Usage
from generator.session import transcript_from

ALIKE = 3
"""So many sessions in a row failing alike at a speaker's first turn stop the run: the next one would too."""
IN_A_ROW = 20
"""So many sessions in a row that the endpoint failed stop the run: no other one would get further."""
SETTINGS_AT_FAULT = frozenset({"rejected", "no_tokens_left", "context_full"})
ENDPOINT_AT_FAULT = frozenset({"unavailable", "timeout", "rate_limited", "bad_reply", "reply_too_large", "empty"})


class Watcher(Protocol):
    """Told how a run goes on."""

    def session_begins(self, number: int, turns: int, turns_kept: int) -> None:
        """A session of so many turns is taken up, with some of them in the ledger already."""

    def request_sent(self, number: int, turn: int) -> None:
        """A request for this turn is under way."""

    def request_failed(self, number: int, kind: str) -> None:
        """A request brought no usable reply."""

    def turn_kept(self, number: int, turn: Turn) -> None:
        """A turn has been committed."""

    def session_ends(self, number: int, status: Status, reason: str | None, message: str | None) -> None:
        """A session has come to its end, has failed, or has been stopped (`open`)."""


async def carry_out(
    ledger: Ledger,
    engine: Engine,
    watcher: Watcher,
    stop: Stop,
    *,
    purse: RunPurse | None = None,
    retry_failed: bool = False,
) -> None:
    """Have all open sessions spoken, failed ones too if asked. Raises ProviderRefused, CapReached and
    StorageError; what was committed is kept."""
    desk = _Desk(ledger, watcher, stop, purse or RunPurse(), retry_failed)
    try:
        await put_in_order(ledger, stop)
        await engine.run(desk, stop)
    finally:
        await desk.close()
    if desk.refusal is not None:
        raise desk.refusal


class _Desk:
    """Takes jobs out of a ledger and enters what becomes of them."""

    def __init__(self, ledger: Ledger, watcher: Watcher, stop: Stop, purse: RunPurse, retry_failed: bool) -> None:
        self.ledger, self.watcher, self.stop, self.purse = ledger, watcher, stop, purse
        self.writer = Writer(ledger.folder, network_fs=ledger.network_fs)
        self.files = ThreadPoolExecutor(max_workers=1, thread_name_prefix="transcripts")
        self.refusal: ProviderRefused | None = None
        self._statuses: tuple[Status, ...] = ("open", "failed") if retry_failed else ("open",)
        self._prompts: dict[str, PromptSet] = {}
        self._failed_alike: list[tuple[str, int]] = []
        """Reason and turn of the last failures for which the settings are at fault."""
        self._failed_in_a_row = 0

    def jobs(self) -> Iterator[Job]:
        """The sessions to be spoken, read as they are asked for."""
        for row in self.ledger.each(*self._statuses):
            refs = [row.spec.prompts.of(label).hash for label in PRINCIPALS]
            if not self._prompts.keys() >= set(refs):
                kept = kept_prompts(self.ledger, row.spec)
                self._prompts |= {row.spec.prompts.of(label).hash: kept[label] for label in PRINCIPALS}
            prompts = {label: self._prompts[hash_] for label, hash_ in zip(PRINCIPALS, refs, strict=True)}
            yield Job(row.number, row.id, row.spec, prompts, self.ledger.turns(row.id))

    def journal(self, job: Job) -> _Journal:
        """Where what happens in a session goes."""
        return _Journal(self, job)

    def judge(self, failure: SessionFailed | None, turns: int) -> None:
        """Stop the run where the next sessions would fail as the last ones did. `turns`: how many there are of the
        session that has come to its end."""
        at_fault = failure is not None and failure.reason in ENDPOINT_AT_FAULT
        self._failed_in_a_row = self._failed_in_a_row + 1 if at_fault else 0
        if failure is not None and failure.reason in SETTINGS_AT_FAULT and turns < len(PRINCIPALS):
            self._failed_alike = [*self._failed_alike, (failure.reason, turns)][-ALIKE:]
        else:
            self._failed_alike = []
        why = None
        if self._failed_in_a_row >= IN_A_ROW:
            why = f"{IN_A_ROW} sessions in a row failed at the endpoint"
        elif len(self._failed_alike) == ALIKE and len(set(self._failed_alike)) == 1:
            why = f"{ALIKE} sessions in a row failed alike at a speaker's first turn"
        if why and self.refusal is None:
            self.refusal = ProviderRefused(f"{why}: {failure}")
            self.stop.request()

    async def close(self) -> None:
        """Wait for what is being written."""
        try:
            await self.writer.close()
        finally:
            await asyncio.to_thread(self.files.shutdown)


class _Journal:
    """Enters what happens in one session, and pays for it."""

    def __init__(self, desk: _Desk, job: Job) -> None:
        self._desk, self._job = desk, job
        self._turns = len(job.turns)
        self._attempt: int | None = None
        self._entering = 0
        self._asked_model = ""
        self._most = Usage()
        self.order = job.number
        desk.watcher.session_begins(job.number, job.spec.turns, len(job.turns))

    @property
    def in_flight(self) -> bool:
        return self._attempt is not None or self._entering > 0

    async def begin(self, model: str, most: Usage) -> None:
        await self._desk.purse.reserve(model, most)
        self._asked_model, self._most, turn = model, most, self._turns + 1
        attempt = changes.Attempt(self._job.id, turn, model, most)
        try:
            self._attempt = await self._desk.writer.write(attempt.begin)
        except BaseException as exc:
            self._desk.purse.settle(model, most, None)
            if isinstance(exc, asyncio.CancelledError):
                with self._being_entered():
                    await self._desk.writer.write(attempt.take_back, "stopped before it was sent")
            raise
        self._desk.watcher.request_sent(self._job.number, turn)

    async def fail(self, kind: str, message: str, billed: str, usage: Usage | None = None) -> None:
        if self._attempt is None:
            return
        attempt, self._attempt = self._attempt, None
        if usage is not None and usage.estimated:
            usage = None
        taken = None if billed == "no" else usage or self._most
        self._desk.purse.settle(self._asked_model, self._most, taken)
        self._desk.watcher.request_failed(self._job.number, kind)
        with self._being_entered():
            await self._desk.writer.write(changes.fail_attempt, attempt, kind, message, billed, usage)

    async def keep(self, turn: Turn) -> None:
        try:
            await self._desk.writer.write(changes.commit_turn, self._job.id, turn, self._asked_model, self._attempt)
        finally:
            usage = turn.reply.usage
            self._desk.purse.settle(self._asked_model, self._most, self._most if usage.estimated else usage)
            self._attempt = None
        self._turns += 1
        self._desk.watcher.turn_kept(self._job.number, turn)

    async def end(self, session_end: str | None, failure: SessionFailed | None) -> None:
        status: Status = "open"
        if failure is not None:
            status = "failed"
        elif session_end is not None:
            status = "complete" if session_end == "complete" else "ended"
        reason = failure.reason if failure else session_end if status == "ended" else None
        message = str(failure) if failure else None
        with self._being_entered():
            await self._desk.writer.write(changes.end_session, self._job.id, status, reason, message)
            if status != "open":
                spoken = self._desk.ledger.spoken(self._job.id)
                text = render(transcript_from(self._job.spec, spoken)) if spoken else ""
                whose = (self._desk.ledger.folder, self._job.number, self._job.spec, status)
                await asyncio.get_running_loop().run_in_executor(self._desk.files, file_text, *whose, text)
                self._desk.judge(failure, self._turns)
        self._desk.watcher.session_ends(self._job.number, status, reason, message)

    @contextmanager
    def _being_entered(self) -> Iterator[None]:
        self._entering += 1
        try:
            yield
        finally:
            self._entering -= 1
