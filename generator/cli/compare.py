"""`couplesim compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.options import report_options
from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.compare import Comparison

LONGEST_LINE = 10_000
STYLES = {"higher": "bold", "lower": "bold", "too few sessions": "yellow", "missing": "yellow"}


@click.command("compare", short_help="Compare runs, or levels of a factor inside a run.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option("--by", metavar="FACTOR", help="Compare the levels of a factor inside one run: prompt_set, temperature.")
@click.option("--against", metavar="NAME", help="The run or level that the others are compared with [the first].")
@click.option("--family", metavar="A,B,...", help="The measures that are tested, and corrected for together.")
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="BOUND",
    help="Exit with 1 unless this holds of what is compared: 'agreement_ratio<=0.2', 'change:words.a>=-10'.",
)
@click.option("--all", "with_all", is_flag=True, help="Show the measures outside the family too, without verdicts.")
@report_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table of comma-separated values.")
def command(
    runs: tuple[Path, ...],
    by: str | None,
    against: str | None,
    family: str | None,
    gates: tuple[str, ...],
    with_all: bool,
    report: str | None,
    open_it: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Compare runs, or with --by the levels of a factor inside one run, measure by measure.

    Sessions are paired wherever the design allows it. Exit codes: 0 compared, 1 a --gate is broken, 2 bad input.
    """
    from generator.cases import cases
    from generator.cli.report import report_on
    from generator.compare import compare_levels, compare_runs
    from generator.compare.gates import broken, gate_of
    from generator.compare.measures import all_measures, family_of
    from generator.errors import InputError

    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")
    if by is not None and len(runs) != 1:
        raise InputError("--by compares levels inside one run; name one")
    measures = all_measures()
    bounds = [gate_of(gate, measures) for gate in gates]
    named = family_of(family)
    every = with_all or as_json or as_csv
    wanted = {*named, *(bound.measure for bound in bounds)}
    shown = {name: each for name, each in measures.items() if every or name in wanted}
    folders = [run.parent if run.name == "ledger.db" else run for run in runs]
    if by is not None:
        found = compare_levels(cases(folders[0]), by, shown, named, against)
    else:
        found = compare_runs([cases(folder) for folder in folders], shown, named, against)
    failed = list(broken(bounds, found))
    if as_json:
        click.echo(_json(found, gates, failed))
    elif as_csv:
        click.echo(_csv(found), nl=False)
    else:
        show(found, with_all)
    for sentence in failed:
        click.echo(safe(f"gate broken: {sentence}"), err=True)
    if report is not None or open_it:
        report_on(folders, report, open_it, comparison=found, aside=as_json or as_csv)
    if failed:
        raise click.exceptions.Exit(1)
    if gates and not (as_json or as_csv):
        click.echo(f"{len(gates)} gate{'s' * (len(gates) != 1)} held")


def show(found: Comparison, with_all: bool = False) -> None:
    """Print a comparison: what it is, the verdicts, the figures."""
    from rich.console import Console
    from rich.text import Text

    from generator.compare.words import preamble, sentence

    console = Console(highlight=False, soft_wrap=True)
    for said in preamble(found):
        console.print(Text(safe(said[0].upper() + said[1:] + ".")))
    for said in found.left_out:
        console.print(Text(safe(f"left out: {said}"), style="yellow"))
    console.print()
    for row in found.rows:
        if row.in_family:
            console.print(Text(safe(sentence(row, found)), style=STYLES.get(row.verdict, "")))
    for pairing in found.pairings:
        console.print()
        _print_table(found, pairing.side, with_all)
    if not with_all:
        console.print("\n--all shows every other measure too, without verdicts")


def _print_table(found: Comparison, side: str, with_all: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [row for row in found.of(side) if row.in_family or with_all]
    mixed = ["mixed model"] if any(row.mixed for row in rows) else []
    head = ["measure", found.reference, side, "difference", "95% interval", "g", "p", "Holm", *mixed, "n"]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in head:
        table.add_column(Text(safe(title)), justify="left" if title == "measure" else "right", overflow="fold")
    for row in rows:
        show = row.measure.shown
        model = f"{show(row.mixed.difference)} {_interval(show, row.mixed)}" if row.mixed else "-"
        cells = [
            row.measure.name, show(row.reference), show(row.value), show(row.difference), _interval(show, row),
            _figure(row.effect, 2), _figure(row.p, 4), _figure(row.p_holm, 4), *([model] if mixed else []),
            str(row.n) if row.n == row.n_of else f"{row.n} of {row.n_of}",
        ]  # fmt: skip
        table.add_row(*(Text(safe(cell)) for cell in cells))
    natural = Console(width=LONGEST_LINE).measure(table).maximum
    Console(highlight=False, width=max(natural, Console().width)).print(table)


def _interval(show: Any, of: Any) -> str:
    return "-" if of.low is None else f"[{show(of.low)}, {show(of.high)}]"


def _figure(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value + 0.0:.{decimals}f}"


def _json(found: Comparison, gates: tuple[str, ...], failed: list[str]) -> str:
    import json

    from generator.compare.words import preamble, sentence

    told = {"notes": preamble(found), "verdicts": [sentence(row, found) for row in found.rows if row.in_family]}
    checked = {"gates": {"asked": gates, "broken": failed}}
    return json.dumps({**told, **found.as_dict(), **checked}, ensure_ascii=False, indent=2)


def _csv(found: Comparison) -> str:
    import csv
    import io

    names = ["side", "measure", "n", "n_of", "reference", "value", "difference", "low", "high", "effect", "p", "p_holm",
             "verdict"]  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(found.as_dict()["rows"])
    return text.getvalue()
