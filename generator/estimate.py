"""What sessions are expected to take: requests, tokens of the growing history, money. Nothing is sent.

Assumes turns as long as the seed's where the budget allows it, and one request a turn.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator import tokens
from generator.budget import asked_tokens, spoken_tokens
from generator.prices import Prices
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS, Label
from generator.schema.session import Budget, Cast, Model, Spec
from generator.schema.turn import Usage
from generator.session import Session
from generator.structures import structure_named

TYPICAL_TURN_TOKENS: dict[Label, int] = {"Therapist": 100, "Patient A": 135, "Patient B": 145}
"""Tokens a turn in the seed, rounded: what the history is expected to grow by, where the budget allows it."""

TURN_OVERHEAD_TOKENS = 6
"""Tokens around each turn of the history: names and separators."""

CACHE_FROM_TOKENS = 1024
"""Prompts shorter than this are not expected in an endpoint's cache (OpenAI's documented threshold)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What requests take, in tokens."""

    requests: int = 0
    prompt: int = 0
    cached: int = 0
    """Part of `prompt`: the bytes of the same role's request before."""
    reply: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.requests + other.requests,
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.reply + other.reply,
        )

    @property
    def total(self) -> int:
        """Prompt and reply tokens."""
        return self.prompt + self.reply


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a session is expected to take, by speaker."""

    by_label: Mapping[Label, Taken]

    @property
    def taken(self) -> Taken:
        """By all together."""
        return functools.reduce(lambda one, other: one + other, self.by_label.values(), Taken())

    def cost(self, models: Cast, prices: Prices, caching: bool = False) -> float | None:
        """US dollars, with or without what a cache would save; None if a price is not known."""
        total = 0.0
        for label, taken in self.by_label.items():
            used = Usage(prompt=taken.prompt, cached=taken.cached if caching else 0, completion=taken.reply)
            cost = prices.cost(models.of(label).name, used)
            if cost is None:
                return None
            total += cost
        return total


class Estimator:
    """Estimates many sessions; what they have in common is rendered and counted once."""

    def __init__(self) -> None:
        self._first: dict[tuple[object, ...], Mapping[Label, int]] = {}
        self._kept: dict[tuple[object, ...], Expectation] = {}

    def expect(self, spec: Spec, prompts: Mapping[Label, PromptSet]) -> Expectation:
        """What the session is expected to take: each turn's request holds the history so far."""
        first = self.first_prompts(spec, prompts)
        limits = tuple((spoken_tokens(spec.budget, label), _billed(spec.budget, label)) for label in PRINCIPALS)
        key = (*first.values(), spec.structure, spec.first, spec.turns, limits)
        if key not in self._kept:
            self._kept[key] = Expectation(_sum(spec, first, dict(zip(PRINCIPALS, limits, strict=True))))
        return self._kept[key]

    def first_prompts(self, spec: Spec, prompts: Mapping[Label, PromptSet]) -> Mapping[Label, int]:
        """About how many tokens each speaker's first request holds."""
        key = combination(spec)
        if key not in self._first:
            session = Session(spec, prompts, {})
            self._first[key] = {label: session.prompt_tokens(label) for label in PRINCIPALS}
        return self._first[key]


def expect(spec: Spec, prompts: Mapping[Label, PromptSet]) -> Expectation:
    """What one session is expected to take."""
    return Estimator().expect(spec, prompts)


def combination(spec: Spec) -> tuple[object, ...]:
    """Equal for sessions whose first requests are equal, text and count."""
    shapes = tuple(
        (spec.prompts.of(label).hash, spec.models.of(label).layout, tokens.vocabulary(spec.models.of(label).name))
        for label in PRINCIPALS
    )
    parts = (spec.couple.content_hash, spec.therapist.content_hash, spec.topic.content_hash)
    return (*parts, spec.structure, *shapes)


def _billed(budget: Budget, label: Label) -> int | None:
    """Tokens up to which an endpoint goes on speaking, hidden reasoning left aside; None if there is no limit."""
    return asked_tokens(budget, label, Model())


def _sum(
    spec: Spec, first: Mapping[Label, int], limits: Mapping[Label, tuple[int | None, int | None]]
) -> dict[Label, Taken]:
    taken = {label: Taken() for label in PRINCIPALS}
    before: dict[Label, int] = {}
    history = 0
    for label in speakers(spec.structure, spec.first, spec.turns):
        spoken, asked = limits[label]
        typical = TYPICAL_TURN_TOKENS[label]
        prompt = first[label] + history
        cached = before.get(label, 0)
        billed = typical if asked is None else min(typical, asked)
        taken[label] += Taken(1, prompt, cached if cached >= CACHE_FROM_TOKENS else 0, billed)
        history += (typical if spoken is None else min(typical, spoken)) + TURN_OVERHEAD_TOKENS
        before[label] = prompt
    return taken


@functools.lru_cache(maxsize=4096)
def speakers(structure: str, first: str, turns: int) -> tuple[Label, ...]:
    """Who speaks in such a session, turn by turn."""
    return tuple(_speakers(structure, first, turns))


def _speakers(structure: str, first: str, turns: int) -> Iterator[Label]:
    order = structure_named(structure)("A" if first == "A" else "B", turns)
    spoken: list[Label] = []
    while label := order.next(spoken):
        spoken.append(label)
        yield label
