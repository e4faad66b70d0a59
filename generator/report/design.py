"""The design of a run in a few words: what its sessions have in common, and what varies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from generator.budget import spoken_tokens
from generator.export.selection import WHOLE
from generator.ledger import SessionRow
from generator.pages.shown import model_of
from generator.report.contents import Level
from generator.schema.label import PRINCIPALS
from generator.schema.session import Budget, Spec

NAMED = 8
"""Values of a setting that are named; of more, how many there are is said."""

SETTINGS: dict[str, Callable[[Spec], str]] = {
    "couples": lambda spec: spec.couple.id,
    "therapists": lambda spec: spec.therapist.id,
    "topics": lambda spec: spec.topic.id,
    "structures": lambda spec: spec.structure,
    "speaks first": lambda spec: f"Patient {spec.first}",
    "prompt sets": lambda spec: spec.prompts.name,
    "models": model_of,
    "budget": lambda spec: _budget(spec.budget),
}
"""What a run's sessions may have in common, and how it is called."""


def settings(specs: Sequence[Spec]) -> dict[str, str]:
    """Each setting's values, the most frequent first, with how many sessions have them where they differ."""
    if not specs:
        return {}
    fewest, most = min(spec.turns for spec in specs), max(spec.turns for spec in specs)
    turns = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return {
        **{name: _shared_out(Counter(map(value, specs))) for name, value in SETTINGS.items()},
        "turns a session": turns,
    }


def _shared_out(values: Counter[str]) -> str:
    if len(values) == 1:
        return next(iter(values))
    named = [f"{value} ({count:,})" for value, count in values.most_common(NAMED)]
    more = len(values) - len(named)
    return ", ".join([*named, f"and {more:,} more"] if more else named)


def _budget(budget: Budget) -> str:
    if budget.cut == "none":
        return "no limit"
    limits = dict.fromkeys(spoken_tokens(budget, label) for label in PRINCIPALS)
    return f"{'/'.join(map(str, limits))} tokens a turn, cut: {budget.cut}"


def levels(rows: Sequence[SessionRow], factors: Sequence[str]) -> Iterator[Level]:
    """Each level of each factor that is varied, and what became of its sessions."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for level in row.cell.items():
            counts[level]["whole" if row.status in WHOLE else row.status] += 1
    for factor in factors:
        for (of, name), found in counts.items():
            if of == factor:
                yield Level(factor, name, found["whole"], found["failed"], found["open"])
