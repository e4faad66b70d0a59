"""The transcripts of a run: where they stand, and how they are made from its ledger."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from generator.engines.protocol import Stop
from generator.files import sweep, write_whole
from generator.format import render
from generator.ledger import Ledger, SessionRow, Status
from generator.schema.session import Spec
from generator.session import transcript_of


def transcript_name(number: int, spec: Spec) -> str:
    """The file name of a session's transcript."""
    return f"{number:06d}_{spec.topic.id}_{spec.couple.id}.txt"


def transcript_path(folder: Path, row: SessionRow) -> Path:
    """Where the transcript of a whole session stands."""
    return folder / "transcripts" / transcript_name(row.number, row.spec)


def write_transcript(ledger: Ledger, row: SessionRow) -> None:
    """Render a session from the ledger. Unfinished ones go to `transcripts/incomplete/`."""
    turns = ledger.turns(row.id)
    text = render(transcript_of(row.spec, turns)) if turns else ""
    file_text(ledger.folder / "transcripts", transcript_name(row.number, row.spec), row.status, text)


def put_aside(folder: Path, number: int, spec: Spec) -> bool:
    """Move a transcript that says more than the ledger knows into `transcripts/before-repair/`; whether there was
    one."""
    whole = folder / "transcripts" / transcript_name(number, spec)
    if not whole.exists():
        return False
    aside = whole.parent / "before-repair" / whole.name
    aside.parent.mkdir(exist_ok=True)
    os.replace(whole, aside)
    return True


def file_text(folder: Path, name: str, status: Status, text: str) -> None:
    """Write a transcript to where sessions of this status stand."""
    incomplete, whole = folder / "incomplete" / name, folder / name
    if status in {"complete", "ended"}:
        write_whole(whole, text)
        incomplete.unlink(missing_ok=True)
    elif text:
        write_whole(incomplete, text)


async def put_in_order(ledger: Ledger, stop: Stop) -> None:
    """Make the files what the ledger says, after a stop at whatever moment."""
    folder = ledger.folder / "transcripts"
    for each, names in ((ledger.folder, r"plan\.yaml"), (folder, r".*\.txt"), (folder / "incomplete", r".*\.txt")):
        sweep(each, names)
    for row in ledger.each("complete", "ended", "failed"):
        await asyncio.sleep(0)  # there may be thousands, and a stop is to be heard
        if stop.requested:
            return
        name = transcript_name(row.number, row.spec)
        whole, incomplete = (folder / name).is_file(), (folder / "incomplete" / name).is_file()
        if (row.status == "failed" and not incomplete) or (row.status != "failed" and (not whole or incomplete)):
            write_transcript(ledger, row)
