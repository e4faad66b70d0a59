"""The rehearsal speaker: sessions a second without an endpoint, and CPU a turn of `couplesim serve`.

Run: python -m benchmarks.rehearsal
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.running import Run, generate, leave_nothing_running, python, run, serving

ROUNDS = 6
TURNS = 31
SESSIONS = 16
"""Sessions of a round, beyond the one that is taken off as the start-up."""


def rehearse(sessions: int) -> Run:
    """So many sessions spoken in the program's own process, ledger and transcripts included."""
    with tempfile.TemporaryDirectory() as folder:
        size = ("-n", sessions, "--turns", TURNS)
        return run(python("generator.cli", "generate", *size, "--out", Path(folder) / "run", "--quiet"))


def main() -> None:
    """Measure and print."""
    leave_nothing_running()
    one = statistics.median(rehearse(1).seconds for _ in range(3))
    rates = [SESSIONS / (rehearse(SESSIONS + 1).seconds - one) for _ in range(ROUNDS)]
    with tempfile.TemporaryDirectory() as folder, serving(python("generator.cli", "serve"), "/v1/models") as served:
        size = ("--model", "rehearsal", "-n", SESSIONS, "--turns", TURNS)
        run(generate(Path(folder) / "warm", served, *size, "--seed", 2))
        before = served.cpu_seconds()
        run(generate(Path(folder) / "run", served, *size))
        served_ms = 1000 * (served.cpu_seconds() - before) / (SESSIONS * TURNS)
    result = {
        "sessions_per_second": round(statistics.median(rates), 2),
        "serve_cpu_ms_per_turn": round(served_ms, 2),
        "rounds": ROUNDS,
        "turns_per_round": SESSIONS * TURNS,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
