"""Who may send a request to an endpoint, and when: one gate for all sessions.

The first request goes alone. Then as many are under way as the endpoint can use (`limit`). What the endpoint asks us to
wait holds everybody. When nothing but failures comes back, one request at a time tries whether the endpoint is there
again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from generator.chat.limit import Limit

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
    given: asyncio.Future[None] | None = None


class Gate:
    """Give each request a pass by `enter`, and say what came of it by one of the other methods."""

    def __init__(
        self,
        most: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`most`: the limit is never above this. `now`, in seconds, and `sleep` belong together."""
        self.in_flight = 0
        self._limit = Limit(most, now)
        self._now, self._sleep = now, sleep
        self._waiting: list[tuple[int, int, int, Pass]] = []
        """A heap: who goes first is at the front."""
        self._arrivals = itertools.count()
        self.answered = False
        """Whether a reply has ever come."""
        self._shut: Exception | None = None
        self._held_until = self._asked_until = -math.inf
        self._reopening: asyncio.Task[None] | None = None
        self._failing_since: float | None = None
        self._unanswered = 0
        """Requests without a reply since the last reply."""
        self._failures = 0
        """As many of them as say that the endpoint is not there."""
        self._outage_probes: int | None = None

    @property
    def limit(self) -> int:
        """How many requests may be under way."""
        return self._limit.value

    @property
    def silent_seconds(self) -> float:
        """How long requests, and not only a few, have brought no reply; 0 if some do."""
        silent = self._failing_since is not None and self._unanswered >= OUTAGE_FAILURES
        return self._now() - self._failing_since if silent and self._failing_since is not None else 0.0

    @property
    def held_seconds(self) -> float:
        """How long nobody is let in, from now; 0 if the gate is open."""
        return max(0.0, self._held_until - self._now())

    @property
    def why_held(self) -> Literal["asked", "away", "paced"]:
        """Of a gate that is held: because the endpoint asked for it; because it does not answer and is tried now and
        then; or because it refused requests that came one after the other."""
        if self._asked_until >= self._held_until:
            return "asked"
        return "paced" if self._outage_probes is None else "away"

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
        self._failures, self._unanswered, self._failing_since = 0, 0, None
        if not self.answered or self._outage_probes is not None:
            self.answered, self._outage_probes = True, None
            self._limit.begin(self._now() - mine.entered)
        else:
            self._limit.replied(mine.entered, full=self.in_flight >= self.limit)
        self._leave()

    def overloaded(self, mine: Pass, wait_seconds: float | None, rate: bool) -> None:
        """The endpoint asks for fewer requests. `rate`: it is there, and has only to be asked less often."""
        if self._outage_probes is None:
            self._limit.refused(mine.entered)
        self._no_reply(wait_seconds, fault=not rate)

    def failed(self, mine: Pass, wait_seconds: float | None = None, fault: bool = True) -> None:
        """No reply came. `fault`: of the endpoint, not of this one request."""
        self._no_reply(wait_seconds, fault)

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
        mine.entered = self._now()
        if self._limit.pause_seconds:
            self.hold(self._limit.pause_seconds)

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
        until = None
        while until != self._held_until:
            while held := self.held_seconds:
                await self._sleep(held)
            until = self._held_until
            self._admit()  # who is let in may hold the gate for a pause

    def _no_reply(self, wait_seconds: float | None, fault: bool) -> None:
        if wait_seconds:
            self.hold(wait_seconds)
            self._asked_until = max(self._asked_until, self._now() + wait_seconds)
        self._unanswered += 1
        self._failing_since = self._now() if self._failing_since is None else self._failing_since
        self._failures += fault
        if fault and self._failures >= OUTAGE_FAILURES:
            self._outage_probes = 0 if self._outage_probes is None else self._outage_probes + 1
            wait = min(LONGEST_PROBE_WAIT_SECONDS, 2.0 ** min(self._outage_probes, 9))
            self.hold(wait * random.uniform(0.5, 1.0))
        self._leave()
