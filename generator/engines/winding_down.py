"""How workers end when a stop is requested."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

GRACE_SECONDS = 30.0
"""How long requests under way may take once a stop is requested."""
LOOK_SECONDS = 0.1


async def wind_down(workers: set[asyncio.Task[None]], idle: Callable[[asyncio.Task[None]], bool]) -> None:
    """Wait for the requests under way and for what is being entered. Who is `idle`, waiting for leave to send a
    request or to try again, is sent home, and after `GRACE_SECONDS` everybody."""
    until = time.monotonic() + GRACE_SECONDS
    told: set[asyncio.Task[None]] = set()
    while running := {worker for worker in workers if not worker.done()}:
        if late := time.monotonic() > until:
            until, told = math.inf, set()
        for worker in running - told:
            if late or idle(worker):
                told.add(worker)
                worker.cancel()
        await asyncio.wait(running, timeout=LOOK_SECONDS)
