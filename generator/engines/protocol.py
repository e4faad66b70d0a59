"""What an engine is: it takes jobs as it has room for them, and tells a journal of everything that happens.

A distributed engine would send a job's data to a worker and relay what the worker says to the journal; neither
the batch nor the ledger would change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from generator.chat.protocol import AttemptLog
from generator.errors import SessionFailed
from generator.prompts import PromptSet
from generator.schema.label import Label
from generator.schema.session import Spec
from generator.schema.turn import Turn


class Stop:
    """A request to stop: no new turn begins once it is made."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether it has been made."""
        return self.event.is_set()

    def request(self) -> None:
        """Make it."""
        self.event.set()


@dataclass(frozen=True, slots=True)
class Job:
    """One session to be spoken, or to be gone on with."""

    number: int
    """Position in the run, from 1."""
    id: str
    spec: Spec
    prompts: dict[Label, PromptSet]
    turns: Sequence[Turn]
    """What has been spoken already."""


class Journal(AttemptLog, Protocol):
    """Told of everything that happens in one session, before anything else happens in it."""

    @property
    def in_flight(self) -> bool:
        """Whether a request has been sent whose reply is not on record, or something is being entered."""

    async def keep(self, turn: Turn) -> None:
        """A turn has been spoken; returns when it is on record."""

    async def end(self, session_end: str | None, failure: SessionFailed | None) -> None:
        """The session is over: with this end, with this failure, or, if both are None, stopped for now."""


class Desk(Protocol):
    """Where jobs come from."""

    def jobs(self) -> Iterator[Job]:
        """The open sessions, read as they are asked for."""

    def journal(self, job: Job) -> Journal:
        """Where what happens in a session goes."""


class Engine(Protocol):
    """Something that has sessions spoken."""

    async def run(self, desk: Desk, stop: Stop) -> None:
        """Have all jobs spoken, until a stop is requested. Raises ProviderRefused, CapReached or StorageError;
        sessions under way then come to the end of their turn first."""
