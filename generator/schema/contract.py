"""What a project asks of its transcripts, beyond the grammar (`seeds/contract.yaml`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from generator.schema.record import Record


class TurnRange(Record):
    """From and to, both included."""

    least: Annotated[StrictInt, Field(ge=1, le=400)] = 25
    most: Annotated[StrictInt, Field(ge=1, le=400)] = 35

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least ({self.least}) is more than most ({self.most})")
        return self


class DriftTerms(Record):
    """When a figure counts as drifted."""

    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.98
    """How sure the whole comparison is to stay quiet about a set that is like its reference; the bands of
    single figures are wider, so that all of them together keep it."""
    tolerance: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """Figure to the smallest difference that matters, in the figure's own unit. A band is never narrower.
    Figures not named here have the tolerance that `couplesim profile` shows."""


class Contract(Record):
    """What a project asks of its transcripts. Every key may be left out."""

    turns: TurnRange = TurnRange()
    """Turns a session may have, where its run does not say."""
    turn_tokens: Annotated[StrictInt, Field(ge=8, le=8192)] = 150
    """Tokens a turn was given (o200k_base), where its run does not say; a cut-off there is "at the budget"."""
    language: Literal["en", "any"] = "en"
    """Language of the sessions. `any` switches the check of the language off; agreement, hedging and plans
    are known in English only."""
    severities: Mapping[str, Literal["error", "warning", "note", "off"]] = Field(default_factory=dict)
    """Code to another severity, or "off"."""
    drift: DriftTerms = DriftTerms()
