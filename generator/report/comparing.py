"""What a report compares where nobody has said what: its runs, or what varies inside the only one."""

from __future__ import annotations

from collections.abc import Sequence

from generator.cases import Cases
from generator.compare import Comparison, compare_levels, compare_runs
from generator.compare.measures import FAMILY, all_measures

COMPARED = ("prompt_set", "model", "temperature", "budget", "structure", "therapist")
"""Factors whose levels are compared inside a run; the first of them that varies."""


def compared(runs: Sequence[Cases]) -> Comparison | None:
    """Every run against the first, or the levels of a factor against the first. None where nothing can be compared."""
    if not all(run.cases for run in runs):
        return None
    if len(runs) > 1:
        return compare_runs(runs, all_measures(), FAMILY)
    (run,) = runs
    for factor in COMPARED:
        if len({case.factors[factor] for case in run.cases}) > 1:
            return compare_levels(run, factor, all_measures(), FAMILY)
    return None
