"""The table of turns as CSV that spreadsheets and statistics programs open alike.

UTF-8 with a byte order mark, without which Excel takes it for something else; missing values are empty. A text that
a spreadsheet would take for a formula gets an apostrophe in front. So that this can be undone without doubt, a text
that already looks like one so guarded gets another: `unguarded(guarded(text)) == text`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from generator.export.selection import Selection
from generator.export.table import Tables

LOOKS_LIKE_A_FORMULA = re.compile(r"'*[=+\-@\t\r]")
BYTE_ORDER_MARK = "\ufeff"


def guarded(text: str) -> str:
    """The text as it may stand in a spreadsheet's cell."""
    return f"'{text}" if LOOKS_LIKE_A_FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and LOOKS_LIKE_A_FORMULA.match(text) else text


def lines(selection: Selection) -> Iterator[str]:
    """The table, piece by piece."""
    tables = Tables(selection.run, selection.ledger.factors())
    piece = io.StringIO()
    writer = csv.writer(piece, lineterminator="\r\n")
    writer.writerow([column.name for column in tables.of_turns])
    yield BYTE_ORDER_MARK + _taken(piece)
    for spoken in selection:
        for row in tables.turns(spoken):
            writer.writerow([_cell(row[column.name]) for column in tables.of_turns])
        yield _taken(piece)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return guarded("; ".join(value))
    return guarded(value) if isinstance(value, str) else value


def _taken(piece: io.StringIO) -> str:
    text = piece.getvalue()
    piece.seek(0)
    piece.truncate()
    return text
