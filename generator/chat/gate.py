"""How many requests may be under way at one endpoint, and when: one gate for all sessions.

The first request goes alone. Then the limit grows fast, as long as more requests at a time bring more replies
(the saturation test); where they do not, it settles a little above what the endpoint can use. A refusal for
load cuts it once a burst, and it grows slowly from there. What the endpoint asks us to wait holds everybody.
When nothing but failures comes back, one request at a time tries whether the endpoint is there again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
import statistics
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

START = 4
"""Requests at a time once the endpoint has answered."""
FAST = 4.0
"""By how much the limit grows at first, each time the last step has proved useful."""
PROBE = 1.5
"""By how much it is raised later, to see whether the endpoint has become quicker."""
USEFUL = 0.2
"""A step is useful if the rate of replies grew by at least this share of the limit's growth."""
SPARE = 1.25
"""How far above the endpoint's own capacity the limit stays, so that it never waits for us."""
CUT = 0.7
OUTAGE_FAILURES = 5
"""So many failures with no reply between them are an outage."""
LONGEST_PROBE_WAIT_SECONDS = 15.0


@dataclass(slots=True)
class Pass:
    """Leave to send one request."""

    order: int
    tries: int
    entered: float = 0.0
    """When it was given, in the gate's seconds."""
    full: bool = False
    """Nothing more was let in after it: what it brings tells of the limit."""
    given: asyncio.Future[None] | None = None


@dataclass(slots=True)
class _Epoch:
    """What has come back since the limit was last changed."""

    began: float
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=256))
    """Seconds of the last replies that came while no more could be let in."""
    replies: int = 0


