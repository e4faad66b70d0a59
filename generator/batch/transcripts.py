"""The transcripts of a run: where they stand, and how they are made from its ledger."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from generator.engines.protocol import Stop
from generator.files import sweep, write_whole
from generator.format import render
from generator.ledger import Ledger, SessionRow, Status
from generator.schema.session import Spec
from generator.session import transcript_of

IN_A_FOLDER = 1000
"""Transcripts in a folder at most: those of a run's first sessions stand in `transcripts/`, the others in folders in it
that are named by their first number."""


def transcript_name(number: int, spec: Spec) -> str:
    """Where a session's transcript stands in a folder of transcripts: its file name, behind that of the folder in it
    from session 1,001 on. It does not depend on how many sessions there are."""
    name = f"{number:06d}_{spec.topic.id}_{spec.couple.id}.txt"
    first = (number - 1) // IN_A_FOLDER * IN_A_FOLDER + 1
    return name if first == 1 else f"{first:06d}/{name}"


def is_folder_of_more(path: Path) -> bool:
    """Whether a folder holds the transcripts of a run from session 1,001 on."""
    return re.fullmatch(r"(?!000)\d{3}001", path.name) is not None and path.is_dir()


def transcript_path(folder: Path, row: SessionRow) -> Path:
    """Where the transcript of a whole session stands, or will."""
    return _place(folder, row.number, row.spec)


def incomplete_path(folder: Path, row: SessionRow) -> Path:
    """Where the transcript of a session that could not go on stands, or will."""
    return _place(folder, row.number, row.spec, "incomplete")


def write_transcript(ledger: Ledger, row: SessionRow) -> None:
    """Render a session from the ledger. Unfinished ones go to `transcripts/incomplete/`."""
    turns = ledger.turns(row.id)
    text = render(transcript_of(row.spec, turns)) if turns else ""
    file_text(ledger.folder, row.number, row.spec, row.status, text)


def put_aside(folder: Path, number: int, spec: Spec) -> bool:
    """Move a transcript that says more than the ledger knows into `transcripts/before-repair/`; whether there was
    one."""
    whole = _place(folder, number, spec)
    if not whole.exists():
        return False
    aside = _place(folder, number, spec, "before-repair")
    aside.parent.mkdir(parents=True, exist_ok=True)
    os.replace(whole, aside)
    return True


def file_text(folder: Path, number: int, spec: Spec, status: Status, text: str) -> None:
    """Write a transcript of the run in `folder` to where sessions of this status stand."""
    incomplete, whole = _place(folder, number, spec, "incomplete"), _place(folder, number, spec)
    if status in {"complete", "ended"}:
        write_whole(whole, text)
        incomplete.unlink(missing_ok=True)
    elif text:
        write_whole(incomplete, text)


def _place(folder: Path, number: int, spec: Spec, *inside: str) -> Path:
    """Runs from before there were folders of 1,000 keep their files where they are."""
    base = folder.joinpath("transcripts", *inside)
    place = base / transcript_name(number, spec)
    beside = base / place.name
    return beside if place.parent != base and beside.is_file() else place


async def put_in_order(ledger: Ledger, stop: Stop) -> None:
    """Make the files what the ledger says, after a stop at whatever moment."""
    sweep(ledger.folder, r"plan\.yaml")
    for folder in (ledger.folder / "transcripts", ledger.folder / "transcripts" / "incomplete"):
        for each in (folder, *filter(is_folder_of_more, folder.glob("*001"))):
            sweep(each, r".*\.txt")
    for row in ledger.each("complete", "ended", "failed"):
        await asyncio.sleep(0)  # there may be thousands, and a stop is to be heard
        if stop.requested:
            return
        whole = transcript_path(ledger.folder, row).is_file()
        incomplete = incomplete_path(ledger.folder, row).is_file()
        if (row.status == "failed" and not incomplete) or (row.status != "failed" and (not whole or incomplete)):
            write_transcript(ledger, row)
