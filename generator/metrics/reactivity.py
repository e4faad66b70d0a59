"""How much a partner's affect goes with what the other one has just said."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from generator.metrics.gauge import Gauge, Heard
from generator.people import PARTNERS
from generator.schema.label import Label
from generator.schema.measure import Measure

FEWEST = 6
"""Answers under which chance alone correlates."""


def gauges() -> Iterator[Gauge]:
    """One for either partner."""
    return map(_gauge, PARTNERS)


def _gauge(label: Label) -> Gauge:
    other = next(partner for partner in PARTNERS if partner != label)
    return Gauge(
        Measure(
            name=f"reactivity.{label[-1].casefold()}",
            words=f"{label}'s affect in step with what {other} has just said",
            definition=f"Correlation (Pearson) of the affect of {label}'s turns with that of {other}'s last turn since "
            f"{label}'s own before; missing under {FEWEST} such pairs.",
            sign="Positive: good answers good and bad answers bad. Negative: they take turns.",
            source="Levenson and Gottman 1983 (affective exchange)",
            weakness="With some ten pairs a session, chance alone gives values up to 0.6; only a mean over sessions "
            "says something.",
            least=-1,
            most=1,
            tolerance=0.1,
        ),
        lambda heard: _reactivity(heard, label),
    )


def _reactivity(heard: Heard, label: Label) -> float | None:
    answers: list[float] = []
    heard_before: list[float] = []
    last: float | None = None
    for speaker, affect in zip(heard.figures.speaker, heard.figures.affect, strict=True):
        if speaker == label and last is not None:
            answers.append(affect)
            heard_before.append(last)
            last = None
        elif speaker in PARTNERS and speaker != label:
            last = affect
    if len(answers) < FEWEST or len(set(answers)) == 1 or len(set(heard_before)) == 1:
        return None
    return max(-1.0, min(1.0, statistics.correlation(heard_before, answers)))
