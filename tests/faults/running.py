"""Runs of many sessions against an endpoint that answers wrongly, in this process and on a clock that runs ahead."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import batch
from generator.budget import RunPurse
from generator.chat.endpoint import Endpoint
from generator.engines.local import Local
from generator.engines.protocol import Stop
from generator.errors import CouplesimError
from generator.ledger import Ledger
from generator.schema.label import LABELS
from generator.schema.session import Budget, Cast, Model, Spec
from generator.schema.turn import Usage
from tests.builders import spec
from tests.chat.asking import KEY
from tests.faults.server import Script, Server
from tests.runs import Silent, begin

NOT_OURS = "Zanzibar"
"""Stands in every faulty answer, and in no persona or prompt."""
FEW_TOKENS = 8
"""Of a turn: the deadline of a request is then that of the endpoint and 1.6 s."""


def sessions(number: int, turns: int, model: str = "m") -> list[Spec]:
    """So many sessions, alike but for their seeds."""
    cast = Cast(**dict.fromkeys(("therapist", "a", "b"), Model(name=model, base_url="http://localhost/v1")))
    like = spec(turns=turns, models=cast, budget=Budget(turn_tokens=FEW_TOKENS))
    return [like.model_copy(update={"rng_seed": seed}) for seed in range(1, number + 1)]


@dataclass(frozen=True)
class Ahead:
    """A clock that runs so many times as fast as the real one."""

    speed: float

    def now(self) -> float:
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


@dataclass
class Ran:
    """What came of a run."""

    ledger: Ledger
    server: Server
    endpoint: Endpoint
    error: CouplesimError | None

    @property
    def statuses(self) -> dict[str, int]:
        return {status: number for status, number in self.ledger.by_status().items() if number}

    @property
    def turns(self) -> int:
        return self.ledger.counts()[0]

    def transcripts(self) -> list[bytes]:
        return [path.read_bytes() for path in (self.ledger.folder / "transcripts").rglob("*.txt")]


def run(
    folder: Path,
    script: Script,
    *specs: Spec,
    speed: float = 50.0,
    at_a_time: int = 64,
    deadline_seconds: float = 10.0,
    purse: RunPurse | None = None,
    watcher: Any = None,
    during: Callable[[Server, Stop], Any] | None = None,
) -> Ran:
    """Have these sessions, or those of the run that is there, spoken. `during`: a coroutine function run beside."""
    ledger = begin(folder, *specs) if specs else Ledger.open(folder)
    clock, server = Ahead(speed), Server(script)

    async def go() -> Ran:
        stop = Stop()
        async with server:
            endpoint = Endpoint(
                server.url, KEY, most_requests=64, deadline_seconds=deadline_seconds, sleep=clock.sleep, now=clock.now
            )
            engine = Local(lambda _: dict.fromkeys(LABELS, endpoint), at_a_time)
            beside = asyncio.create_task(during(server, stop)) if during else None
            error = None
            try:
                await batch.carry_out(ledger, engine, watcher or Silent(), stop, purse=purse)
            except CouplesimError as caught:
                error = caught
            finally:
                if beside is not None:
                    beside.cancel()
                    await asyncio.gather(beside, return_exceptions=True)
                await endpoint.close()
            return Ran(ledger, server, endpoint, error)

    try:
        ran = asyncio.run(go())
    finally:
        ledger.close()
    ran.ledger = Ledger.read(folder)
    return ran


def dollars(model: str, usage: Usage) -> float:
    """What tokens cost here."""
    return (usage.prompt * 10 + usage.completion * 30) / 1e6


def dice(seed: int) -> Callable[[], float]:
    """Random numbers from 0 to 1, the same in every run."""
    return random.Random(seed).random
