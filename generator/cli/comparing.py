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
    from generator.assets import Assets
    from generator.compare import Comparison
    from generator.compare.gates import Gate
    from generator.judge.rubric import Rubric
    from generator.plan import Plan
    from generator.prices import Prices
    from generator.schema.measure import Case
    from generator.schema.session import Model
    from generator.summary import Summary

F = TypeVar("F", bound=Callable[..., Any])

JUDGED_FAMILY = ("fas", "brd", "cas", "alliance_gap", "realism")
"""Measures of a judge that join the family where it is not named, as far as their rubrics are asked."""

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
        from generator.compare.measures import all_measures, family_of

        measures = all_measures()
        return cls(family_of(family), tuple(gate_of(gate, measures) for gate in gates))

    def joined(self, family: Sequence[str]) -> Wanted:
        """With these measures in the family too."""
        return Wanted((*self.family, *family), self.gates)


@dataclass(frozen=True, slots=True)
class Judging:
    """A judge and what it is asked, found good before anything is spent."""

    model: Model
    rubrics: Sequence[Rubric]

    @classmethod
    def of(cls, name: str, given: dict[str, Any], rubrics: Sequence[str], assets: Assets) -> Judging:
        """The judge and the rubrics that the options name, all where none is named. Raises InputError."""
        from generator.cli.judging import judge_from
        from generator.errors import InputError
        from generator.judge.rubric import load_rubrics
        from generator.settings import Chats

        try:
            model = judge_from(name, given)
        except InputError as error:
            raise InputError(*(problem.replace("--", "--judge-", 1) for problem in error.problems)) from error
        Chats().judge(model)
        return cls(model, load_rubrics(rubrics, assets))

    def family(self) -> tuple[str, ...]:
        """The main measures of the rubrics."""
        from generator.judge.measures import RULES

        asked = {rubric.name for rubric in self.rubrics}
        return tuple(name for name in JUDGED_FAMILY if RULES[name].rubric in asked)

    def carry_out(
        self, folder: Path, plan: Plan, counts: Summary, prices: Prices, concurrency: int, quiet: bool
    ) -> int:
        """Have the finished sessions of a run judged that have not been yet, within what the sessions have left of the
        plan's caps. The exit code: that of `couplesim evaluate`, which goes on."""
        from generator.cli import judging
        from generator.judge.material import materials
        from generator.judge.scores import FILE

        store = folder / FILE
        purse = judging.purse_for([store], self.model, prices, plan.run_tokens, plan.run_cost)
        purse.tokens += counts.tokens
        purse.cost += counts.cost or 0.0
        done, code = judging.evaluate(
            list(materials([folder], [])), self.rubrics, self.model, lambda _: store, purse,
            concurrency=concurrency, quiet=quiet,
        )  # fmt: skip
        click.echo(f"judged:   {judging.progress(done)}")
        return code


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
    """Name the pair of sessions that differs most in the first measure of the family that moved, or, where none did, in
    the one that chance explains least. `pair` is equal for the sessions of one."""
    rows = [row for row in found.rows if row.in_family and row.difference]
    if not rows:
        return
    moved = [row for row in rows if row.verdict in {"higher", "lower"}]
    measure = (moved or [min(rows, key=lambda row: 1.0 if row.p is None else row.p)])[0].measure
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
