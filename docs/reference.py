"""Writes what the docs say of the code itself: docs/cli.md from the commands' own help, and the table of codes in
docs/check.md from the rules. Run: python -m docs.reference"""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from generator.check import RULES
from generator.cli import COMMANDS, group

PAGE = Path(__file__).parent / "cli.md"
CHECKS = Path(__file__).parent / "check.md"
BEGIN, END = "<!-- codes -->", "<!-- /codes -->"


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
    """The page with the table of codes between its marks made anew."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{codes()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    CHECKS.write_text(with_codes(CHECKS.read_text(encoding="utf-8")), encoding="utf-8")
