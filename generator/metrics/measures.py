"""All that is measured of a session without a model, in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from generator.metrics import of_figures
from generator.metrics.gauge import Heard
from generator.schema.measure import Measure

_GAUGES = {gauge.measure.name: gauge for gauge in of_figures.gauges()}

MEASURES: Mapping[str, Measure] = {name: gauge.measure for name, gauge in _GAUGES.items()}
"""By name."""


def measured(heard: Heard) -> dict[str, float | None]:
    """Every measure of a session by name; None where there is nothing to count, never 0 in its place."""
    return {name: gauge.value(heard) for name, gauge in _GAUGES.items()}
