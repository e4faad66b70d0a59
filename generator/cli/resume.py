"""`couplesim resume`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("resume", short_help="Go on with a run.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--retry-failed", is_flag=True, help="Take up failed sessions again, too.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(run_folder: Path, retry_failed: bool, quiet: bool) -> None:
    """Go on with the run in folder RUN: every turn in its ledger is kept, none is asked for again.

    Personas and prompts are taken from the ledger, as they were when the run began.
    """
    from generator.cli.running import run, say_how_it_went, say_what_was_kept
    from generator.cli.runs import run_at
    from generator.ledger import Ledger

    ledger = Ledger.open(run_at(run_folder))
    code = run(ledger, quiet=quiet, retry_failed=retry_failed)
    say_how_it_went(ledger, code)
    say_what_was_kept(ledger, code)
    ledger.close()
    raise click.exceptions.Exit(code)
