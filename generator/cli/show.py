"""`couplesim show`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from generator.cli.terminal import safe

STYLES = {
    "Therapist": "bold cyan",
    "Patient A": "bold green",
    "Patient B": "bold magenta",
    "AI_Facilitator": "bold yellow",
}


Shown = tuple[str, str, list[tuple[str, str, list[str]]], str]
"""Title, structure, turns (label, text, marks) and a note."""


@click.command("show", short_help="Show a transcript.")
@click.argument("path", metavar="RUN|FILE", type=click.Path(path_type=Path))
@click.option("--session", "number", type=click.IntRange(min=1), default=1, metavar="N", help="Session of the run [1].")
def command(path: Path, number: int) -> None:
    """Show a session of a run, or a transcript file, with cut-offs and trims marked.

    In a run, what the ledger knows is shown; in a file, a cut-off is told by its text. In a folder of transcripts
    without a ledger, --session counts the files.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    title, structure, turns, note = _found(path, number)
    console.print(Text(safe(f"{title} · {structure}"), style="bold"))
    if note:
        console.print(Text(safe(note), style="dim"))
    for index, (label, text, marks) in enumerate(turns, start=1):
        line = Text(f"\n{index:>2} ", style="dim")
        line.append(label, style=STYLES[label])
        console.print(line)
        body = Text(safe(text))
        for mark in marks:
            body.append(f" [{mark}]", style="reverse yellow" if mark == "cut off" else "dim yellow")
        console.print(body)


def _found(path: Path, number: int) -> Shown:
    from generator.cli.runs import run_at
    from generator.errors import InputError

    if path.is_file() and path.name != "ledger.db":
        return _from_file(path)
    if path.is_dir() and not (path / "ledger.db").exists():
        files = sorted([*path.glob("transcripts/*.txt"), *path.glob("transcripts/*001/*.txt")])
        if number <= len(files):
            return _from_file(files[number - 1])
        if files:
            raise InputError(f"{path} has transcripts 1 to {len(files)}, not {number}")
    return _from_run(run_at(path), number) if path.exists() else _from_file(path)


def _from_run(folder: Path, number: int) -> Shown:
    from generator.cli.running import SCRIPTED
    from generator.errors import InputError
    from generator.ledger import Ledger
    from generator.schema.session import REHEARSAL

    ledger = Ledger.read(folder)
    try:
        row = ledger.session(number)
        if row is None:
            raise InputError(f"{folder} has sessions 1 to {sum(ledger.by_status().values())}, not {number}")
        kept = ledger.turns(row.id)
    finally:
        ledger.close()
    turns = [(str(turn.speaker), turn.text, _marks(turn)) for turn in kept]
    spec = row.spec
    people = f"{spec.couple.a.called} and {spec.couple.b.called} with {spec.therapist.name}"
    notes = [f"{people}; prompt set {spec.prompts.name}"]
    if spec.prefix:
        notes.append(
            f"forked: turns 1 to {spec.prefix.turns} are taken over from session {row.cell['source']} "
            f"({spec.prefix.session}), the {row.cell['branch']} branch begins with turn {spec.prefix.turns + 1}"
        )
    notes += [f"sensitive: {reason}" for reason in spec.sensitive]
    if row.status != "complete":
        notes.append(f"{row.status}: {row.message or row.reason or 'not finished'}")
    if any(turn.reply.model == REHEARSAL for turn in kept):
        notes.append(SCRIPTED)
    return row.spec.topic.title, row.spec.structure, turns, "\n".join(notes)


def _from_file(path: Path) -> Shown:
    from generator.errors import InputError
    from generator.format import parse
    from generator.sentences import ends_mid_sentence

    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror})") from exc
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: line {raw[: exc.start].count(10) + 1} is not UTF-8") from exc
    try:
        transcript = parse(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except InputError as error:
        raise InputError(f"{path}: not in the seed format: {error}") from error
    turns = [(str(label), said, ["cut off"] if ends_mid_sentence(said) else []) for label, said in transcript.turns]
    return transcript.title, transcript.structure, turns, ""


def _marks(turn: Any) -> list[str]:
    marks = ["cut off"] if turn.cut else []
    marks += ["taken over"] if not turn.reply.attempts else []
    marks += ["over its budget"] if turn.over_budget else []
    marks += [f"trimmed: {trim.kind}" for trim in turn.trims if trim.kind != "layout"]
    return marks + (["repeats an earlier turn"] if turn.repeat else [])
