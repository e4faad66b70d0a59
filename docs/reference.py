"""Writes what the docs say of the code itself: docs/cli.md from the commands' own help, the table of codes in
docs/check.md from the rules, the tables of columns in docs/export.md, the tables of measures in docs/measures.md.
Run: python -m docs.reference"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from click.testing import CliRunner

from generator.check import RULES
from generator.cli import COMMANDS, group
from generator.export.selection import Run
from generator.export.table import Column, Tables
from generator.judge.measures import JUDGED
from generator.metrics.measures import MEASURES, PANEL
from generator.schema.measure import Measure

PAGE = Path(__file__).parent / "cli.md"
CHECKS = Path(__file__).parent / "check.md"
EXPORTS = Path(__file__).parent / "export.md"
MEASURED = Path(__file__).parent / "measures.md"


def reference() -> str:
    """The page's text."""
    runner = CliRunner()
    parts = ["# Command line\n\nMade from `--help` by `python -m docs.reference`.\n"]
    for name in COMMANDS:
        told = runner.invoke(group, [name, "--help"], prog_name="couplesim", terminal_width=100)
        parts.append(f"\n## {name}\n\n```text\n{told.output.rstrip()}\n```\n")
    return "".join(parts)


def codes() -> str:
    """All codes of `couplesim check`, as Markdown tables, level by level."""
    parts = []
    for level in ("format", "conduct", "drift"):
        parts.append(f"\n### {level}\n\n| code | severity | meaning | what to do |\n|---|---|---|---|")
        parts += [
            f"| `{rule.code}` | {rule.severity} | {rule.what} | {rule.remedy} |"
            for rule in RULES.values()
            if rule.level == level
        ]
    return "\n".join(parts) + "\n"


def with_codes(page: str) -> str:
    """The page on checks with its table of codes made anew."""
    return _between(page, "codes", codes())


def with_columns(page: str) -> str:
    """The page on exports with its tables of columns made anew."""
    tables = Tables(Run("", "", ""), ())
    own = [column for column in tables.of_sessions if column not in tables.of_turns]
    return _between(_between(page, "turns", _columns(tables.of_turns)), "sessions", _columns(own))


def _columns(columns: Iterable[Column]) -> str:
    rows = "".join(f"| `{column.name}` | {column.type} | {column.meaning} |\n" for column in columns)
    return f"\n| column | type | meaning |\n|---|---|---|\n{rows}"


def with_measures(page: str) -> str:
    """The page on measures with its tables made anew."""
    figures = [measure for measure in MEASURES.values() if measure not in PANEL]
    for name, measures in (("panel", PANEL), ("figures", figures), ("judged", JUDGED.values())):
        page = _between(page, name, _measures(measures))
    return page


def _measures(measures: Iterable[Measure]) -> str:
    """What has to be known of each; those that differ by the speaker alone share a row."""
    families: dict[str, list[Measure]] = {}
    for measure in measures:
        base, _, speaker = measure.name.partition(".")
        families.setdefault(base if speaker in {"a", "b", "therapist"} else measure.name, []).append(measure)
    table = "\n| measure | definition | range | sign | source | weakness |\n|---|---|---|---|---|---|\n"
    return table + "".join(map(_row, families.values()))


def _row(family: Sequence[Measure]) -> str:
    names = ", ".join(f"`{measure.name}`" for measure in family)
    one = family[0]
    row = f"| {names} | {one.definition} | {_range(one)} | {one.sign} | {one.source} | {one.weakness} |\n"
    return row.replace("Patient A", "the partner").replace("Patient B", "the other") if len(family) > 1 else row


def _range(measure: Measure) -> str:
    least = "" if math.isinf(measure.least) else f"{measure.least:g}"
    most = "" if math.isinf(measure.most) else f"{measure.most:g}"
    return f"{least} to {most}" if least and most else f"from {least}" if least else "any"


def _between(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    CHECKS.write_text(with_codes(CHECKS.read_text(encoding="utf-8")), encoding="utf-8")
    EXPORTS.write_text(with_columns(EXPORTS.read_text(encoding="utf-8")), encoding="utf-8")
    MEASURED.write_text(with_measures(MEASURED.read_text(encoding="utf-8")), encoding="utf-8")
