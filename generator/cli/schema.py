"""`couplesim schema`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("schema", short_help="Write JSON Schemas.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("schemas"),
    show_default=True,
    metavar="FOLDER",
)
def command(out: Path) -> None:
    """Write the JSON Schemas of persona, prompt-set and plan files, for completion and checks in editors."""
    from generator.files import write_whole
    from generator.schemas import schemas

    for name, text in schemas().items():
        write_whole(out / name, text)
        click.echo(out / name)
