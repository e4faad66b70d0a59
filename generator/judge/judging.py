"""Has transcripts judged: many questions side by side, each recorded before it is sent and kept before it counts.

Nothing that is in the store is asked again, a cap holds, and a stop lets the requests under way finish.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from generator import tokens
from generator.budget import RunPurse
from generator.chat.protocol import Asked, Question
from generator.engines.protocol import Stop
from generator.engines.winding_down import wind_down
from generator.errors import ProviderRefused, SessionFailed
from generator.judge import changes
from generator.judge.answers import valid_share
from generator.judge.figures import Item
from generator.judge.log import Counts, Log
from generator.judge.material import Material
from generator.judge.rubric import Rubric
from generator.judge.store import Key, Status, Store
from generator.ledger.writer import Writer
from generator.schema.session import Model
from generator.schema.turn import Reply

IN_A_ROW = 20
"""So many judgements in a row that failed or could not be used stop the evaluation: no other one would fare better."""
ALIKE = 3
"""The same, where the settings are at fault."""
SETTINGS_AT_FAULT = frozenset({"rejected", "no_tokens_left", "context_full"})


@dataclass(frozen=True, slots=True)
class Task:
    """One transcript to be judged by one rubric."""

    key: Key
    material: Material
    rubric: Rubric


def identity(model: Model) -> str:
    """A judge in the store: what determines its answers."""
    endpoint = urlsplit(model.base_url).netloc if model.base_url else "api.openai.com"
    settings = {"model": model.name, "endpoint": endpoint, "temperature": model.temperature}
    return json.dumps({**settings, "reasoning_effort": model.reasoning_effort}, ensure_ascii=False)


def tasks(
    materials: Iterable[Material], rubrics: Sequence[Rubric], judge: str, samples: Sequence[int] = (0,)
) -> Iterator[Task]:
    """Everything to be asked, transcript by transcript, so that an endpoint's cache holds it for all rubrics."""
    for material in materials:
        for rubric in rubrics:
            if rubric.units(material):
                subject = material.subject if rubric.form.personas else ""
                for sample in samples:
                    yield Task(Key(material.hash, subject, rubric.hash, judge, sample), material, rubric)


