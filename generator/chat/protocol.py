"""What a chat is: one request in, one reply out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from generator.schema.label import Label
from generator.schema.perspective import Perspective
from generator.schema.session import Model
from generator.schema.turn import Reply


def not_blank(text: str) -> bool:
    """Whether there is anything in `text`."""
    return bool(text.strip())


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a chat may use to speak one turn."""

    model: Model
    messages: bytes
    """JSON array of messages in UTF-8, ready to send."""
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


class AttemptLog(Protocol):
    """Told of every request before it is sent, and of those that failed."""

    def begin(self) -> None:
        """A request is about to be sent; returns when that is on record."""

    def fail(self, kind: str, message: str, billed: str) -> None:
        """The request begun last brought no usable reply."""


class _Unlogged:
    def begin(self) -> None:
        return None

    def fail(self, kind: str, message: str, billed: str) -> None:
        return None


UNLOGGED: AttemptLog = _Unlogged()


class Chat(Protocol):
    """Something that can speak a turn."""

    async def speak(self, request: Request) -> Reply:
        """Speak. Raises SessionFailed if this turn cannot be had, ProviderRefused if none can."""

    async def close(self) -> None:
        """Give back what the chat holds."""
