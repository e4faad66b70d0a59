"""How many requests at a time an endpoint can use: learnt from how long replies take and how many are refused.

It grows in big steps as long as more requests at a time bring more replies (the saturation test); where they do not,
it settles a little above what the endpoint can use, and looks from time to time whether that has become more.
Refusals for load, unless they are few, cut it once a burst, and it grows slowly from there; where even one request at a
time is too many, there is a pause after each. Pure arithmetic; who is let in is the gate's business.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

START = 4
"""Requests at a time once the endpoint has answered; more where very many are allowed: a sixteenth of them."""
FAST = 4.0
"""By how much the limit grows at first, each time the last step has proved useful."""
AS_QUICK = 1.25
"""Where very many are allowed and the first replies come nearly as quickly as the one that came alone, up to so many
times its seconds, the next step is two in one."""
PROBE = 1.5
"""By how much it is raised later, to see whether the endpoint has become quicker."""
FIRST_LOOK_ROUNDS, LAST_LOOK_ROUNDS = 32, 256
"""How many replies for each place there are before such a look: twice as many after each one in vain."""
FAST_ROUNDS, SURE_ROUNDS = 0.75, 3
"""How many replies for each place tell what a limit brings: at first, where the differences are great, and later."""
USEFUL = 0.25
"""A step is useful if the rate of replies grew by at least this share of the limit's growth."""
NEARLY = 1.5
"""A step that comes so near to the most goes the whole way: few places too few make the last sessions late."""
SPARE = 1.25
"""How far above what the endpoint works on at a time the limit stays, so that it never waits for us."""
ENOUGH = 0.85
"""An endpoint that works on all requests at once and slows down with each: this share of its best rate will do."""
SLOWEST_OF = 0.9
"""Latency is that of the request of which so many are quicker: of requests that queue, it is the queue's length."""
CUT = 0.7
SLOW = 1.5
"""Growth after a cut goes on in steps each of which is so much longer than the one before."""
FEW, FEW_SHARE = 2, 0.15
"""So many refusals, or such a share of the last answers, are no burst: others who use the endpoint cause them too."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 15.0
PAUSE_SHRINKS = 0.8


@dataclass(frozen=True, slots=True)
class _Measured:
    """What a limit brought."""

    limit: int
    seconds: float
    """Latency."""

    @property
    def rate(self) -> float:
        return self.limit / max(self.seconds, 1e-6)


@dataclass(slots=True)
class _Epoch:
    """What has come back since the limit was last changed, of the requests sent since then."""

    began: float
    replies: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=4096))
    """Seconds of the last replies that came while no more requests could be sent."""


class Limit:
    """`value` is how many requests may be under way."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        """`most`: the value is never above this. `now`: in seconds."""
        self.most = most
        self.value = 1
        self.pause_seconds = 0.0
        """From one request to the next, where the value is 1 and still too high."""
        self._now = now
        self._last_cut = -math.inf
        self._refused: deque[bool] = deque(maxlen=100)
        """Of the last answers, which were refusals."""
        self._growth: float | None = None
        """By how much each step raises the limit; None if it does not grow in steps."""
        self._before: _Measured | None = None
        """What the limit before the last step brought."""
        self._alone = 0.0
        """How long the request took that went alone, in seconds."""
        self._add = 1.0
        """By how much the limit grows after a cut, each time as many replies have come twice over."""
        self._quickest = math.inf
        """Least latency that was measured since growth began, in seconds."""
        self._look_after: int | None = None
        """After how many replies for each place a higher limit, which has proved useless, is tried again; None if none
        has."""
        self._epoch = _Epoch(now())

    def begin(self, seconds: float) -> None:
        """The endpoint is there, it has answered one request in so many seconds: grow from the start."""
        self._alone = seconds
        self._growth, self._before, self._quickest, self._look_after = FAST, None, math.inf, None
        self.pause_seconds = 0.0
        self._set(max(START, self.most // 16))

    def replied(self, sent: float, full: bool) -> None:
        """A reply came to a request sent at this time. `full`: no more could have been under way until now."""
        self._refused.append(False)
        epoch = self._epoch
        if sent < epoch.began:
            return
        epoch.replies += 1
        if full:
            epoch.latencies.append(self._now() - sent)
        if self._growth is not None:
            rounds = FAST_ROUNDS if self._growth == FAST else SURE_ROUNDS
            if len(epoch.latencies) >= max(START, int(rounds * self.value)):
                self._judge_step(self._growth, self._measured())
        elif self._look_after is not None:
            enough = epoch.replies >= self._look_after * self.value and len(epoch.latencies) >= START
            if enough and self.value < self.most:
                self._growth, self._before = PROBE, self._measured()
                self._set(math.ceil(self.value * PROBE))
        elif epoch.replies >= 2 * self.value and epoch.latencies:
            self._grow_slowly()

    def refused(self, sent: float) -> None:
        """The endpoint refused a request sent at this time: it is asked too much."""
        self._refused.append(True)
        number = sum(self._refused)
        if number <= FEW or number <= FEW_SHARE * len(self._refused) or sent <= self._last_cut:
            return
        self._last_cut = self._now()
        self._growth, self._look_after = None, None
        if self.value == 1:
            self.pause_seconds = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, 2 * self.pause_seconds))
        self._set(math.floor(self.value * CUT))
        self._add = max(1.0, self.value / 16)

    def _set(self, value: int) -> None:
        self.value = max(1, min(self.most, value))
        self._epoch = _Epoch(self._now())

    def _grow_slowly(self) -> None:
        if self.pause_seconds:
            shorter = self.pause_seconds * PAUSE_SHRINKS
            self.pause_seconds = shorter if shorter > FIRST_PAUSE_SECONDS / 4 else 0.0
            self._set(self.value)
        else:
            self._set(self.value + int(self._add))
            self._add *= SLOW

    def _measured(self) -> _Measured:
        latencies = sorted(list(self._epoch.latencies)[-2 * self.value :])
        return _Measured(self.value, latencies[int(SLOWEST_OF * (len(latencies) - 1))])

    def _judge_step(self, growth: float, after: _Measured) -> None:
        before, self._before = self._before, after
        self._quickest = min(self._quickest, after.seconds)
        if before is not None and after.rate < before.rate * (1 + USEFUL * (after.limit / before.limit - 1)):
            self._growth = None
            self._look_after = min(LAST_LOOK_ROUNDS, 2 * (self._look_after or FIRST_LOOK_ROUNDS // 2))
            self._set(before.limit if growth == PROBE else self._between(before, after))
        elif self.value >= self.most:
            self._growth = None
        else:
            sure = before is None and self.value > START and after.seconds <= AS_QUICK * self._alone
            step = math.ceil(self.value * growth ** (2 if sure else 1))
            self._set(step if NEARLY * step < self.most else self.most)

    def _between(self, before: _Measured, after: _Measured) -> int:
        """The limit to settle at, if the step from `before` to `after` was too long."""
        best = max(before.rate, after.rate)
        worked_on = math.ceil(SPARE * best * self._quickest)
        if before.rate >= ENOUGH * best:
            return worked_on
        # from the one to the other latency grows in a straight line at most; where does the rate become enough?
        slope = (after.seconds - before.seconds) / (after.limit - before.limit)
        enough = ENOUGH * best * (before.seconds - slope * before.limit) / (1 - ENOUGH * best * slope)
        return max(worked_on, math.ceil(enough))
