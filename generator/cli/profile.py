"""`couplesim profile`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.terminal import safe

if TYPE_CHECKING:
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

    With --write they are kept in seeds/profile.json (for `profile FOLDER --write`: in that folder), which is what
    `couplesim check` compares with. A profile holds figures only, no text.
    """
    from generator.errors import InputError
    from generator.inspection import figures_of
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
    sessions += figures_of(texts, standard_input, left_out) if texts else ()
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
        click.echo(_json(sessions))
    elif as_csv:
        click.echo(_csv(sessions), nl=False)
    else:
        _print(sessions)


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


def _json(sessions: Sequence[SessionFigures]) -> str:
    import json

    names = [session.name for session in sessions]
    return json.dumps({"sessions": names, "figures": _rows(sessions)}, ensure_ascii=False, indent=2)


def _csv(sessions: Sequence[SessionFigures]) -> str:
    import csv
    import io

    rows = _rows(sessions)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _print(sessions: Sequence[SessionFigures]) -> None:
    from generator.metrics.figures import FIGURES

    click.echo(f"{'figure':<24}{'value':>7}  {'of':<14}{'tolerance':<11}meaning")
    for figure, row in zip(FIGURES, _rows(sessions), strict=True):
        count = f"{row['n']} {row['unit']}"
        click.echo(
            f"{figure.name:<24}{figure.shown(row['value']):>7}  {count:<14}{figure.tolerance:<11g}{figure.words}"
        )
    turns = sum(len(session.speaker) for session in sessions)
    click.echo(f"\n{_sessions(sessions)}, {turns} turns; - is a figure without data")


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
