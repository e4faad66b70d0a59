"""What a chat is: one request in, one reply out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from generator.schema.label import Label
from generator.schema.perspective import Perspective
from generator.schema.session import Model
from generator.schema.turn import Reply, Usage

UNLIMITED_TOKENS = 4096
"""What a reply without a limit is taken to be at most."""


def not_blank(text: str) -> bool:
    """Whether there is anything in `text`."""
    return bool(text.strip())


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a chat may use to speak one turn."""

    model: Model
    parts: Sequence[bytes]
    """The messages as a JSON array in UTF-8, ready to be joined and sent; most parts are shared with other requests."""
    max_tokens: int | None
    """Tokens the reply may take; None for no limit."""
    seed: int
    """Seed of this turn; equal specs give equal seeds."""
    prompt_tokens: int
    """Estimate of what the messages amount to."""
    perspective: Perspective
    """What the speaker knows, as data; the messages say the same in words."""
    spoken: Sequence[tuple[Label, str]]
    """The turns so far."""
    attempts: AttemptLog = field(default_factory=lambda: UNLOGGED)
    usable: Callable[[str], bool] = not_blank
    """Whether a reply's text can become a turn; a chat that retries asks again until it can."""

    @property
    def messages(self) -> bytes:
        """The JSON array of messages."""
        return b"".join(self.parts)

    @property
    def most(self) -> Usage:
        """What the request may take at most: a token is at least one byte."""
        reply = UNLIMITED_TOKENS if self.max_tokens is None else self.max_tokens
        return Usage(prompt=sum(map(len, self.parts)), completion=reply, estimated=True)


class AttemptLog(Protocol):
    """Told of every request of a session before it is sent, and of those that failed."""

    @property
    def order(self) -> int:
        """Of several sessions that wait for their turn at an endpoint, the lowest goes first."""

    async def begin(self, model: str, most: Usage) -> None:
        """A request that may take `most` is about to be sent to `model`; returns when that is on record.
        Raises CapReached if it must not be sent."""

    async def fail(self, kind: str, message: str, billed: str, usage: Usage | None = None) -> None:
        """The request begun last brought no usable reply. `usage`: what it took; None if nobody knows."""


class _Unlogged:
    order = 0

    async def begin(self, model: str, most: Usage) -> None:
        return None

    async def fail(self, kind: str, message: str, billed: str, usage: Usage | None = None) -> None:
        return None


UNLOGGED: AttemptLog = _Unlogged()


class Chat(Protocol):
    """Something that can speak a turn."""

    async def speak(self, request: Request) -> Reply:
        """Speak. Raises SessionFailed if this turn cannot be had, ProviderRefused if none can."""

    async def close(self) -> None:
        """Give back what the chat holds."""
