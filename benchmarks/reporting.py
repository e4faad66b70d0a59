"""A report of 500 sessions of 31 turns: how long it takes to write, how large it is, and how soon it is ready to be
filtered in Chromium.

Run: python -m benchmarks.reporting [SESSIONS]
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.running import leave_nothing_running, python, run

SESSIONS = 500
TURNS = 31
ROUNDS = 3
OPENED = 7
"""Times the page is opened, each in a window of its own."""

PLAN = """
turns: {turns}
factors: {{prompts: [baseline, candid], couple: [daniel-marcus, ruth-harold, noor-felix, mei-jonas, kofi-lindiwe]}}
repeats: {repeats}
"""

FILTERED = """() => {
  const began = performance.now(), field = document.getElementById("filter-couple");
  field.value = "ruth-harold";
  field.dispatchEvent(new Event("change", { bubbles: true }));
  document.body.offsetHeight;
  return performance.now() - began;
}"""
"""Milliseconds of one choice, with the layout that follows from it."""

UNPACKED = """async () => {
  const details = document.querySelector("#list > li:not([hidden]) details"), began = performance.now();
  details.open = true;
  while (!details.querySelector(".turn")) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
"""Milliseconds until a transcript that is opened can be read."""


def main() -> None:
    """Make a run, report on it, open the page, print."""
    leave_nothing_running()
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plan.yaml").write_text(PLAN.format(turns=TURNS, repeats=sessions // 10), encoding="utf-8")
        run(python("generator.cli", "generate", folder / "plan.yaml", "--out", folder / "run", "--quiet"))
        path = folder / "report.html"
        written = [run(python("generator.cli", "report", folder / "run", "--out", path)) for _ in range(ROUNDS)]
        result = {
            "sessions": sessions // 10 * 10,
            "turns": TURNS,
            "processors": os.cpu_count(),
            "seconds_to_write": round(statistics.median(each.seconds for each in written), 1),
            "cpu_seconds_to_write": round(statistics.median(each.cpu_seconds for each in written), 1),
            "memory_mb_at_most": round(max(each.memory_mb for each in written)),
            "megabytes": round(path.stat().st_size / 1e6, 2),
            **opened(path),
        }
    print(json.dumps(result, indent=2))


def opened(path: Path) -> dict[str, float]:
    """Medians of seconds until the filters work, of a choice, and of opening a transcript."""
    root = os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if root else []
        )
        times = [_opened(browser, path) for _ in range(OPENED)]
        browser.close()
    ready, chosen, unpacked = (statistics.median(each) for each in zip(*times, strict=True))
    return {
        "seconds_until_ready": round(ready / 1000, 2),
        "seconds_to_filter": round(chosen / 1000, 3),
        "seconds_to_open_a_transcript": round(unpacked / 1000, 3),
    }


def _opened(browser: Browser, path: Path) -> tuple[float, float, float]:
    """Milliseconds: from the start of the navigation until the whole page is read; of a choice; of opening."""
    page = browser.new_page()
    page.goto(path.as_uri())
    ready = page.evaluate("() => performance.getEntriesByName('ready')[0].startTime")
    loaded = page.evaluate("() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    times = (max(ready, loaded), page.evaluate(FILTERED), page.evaluate(UNPACKED))
    page.close()
    return times


if __name__ == "__main__":
    main()
