"""The formats, and how one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from generator.errors import InputError
from generator.export import hub, lines, parquet, spreadsheet, texts
from generator.export.place import Place
from generator.export.selection import WHOLE, Selection
from generator.ledger import Ledger
from generator.schema.label import Label

NOTICE = "Every word is synthetic: invented people, text written by programs. No clinical advice, no real sessions."

ROLES: Mapping[str, Label] = {"therapist": "Therapist", "a": "Patient A", "b": "Patient B"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be exported, and how."""

    format: str
    role: str | None = None
    """Whose view, for formats that have one; None: the therapist's."""
    with_incomplete: bool = False
    licence: str | None = None
    """For a data set's card; None: none has been chosen."""

    @property
    def label(self) -> Label:
        """Who sees the conversation."""
        return ROLES[self.role or "therapist"]


Lines = Callable[[Selection, Wish], Iterator[str]]
Files = Callable[[Selection, Wish, Path], None]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its file or folder, and what writes it, either `lines` or `files`."""

    name: str
    """What it is called where no other place is named; {role} stands for the role."""
    lines: Lines | None = None
    files: Files | None = None
    """Writes to the path of the file, or of the folder."""
    is_folder: bool = False
    has_role: bool = False
    needs: Callable[[], object] = lambda: None
    """Raises InputError where a library is missing."""


FORMATS: Mapping[str, Format] = {
    "txt": Format(
        "transcripts", files=lambda selection, wish, path: texts.write_texts(selection, path), is_folder=True
    ),
    "jsonl": Format("sessions.jsonl", lambda selection, wish: lines.records(selection)),
    "messages": Format(
        "messages-{role}.jsonl", lambda selection, wish: lines.messages(selection, wish.label), has_role=True
    ),
    "sharegpt": Format(
        "sharegpt-{role}.jsonl", lambda selection, wish: lines.sharegpt(selection, wish.label), has_role=True
    ),
    "csv": Format("turns.csv", lambda selection, wish: spreadsheet.lines(selection)),
    "parquet": Format(
        "turns.parquet", files=lambda selection, wish, path: parquet.write_turns(selection, path), needs=parquet.library
    ),
    "hf": Format(
        "hf",
        files=lambda selection, wish, path: hub.write_data_set(selection, path, wish.licence),
        is_folder=True,
        needs=parquet.library,
    ),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was exported."""

    sessions: int
    turns: int
    incomplete: int
    """Of the sessions, those with holes."""
    failed: int
    """Left out."""
    open: int
    """Left out."""
    silent: int
    """Left out, because nothing was said in them, or nothing by the role."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        left_out = {"failed": self.failed, "open": self.open, "silent": self.silent}
        return {"sessions": self.sessions, "turns": self.turns, "incomplete": self.incomplete, "left_out": left_out}


def place_of(folder: Path, wish: Wish) -> Path:
    """Where an export of the run in `folder` goes if no other place is named."""
    return folder / "export" / FORMATS[wish.format].name.format(role=wish.role or "therapist")


def export(ledger: Ledger, wish: Wish, out: Path) -> Outcome:
    """Write an export to the file or folder `out`, whole. Raises InputError if something else stands there."""
    format_ = FORMATS[wish.format]
    format_.needs()
    with ledger.snapshot():
        selection = _selection(ledger, wish)
        which = {"run": selection.run.id, "format": wish.format, "role": wish.label if format_.has_role else None}
        place = Place(out, format_.is_folder, which)
        with place.replacing() as staged:
            path = staged if format_.is_folder else staged / out.resolve().name
            if format_.files is not None:
                format_.files(selection, wish, path)
            else:
                with path.open("w", encoding="utf-8", newline="") as file:
                    _write(selection, wish, file)
            outcome = _outcome(selection)
            run = {"made_by": selection.run.made_by, "began": selection.run.began}
            place.put({"synthetic": True, "notice": NOTICE, **run, **outcome.as_dict()})
    return outcome


def to_stream(ledger: Ledger, wish: Wish, stream: IO[str]) -> Outcome:
    """Write an export of lines to `stream`. Raises InputError if the format is a file or folder of its own."""
    if FORMATS[wish.format].lines is None:
        raise InputError(f"--format {wish.format} cannot be written to standard output; name a place with --out")
    with ledger.snapshot():
        selection = _selection(ledger, wish)
        _write(selection, wish, stream)
    return _outcome(selection)


def _write(selection: Selection, wish: Wish, stream: IO[str]) -> None:
    of_format = FORMATS[wish.format].lines
    assert of_format is not None
    for piece in of_format(selection, wish):
        stream.write(piece)


def _selection(ledger: Ledger, wish: Wish) -> Selection:
    """The sessions wanted. Raises InputError if there is none."""
    counted = ledger.by_status()
    whole = sum(counted[status] for status in WHOLE)
    if not whole and not (wish.with_incomplete and ledger.counts()[0]):
        holes = f"{counted['failed']} failed, {counted['open']} open"
        hint = "; --with-incomplete takes them in" if ledger.counts()[0] else ""
        raise InputError(f"{ledger.folder}: no session is complete ({holes}){hint}")
    return Selection(ledger, wish.with_incomplete)


def _outcome(selection: Selection) -> Outcome:
    left_out = selection.left_out
    return Outcome(
        selection.sessions,
        selection.turns,
        selection.incomplete,
        left_out["failed"],
        left_out["open"],
        selection.silent,
    )
