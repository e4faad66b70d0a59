"""The sides of a comparison: runs, or the levels of a factor in one run."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from generator.cases import Cases, scripted
from generator.compare.comparison import Comparison
from generator.compare.reckoning import reckon
from generator.errors import InputError
from generator.schema.measure import Case, Measure

RUN = "run"
"""What runs are compared by."""


def compare_runs(
    runs: Sequence[Cases], measures: Mapping[str, Measure], family: Collection[str], against: str | None = None
) -> Comparison:
    """Every run against the first, or against `against`. Raises InputError."""
    if len(runs) < 2:
        raise InputError("one run has nothing to be compared with; name another, or a factor with --by")
    if len({each.run for each in runs}) < len(runs):
        raise InputError("a run cannot be compared with itself")
    sides = {each.run: each.cases for each in runs}
    broken = {each.run: len(each.broken) for each in runs}
    left_out = [sentence for each in runs for sentence in each.left_out]
    return _compared(sides, broken, left_out, RUN, measures, family, against)


def compare_levels(
    run: Cases, by: str, measures: Mapping[str, Measure], family: Collection[str], against: str | None = None
) -> Comparison:
    """Every level of a factor against the first, or against `against`. Raises InputError where there is no such factor,
    or it does not vary."""
    sides: dict[str, list[Case]] = {}
    without = 0
    for case in run.cases:
        if by in case.factors:
            sides.setdefault(case.factors[by], []).append(case)
        else:
            without += 1
    if len(sides) < 2:
        raise InputError(f"{run.run}: {_why_not(run, by, sides)}")
    broken = {name: sum(case.number in run.broken for case in cases) for name, cases in sides.items()}
    left_out = [*run.left_out, *([f"{run.run}: {without} sessions have no {by}"] if without else [])]
    return _compared(sides, broken, left_out, by, measures, family, against)


def _compared(
    sides: Mapping[str, Sequence[Case]],
    broken: Mapping[str, int],
    left_out: Sequence[str],
    by: str,
    measures: Mapping[str, Measure],
    family: Collection[str],
    against: str | None,
) -> Comparison:
    names = list(sides)
    if against is not None:
        if against not in sides:
            raise InputError(f"--against {against}: not among {', '.join(names)}")
        names.sort(key=lambda name: name != against)
    problems = [f"--family: {unknown(name, measures)}" for name in family if name not in measures]
    if problems:
        raise InputError(*problems)
    return reckon(
        {name: sides[name] for name in names},
        measures,
        tuple(dict.fromkeys(family)),
        by=by,
        broken=broken,
        scripted={name for name, cases in sides.items() if any(map(scripted, cases))},
        left_out=left_out,
    )


def unknown(name: str, measures: Collection[str]) -> str:
    """That there is no such measure, and which one may be meant."""
    near = difflib.get_close_matches(name, measures, n=1)
    return f"there is no measure {name!r}{f'; did you mean {near[0]!r}?' if near else ''}"


def _why_not(run: Cases, by: str, sides: Mapping[str, object]) -> str:
    if sides:
        return f"{by} is {next(iter(sides))} in all finished sessions; there is nothing to compare"
    levels: dict[str, set[str]] = {}
    for case in run.cases:
        for factor, level in case.factors.items():
            levels.setdefault(factor, set()).add(level)
    varied = [factor for factor, found in levels.items() if len(found) > 1]
    near = difflib.get_close_matches(by, levels, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; what varies: {', '.join(varied) or 'nothing'}"
    return f"there is no factor {by!r}{hint}"
