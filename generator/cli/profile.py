"""`couplesim profile`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.inspection import Inspected
    from generator.schema.profile import SessionFigures


@click.command("profile", short_help="The figures of transcripts.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table of comma-separated values.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw words, cut-offs, airtime and affect (.svg or .png).",
)
@click.option(
    "--write", is_flag=True, help="Make them the reference that `check` compares with; changes are shown first."
)
@click.option("--yes", is_flag=True, help="With --write: do not ask.")
def command(paths: tuple[Path, ...], as_json: bool, as_csv: bool, picture: Path | None, write: bool, yes: bool) -> None:
    """The figures of transcripts: files, folders, runs, profiles (.json), or - for standard input.

    Below them stand the measures of couples talk, each the mean of the sessions' values; docs/measures.md explains
    all of them. With --write the figures are kept in seeds/profile.json (for `profile FOLDER --write`: in that
    folder), which is what `couplesim check` compares with. A profile holds figures only, no text.
    """
    from generator.errors import InputError
    from generator.inspection import measured_paths
    from generator.profiles import PROFILE, read_profile

    if as_json + as_csv + write > 1:
        raise InputError("--json, --csv and --write: choose one")
    if picture and picture.suffix not in {".svg", ".png"}:
        raise InputError(f"{picture}: a picture's name ends in .svg or .png")
    profiles = [path for path in paths if path.suffix == ".json" and path.is_file()]
    texts = [path for path in paths if path not in profiles]
    sessions = [session for path in profiles for session in read_profile(path).sessions]
    standard_input = sys.stdin.buffer.read() if Path("-") in texts else None
    left_out: list[str] = []
    measured = measured_paths(texts, standard_input, left_out) if texts else []
    sessions += [each.figures for each in measured if each.figures]
    for sentence in left_out:
        click.echo(safe(f"left out: {sentence}"), err=True)
    if picture:
        from generator.picture import draw

        draw(sessions, picture)
        click.echo(f"picture: {picture}", err=True)
    if write:
        folder = paths[0] if len(paths) == 1 and paths[0].is_dir() and not (paths[0] / "ledger.db").exists() else None
        _bless((folder or Path("seeds")) / PROFILE, sessions, yes)
    elif as_json:
        click.echo(_json(sessions, measured))
    elif as_csv:
        click.echo(_csv(sessions, measured), nl=False)
    else:
        _print(sessions, measured)


def _rows(sessions: Sequence[SessionFigures]) -> list[dict[str, Any]]:
    from generator.metrics.figures import FIGURES

    return [
        {
            "figure": figure.name,
            "words": figure.words,
            "value": figure.value(sessions),
            "n": sum(1 for session in sessions for pair in figure.pairs(session) if pair[1]),
            "unit": "turns" if figure.by_turn else "sessions",
            "tolerance": figure.tolerance,
        }
        for figure in FIGURES
    ]


def _panel(measured: Sequence[Inspected]) -> list[dict[str, Any]]:
    """The couple's panel; nothing without texts to measure."""
    from generator.metrics.measures import PANEL

    rows = []
    for measure in PANEL if measured else ():
        values = [each.measures[measure.name] for each in measured]
        found = [value for value in values if value is not None]
        rows.append(
            {
                "measure": measure.name,
                "words": measure.words,
                "mean": sum(found) / len(found) if found else None,
                "n": len(found),
                "tolerance": measure.tolerance,
                "values": values,
            }
        )
    return rows


def _json(sessions: Sequence[SessionFigures], measured: Sequence[Inspected]) -> str:
    import json

    told = {
        "sessions": [session.name for session in sessions],
        "figures": _rows(sessions),
        "measured": [each.figures.name for each in measured if each.figures],
        "panel": _panel(measured),
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _csv(sessions: Sequence[SessionFigures], measured: Sequence[Inspected]) -> str:
    import csv
    import io

    rows = [{**row, "section": "figures"} for row in _rows(sessions)]
    for row in _panel(measured):
        row |= {"figure": row.pop("measure"), "value": row.pop("mean"), "unit": "sessions", "section": "panel"}
        del row["values"]
        rows.append(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _print(sessions: Sequence[SessionFigures], measured: Sequence[Inspected]) -> None:
    from generator.metrics.figures import FIGURES
    from generator.metrics.measures import PANEL

    click.echo(f"{'figure':<24}{'value':>7}  {'of':<14}{'tolerance':<11}meaning")
    for figure, row in zip(FIGURES, _rows(sessions), strict=True):
        count = f"{row['n']} {row['unit']}"
        click.echo(
            f"{figure.name:<24}{figure.shown(row['value']):>7}  {count:<14}{figure.tolerance:<11g}{figure.words}"
        )
    turns = sum(len(session.speaker) for session in sessions)
    click.echo(f"\n{_sessions(sessions)}, {turns} turns; - is a figure without data")
    if not measured:
        return
    click.echo(f"\n{'measure':<24}{'mean':>7}  {'of':<14}{'tolerance':<11}meaning")
    for measure, row in zip(PANEL, _panel(measured), strict=True):
        count = f"{row['n']} sessions"
        click.echo(
            f"{measure.name:<24}{measure.shown(row['mean']):>7}  {count:<14}{measure.tolerance:<11g}{measure.words}"
        )
    click.echo("\nmeasures of couples talk, which no drift is judged by; - is one that no session has")


def _sessions(sessions: Sequence[SessionFigures]) -> str:
    return f"{len(sessions)} session{'s' * (len(sessions) != 1)}"


def _bless(path: Path, sessions: Sequence[SessionFigures], yes: bool) -> None:
    """Show what changes, ask, write."""
    from generator.errors import InputError
    from generator.metrics.figures import FIGURES
    from generator.profiles import read_profile, write_profile
    from generator.schema.profile import Profile

    before = read_profile(path).sessions if path.exists() else ()
    after = Profile(sessions=tuple(sessions))
    if before == after.sessions:
        click.echo(f"{path}: already holds these figures")
        return
    count = _sessions(after.sessions)
    if before:
        click.echo(f"{path}: {_sessions(before)} so far, now {count}")
        for figure in FIGURES:
            old, new = figure.shown(figure.value(before)), figure.shown(figure.value(after.sessions))
            if old != new:
                click.echo(safe(f"  {figure.name:<22}{old:>9} to {new}"))
    else:
        click.echo(f"{path}: a new profile of {count}")
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(f"{path}: not written; say --yes to have it written without being asked")
        if not click.confirm("Make this the reference?"):
            click.echo(f"not written: {path}")
            return
    write_profile(path, after)
    click.echo(f"written: {path}")
