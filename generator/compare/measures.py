"""What is compared: every measure there is, and the few that are tested unless others are named."""

from __future__ import annotations

from collections.abc import Mapping

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
