"""`couplesim fix`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from generator.cli.terminal import safe


@click.command("fix", short_help="Mend what can be mended without inventing anything.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--in-place", is_flag=True, help="Write over the files; otherwise NAME.mended.txt beside them.")
@click.option("--dry-run", is_flag=True, help="Only say what would be mended.")
def command(paths: tuple[Path, ...], in_place: bool, dry_run: bool) -> None:
    """Mend transcripts: line ends, blank lines, the rule, forms of labels, labels in the speech, blanks around turns.

    No word is added or changed, and a cut-off stays a cut-off. Every edit is told with its line. What cannot be mended
    is left as it is and told too. With - the mended text goes to standard output and the edits to standard error.
    Exit codes: 0 the format is sound, 1 something is left (or, with
    --dry-run, would be mended), 2 bad input.
    """
    from generator.check.mend import mend
    from generator.errors import InputError
    from generator.files import write_whole
    from generator.sources import MENDED, STANDARD_INPUT, sources

    standard_input = sys.stdin.buffer.read() if Path("-") in paths else None
    collected = sources(paths, standard_input)
    found = collected.found
    for sentence in collected.left_out:
        click.echo(safe(f"left out: {sentence}"), err=True)
    pipes = [source.name for source in found if source.path is None and source.name != STANDARD_INPUT]
    if pipes:
        raise InputError(*(f"{name}: is no file; give - for standard input" for name in pipes))
    sound = True
    for source in found:
        to_output = source.path is None
        mended = mend(source.read(), source.known.people if source.known else None)
        if mended is None:
            sound = False
            click.echo(safe(f"{source.name}: is not UTF-8 text, or too large; nothing was done"), err=True)
            continue
        for edit in mended.edits:
            click.echo(safe(f"{source.name}:{edit.line}: {edit.code}: {edit.message}"), err=to_output)
        for flaw in mended.left:
            click.echo(safe(f"{source.name}: left: {flaw.code}: {flaw.message}"), err=True)
        sound = sound and not mended.left and not (dry_run and mended.edits)
        if source.path is None:
            sys.stdout.buffer.write(b"" if dry_run else mended.text.encode())
        elif not mended.edits:
            click.echo(safe(f"{source.name}: nothing to mend"))
        elif dry_run:
            click.echo(safe(f"{source.name}: {len(mended.edits)} edits, nothing written"))
        else:
            target = source.path if in_place else source.path.with_name(source.path.name.removesuffix(".txt") + MENDED)
            write_whole(target, mended.text)
            click.echo(safe(f"{source.name}: {len(mended.edits)} edits, written to {target}"))
    if not sound:
        raise click.exceptions.Exit(1)
