"""The report: one self-contained HTML file over one run or several, which can be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from generator.assets import Assets
from generator.files import write_whole
from generator.report.gathering import gather
from generator.report.page import page


def write_report(runs: Sequence[Path], out: Path | None, made_by: str, assets: Assets | None = None) -> Path:
    """Write the report over these runs into the file `out`; None: `report.html` in the first run's folder.

    Raises InputError if there is nothing to report on, StorageError if a ledger cannot be read or the file cannot be
    written.
    """
    path = out or runs[0] / "report.html"
    write_whole(path, page(gather(runs, assets or Assets()), made_by))
    return path
