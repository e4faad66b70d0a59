"""How long it takes to expand a plan, to look over the prompts of its cells, and to choose a sample.

Run: python -m benchmarks.planning
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

STYLES = ("direct", "hinting", "humorous", "withdrawing")
FACTORS = {
    "couple": "all",
    "overlays": {"bid style": [{"name": style, "partners": {"bids": style}} for style in STYLES]},
    "first": ["A", "B"],
    "therapist_model": ["gpt-4o", "gpt-4o-mini", "gpt-4.1"],
}
MORE = {"temperature": [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2], "turn_tokens": [100, 150, 200, 250]}
PLANS = {
    "504 sessions of 384 cells": {"factors": FACTORS, "repeats": 2, "sample": {"sessions": 504}},
    "10,752 cells": {"factors": {**FACTORS, **MORE}},
    "a sample of 500 out of 10,752": {"factors": {**FACTORS, **MORE}, "sample": {"sessions": 500}},
}

_MEASURED = """
import json, resource, sys, time
from pathlib import Path
from generator.assets import Assets, shipped_root
from generator.plan import Plan, expand, load_plan
from generator.preflight import lints_of_all
memory = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
plan, assets = load_plan(Path(sys.argv[1])), Assets([shipped_root()])
before, began = memory(), time.process_time()
expansion = expand(plan, assets)
took, grown, began = time.process_time() - began, memory() - before, time.process_time()
lints_of_all(expansion)
print(json.dumps({"sessions": len(expansion.sessions), "expand_seconds": round(took, 2), "expand_mb": round(grown),
                  "lint_seconds": round(time.process_time() - began, 2)}))
"""


def main() -> None:
    for name, plan in PLANS.items():
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(json.dumps({"turns": 31, **plan}))
            file.flush()
            command = [sys.executable, "-c", _MEASURED, file.name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"{name}: {json.dumps(json.loads(done.stdout))}")


if __name__ == "__main__":
    main()
