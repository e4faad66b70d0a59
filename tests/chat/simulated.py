"""A simulated endpoint and crowd of sessions for the gate, on a clock that costs no time: whenever nothing is left to
do, the clock jumps to the next timer. Runs are exactly repeatable.

    world = World(most=64, endpoint=Slots(16, seconds=1.0))
    world.run(sessions=200, turns=10)
    assert world.busy(16) > 0.95
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from generator.chat.gate import Gate

MAX_TRIES = 6
"""As `endpoint` has it; rate limits are not counted."""


class _Jumps(selectors.DefaultSelector):
    """Never waits: tells the loop that as much time has passed as it wanted to wait."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("nobody will ever wake anybody again")
            self.passed += max(0.0, timeout)
        return found


class Loop(asyncio.SelectorEventLoop):
    """An event loop on simulated time. One on which everybody waits for ever raises RuntimeError."""

    def __init__(self) -> None:
        self._jumps = _Jumps()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.passed


def simulate(main: Coroutine[Any, Any, Any]) -> Any:
    """What `main` comes to, in simulated time."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)


@dataclass(frozen=True)
class Answer:
    """What the simulated endpoint says to a request."""

    kind: str = "ok"
    """"ok", "429", "503", "500"."""
    retry_after: float | None = None


class Simulated(Protocol):
    """An endpoint: takes its time, then answers."""

    async def answer(self) -> Answer: ...


@dataclass
class Slots:
    """So many requests are worked on at a time, the others queue; each takes about so many seconds."""

    slots: int
    seconds: float = 1.0
    spread: float = 0.3
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    async def answer(self) -> Answer:
        if not hasattr(self, "_free"):
            self._free = asyncio.Semaphore(self.slots)
        async with self._free:
            await asyncio.sleep(self.seconds * self.rng.uniform(1 - self.spread, 1 + self.spread))
        return Answer()


@dataclass
class Batching:
    """All requests are worked on together; a step takes longer the more there are, and a reply takes 100 steps."""

    step_seconds: float = 0.01
    each_seconds: float = 0.0001
    """By how much a request more lengthens a step."""
    under_way: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    async def answer(self) -> Answer:
        self.under_way += 1
        try:
            for _ in range(self.rng.randint(8, 12)):
                await asyncio.sleep(10 * (self.step_seconds + self.each_seconds * self.under_way))
        finally:
            self.under_way -= 1
        return Answer()

    def best_rate(self, most: int) -> float:
        """Replies a second with so many requests under way."""
        return max(n / (100 * (self.step_seconds + self.each_seconds * n)) for n in range(1, most + 1))


@dataclass
class Bucket:
    """Takes so many requests a second, and a second's worth at once; refuses the others without delay."""

    rate: float
    seconds: float = 1.0
    retry_after: bool = False
    tokens: float = 0.0
    since: float = 0.0
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    async def answer(self) -> Answer:
        now = asyncio.get_running_loop().time()
        self.tokens = min(self.rate, self.tokens + (now - self.since) * self.rate)
        self.since = now
        if self.tokens < 1:
            await asyncio.sleep(0.02)
            return Answer("429", (1 - self.tokens) / self.rate if self.retry_after else None)
        self.tokens -= 1
        await asyncio.sleep(self.seconds * self.rng.uniform(0.7, 1.3))
        return Answer()


@dataclass
class Mixed:
    """Another endpoint, of whose requests some are answered otherwise."""

    inner: Simulated
    otherwise: Callable[[float, float], Answer | None]
    """Of the time, and a random number from 0 to 1."""
    rng: random.Random = field(default_factory=lambda: random.Random(2))

    async def answer(self) -> Answer:
        answer = self.otherwise(asyncio.get_running_loop().time(), self.rng.random())
        if answer is not None:
            await asyncio.sleep(0.02)
            return answer
        return await self.inner.answer()


@dataclass
class World:
    """A gate, an endpoint, and sessions that speak turn after turn as `endpoint.Endpoint` would."""

    endpoint: Simulated
    most: int = 64
    requests: list[tuple[float, int, str]] = field(default_factory=list)
    """When, which session, what was answered."""
    limits: list[tuple[float, int]] = field(default_factory=list)
    """The limit after each answer."""
    in_flight: list[tuple[float, int]] = field(default_factory=list)
    """How many were under way, whenever that changed."""
    failed: int = 0
    """Sessions that used up their tries."""
    ended: float = 0.0

    def run(self, sessions: int, turns: int, at_a_time: int = 64) -> World:
        simulate(self._run(sessions, turns, at_a_time))
        return self

    async def _run(self, sessions: int, turns: int, at_a_time: int) -> None:
        loop = asyncio.get_running_loop()
        self.rng = random.Random(3)
        self.gate = Gate(self.most, loop.time, asyncio.sleep)
        todo = iter(range(1, sessions + 1))

        async def work() -> None:
            for number in todo:
                for _ in range(turns):
                    if not await self._turn(number):
                        self.failed += 1
                        break

        await asyncio.gather(*(work() for _ in range(at_a_time)))
        self.ended = loop.time()
        assert self.gate.in_flight == 0

    async def _turn(self, number: int) -> bool:
        loop = asyncio.get_running_loop()
        tries = counted = 0
        while counted < MAX_TRIES:
            leave = await self.gate.enter(number, tries)
            self.in_flight.append((loop.time(), self.gate.in_flight))
            answer = await self.endpoint.answer()
            self.requests.append((loop.time(), number, answer.kind))
            if answer.kind == "ok":
                self.gate.succeeded(leave)
            elif answer.kind in {"429", "503"}:
                self.gate.overloaded(leave, answer.retry_after, rate=answer.kind == "429")
            else:
                self.gate.failed(leave, answer.retry_after)
            self.limits.append((loop.time(), self.gate.limit))
            self.in_flight.append((loop.time(), self.gate.in_flight))
            if answer.kind == "ok":
                return True
            tries += 1
            counted += answer.kind != "429"
            backoff = 1 + self.rng.uniform(0, min(59, 2.0 ** (tries - 1)))
            await asyncio.sleep(backoff if answer.retry_after is None else answer.retry_after)
        return False

    def rate(self, since: float = 0.0, until: float = 1e9) -> float:
        """Replies a second in this stretch of time."""
        until = min(until, self.ended)
        return sum(since <= when <= until and kind == "ok" for when, _, kind in self.requests) / (until - since)

    def settled(self, since: float, until: float = 1e9) -> tuple[int, int]:
        """Lowest and highest limit in this stretch of time."""
        limits = [limit for when, limit in self.limits if since <= when <= min(until, self.ended)]
        return min(limits), max(limits)

    def busy(self, slots: int, since: float, until: float) -> float:
        """Share of so many slots that was in use, in this stretch of time."""
        used, last, now = 0.0, since, 0
        for when, in_flight in [*self.in_flight, (until, 0)]:
            if when > since:
                used += (min(when, until) - last) * min(now, slots) if min(when, until) > last else 0.0
                last = max(last, min(when, until))
            now = in_flight
        return used / (slots * (until - since))

    def of(self, kind: str) -> list[float]:
        """When requests were answered so."""
        return [when for when, _, each in self.requests if each == kind]
