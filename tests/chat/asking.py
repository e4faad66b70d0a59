"""Asks an endpoint on localhost and tells what came of it; no wait is real."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from generator.chat.endpoint import Endpoint
from generator.chat.protocol import Request
from generator.errors import CouplesimError
from generator.perspective import perspective
from generator.schema.session import Model
from generator.schema.turn import Reply, Usage
from generator.session import Session
from tests.builders import prompt_set, prompts_of, spec
from tests.faults.server import Behaviour, Server

KEY = "sk-canary-5d1f0c7e9b2a4c68-do-not-print"
MODEL = Model(name="gpt-4o")


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        wake = self.seconds + seconds
        await asyncio.sleep(0)
        self.seconds = max(self.seconds, wake)


@dataclass
class Log:
    """An AttemptLog that remembers."""

    events: list[tuple[str, ...]] = field(default_factory=list)
    """("begin",) or ("fail", kind, billed)."""
    messages: list[str] = field(default_factory=list)

    order = 0

    async def begin(self, model: str, most: Usage) -> None:
        self.events.append(("begin",))

    async def fail(self, kind: str, message: str, billed: str, usage: Usage | None = None) -> None:
        self.events.append(("fail", kind, billed))
        self.messages.append(message)


@dataclass
class Asked:
    """What came of asking."""

    server: Server
    clock: Clock
    log: Log
    outcomes: list[Reply | CouplesimError]

    @property
    def reply(self) -> Reply:
        assert isinstance(self.outcomes[-1], Reply), self.outcomes[-1]
        return self.outcomes[-1]

    @property
    def error(self) -> Any:
        assert isinstance(self.outcomes[-1], CouplesimError), self.outcomes[-1]
        return self.outcomes[-1]


def request(model: Model = MODEL, **changes: Any) -> Request:
    """The request for the first turn of a session."""
    return dataclasses.replace(_first_request(), model=model, **changes)


@functools.cache
def _first_request() -> Request:
    of = spec()
    session = Session(of, prompts_of(of), {})
    return Request(
        model=MODEL,
        parts=[json.dumps(session.messages("Therapist")).encode()],
        max_tokens=150,
        seed=1,
        prompt_tokens=session.prompt_tokens("Therapist"),
        what="turn 1, Therapist",
        perspective=perspective(of, "Therapist", prompt_set().settings.temperament),
        spoken=[],
    )


@asynccontextmanager
async def endpoint_at(
    url: str, clock: Clock, key: str = KEY, deadline_seconds: float = 30.0
) -> AsyncIterator[Endpoint]:
    """An endpoint that waits by `clock`; closed in the end."""
    endpoint = Endpoint(url, key, deadline_seconds=deadline_seconds, sleep=clock.sleep, now=clock.now)
    try:
        yield endpoint
    finally:
        await endpoint.close()


def ask(*script: Behaviour, asks: int = 1, key: str = KEY, deadline_seconds: float = 30.0, **changes: Any) -> Asked:
    """What comes of asking, `asks` times in a row, a server that answers by this script.

    `changes` go into the request.
    """
    clock, log, server = Clock(), Log(), Server(script)

    async def go() -> list[Reply | CouplesimError]:
        async with server, endpoint_at(server.url, clock, key, deadline_seconds) as endpoint:
            return [await outcome(endpoint, request(attempts=log, **changes)) for _ in range(asks)]

    return Asked(server, clock, log, asyncio.run(go()))


async def outcome(endpoint: Endpoint, of: Request) -> Reply | CouplesimError:
    """The reply, or the error as it would be shown; anything else would be a traceback and fails the test."""
    try:
        return await endpoint.speak(of)
    except CouplesimError as error:
        return error


def assert_says(error: object, words: str) -> None:
    """Every one of these words stands in the message."""
    missing = [word for word in words.split() if word not in str(error)]
    assert not missing, f"{missing} not in {str(error)!r}"


def case(row: str, *values: Any) -> Any:
    """A table's line, named by the row of FAULTS it proves."""
    return pytest.param(*values, id=f"row {row}")
