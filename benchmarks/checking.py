"""How long a check of 1,000 transcripts of 31 turns takes, drift included, and how much memory.

Run: python -m benchmarks.checking [SESSIONS]
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.corpus import write

SESSIONS = 1000
TURNS = 31

_MEASURED = """
import json, resource, sys
from generator.inspection import check_paths
report = check_paths(sys.argv[1])
assert len(report.transcripts) == int(sys.argv[2]) and report.drift
own = resource.getrusage(resource.RUSAGE_SELF)
workers = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "cpu": own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime,
    "own_mb": own.ru_maxrss / 1024, "worker_mb": workers.ru_maxrss / 1024,
}))
"""


def measure(folder: Path, sessions: int) -> dict[str, float]:
    """Wall and CPU seconds of a check in a process of its own, and the memory of all its processes at most."""
    began = time.perf_counter()
    command = [sys.executable, "-c", _MEASURED, str(folder), str(sessions)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    used = json.loads(done.stdout)
    memory = used["own_mb"] + (os.cpu_count() or 1) * used["worker_mb"]
    return {"seconds": round(seconds, 1), "cpu_seconds": round(used["cpu"], 1), "memory_mb_at_most": round(memory)}


def unlike(source: Path, target: Path) -> None:
    """The same transcripts with a word of its own in every sentence: nothing remembered from one helps another."""
    target.mkdir()
    for number, path in enumerate(sorted(source.glob("*.txt"))):
        counter = iter(range(10**6))
        text = re.sub(
            r"(?<=\w)([.?!])(?=\s)",
            lambda end, n=number, c=counter: f" w{n}x{next(c)}{end[1]}",
            path.read_text("utf-8"),
        )
        (target / path.name).write_text(text, encoding="utf-8")


def main() -> None:
    """Make the transcripts, check them, print."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "rehearsal", sessions, TURNS)
        unlike(folder / "rehearsal", folder / "unlike")
        result = {
            "transcripts": sessions,
            "turns": TURNS,
            "processors": os.cpu_count(),
            "rehearsal": measure(folder / "rehearsal", sessions),
            "no sentence twice": measure(folder / "unlike", sessions),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
