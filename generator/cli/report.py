"""`couplesim report`, and what other commands do for `--report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.options import open_option, page_name

if TYPE_CHECKING:
    from generator.compare import Comparison


@click.command("report", short_help="One page over runs, to be mailed.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", metavar="FILE", callback=page_name, help="The page [RUN/report.html, of the first run].")
@open_option
def command(runs: tuple[Path, ...], out: str | None, open_it: bool) -> None:
    """Write one HTML file over the runs: design and counts, drift, findings, pictures, failures, and all transcripts
    with cut-offs, trims and findings marked.

    The file holds everything and fetches nothing, so that it can be mailed; every word of the sessions is in it.
    """
    from generator.cli.runs import run_at

    report_on([run_at(path) for path in runs], out, open_it)


def report_on(
    runs: Sequence[Path],
    out: str | None,
    open_it: bool,
    *,
    comparison: Comparison | None = None,
    aside: bool = False,
) -> None:
    """Write the report over these runs, say where it is, and open it if asked to.

    `out`: see `report_options`. `comparison`: what has been found by comparing already; None: see `write_report`.
    `aside`: standard output is taken by something else.
    """
    from generator.cli.running import made_by
    from generator.cli.terminal import safe
    from generator.report import write_report

    once = list({run.resolve(): run for run in runs}.values())
    path = write_report(once, Path(out) if out else None, made_by(), comparison)
    click.echo(safe(f"report:      {path} ({path.stat().st_size / 1e6:.1f} MB)"), err=aside)
    if open_it:
        open_page(path.resolve().as_uri())


def open_page(address: str) -> None:
    """Open a page in the desktop's browser; on a machine without a desktop, say so."""
    import os
    import sys
    import webbrowser

    desktop = sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    if not desktop or not webbrowser.open(address):
        click.echo("there is no desktop to open it on; open the file in a browser", err=True)
