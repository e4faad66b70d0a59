"""Tokens a turn and a session may take. Pure arithmetic; counting is `tokens`' business."""

from __future__ import annotations

from generator.schema.label import ROLE_OF, Label
from generator.schema.session import Budget, Model
from generator.schema.turn import Reply

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

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.spent = 0

    def allows(self, prompt_tokens: int, reply_tokens: int | None) -> bool:
        """Whether a request of this size cannot pass the limit."""
        if self.limit is None:
            return True
        reserve = UNLIMITED_RESERVE if reply_tokens is None else reply_tokens
        return self.spent + prompt_tokens + reserve <= self.limit

    def charge(self, reply: Reply) -> None:
        """Book what a reply has used, and its failed attempts."""
        self.spent += reply.usage.total + reply.wasted_tokens
