"""What models cost: the price file, a user's own before the shipped one. No price is ever guessed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field

from generator import strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.schema.record import Line, Record
from generator.schema.session import REHEARSAL
from generator.schema.turn import Usage

FILE = "prices.yaml"

MILLION = 1_000_000

Dollars = Annotated[float, Field(ge=0, le=100_000)]


class Price(Record):
    """US dollars for a million tokens."""

    input: Dollars
    cached: Dollars | None = None
    """Prompt tokens that the endpoint found in its cache. None: as `input`."""
    output: Dollars
    """Reply tokens, hidden reasoning included."""


class PriceFile(Record):
    """`prices.yaml`: what models cost, to be kept up to date by whoever uses it."""

    checked: Line
    """The day on which these prices were looked up."""
    models: dict[Line, Price]
    """By the model's name, exactly as requests name it."""


class Prices:
    """Prices of models, and where they stand."""

    def __init__(self, prices: PriceFile, path: Path) -> None:
        self.path = path
        """The file they are from."""
        self.checked = prices.checked
        self._models = prices.models

    @classmethod
    def load(cls, assets: Assets | None = None) -> Prices:
        """Read the price file that is found first. Raises InputError with the place of each mistake."""
        path = (assets or Assets()).top(FILE)
        return cls(strict_yaml.load(path, PriceFile), path)

    def of(self, model: str) -> Price | None:
        """The price of the model of this name; None if it is not known. The rehearsal speaker costs nothing."""
        return FREE if model == REHEARSAL else self._models.get(model)

    def cost(self, model: str, usage: Usage) -> float | None:
        """US dollars for so many tokens; None if the price is not known."""
        price = self.of(model)
        if price is None:
            return None
        from_cache = price.input if price.cached is None else price.cached
        fresh = usage.prompt - usage.cached
        return (fresh * price.input + usage.cached * from_cache + usage.completion * price.output) / MILLION

    def bound(self, model: str, usage: Usage) -> float:
        """US dollars that a request of at most this size can cost, whatever is cached; 0 if the price is not known,
        which `require` refuses where it matters."""
        price = self.of(model)
        if price is None:
            return 0.0
        dearest = max(price.input, price.cached or 0)
        return (usage.prompt * dearest + usage.completion * price.output) / MILLION

    def require(self, models: Iterable[str], why: str) -> None:
        """Raises InputError naming each model that no limit in money can hold: its price is unknown, or 0.
        `why` says what needs the prices: "--run-cost"."""
        needed = {model: self.of(model) for model in models if model != REHEARSAL}
        unknown = [name for name, price in needed.items() if price is None]
        nothing = [name for name, price in needed.items() if price is not None and not (price.input and price.output)]
        problems = []
        if unknown:
            problems.append(f"no price for {_named(unknown)}")
        if nothing:
            problems.append(f"a price of 0 for {_named(nothing)}")
        if problems:
            raise InputError(
                f"{why}: {' and '.join(problems)} in {self.path}; enter what it costs there (your own copy: "
                f"{FILE} in the folder you work in), or limit tokens instead: --run-tokens N"
            )


FREE = Price(input=0, output=0)


def _named(names: list[str]) -> str:
    return f"model{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}"
