"""Scores at the terminal: a table of measures, JSON, comma-separated values."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from generator.cli.terminal import safe
from generator.judge.measures import JUDGED
from generator.metrics.measures import MEASURES

if TYPE_CHECKING:
    from generator.judge.log import Counts
    from generator.judge.scores import Scored

REASONS_TOLD = 5
"""So many reasons why values are missing are printed; --json has them all."""
LONGEST_REASON = 160


@dataclass(frozen=True, slots=True)
class Row:
    """One transcript."""

    name: str
    measured: Mapping[str, float | None] = field(default_factory=dict)
    """What is measured without a model; empty where that could not be."""
    scored: Scored | None = None
    """None: not judged."""

    def value(self, name: str) -> float | None:
        """The value of a measure; None is missing."""
        if self.scored is not None and name in self.scored.figures:
            return self.scored.figures[name].value
        return self.measured.get(name)


def figures(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One entry a measure that was taken: its mean over sessions, of how many, and of a judge's how many items were
    valid."""
    told = []
    for name, measure in {**MEASURES, **JUDGED}.items():
        found = [row.scored.figures[name] for row in rows if row.scored is not None and name in row.scored.figures]
        if not found and not any(name in row.measured for row in rows):
            continue
        values = [value for row in rows if (value := row.value(name)) is not None]
        told.append({
            "measure": name, "words": measure.words, "judged": name in JUDGED,
            "mean": fmean(values) if values else None,
            "n_valid": len(values), "n": len(rows),
            "items_valid": sum(figure.n_valid for figure in found) if found else None,
            "items": sum(figure.n for figure in found) if found else None,
        })  # fmt: skip
    return told


def show(rows: Sequence[Row], spent: Mapping[str, Any], counts: Counts | None) -> None:
    """Print the table, why values are missing, and what it took."""
    from generator.cli.judging import progress

    click.echo(f"{'measure':<28}{'mean':>9}  {'sessions':<14}{'items':<14}meaning")
    for told in figures(rows):
        sessions = f"{told['n_valid']} of {told['n']}"
        items = "" if told["items"] is None else f"{told['items_valid']} of {told['items']}"
        shown = {**MEASURES, **JUDGED}[told["measure"]].shown(told["mean"])
        click.echo(f"{told['measure']:<28}{shown:>9}  {sessions:<14}{items:<14}{told['words']}")
    for line in _missing(rows):
        click.echo(safe(line))
    for judge in dict.fromkeys(row.scored.judge for row in rows if row.scored is not None):
        click.echo(safe(f"judge:       {_named(judge)}"))
    if counts is not None:
        click.echo(f"judgements:  {progress(counts)}")
    if spent["requests"]:
        at_most = "" if spent["exact"] else "<= "
        cost = "" if spent["cost"] is None else f", {at_most}${spent['cost']:.2f}"
        click.echo(f"taken:       {at_most}{spent['tokens']:,} tokens in {spent['requests']:,} requests{cost}")


def as_json(rows: Sequence[Row], spent: Mapping[str, Any], code: int) -> str:
    """Everything as one object; what is missing is null, a judge's with its reason."""
    sessions = [
        {
            "transcript": row.name,
            "judge": json.loads(row.scored.judge) if row.scored else None,
            "measures": dict(row.measured),
            "judged": {
                name: {"value": figure.value, "n_valid": figure.n_valid, "n": figure.n, "why": figure.why}
                for name, figure in (row.scored.figures.items() if row.scored else ())
            },
        }
        for row in rows
    ]
    told = {"measures": figures(rows), "sessions": sessions, "spent": spent, "exit_code": code}
    return json.dumps(told, ensure_ascii=False, indent=2)


def as_csv(rows: Sequence[Row]) -> str:
    """A row a session, a column a measure; after each of a judge's how many of its items were valid. Empty is
    missing."""
    told = figures(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["transcript", "judge", *(column for each in told for column in _columns(each))])
    for row in rows:
        cells: list[Any] = [row.name, _named(row.scored.judge) if row.scored else ""]
        for each in told:
            value = row.value(each["measure"])
            cells.append("" if value is None else value)
            if each["judged"]:
                figure = row.scored.figures.get(each["measure"]) if row.scored else None
                cells.append(f"{figure.n_valid}/{figure.n}" if figure else "")
        writer.writerow(cells)
    return text.getvalue()


def _columns(told: Mapping[str, Any]) -> list[str]:
    name = str(told["measure"])
    return [name, f"{name}:n_valid/n"] if told["judged"] else [name]


def _missing(rows: Sequence[Row]) -> Iterator[str]:
    reasons = Counter(
        f"{name}: {figure.why}"
        for row in rows
        if row.scored is not None
        for name, figure in row.scored.figures.items()
        if figure.value is None
    )
    for reason, number in reasons.most_common(REASONS_TOLD):
        yield f"missing in {number} session{'s' * (number != 1)}: {reason}"[:LONGEST_REASON]
    if len(reasons) > REASONS_TOLD:
        yield f"and {len(reasons) - REASONS_TOLD} more reasons (--json has them all)"


def _named(judge: str) -> str:
    settings = json.loads(judge)
    given = {key: settings[key] for key in ("temperature", "reasoning_effort") if settings[key] is not None}
    sampling = "".join(f", {key.replace('_', ' ')} {value}" for key, value in given.items())
    return f"{settings['model']} at {settings['endpoint']}{sampling}"
