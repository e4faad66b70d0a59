"""`couplesim render`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("render", short_help="Write transcripts anew.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
def command(run_folder: Path) -> None:
    """Write the transcripts of the run in folder RUN anew from its ledger, byte for byte as they were.

    Files that are as they should be are left alone, and so is everything else in the folder. The run may be running:
    sessions that are not over yet are written by it when they are.
    """
    from generator.cli.runs import run_at
    from generator.cli.terminal import safe
    from generator.export.transcripts import render_all
    from generator.ledger import Ledger

    folder = run_at(run_folder)
    ledger = Ledger.read(folder)
    try:
        done = render_all(ledger)
        open_ = ledger.by_status()["open"]
    finally:
        ledger.close()
    parts = [f"{done.written:,} written" + (f" ({done.differed:,} had other bytes)" if done.differed else "")]
    parts += [f"{done.same:,} the same already"]
    click.echo(f"transcripts: {', '.join(parts)}")
    if done.incomplete:
        click.echo(f"failed:      {done.incomplete:,} of them, in transcripts/incomplete")
    if open_:
        click.echo(f"open:        {open_:,} sessions are not over; theirs are written when they are")
    click.echo(safe(f"folder:      {folder / 'transcripts'}"))
