"""The engine in this process: many sessions side by side on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from generator.chat.protocol import Chat
from generator.engines.protocol import Desk, Job, Journal, Stop
from generator.engines.winding_down import wind_down
from generator.errors import SessionFailed
from generator.schema.label import Label
from generator.schema.session import Spec
from generator.session import Session


class Local:
    """Speaks up to `at_a_time` sessions side by side."""

    def __init__(self, chats_for: Callable[[Spec], Mapping[Label, Chat]], at_a_time: int) -> None:
        self._chats_for = chats_for
        self._at_a_time = at_a_time
        self._journals: dict[asyncio.Task[None], Journal] = {}
        self._error: Exception | None = None

    async def run(self, desk: Desk, stop: Stop) -> None:
        """See `Engine.run`."""
        jobs = desk.jobs()
        workers: set[asyncio.Task[None]] = set()
        stopped = asyncio.create_task(stop.event.wait())
        try:
            for _ in range(self._at_a_time):
                workers.add(asyncio.create_task(self._work(jobs, desk, stop)))
                await asyncio.sleep(0)  # the first request need not wait until all sessions are prepared
                if stop.requested:
                    break
            running: set[asyncio.Task[Any]] = set(workers)
            while running and not stop.requested:
                await asyncio.wait({*running, stopped}, return_when=asyncio.FIRST_COMPLETED)
                running = {worker for worker in running if not worker.done()}
            await wind_down(workers, self._idle)
        finally:
            for task in (stopped, *workers):
                task.cancel()
            results = await asyncio.gather(stopped, *workers, return_exceptions=True)
        for error in (*results, self._error):
            if isinstance(error, Exception):
                raise error

    def _idle(self, worker: asyncio.Task[None]) -> bool:
        journal = self._journals.get(worker)
        return journal is not None and not journal.in_flight

    async def _work(self, jobs: Iterator[Job], desk: Desk, stop: Stop) -> None:
        task = asyncio.current_task()
        assert task is not None
        while not stop.requested:
            try:
                job = next(jobs, None)
                if job is None:
                    return
                journal = self._journals[task] = desk.journal(job)
                await self._speak(job, journal, stop)
            except Exception as error:  # a mistake of ours, too: in the next session it would come again
                self._error = self._error or error
                stop.request()
            finally:
                self._journals.pop(task, None)

    async def _speak(self, job: Job, journal: Journal, stop: Stop) -> None:
        session = Session(job.spec, job.prompts, self._chats_for(job.spec), job.turns, journal, keep_turns=False)
        failure: SessionFailed | None = None
        try:
            async with aclosing(session.run()) as spoken:
                async for turn in spoken:
                    await journal.keep(turn)
                    if stop.requested and session.more():
                        break
        except SessionFailed as failed:
            failure = failed
        except asyncio.CancelledError:
            if not stop.requested:
                raise
        await journal.end(session.end, failure)
