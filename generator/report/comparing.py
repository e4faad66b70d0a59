"""What a report compares where nobody has said what: its runs, or what varies inside the only one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.cases import Cases
from generator.compare import Comparison, compare_levels, compare_runs
from generator.compare.measures import FAMILY, all_measures

COMPARED = ("prompt_set", "model", "temperature", "budget", "structure", "therapist")
"""Factors whose levels are compared inside a run; the first of them that varies."""


def varying(factors: Sequence[Mapping[str, str]]) -> str | None:
    """The first of `COMPARED` that is not the same in all sessions of a run; `factors` are theirs. None: all are."""
    return next((name for name in COMPARED if len({each[name] for each in factors}) > 1), None)


def compared(runs: Sequence[Cases]) -> Comparison | None:
    """Every run against the first, or the levels of the factor that varies against the first of them. None where there
    is nothing to compare."""
    if not all(run.cases for run in runs):
        return None
    if len(runs) > 1:
        return compare_runs(runs, all_measures(), FAMILY)
    by = varying([case.factors for case in runs[0].cases])
    return compare_levels(runs[0], by, all_measures(), FAMILY) if by else None
