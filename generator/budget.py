"""What a turn, a session and a run may take. Pure arithmetic; counting is `tokens`' business."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from generator.errors import CapReached
from generator.schema.label import ROLE_OF, Label
from generator.schema.session import Budget, Model
from generator.schema.turn import Reply, Usage

UNLIMITED_RESERVE = 1024
"""Reply tokens reserved against a session's budget for a turn without a limit of its own."""


def spoken_tokens(budget: Budget, label: Label) -> int | None:
    """Tokens that a turn of `label` may be long; None if there is no limit."""
    if budget.cut == "none":
        return None
    own = {
        "therapist": budget.therapist_tokens,
        "partner": budget.partner_tokens,
        "facilitator": budget.facilitator_tokens,
    }[ROLE_OF[label]]
    return own if own is not None else budget.turn_tokens


def asked_tokens(budget: Budget, label: Label, model: Model) -> int | None:
    """Tokens to ask the endpoint for: the spoken budget, twice that if the cut is made here, and the
    model's head-room for hidden reasoning; None to send no limit."""
    spoken = spoken_tokens(budget, label)
    if spoken is None:
        return None
    return spoken * (2 if budget.cut == "client" else 1) + model.reasoning_headroom


class Purse:
    """The tokens of one session: asked before each request, charged after it."""

    def __init__(self, limit: int | None, spent: int = 0) -> None:
        self.limit = limit
        self.spent = spent

    def allows(self, prompt_tokens: int, reply_tokens: int | None) -> bool:
        """Whether a request of this size cannot pass the limit."""
        if self.limit is None:
            return True
        reserve = UNLIMITED_RESERVE if reply_tokens is None else reply_tokens
        return self.spent + prompt_tokens + reserve <= self.limit

    def charge(self, reply: Reply) -> None:
        """Book what a reply has used, and its failed attempts."""
        self.spent += reply.usage.total + reply.wasted_tokens


class RunPurse:
    """The tokens and the money of a run: reserved before each request, settled after it, never passed, as long as
    no request takes more than was reserved for it."""

    def __init__(
        self,
        tokens: int | None = None,
        cost: float | None = None,
        price: Callable[[str, Usage], float] = lambda model, usage: 0.0,
        spent_tokens: int = 0,
        spent_cost: float = 0.0,
    ) -> None:
        """`tokens`, `cost`: the caps, None for none. `price`: of so many tokens of a model, in USD. `spent_...`:
        what the run has taken before."""
        self.tokens_cap, self.cost_cap = tokens, cost
        self.tokens, self.cost = spent_tokens, spent_cost
        self._price = price
        self._reserved, self._reserved_tokens, self._reserved_cost = 0, 0, 0.0
        """Requests under way, and what they may take together."""
        self._settled = asyncio.Event()

    async def reserve(self, model: str, most: Usage) -> None:
        """Set aside what a request may take, waiting for others under way if need be. Raises CapReached."""
        tokens, cost = most.total, self._price(model, most)
        while not self._has_room(tokens, cost):
            if not self._reserved:
                raise CapReached(self._said())
            self._settled.clear()
            await self._settled.wait()
        self._reserved += 1
        self._reserved_tokens += tokens
        self._reserved_cost += cost

    def settle(self, model: str, most: Usage, taken: Usage | None) -> None:
        """Book what the request has taken, None for nothing, in place of what was set aside for it."""
        self._reserved -= 1
        self._reserved_tokens -= most.total
        self._reserved_cost = self._reserved_cost - self._price(model, most) if self._reserved else 0.0
        if taken is not None:
            self.tokens += taken.total
            self.cost += self._price(model, taken)
        self._settled.set()

    def _has_room(self, tokens: int, cost: float) -> bool:
        tokens_left = self.tokens_cap is None or self.tokens + self._reserved_tokens + tokens <= self.tokens_cap
        return tokens_left and (self.cost_cap is None or self.cost + self._reserved_cost + cost <= self.cost_cap)

    def _said(self) -> str:
        said = []
        if self.cost_cap is not None:
            said.append(f"${self.cost:.2f} of ${self.cost_cap:.2f}")
        if self.tokens_cap is not None:
            said.append(f"{self.tokens:,} of {self.tokens_cap:,} tokens")
        return f"stopped at {' and '.join(said)}; the next request could pass the cap"