class Gate:
    """Give each request a pass by `enter`, and say what came of it by one of the other methods."""

    def __init__(
        self,
        most: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`most`: the limit is never above this. `now`, in seconds, and `sleep` belong together."""
        self.most = most
        self.limit = 1
        self.in_flight = 0
        self._now, self._sleep = now, sleep
        self._waiting: list[tuple[int, int, int, Pass]] = []
        """A heap: who goes first is at the front."""
        self._arrivals = itertools.count()
        self._answered = False
        self._shut: Exception | None = None
        self._held_until = -math.inf
        self._reopening: asyncio.Task[None] | None = None
        self._last_cut = -math.inf
        self._failures = 0
        self._outage_probes: int | None = None
        self._growth: float | None = FAST
        self._before: tuple[int, float, float] | None = None
        """Limit, replies a second and latency before the last step."""
        self._saturated = False
        self._epoch = _Epoch(now())

    @property
    def held_seconds(self) -> float:
        """How long nobody is let in, from now; 0 if the gate is open."""
        return max(0.0, self._held_until - self._now())

    async def enter(self, order: int, tries: int = 0) -> Pass:
        """Wait for leave to send a request. Of those that wait, who has failed before goes first, then the lowest
        `order`; in an outage, who has failed least. `tries`: failed attempts of the same turn."""
        if self._shut is not None:
            raise self._shut
        mine = Pass(order, tries)
        if not self._waiting and self._open():
            self._let_in(mine)
            return mine
        mine.given = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-tries, order, next(self._arrivals), mine))
        try:
            await mine.given
        except asyncio.CancelledError:
            if mine.given.done() and not mine.given.cancelled() and mine.given.exception() is None:
                self._leave()
            raise
        return mine

    def succeeded(self, mine: Pass) -> None:
        """A reply came."""
        self._failures = 0
        if not self._answered or self._outage_probes is not None:
            self._answered, self._outage_probes, self._growth, self._before = True, None, FAST, None
            self._set_limit(START)
        latency = self._now() - mine.entered
        if mine.entered >= self._epoch.began:
            self._epoch.replies += 1
            if mine.full:
                self._epoch.latencies.append(latency)
            self._learn()
        self._leave()

    def overloaded(self, mine: Pass, wait_seconds: float | None, rate: bool) -> None:
        """The endpoint asks for fewer requests. `rate`: it is there, and has only to be asked less often."""
        if wait_seconds:
            self.hold(wait_seconds)
        if mine.entered > self._last_cut:
            self._last_cut = self._now()
            self._growth, self._saturated = None, False
            self._set_limit(math.floor(self.limit * CUT))
        if not rate:
            self._fail()
        self._leave()

    def failed(self, mine: Pass, wait_seconds: float | None = None, fault: bool = True) -> None:
        """No reply came. `fault`: of the endpoint, not of this one request."""
        if wait_seconds:
            self.hold(wait_seconds)
        if fault:
            self._fail()
        self._leave()

    def hold(self, seconds: float) -> None:
        """Let nobody in for so long from now."""
        self._held_until = max(self._held_until, self._now() + seconds)
        if self._reopening is None or self._reopening.done():
            self._reopening = asyncio.get_running_loop().create_task(self._reopen())

    def shut(self, why: Exception) -> None:
        """Let nobody in any more: `enter` raises `why`, for those that wait too."""
        self._shut = why
        for *_, each in self._waiting:
            if each.given is not None and not each.given.done():
                each.given.set_exception(why)
        self._waiting.clear()

    def close(self) -> None:
        """Give up waiting to open again."""
        if self._reopening is not None:
            self._reopening.cancel()

    def _open(self) -> bool:
        if self.held_seconds:
            return False
        return self.in_flight < (self.limit if self._outage_probes is None else 1)

    def _let_in(self, mine: Pass) -> None:
        self.in_flight += 1
        mine.entered, mine.full = self._now(), self.in_flight >= self.limit

    def _leave(self) -> None:
        self.in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._open():
            if self._outage_probes is None:
                *_, chosen = heapq.heappop(self._waiting)
            else:
                first = min(self._waiting, key=lambda each: (each[3].tries, each[:3]))
                self._waiting.remove(first)
                heapq.heapify(self._waiting)
                chosen = first[3]
            if chosen.given is not None and not chosen.given.done():
                self._let_in(chosen)
                chosen.given.set_result(None)

    async def _reopen(self) -> None:
        while held := self.held_seconds:
            await self._sleep(held)
        self._admit()

    def _fail(self) -> None:
        self._failures += 1
        if self._answered and self._failures >= OUTAGE_FAILURES:
            self._outage_probes = 0 if self._outage_probes is None else self._outage_probes + 1
            wait = min(LONGEST_PROBE_WAIT_SECONDS, 2.0**self._outage_probes)
            self.hold(wait * random.uniform(0.5, 1.0))

    def _set_limit(self, limit: int) -> None:
        self.limit = max(1, min(self.most, limit))
        self._epoch = _Epoch(self._now())

    def _learn(self) -> None:
        """Change the limit if enough has come back under it."""
        epoch = self._epoch
        if self._growth is None:
            self._grow_slowly(epoch)
        elif len(epoch.latencies) >= max(2, self.limit // 2):
            latency = statistics.median(epoch.latencies)
            self._judge_step(self.limit / max(latency, 1e-6), latency)

    def _judge_step(self, rate: float, latency: float) -> None:
        growth = self._growth or FAST
        if self._before is not None:
            limit_before, rate_before, latency_before = self._before
            expected = 1 + USEFUL * (self.limit / limit_before - 1)
            if rate < rate_before * expected:
                self._growth, self._saturated, self._before = None, True, None
                capacity = max(rate, rate_before) * latency_before
                self._set_limit(math.ceil(SPARE * capacity))
                return
        if self.limit >= self.most:
            self._growth, self._before = None, None
            self._set_limit(self.most)
            return
        self._before = (self.limit, rate, latency)
        self._set_limit(math.ceil(self.limit * growth))

    def _grow_slowly(self, epoch: _Epoch) -> None:
        if self._saturated:
            if epoch.replies >= 32 * self.limit and len(epoch.latencies) >= 2 and self.limit < self.most:
                latency = statistics.median(epoch.latencies)
                self._growth, self._saturated = PROBE, False
                self._before = (self.limit, self.limit / max(latency, 1e-6), latency)
                self._set_limit(math.ceil(self.limit * PROBE))
        elif epoch.replies >= 2 * self.limit and self.limit < self.most and epoch.latencies:
            self._set_limit(self.limit + max(1, self.limit // 16))
