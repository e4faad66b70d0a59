"""What a run has come to, from its ledger alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from generator.ledger import Ledger
from generator.ledger.reading import Spent
from generator.schema.turn import Usage

Price = Callable[[str, Usage], float | None]
"""What so many tokens of a model cost in USD; None if nobody knows."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a run."""

    complete: int
    """Sessions with all their turns."""
    ended: int
    """Sessions that a budget ended at a turn boundary, as asked."""
    failed: int
    open: int
    reasons: Mapping[str, int]
    """Failed and ended sessions by reason."""
    turns: int
    trimmed: int
    """Turns from which something was taken away."""
    cut: int
    """Turns that ended because their budget ran out."""
    retried: int
    """Turns that took more than one request."""
    repeats: int
    """Turns equal to an earlier one of their session."""
    taken_over: int
    """Turns that a fork's sessions begin with; none of the other figures counts them."""
    over_budget: int
    """Turns for which the endpoint gave more tokens than it was asked for."""
    failures: Mapping[str, int]
    """Requests that brought no turn, by kind."""
    possibly_paid_twice: int
    """Requests that may have been billed and brought no turn."""
    spent: tuple[Spent, ...]
    """Tokens by model."""
    nominal_cost: float | None
    """USD for the turns kept, at full price, those whose figures the endpoint did not give by estimate; None if a price
    is unknown."""
    cost: float | None
    """USD as far as known: cached tokens at their price, and requests that brought no turn at the most they may have
    taken; None if a price is unknown."""

    @property
    def tokens(self) -> int:
        """Prompt and reply tokens of all requests, at most."""
        return sum(each.prompt + each.completion + each.at_most_prompt + each.at_most_completion for each in self.spent)

    @property
    def counted_apart(self) -> str:
        """For people: how many of the tokens were cached prompt and hidden reasoning; empty if none were."""
        parts = (
            (sum(each.cached for each in self.spent), "cached prompt"),
            (sum(each.reasoning for each in self.spent), "hidden reasoning"),
        )
        return ", ".join(f"{number:,} {what}" for number, what in parts if number)

    @property
    def marked(self) -> list[str]:
        """For people: how many turns are out of the ordinary, each kind that there is."""
        kinds = (
            (self.trimmed, "trimmed"),
            (self.retried, "after retries"),
            (self.repeats, "repeating an earlier one"),
            (self.over_budget, "longer than the endpoint was asked for"),
            (self.taken_over, "more taken over from another run"),
        )
        return [f"{number:,} {what}" for number, what in kinds if number]

    @property
    def nominal_cost_told(self) -> str:
        """For people: what the turns kept would cost at full price; empty if a price is unknown."""
        about = "about " if any(each.estimated_prompt for each in self.spent) else ""
        return "" if self.nominal_cost is None else f"turns kept, at full price: {about}${self.nominal_cost:.2f}"

    @property
    def exact(self) -> bool:
        """Whether `tokens` is exact, and not an upper bound."""
        return not any(each.at_most_prompt or each.at_most_completion for each in self.spent)

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {**asdict(self), "tokens": self.tokens, "tokens_exact": self.exact}


def summary(ledger: Ledger, price: Price) -> Summary:
    """The figures of the run in `ledger`."""
    figures = ledger.figures()
    spent = tuple(ledger.spent())
    return Summary(
        **ledger.by_status(),
        reasons=ledger.reasons(),
        **{
            name: figures[name]
            for name in ("turns", "trimmed", "cut", "retried", "repeats", "taken_over", "over_budget")
        },
        failures=ledger.failures(),
        possibly_paid_twice=ledger.possibly_paid_twice(),
        spent=spent,
        nominal_cost=_total(
            price(
                each.model,
                Usage(
                    prompt=each.prompt + each.estimated_prompt, completion=each.completion + each.estimated_completion
                ),
            )
            for each in spent
        ),
        cost=_total(
            price(
                each.model,
                Usage(
                    prompt=each.prompt + each.at_most_prompt,
                    cached=each.cached,
                    completion=each.completion + each.at_most_completion,
                ),
            )
            for each in spent
        ),
    )


def _total(costs: Iterable[float | None]) -> float | None:
    known = list(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)