@dataclass
class Bench:
    """Where an evaluation takes place: one store, one judge."""

    store: Store
    model: Model
    chat: Asked
    purse: RunPurse
    stop: Stop
    retry_failed: bool = False
    """Whether what failed or could not be used before is asked again."""
    counts: Counts = field(default_factory=Counts)
    _in_a_row: list[str] = field(default_factory=list, init=False)
    """Why the last judgements failed."""
    _error: Exception | None = field(default=None, init=False)

    async def judge(self, waiting: Iterable[Task], at_a_time: int) -> None:
        """Ask what has not been asked, until a stop is requested. Raises ProviderRefused, CapReached or StorageError;
        requests under way then finish first, and what was judged is kept."""
        self.writer = Writer(self.store.path.parent, name=self.store.path.name)
        self._logs: dict[asyncio.Task[None], Log] = {}
        to_ask = self._to_ask(waiting)
        workers = {asyncio.create_task(self._work(to_ask)) for _ in range(at_a_time)}
        stopped = asyncio.create_task(self.stop.event.wait())
        try:
            running: set[asyncio.Task[None]] = set(workers)
            while running and not self.stop.requested:
                await asyncio.wait({*running, stopped}, return_when=asyncio.FIRST_COMPLETED)
                running = {worker for worker in running if not worker.done()}
            await wind_down(workers, self._idle)
        finally:
            for task in (stopped, *workers):
                task.cancel()
            await asyncio.gather(stopped, *workers, return_exceptions=True)
            await self.writer.close()
        if self._error is not None:
            raise self._error

    def _idle(self, worker: asyncio.Task[None]) -> bool:
        log = self._logs.get(worker)
        return log is not None and not log.in_flight

    def _to_ask(self, waiting: Iterable[Task]) -> Iterator[Task]:
        judge = identity(self.model)
        judged = self.store.judged(judge)
        rubrics: set[str] = set()
        for task in waiting:
            rubric = task.rubric
            if rubric.hash not in rubrics:
                rubrics.add(rubric.hash)
                self.store.write(changes.enter_rubric, judge, rubric.hash, rubric.name, rubric.content)
            status = judged.get(task.key)
            if status == "ok" or (status is not None and not self.retry_failed):
                self.counts.kept += 1
                continue
            judged[task.key] = "ok"  # two sessions may be alike, word for word
            yield task

    async def _work(self, to_ask: Iterator[Task]) -> None:
        worker = asyncio.current_task()
        assert worker is not None
        while not self.stop.requested:
            try:
                task = next(to_ask, None)
                if task is None:
                    return
                self._logs[worker] = Log(self.writer, self.purse, self.counts, task.key)
                await self._judge(task, self._logs[worker])
            except Exception as error:  # a mistake of ours, too: the next judgement would fail in the same way
                self._error = self._error or error
                self.stop.request()
            finally:
                self._logs.pop(worker, None)

    async def _judge(self, task: Task, log: Log) -> None:
        rubric, material = task.rubric, task.material
        last: tuple[str, tuple[Item, ...]] | None = None

        def usable(text: str) -> bool:
            nonlocal last
            last = (text, rubric.read(material, text))
            return valid_share(last[1]) >= rubric.settings.coverage

        try:
            reply = await self.chat.ask(self._question(task, log, usable))
        except SessionFailed as failed:
            text, items = last or (None, rubric.missing(material, f"no answer ({failed.reason})"))
            reason = str(failed) if last is None else f"{failed}; {_first_problem(items)}"
            await self._keep(task, log, "failed" if last is None else "invalid", reason, items, text, None)
            self._look_out(failed.reason, reason)
            return
        assert last is not None
        await self._keep(task, log, "ok", None, last[1], last[0], reply)
        self._in_a_row.clear()

    def _question(self, task: Task, log: Log, usable: Any) -> Question:
        rubric, model = task.rubric, self.model
        messages = rubric.messages(task.material)
        return Question(
            model=model,
            parts=[json.dumps(messages, ensure_ascii=False).encode()],
            max_tokens=rubric.settings.tokens + model.reasoning_headroom,
            seed=random.Random(f"{task.key.transcript}:{task.key.rubric}:{task.key.sample}").randrange(2**30),
            prompt_tokens=sum(tokens.count(message["content"], model.name) + 4 for message in messages),
            what=f"{rubric.name} of {task.material.name}",
            attempts=log,
            usable=usable,
            wanted="answer that can be used",
            schema=rubric.schema(),
        )

    async def _keep(
        self,
        task: Task,
        log: Log,
        status: Status,
        reason: str | None,
        items: Sequence[Item],
        text: str | None,
        reply: Reply | None,
    ) -> None:
        def enter(connection: Any) -> None:
            material, coverage = task.material, task.rubric.settings.coverage
            changes.enter_transcript(connection, material.hash, material.name, material.shares)
            changes.judge(connection, task.key, status, reason, items, coverage, text, reply, log.attempt)

        with log.being_entered():
            try:
                await self.writer.write(enter)
            finally:
                log.settle(reply)
        setattr(self.counts, status, getattr(self.counts, status) + 1)

    def _look_out(self, reason: str, message: str) -> None:
        """Stop where the next judgements would fail as the last ones did."""
        self._in_a_row.append(reason)
        alike = self._in_a_row[-ALIKE:]
        if len(self._in_a_row) >= IN_A_ROW:
            self._error = self._error or ProviderRefused(f"{IN_A_ROW} judgements in a row came to nothing: {message}")
        elif len(alike) == ALIKE and len(set(alike)) == 1 and reason in SETTINGS_AT_FAULT:
            self._error = self._error or ProviderRefused(f"{ALIKE} judgements in a row failed alike: {message}")
        if self._error is not None:
            self.stop.request()


def _first_problem(items: Sequence[Item]) -> str:
    problem = next((item.problem for item in items if item.problem), "")
    return f"{sum(item.problem is None for item in items)} of {len(items)} items are valid: {problem}"
