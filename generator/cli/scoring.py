"""Scores at the terminal: a table of measures, JSON, comma-separated values."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from generator.cli.terminal import safe
from generator.judge.measures import JUDGED

if TYPE_CHECKING:
    from generator.judge.judging import Counts
    from generator.judge.scores import Scored

Rows = Sequence[tuple[str, "Scored | None"]]

REASONS_TOLD = 5
"""So many reasons why values are missing are printed; --json has them all."""
LONGEST_REASON = 160


def figures(rows: Rows) -> list[dict[str, Any]]:
    """One row a measure that was asked for: its mean over sessions, of how many, and how many items were valid."""
    told = []
    for name, measure in JUDGED.items():
        found = [each.figures[name] for _, each in rows if each is not None and name in each.figures]
        values = [figure.value for figure in found if figure.value is not None]
        if found:
            told.append({
                "measure": name, "words": measure.words,
                "mean": fmean(values) if values else None,
                "n_valid": len(values), "n": len(rows),
                "items_valid": sum(figure.n_valid for figure in found), "items": sum(figure.n for figure in found),
            })  # fmt: skip
    return told


def show(rows: Rows, spent: dict[str, Any], counts: Counts | None) -> None:
    """Print the table, why values are missing, and what it took."""
    from generator.cli.judging import progress

    told = figures(rows)
    if told:
        click.echo(f"{'measure':<28}{'mean':>8}  {'sessions':<12}{'items':<14}meaning")
    for row in told:
        sessions, items = f"{row['n_valid']} of {row['n']}", f"{row['items_valid']} of {row['items']}"
        shown = JUDGED[row["measure"]].shown(row["mean"])
        click.echo(f"{row['measure']:<28}{shown:>8}  {sessions:<12}{items:<14}{row['words']}")
    missing = Counter(
        f"{name}: {figure.why}"
        for _, each in rows
        if each is not None
        for name, figure in each.figures.items()
        if figure.value is None
    )
    for reason, number in missing.most_common(REASONS_TOLD):
        click.echo(safe(f"missing in {number} session{'s' * (number != 1)}: {reason}"[:LONGEST_REASON]))
    if len(missing) > REASONS_TOLD:
        click.echo(f"and {len(missing) - REASONS_TOLD} more reasons (--json has them all)")
    for judge in dict.fromkeys(each.judge for _, each in rows if each is not None):
        click.echo(safe(f"judge:       {_named(judge)}"))
    if counts is not None:
        click.echo(f"judgements:  {progress(counts)}")
    if spent["requests"]:
        at_most = "" if spent["exact"] else "<= "
        cost = "" if spent["cost"] is None else f", {at_most}${spent['cost']:.2f}"
        click.echo(f"taken:       {at_most}{spent['tokens']:,} tokens in {spent['requests']:,} requests{cost}")


def as_json(rows: Rows, spent: dict[str, Any], code: int) -> str:
    """Everything as one object; what is missing is null, with its reason."""
    sessions = [
        {
            "transcript": name,
            "judge": json.loads(each.judge) if each else None,
            "measures": {
                key: {"value": figure.value, "n_valid": figure.n_valid, "n": figure.n, "why": figure.why}
                for key, figure in (each.figures.items() if each else ())
            },
        }
        for name, each in rows
    ]
    told = {"measures": figures(rows), "sessions": sessions, "spent": spent, "exit_code": code}
    return json.dumps(told, ensure_ascii=False, indent=2)


def as_csv(rows: Rows) -> str:
    """A row a session, a column a measure, and after it how many of its items were valid; empty is missing."""
    names = [row["measure"] for row in figures(rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["transcript", "judge", *(column for name in names for column in (name, f"{name}:n_valid/n"))])
    for name, each in rows:
        cells: list[Any] = [name, _named(each.judge) if each else ""]
        for key in names:
            figure = each.figures.get(key) if each else None
            value = figure.value if figure else None
            cells += ["" if value is None else value, f"{figure.n_valid}/{figure.n}" if figure else ""]
        writer.writerow(cells)
    return text.getvalue()


def _named(judge: str) -> str:
    settings = json.loads(judge)
    given = {key: settings[key] for key in ("temperature", "reasoning_effort") if settings[key] is not None}
    sampling = "".join(f", {key.replace('_', ' ')} {value}" for key, value in given.items())
    return f"{settings['model']} at {settings['endpoint']}{sampling}"
