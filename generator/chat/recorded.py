"""A chat that repeats a stored session, with no endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from generator.chat.protocol import Request
from generator.errors import SessionFailed
from generator.schema.turn import Reply, Turn


class Recorded:
    """Answers each request with the reply that the stored session had at that turn."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = {turn.n: turn for turn in turns}

    async def speak(self, request: Request) -> Reply:
        """The stored reply. Raises SessionFailed ("empty") past the end of the recording."""
        number = len(request.spoken) + 1
        turn = self._turns.get(number)
        if turn is None or turn.speaker != request.perspective.label:
            raise SessionFailed("empty", f"the recording holds no turn {number} of {request.perspective.label}")
        await request.attempts.begin(request.model.name, request.most)
        return turn.reply

    async def close(self) -> None:
        """Nothing to give back."""
