"""What is compared: every measure there is, and the few that are tested unless others are named."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from generator.errors import InputError
from generator.judge.measures import JUDGED
from generator.metrics.measures import MEASURES
from generator.schema.measure import Measure

FAMILY = (
    "time_to_agreement", "agreement_ratio", "cut_off_rate.a", "cut_off_rate.b", "affect.a", "affect.b", "airtime_gap",
    "words.a", "words.b",
)  # fmt: skip
"""What a change of prompts is likeliest to move: how soon and how much partners agree, cut-offs, affect, who speaks how
much. Every further measure costs power."""


def all_measures() -> Mapping[str, Measure]:
    """Every measure by name: those without a model, then those that need a judge."""
    return {**MEASURES, **JUDGED}


def family_of(written: str | None) -> tuple[str, ...]:
    """The family that is written as `words.a,affect.a`; None: `FAMILY`. Raises InputError where a measure does not
    exist."""
    if written is None:
        return FAMILY
    measures = all_measures()
    names = tuple(dict.fromkeys(name.strip() for name in written.split(",")))
    if problems := [f"--family: {unknown(name, measures)}" for name in names if name not in measures]:
        raise InputError(*problems)
    return names


def unknown(name: str, measures: Collection[str]) -> str:
    """That there is no such measure, and which one may be meant."""
    near = difflib.get_close_matches(name, measures, n=1)
    return f"there is no measure {name!r}{f'; did you mean {near[0]!r}?' if near else ''}"
