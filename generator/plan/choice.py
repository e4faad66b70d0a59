"""Which of a plan's cells are spoken, and in which order: all, or a balanced sample under caps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from generator.assets import Assets
from generator.estimate import Estimator
from generator.plan.cells import Cells
from generator.plan.levels import Sample
from generator.plan.loading import Cell, Levels
from generator.plan.sample import balanced, least_used_first
from generator.prices import Prices
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS
from generator.schema.planned import Planned


def in_order(cells: Cells, levels: Levels) -> list[Cell]:
    """The cells as they are to be spoken: counted through, or, where a sample of them is wanted, so that every
    beginning is balanced."""
    sample = levels.plan.sample
    if sample is None:
        return cells.cells
    sizes = [len(each) for each in levels.factors.values()]
    by_number = {
        tuple(levels.factors[factor].index(level) for factor, level in cell.items()): cell
        for cell in cells.cells[: len(cells.cells) - cells.included]
    }
    whole = len(by_number) == math.prod(sizes) and not cells.included
    wanted = sample.sessions if whole and sample.sessions is not None else math.prod(sizes)
    order = [by_number[number] for number in balanced(sizes, levels.plan.rng_seed, wanted) if number in by_number]
    if whole:
        return order
    order += cells.cells[len(order) :]
    return list(least_used_first(order, _levels_of))


def _levels_of(cell: Cell) -> list[tuple[str, str]]:
    return [(factor, level.name) for factor, level in cell.items()]


def within(
    sample: Sample, planned: Iterable[Planned], prompt_sets: Mapping[str, PromptSet], assets: Assets
) -> Iterator[Planned]:
    """As many sessions as stay within the caps of a sample."""
    prices = Prices.load(assets) if sample.cost is not None else None
    estimator = Estimator()
    tokens = cost = 0.0
    for number, one in enumerate(planned, 1):
        if sample.sessions is not None and number > sample.sessions:
            return
        if sample.tokens is not None or prices is not None:
            sets = {label: prompt_sets[one.spec.prompts.of(label).hash] for label in PRINCIPALS}
            expected = estimator.expect(one.spec, sets)
            tokens += expected.taken.total
            if prices is not None:
                prices.require((one.spec.models.of(label).name for label in PRINCIPALS), "sample.cost")
                cost += expected.cost(one.spec.models, prices) or 0
        if tokens > (sample.tokens or math.inf) or cost > (sample.cost or math.inf):
            return
        yield one
