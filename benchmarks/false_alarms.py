"""How often the rules that guess are wrong, on transcripts in which nothing is wrong.

The exemplars and 96 rehearsal sessions hold no stray labels, no strangers and no refusals, so every finding of such a
rule is counted as a false alarm, even where a reader would agree with it. Run: python -m benchmarks.false_alarms
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.corpus import write
from generator.assets import shipped_root
from generator.check import RULES
from generator.inspection import check_paths

SESSIONS = 96
PAGE = Path(__file__).parent.parent / "docs" / "check.md"
BEGIN, END = "<!-- rates -->", "<!-- /rates -->"


def counts(folder: Path) -> tuple[Counter[str], int]:
    """Findings by code and turns of all transcripts in a folder."""
    report = check_paths(folder, levels=("conduct",))
    return Counter(found.code for found in report.findings), sum(len(each.labels) for each in report.transcripts)


def table() -> str:
    """The rates as a Markdown table."""
    exemplars, exemplar_turns = counts(shipped_root() / "seeds" / "exemplars")
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), SESSIONS)
        rehearsal, rehearsal_turns = counts(Path(name))
    rows = [
        f"| code | severity | exemplars ({exemplar_turns} turns) | rehearsal ({rehearsal_turns:,} turns) |",
        "|---|---|---|---|",
    ]
    for rule in (rule for rule in RULES.values() if rule.guess):
        shown = (
            f"{found[rule.code]} ({1000 * found[rule.code] / turns:.1f} in 1,000)" if found[rule.code] else "0"
            for found, turns in ((exemplars, exemplar_turns), (rehearsal, rehearsal_turns))
        )
        rows.append(f"| `{rule.code}` | {rule.severity} | {' | '.join(shown)} |")
    return "\n".join(rows)


def main() -> None:
    """Print the table, and put it into docs/check.md."""
    rates = table()
    print(rates)
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{rates}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
