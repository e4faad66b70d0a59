"""All that is measured of a session without a model, in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.metrics import agreement, asked, balance, conflict, disclosure, of_figures, reactivity, technique
from generator.metrics.duplicates import NEAR_DUPLICATES
from generator.metrics.gauge import Gauge, Heard
from generator.schema.measure import Measure

_ROOMS = (agreement, asked, balance, conflict, technique, reactivity, disclosure)
_PANEL: tuple[Gauge, ...] = tuple(gauge for room in _ROOMS for gauge in room.gauges())
_GAUGES: tuple[Gauge, ...] = (*of_figures.gauges(), *_PANEL)

PANEL: Sequence[Measure] = (*(gauge.measure for gauge in _PANEL), NEAR_DUPLICATES)
"""The measures of couples talk, which drift is not judged by."""
MEASURES: Mapping[str, Measure] = {
    measure.name: measure for measure in (*(gauge.measure for gauge in _GAUGES), NEAR_DUPLICATES)
}
"""By name: the profile's figures, as values of one session, and the panel."""


def measured(heard: Heard) -> dict[str, float | None]:
    """Every measure of a session by name; None where there is nothing to count, never 0 in its place.

    What is measured within a set, likeness and near-duplicates, whoever knows the set puts in.
    """
    return {**{gauge.measure.name: gauge.value(heard) for gauge in _GAUGES}, NEAR_DUPLICATES.name: None}
