"""The loop of tuning prompts: `couplesim tune` from the command to its verdict, with the rehearsal speaker.

Run: python -m benchmarks.tuning
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.running import Run, leave_nothing_running, python, run

ROUNDS = 5


def tune(folder: Path, prompts: str) -> Run:
    """A trial of `prompts` against the baseline with the four couples of the default."""
    return run(python("generator.cli", "tune", "--prompts", prompts, "--out", folder / "run", "--quiet"))


def main() -> None:
    """Measure and print."""
    leave_nothing_running()
    first: list[float] = []
    again: list[float] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            first.append(tune(Path(folder), "candid").seconds)
            again.append(tune(Path(folder), "balanced").seconds)
    result = {
        "seconds": round(statistics.median(first), 1),
        "seconds_of_the_next_version": round(statistics.median(again), 1),
        "rounds": ROUNDS,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
