"""The rehearsal speaker as a chat: same requests, same replies, same cut-offs as an endpoint; no model."""

from __future__ import annotations

import asyncio
import random

from generator.chat.protocol import Request
from generator.chat.rehearsal import partner, therapist
from generator.chat.rehearsal.listening import Spoken
from generator.chat.scripted import reply_of
from generator.schema.perspective import Perspective
from generator.schema.session import REHEARSAL
from generator.schema.turn import Reply


class Rehearsal:
    """Speaks scripted turns. Every reply says that its model is "rehearsal"."""

    async def speak(self, request: Request) -> Reply:
        """Compose a turn and deliver it as an endpoint would, stopped at the request's token limit."""
        await request.attempts.begin(request.model.name, request.most)
        await asyncio.sleep(0)  # composing never waits; without this a run could not be interrupted
        return reply_of(compose(request.perspective, list(request.spoken), request.seed), request, REHEARSAL)

    async def close(self) -> None:
        """Nothing to give back."""


def compose(view: Perspective, spoken: Spoken, seed: int) -> str:
    """The whole text of the next turn of `view`'s speaker; equal arguments give equal texts."""
    who = f"{view.a.name}:{view.b.name}:{view.therapist.name}:{view.topic.title}"
    rng = random.Random(f"{seed}:{len(spoken)}:{view.label}:{who}")
    return therapist.compose(view, spoken, rng) if view.label == "Therapist" else partner.compose(view, spoken, rng)
