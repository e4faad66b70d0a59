"""A chat that says what it is told: for tests, and for trying the loop without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

from generator import tokens
from generator.chat.protocol import Request
from generator.errors import SessionFailed
from generator.schema.turn import Reply, Usage, without_surrogates


class Scripted:
    """Replies from a list of texts or replies, or from a function of the request; keeps the requests."""

    def __init__(self, replies: Iterable[str | Reply] | Callable[[Request], str | Reply]) -> None:
        self._next = replies if callable(replies) else _reader(replies)
        self.requests: list[Request] = []

    async def speak(self, request: Request) -> Reply:
        """The next reply. Raises SessionFailed ("empty") when the list has run out."""
        self.requests.append(request)
        await request.attempts.begin(request.model.name, request.most)
        said = self._next(request)
        return said if isinstance(said, Reply) else reply_of(said, request, "scripted")

    async def close(self) -> None:
        """Nothing to give back."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def reply_of(text: str, request: Request, model: str) -> Reply:
    """A whole text as an endpoint would deliver it: stopped at the request's token limit, usage counted."""
    said, length, cut = tokens.stopped(without_surrogates(text), request.max_tokens)
    return Reply(
        text=said,
        end="length" if cut else "stop",
        usage=Usage(prompt=request.prompt_tokens, completion=length),
        model=model,
        raw=said.encode(),
    )


def _reader(replies: Iterable[str | Reply]) -> Callable[[Request], str | Reply]:
    waiting = iter(replies)

    def read(_: Request) -> str | Reply:
        try:
            return next(waiting)
        except StopIteration:
            raise SessionFailed("empty", "the script has run out of replies") from None

    return read
