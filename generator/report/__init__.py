"""The report: one self-contained HTML file over one run or several, which can be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from generator.assets import Assets
from generator.compare import Comparison
from generator.files import write_whole
from generator.report.gathering import gather
from generator.report.page import page


def write_report(runs: Sequence[Path], out: Path | None, made_by: str, comparison: Comparison | None = None) -> Path:
    """Write the report over these runs into the file `out`; None: `report.html` in the first run's folder.

    `comparison`: what has been found already by comparing the runs, or what varies in one; None: it is made here where
    there is something to compare.

    Raises InputError if there is nothing to report on, StorageError if a ledger cannot be read or the file cannot be
    written.
    """
    path = out or runs[0] / "report.html"
    write_whole(path, page(gather(runs, Assets(), comparison), made_by))
    return path
