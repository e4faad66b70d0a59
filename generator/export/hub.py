"""A folder that the Hugging Face Hub takes as a data set: both tables as Parquet, and the card."""

from __future__ import annotations

from pathlib import Path

from generator.export.card import Figures, card
from generator.export.parquet import Table, facts_of
from generator.export.selection import Selection
from generator.export.table import Tables

SESSIONS_TOGETHER = 256
"""Rows of the table of sessions that are written together; each holds a whole transcript and its settings."""


def write_data_set(selection: Selection, folder: Path, licence: str | None) -> None:
    """The data set's files."""
    tables = Tables(selection.run, selection.ledger.factors())
    figures, facts = Figures(), facts_of(selection)
    data = folder / "data"
    data.mkdir()
    with (
        Table(data / "turns.parquet", tables.of_turns, facts) as turns,
        Table(data / "sessions.parquet", tables.of_sessions, facts, SESSIONS_TOGETHER) as sessions,
    ):
        for spoken in selection:
            turns.add(tables.turns(spoken))
            sessions.add([tables.session(spoken)])
            figures.add(spoken)
    columns = {"turns": tables.of_turns, "sessions": tables.of_sessions}
    (folder / "README.md").write_text(card(selection, figures, licence, columns), encoding="utf-8", newline="\n")
