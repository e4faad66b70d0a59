"""How much sessions of the same settings differ, beside what their turns alone lead one to expect.

`check/drift.py` widens the bands of a small reference by a factor; this is where it comes from.
Run: python -m benchmarks.bands
"""

from __future__ import annotations

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpus import write
from generator.check.drift import WIDENED
from generator.inspection import figures_of
from generator.metrics.figures import FIGURES, Figure
from generator.schema.profile import SessionFigures

SESSIONS = 192


def ratio(figure: Figure, sessions: Sequence[SessionFigures]) -> float | None:
    """Standard deviation of the session's values over the standard error expected from the turns; None if the turns
    are all alike."""
    values, expected = [], []
    for session in sessions:
        pairs = [pair for pair in figure.pairs(session) if pair[1]]
        value = figure.value([session])
        if value is None or len(pairs) < 3:
            return None
        size = statistics.mean(bottom for _, bottom in pairs)
        spread = statistics.pvariance([(top - value * bottom) / size for top, bottom in pairs]) * len(pairs)
        values.append(value)
        expected.append(spread / (len(pairs) - 1) / len(pairs))
    error = statistics.mean(expected) ** 0.5
    return statistics.stdev(values) / error if error else None


def main() -> None:
    """Print the ratios of all figures taken by turn, each the median and the highest over the couples."""
    with tempfile.TemporaryDirectory() as name:
        by_couple: dict[str, list[Path]] = defaultdict(list)
        for path in write(Path(name), SESSIONS):
            by_couple[path.stem.partition("_")[2]].append(path)
        sets = [figures_of(paths) for paths in by_couple.values()]
    highest = []
    for figure in (figure for figure in FIGURES if figure.by_turn):
        ratios = [found for sessions in sets if (found := ratio(figure, sessions)) is not None]
        if ratios:
            highest.append(statistics.median(ratios))
            print(f"{figure.name:<24} median {statistics.median(ratios):.2f}  highest {max(ratios):.2f}")
    print(f"median over {len(highest)} figures {statistics.median(highest):.2f}; bands are widened by {WIDENED}")


if __name__ == "__main__":
    main()
