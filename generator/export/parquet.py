"""Tables as Parquet files: the only place with pyarrow. Written in groups of rows, so that no table is in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import InputError
from generator.export.selection import Selection
from generator.export.table import Column, Row, Tables

if TYPE_CHECKING:
    import pyarrow

GROUP_ROWS = 4096
"""Rows that are written together: the more, the smaller the file; the fewer, the less memory."""


def library() -> Any:
    """pyarrow. Raises InputError if it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError as exc:
        raise InputError("Parquet needs the extra library: pip install 'couplesim[export]'") from exc
    return pyarrow


class Table:
    """A Parquet file being written. Use it as a context."""

    def __init__(
        self, path: Path, columns: Sequence[Column], facts: Mapping[str, str], group_rows: int = GROUP_ROWS
    ) -> None:
        """`facts` stand in the file's own metadata."""
        self._group_rows = group_rows
        self._arrow = library()
        types = {
            "text": self._arrow.string(),
            "texts": self._arrow.list_(self._arrow.string()),
            "number": self._arrow.int64(),
            "decimal": self._arrow.float64(),
            "flag": self._arrow.bool_(),
        }
        fields = [
            self._arrow.field(each.name, types[each.type], metadata={"meaning": each.meaning}) for each in columns
        ]
        self._schema = self._arrow.schema(fields, metadata=dict(facts))
        self._writer = self._arrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[Row] = []

    def __enter__(self) -> Table:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:
            self._flush()
        self._writer.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows, each a value by column."""
        self._waiting += rows
        if len(self._waiting) >= self._group_rows:
            self._flush()

    def _flush(self) -> None:
        table: pyarrow.Table = self._arrow.Table.from_pylist(self._waiting, schema=self._schema)
        self._writer.write_table(table)
        self._waiting = []


def facts_of(selection: Selection) -> dict[str, str]:
    """What a file says of itself."""
    run = selection.run
    return {"synthetic": "true", "run": run.id, "made_by": run.made_by, "began": run.began}


def write_turns(selection: Selection, path: Path) -> None:
    """The table of turns."""
    tables = Tables(selection.run, selection.ledger.factors())
    with Table(path, tables.of_turns, facts_of(selection)) as table:
        for spoken in selection:
            table.add(tables.turns(spoken))
