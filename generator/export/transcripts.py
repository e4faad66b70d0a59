"""A run's transcripts, written anew from its ledger, beside a running run too.

There is no lock to take: what is over does not change, except that a failed session may be taken up again by the run.
Then the run removes what stands of it in `incomplete/` once it is whole; what was written there after that is looked
at once more, and taken away by the one who wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.batch import incomplete_path, transcript_path
from generator.errors import StorageError
from generator.export.selection import WHOLE
from generator.files import write_whole
from generator.format import render
from generator.ledger import Ledger, SessionRow
from generator.session import transcript_of


@dataclass
class Rendered:
    """What became of the transcripts."""

    written: int = 0
    differed: int = 0
    """Of the written, those in whose place other bytes stood."""
    same: int = 0
    incomplete: int = 0
    """Of all, those of failed sessions."""


def render_all(ledger: Ledger) -> Rendered:
    """Write the transcript of every session that is over, where it is not there already. Raises StorageError."""
    done = Rendered()
    for row in ledger.each(*WHOLE, "failed"):
        _render(ledger, row, done)
    return done


def _render(ledger: Ledger, row: SessionRow, done: Rendered) -> None:
    turns = ledger.turns(row.id)
    if not turns:
        return
    path, raw = _path(ledger.folder, row), render(transcript_of(row.spec, turns)).encode()
    stood = _bytes(path)
    if stood == raw:
        done.same += 1
    else:
        write_whole(path, raw.decode())
        done.written += 1
        done.differed += stood is not None
    if row.status in WHOLE:
        return
    now = ledger.session(row.number)
    if now is not None and now.status in WHOLE and stood != raw:
        path.unlink(missing_ok=True)
    done.incomplete += 1


def _path(folder: Path, row: SessionRow) -> Path:
    return transcript_path(folder, row) if row.status in WHOLE else incomplete_path(folder, row)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StorageError(f"{path}: cannot be read ({exc.strerror})") from exc
