"""`couplesim view`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("view", short_help="Look at runs in the browser.")
@click.argument("path", metavar="[RUN|FOLDER]", default="outputs", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(1, 65535), default=8378, show_default=True, metavar="N")
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser of this desktop.")
def command(path: Path, port: int, open_it: bool) -> None:
    """Show a run, or all runs in a folder, as pages for the browser of this machine: sessions to choose from,
    transcripts alone or side by side, every prompt as it was sent, and how a run goes on. Runs are only read, and may
    be running.
    """
    from generator.cli.report import open_page
    from generator.cli.terminal import safe
    from generator.sources import shown
    from generator.view.run import run

    def ready(address: str) -> None:
        click.echo(safe(f"{shown(path)} at {address}"), err=True)
        click.echo("for this machine only; nothing is written      stop: Ctrl-C", err=True)
        if open_it:
            open_page(address)

    run(path, port, ready)
