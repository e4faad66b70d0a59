"""What a chat is: one request in, one reply out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from generator.schema.label import Label
from generator.schema.perspective import Perspective
from generator.schema.session import Model
from generator.schema.turn import Reply, Usage

UNLIMITED_TOKENS = 4096
"""What a reply without a limit is taken to be at most."""


def not_blank(text: str) -> bool:
    """Whether there is anything in `text`."""
    return bool(text.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked, and within which limits."""

    model: Model
    parts: Sequence[bytes]
    """The messages as a JSON array in UTF-8, ready to be joined and sent; most parts are shared with other requests."""
    max_tokens: int | None
    """Tokens the reply may take; None for no limit."""
    seed: int
    """Equal questions have equal seeds."""
    prompt_tokens: int
    """Estimate of what the messages amount to."""
    what: str
    """For messages: "turn 3, Patient B"."""
    attempts: AttemptLog = field(default_factory=lambda: UNLOGGED)
    usable: Callable[[str], bool] = not_blank
    """Whether a reply's text is what was asked for; a chat that retries asks again until it is."""
    wanted: str = "words of the speaker's own"
    """What an unusable reply has none of."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema of the reply, for endpoints that can keep to one; None for plain text."""

    @property
    def messages(self) -> bytes:
        """The JSON array of messages."""
        return b"".join(self.parts)

    @property
    def most(self) -> Usage:
        """What the request may take at most: a token is at least one byte."""
        reply = UNLIMITED_TOKENS if self.max_tokens is None else self.max_tokens
        return Usage(prompt=sum(map(len, self.parts)), completion=reply, estimated=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Question):
    """Everything a chat may use to speak one turn."""

    perspective: Perspective
    """What the speaker knows, as data; the messages say the same in words."""
    spoken: Sequence[tuple[Label, str]]
    """The turns so far."""


class AttemptLog(Protocol):
    """Told of every request of a session, or of a judgement, before it is sent, and of those that failed."""

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


class Asked(Protocol):
    """Something that answers questions which are no turns: a judge's."""

    async def ask(self, question: Question) -> Reply:
        """Answer. Raises SessionFailed if this answer cannot be had, ProviderRefused if none can."""


class Chat(Protocol):
    """Something that can speak a turn."""

    async def speak(self, request: Request) -> Reply:
        """Speak. Raises SessionFailed if this turn cannot be had, ProviderRefused if none can."""

    async def close(self) -> None:
        """Give back what the chat holds."""
