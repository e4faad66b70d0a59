"""The end of `fork` and `tune`: what was spoken, compared, told and held against gates."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.compare import Comparison
    from generator.compare.gates import Gate
    from generator.schema.measure import Case

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = [
    click.option("--family", metavar="A,B,...", help="The measures that are tested, and corrected for together."),
    click.option("--gate", "gates", multiple=True, metavar="BOUND",
                 help="Exit with 1 unless this holds of the variant: 'agreement_ratio<=0.2', 'change:words.a>=-10'."),
    click.option("--all", "with_all", is_flag=True, help="Show the measures outside the family too, without verdicts."),
]  # fmt: skip


def comparing_options(function: F) -> F:
    """Add the options that say what is compared and shown."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be compared, found good before anything is spent."""

    family: tuple[str, ...]
    gates: tuple[Gate, ...]

    @classmethod
    def of(cls, family: str | None, gates: Sequence[str]) -> Wanted:
        """What the options ask for. Raises InputError naming each measure that there is not."""
        from generator.compare.gates import gate_of
        from generator.compare.measures import FAMILY, all_measures
        from generator.compare.sides import unknown
        from generator.errors import InputError

        measures = all_measures()
        named = FAMILY if family is None else tuple(name.strip() for name in family.split(",") if name.strip())
        problems = [f"--family: {unknown(name, measures)}" for name in named if name not in measures]
        if problems:
            raise InputError(*problems)
        return cls(named, tuple(gate_of(gate, measures) for gate in gates))


def tell(found: Comparison, wanted: Wanted, with_all: bool, code: int) -> int:
    """Print the comparison, and the gates that do not hold; the exit code, 1 for those where it was 0."""
    from generator.cli.compare import show
    from generator.compare.gates import broken

    show(found, with_all)
    failed = list(broken(wanted.gates, found))
    for sentence in failed:
        click.echo(safe(f"gate broken: {sentence}"), err=True)
    return code or (1 if failed else 0)


def say_where_to_look(folder: Path, found: Comparison, cases: Sequence[Case], pair: Callable[[Case], Hashable]) -> None:
    """Name the pair of sessions that differs most, in the measure that is told apart most surely. `pair` is equal for
    the sessions of one."""
    rows = [row for row in found.rows if row.in_family and row.difference]
    if not rows:
        return
    measure = min(rows, key=lambda row: (row.p if row.p is not None else 1.0, -abs(row.effect or 0.0))).measure
    reference: dict[Hashable, Case] = {}
    for case in cases:
        if case.factors[found.by] == found.reference:
            reference[pair(case)] = case
    apart: list[tuple[float, Case, Case]] = []
    for case in cases:
        other = reference.get(pair(case))
        if other is None or other is case:
            continue
        mine, theirs = case.values.get(measure.name), other.values.get(measure.name)
        if mine is not None and theirs is not None:
            apart.append((abs(mine - theirs), other, case))
    if not apart:
        return
    _, other, case = max(apart, key=lambda each: each[0])
    run = shlex.quote(str(folder))
    click.echo(f"\nread the pair that is furthest apart in {measure.words} ({case.factors['couple']}):")
    for one in (other, case):
        value = measure.shown(one.values[measure.name])
        click.echo(safe(f"  couplesim show {run} --session {one.number}   # {one.factors[found.by]}: {value}"))
