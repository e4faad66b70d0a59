"""Writes docs/cli.md, the command-line reference, from the commands' own help. Run: python -m docs.reference"""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from generator.cli import COMMANDS, group

PAGE = Path(__file__).parent / "cli.md"


def reference() -> str:
    """The page's text."""
    runner = CliRunner()
    parts = ["# Command line\n\nMade from `--help` by `python -m docs.reference`.\n"]
    for name in COMMANDS:
        told = runner.invoke(group, [name, "--help"], prog_name="couplesim", terminal_width=100)
        parts.append(f"\n## {name}\n\n```text\n{told.output.rstrip()}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
