"""Answers a request: understand it, compose the turn, stop it where the request says, count."""

from __future__ import annotations

import functools
import hashlib
import json

from generator import tokens
from generator.chat.rehearsal.banks import banks
from generator.chat.rehearsal.chat import compose
from generator.schema.session import REHEARSAL
from generator.serve.inference import understand
from generator.serve.wire import Answer, Body
from generator.thread import MESSAGE_OVERHEAD_TOKENS


def answer(body: Body) -> Answer:
    """The next turn, as the endpoint delivers it; equal seeds and messages give equal texts."""
    view, spoken = understand(body)
    seed = _seed_of_messages(body) if body.seed is None else body.seed
    whole = _before(compose(view, spoken, seed), body.stop)
    said, length, cut = tokens.stopped(whole, body.limit)
    return Answer(
        text=said,
        finish_reason="length" if cut else "stop",
        prompt_tokens=sum(_count(message.content) + MESSAGE_OVERHEAD_TOKENS for message in body.messages),
        completion_tokens=length,
        fingerprint=_fingerprint(),
    )


def _before(text: str, stops: list[str]) -> str:
    ends = [text.find(stop) for stop in stops if stop]
    return text[: min((end for end in ends if end >= 0), default=len(text))]


def _seed_of_messages(body: Body) -> int:
    canonical = json.dumps([[message.role, message.content] for message in body.messages])
    return int(hashlib.sha256(canonical.encode()).hexdigest()[:8], 16)


@functools.lru_cache(maxsize=1024)
def _count(content: str) -> int:
    return tokens.count(content)


@functools.cache
def _fingerprint() -> str:
    return f"{REHEARSAL}-{hashlib.sha256(json.dumps(banks(), sort_keys=True).encode()).hexdigest()[:10]}"
