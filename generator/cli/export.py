"""`couplesim export`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from generator.export import FORMATS, ROLES, Outcome


@click.command("export", short_help="Take sessions out of a run.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS), case_sensitive=False), required=True, help="What to write."
)
@click.option(
    "--role",
    type=click.Choice(list(ROLES), case_sensitive=False),
    help="Whose view, for messages and sharegpt [therapist].",
)
@click.option("--with-incomplete", is_flag=True, help="Take in sessions that have failed or are not finished.")
@click.option(
    "--license",
    "licence",
    metavar="ID",
    help="Licence of a Hugging Face data set, as the Hub knows it: cc-by-4.0 [none is chosen].",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="PATH",
    help="File, or folder for txt and hf; - is standard output [RUN/export/<name>].",
)
def command(
    run_folder: Path, format_: str, role: str | None, with_incomplete: bool, licence: str | None, out: Path | None
) -> None:
    """Take sessions out of the run in folder RUN. The run is only read, and may be running.

    \b
    txt       transcripts in the seed format in a folder, with an index
    jsonl     one JSON object a session, with everything
    messages  OpenAI messages as one role was sent them, its own turns as answers
    sharegpt  the same as ShareGPT conversations
    csv       a table of turns for spreadsheets, R and pandas
    parquet   the same table, typed
    hf        a folder for the Hugging Face Hub: tables of turns and sessions, and the card

    Sessions with holes are left out and counted. Everything says that it is synthetic. The same export again
    replaces itself; anything else that stands in its place is left alone.
    """
    from generator.cli.runs import run_at
    from generator.cli.terminal import safe
    from generator.errors import InputError
    from generator.export import Wish, export, place_of, to_stream
    from generator.ledger import Ledger

    if role and not FORMATS[format_].has_role:
        raise InputError(f"--role is for {' and '.join(_with_role())}; {format_} holds what everybody said")
    if licence and format_ != "hf":
        raise InputError("--license is for --format hf")
    if licence and not re.fullmatch(r"[a-z0-9][a-z0-9.+-]{0,59}", licence):
        raise InputError(f"--license: {licence!r} is no name of a licence as the Hub has them: cc-by-4.0, mit, other")
    wish = Wish(format_, role, with_incomplete, licence)
    folder = run_at(run_folder)
    ledger = Ledger.read(folder)
    try:
        if out == Path("-"):
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
            outcome = to_stream(ledger, wish, sys.stdout)
        else:
            place = out or place_of(folder, wish)
            outcome = export(ledger, wish, place)
            click.echo(safe(f"export:   {place}"))
    finally:
        ledger.close()
    for line in _told(outcome, role):
        click.echo(line, err=out == Path("-"))


def _with_role() -> list[str]:
    return [name for name, format_ in FORMATS.items() if format_.has_role]


def _told(outcome: Outcome, role: str | None) -> list[str]:
    holes = f", {outcome.incomplete:,} of them with holes" if outcome.incomplete else ""
    plural = "s" * (outcome.sessions != 1)
    lines = [f"sessions: {outcome.sessions:,} session{plural}, {outcome.turns:,} turns{holes}; every word is synthetic"]
    left_out = [f"{count:,} {word}" for count, word in ((outcome.failed, "failed"), (outcome.open, "open")) if count]
    if left_out:
        lines.append(f"left out: {', '.join(left_out)}; --with-incomplete takes them in")
    if outcome.silent:
        by = f" by {ROLES[role]}" if role else ""
        lines.append(f"left out: {outcome.silent:,} in which nothing was said{by}")
    return lines
