"""The sides of a comparison: runs, or the levels of a factor in one run."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from generator.cases import Cases, scripted
from generator.compare.comparison import Comparison, Side
from generator.compare.reckoning import reckon
from generator.errors import InputError
from generator.judge.measures import JUDGED
from generator.schema.measure import Case, Measure

RUN = "run"
"""What runs are compared by."""


def compare_runs(
    runs: Sequence[Cases], measures: Mapping[str, Measure], family: Collection[str], against: str | None = None
) -> Comparison:
    """Every run against the first, or against `against`; `family` are some of the measures. Raises InputError."""
    if len(runs) < 2:
        raise InputError("one run has nothing to be compared with; name another, or a factor with --by")
    if len({each.run for each in runs}) < len(runs):
        raise InputError("a run cannot be compared with itself")
    sides = {_side(each.run, each.cases, each): each.cases for each in runs}
    left_out = [sentence for each in runs for sentence in each.left_out]
    return _compared(sides, left_out, RUN, measures, family, against)


def compare_levels(
    run: Cases, by: str, measures: Mapping[str, Measure], family: Collection[str], against: str | None = None
) -> Comparison:
    """Every level of a factor against the first, or against `against`. Raises InputError where there is no such factor,
    or it does not vary."""
    levels: dict[str, list[Case]] = {}
    for case in run.cases:
        if by in case.factors:
            levels.setdefault(case.factors[by], []).append(case)
    if len(levels) < 2:
        raise InputError(f"{run.run}: {_why_not(run, by, levels)}")
    without = len(run.cases) - sum(map(len, levels.values()))
    left_out = [*run.left_out, *([f"{run.run}: {without} sessions have no {by}"] if without else [])]
    sides = {_side(level, held, run): held for level, held in levels.items()}
    return _compared(sides, left_out, by, measures, family, against)


def _side(name: str, held: Sequence[Case], run: Cases) -> Side:
    broken = sum(case.number in run.broken for case in held)
    return Side(name, len(held), broken, any(map(scripted, held)), run.judge)


def _compared(
    sides: Mapping[Side, Sequence[Case]],
    left_out: Sequence[str],
    by: str,
    measures: Mapping[str, Measure],
    family: Collection[str],
    against: str | None,
) -> Comparison:
    names = [side.name for side in sides]
    if against is not None and against not in names:
        raise InputError(f"--against {against}: not among {', '.join(names)}")
    if len({side.judge for side in sides}) > 1:
        if judged := sorted(JUDGED.keys() & set(family)):
            raise InputError(f"--family: {', '.join(judged)}: the runs have not been scored by the same judge")
        measures = {name: each for name, each in measures.items() if name not in JUDGED}
    ordered = sorted(sides, key=lambda side: against is not None and side.name != against)
    had = {name for held in sides.values() for case in held for name in case.values}
    return reckon(
        {side: sides[side] for side in ordered},
        {name: each for name, each in measures.items() if name in had or name in family},
        tuple(dict.fromkeys(family)),
        by=by,
        left_out=left_out,
    )


def _why_not(run: Cases, by: str, found: Mapping[str, object]) -> str:
    if found:
        return f"{by} is {next(iter(found))} in all finished sessions; there is nothing to compare"
    levels: dict[str, set[str]] = {}
    for case in run.cases:
        for factor, level in case.factors.items():
            levels.setdefault(factor, set()).add(level)
    varied = [factor for factor, each in levels.items() if len(each) > 1]
    near = difflib.get_close_matches(by, levels, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; what varies: {', '.join(varied) or 'nothing'}"
    return f"there is no factor {by!r}{hint}"
