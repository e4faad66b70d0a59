"""What paths mean: files, folders of transcripts, runs with what their ledgers know of every session."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.batch import is_folder_of_more, transcript_path
from generator.budget import spoken_tokens
from generator.check.rule import Known
from generator.errors import InputError, StorageError
from generator.ledger import Ledger, SessionRow
from generator.people import people_of
from generator.reading import MAX_BYTES
from generator.schema.label import LABELS
from generator.schema.session import Spec

STANDARD_INPUT = "-"
MENDED = ".mended.txt"
"""Ending of the files that `couplesim fix` writes beside others; folders are read without them."""


@dataclass(frozen=True, slots=True)
class Source:
    """One transcript to be read."""

    name: str
    """As it is shown: its path, or "-"."""
    path: Path | None
    """None: `raw` holds it."""
    raw: bytes = b""
    known: Known | None = None
    """What its run says of it; None outside a run."""
    number: int | None = None
    """Of its session in the run; None outside a run."""
    spec: Spec | None = None
    """What determined the session; None outside a run."""

    def read(self) -> bytes:
        """Its bytes, one more than `MAX_BYTES` at most. Raises InputError if the file cannot be read."""
        if self.path is None:
            return self.raw
        try:
            with self.path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as exc:
            raise InputError(f"{self.path}: cannot be read ({exc.strerror})") from exc


@dataclass(slots=True)
class Sources:
    """What was found."""

    found: list[Source] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """What was there and is not among them, one sentence each."""


def sources(paths: Sequence[Path], standard_input: bytes | None = None) -> Sources:
    """The transcripts that the paths name, in order, each once.

    A run stands for its finished transcripts; any other folder for the runs in it and the `*.txt` right in it, and in
    its folders of a thousand (`001001/`), as runs and exports of many sessions have them.
    `standard_input` is what the path "-" stands for. Raises InputError where a path names nothing.
    """
    collected = Sources()
    ledgers: dict[Path, dict[Path, SessionRow]] = {}
    problems: list[str] = []
    for path in paths:
        try:
            for source in _of(path, standard_input, ledgers, collected):
                collected.found.append(source)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    unique: dict[Path | str, Source] = {}
    for source in collected.found:
        unique.setdefault(source.path.resolve() if source.path else source.name, source)
    collected.found = list(unique.values())
    return collected


def shown(path: Path) -> str:
    """A path as it can be printed and stored: names of files need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _of(
    path: Path, standard_input: bytes | None, ledgers: dict[Path, dict[Path, SessionRow]], collected: Sources
) -> Iterator[Source]:
    if str(path) == STANDARD_INPUT and standard_input is not None:
        yield Source(STANDARD_INPUT, None, standard_input)
    elif (path / "ledger.db").is_file():
        yield from _run(path, collected)
    elif path.is_dir():
        yield from _folder(path, ledgers, collected)
    elif path.name == "ledger.db" and path.is_file():
        yield from _run(path.parent, collected)
    elif path.is_file():
        yield _from_its_run(path, ledgers, collected)
    elif path.exists():
        pipe = Source(shown(path), path)
        yield Source(shown(path), None, pipe.read())
    else:
        raise InputError(f"{path}: there is no such file or folder")


def _from_its_run(path: Path, ledgers: dict[Path, dict[Path, SessionRow]], collected: Sources) -> Source:
    """A transcript, with what the run in whose folder it stands says of it."""
    whole = path.absolute()
    folder = whole.parent.parent if is_folder_of_more(whole.parent) else whole.parent
    run = folder.parent
    if folder.name != "transcripts" or not (run / "ledger.db").is_file():
        return Source(shown(path), path)
    if run not in ledgers:
        try:
            ledgers[run] = {transcript_path(run, row): row for row in _rows(run)}
        except StorageError as error:
            ledgers[run] = {}
            collected.left_out.append(f"what the run knows of its sessions: {error}")
    row = ledgers[run].get(whole)
    return _of_a_run(path, row) if row else Source(shown(path), path)


def _folder(folder: Path, ledgers: dict[Path, dict[Path, SessionRow]], collected: Sources) -> Iterator[Source]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as exc:
        raise InputError(f"{folder}: cannot be read ({exc.strerror})") from exc
    count = 0
    deeper: list[str] = []
    for path in inside:
        if path.name.endswith(MENDED):
            collected.left_out.append(f"{path}: written by `couplesim fix`")
        elif path.suffix.lower() == ".txt" and not path.exists():
            collected.left_out.append(f"{shown(path)}: leads nowhere")
        elif path.suffix.lower() == ".txt" and path.is_file():
            count += 1
            yield _from_its_run(path, ledgers, collected)
        elif (path / "ledger.db").is_file():
            count += 1
            yield from _run(path, collected)
        elif is_folder_of_more(path) and any(path.glob("*.txt")):
            count += 1
            yield from _folder(path, ledgers, collected)
        elif path.is_dir() and (texts := sum(1 for _ in path.rglob("*.txt"))):
            deeper.append(f"{path} ({texts})")
    if deeper and not count:
        raise InputError(f"{folder}: no transcripts right in it; there are some in {', '.join(deeper[:5])}")
    if not count:
        raise InputError(f"{folder}: no transcripts in it (*.txt) and no runs (ledger.db)")
    collected.left_out += [f"{path} transcripts were not read; name the folder to have them read" for path in deeper]


def _run(folder: Path, collected: Sources) -> Iterator[Source]:
    counts = {"open": 0, "failed": 0, "without a transcript": 0}
    found = 0
    for row in _rows(folder):
        path = transcript_path(folder, row)
        if row.status in {"open", "failed"}:
            counts[row.status] += 1
        elif not path.is_file():
            counts["without a transcript"] += 1
        else:
            found += 1
            yield _of_a_run(path, row)
    missing = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    if missing:
        remedy = f"`couplesim resume {folder}` goes on with them"
        collected.left_out.append(f"{folder}: sessions not read: {missing}; {remedy}")
    if not found and not missing:
        raise InputError(f"{folder}: the run has no sessions")


def _rows(folder: Path) -> list[SessionRow]:
    ledger = Ledger.read(folder)
    try:
        return ledger.sessions()
    finally:
        ledger.close()


def _of_a_run(path: Path, row: SessionRow) -> Source:
    return Source(shown(path), path, known=known_of(row), number=row.number, spec=row.spec)


def known_of(row: SessionRow) -> Known:
    """What its run says of a session."""
    spec = row.spec
    tokens = {label: spoken_tokens(spec.budget, label) for label in LABELS}
    return Known(people_of(spec), spec.turns, row.status == "complete", tokens)
