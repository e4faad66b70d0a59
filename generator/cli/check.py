"""`couplesim check`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from generator.cli.terminal import safe

STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
FEW_FILES = 10
"""Up to so many transcripts, the turns and cut-offs of each are told."""

MOST_ALIKE = 10
"""So many findings of one code in one transcript are printed; --json has them all."""


@click.command("check", short_help="Check transcripts against the seed format.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format/--no-format", "with_format", default=True, help="The grammar of the file [on].")
@click.option("--conduct/--no-conduct", default=True, help="How each session goes [on].")
@click.option("--drift/--no-drift", default=True, help="The figures of the set against its reference [on].")
@click.option("--contract", type=click.Path(path_type=Path), metavar="FILE", help="Contract [seeds/contract.yaml].")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="What drift is measured against: a profile, a folder of transcripts or a run [seeds/profile.json].",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    default="error",
    help="Exit with 1 from this severity on [error].",
)
@click.option("--notes", is_flag=True, help="Show notes too: cut-offs, repeated sentences and the like.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--github", is_flag=True, help="Print annotations for GitHub Actions.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write a JUnit report as well.")
def command(
    paths: tuple[Path, ...],
    with_format: bool,
    conduct: bool,
    drift: bool,
    contract: Path | None,
    reference: Path | None,
    fail_on: str,
    notes: bool,
    as_json: bool,
    github: bool,
    junit: Path | None,
) -> None:
    """Check transcripts: files, folders, runs, or - for standard input. Whether this program wrote them or not.

    Every finding has a code, a severity, its file and line, the words concerned and what to do; docs/check.md lists
    all codes. Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 bad input.
    """
    from generator.errors import InputError
    from generator.files import write_whole
    from generator.inspection import check_paths
    from generator.schema.finding import Level

    if as_json and github:
        raise InputError("--json and --github: choose one")
    chosen: dict[Level, bool] = {"format": with_format, "conduct": conduct, "drift": drift}
    levels = [level for level, wanted in chosen.items() if wanted]
    if not levels:
        raise InputError("all three levels are switched off; leave one on")
    standard_input = sys.stdin.buffer.read() if Path("-") in paths else None
    report = check_paths(*paths, levels=levels, contract=contract, reference=reference, standard_input=standard_input)
    from generator.cli import findings

    if junit:
        write_whole(junit, findings.as_junit(report, fail_on))
    if as_json:
        click.echo(findings.as_json(report))
    elif github:
        click.echo("\n".join(findings.as_annotations(report, notes)))
    else:
        _print(report, notes)
    if fail_on != "never" and report.at_least(fail_on):  # type: ignore[arg-type]
        raise click.exceptions.Exit(1)


def _print(report: Any, notes: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    _print_findings(console, report, notes)
    _print_drift(console, report)
    _print_sums(console, report, notes)


def _print_findings(console: Any, report: Any, notes: bool) -> None:
    """File by file, then what to do about each code, once."""
    from rich.text import Text

    remedies: dict[str, list[str]] = {}
    for each in report.transcripts:
        shown = [found for found in each.findings if notes or found.severity != "note"]
        if not shown:
            continue
        console.print(Text(safe(each.name), style="bold"))
        counts: Counter[str] = Counter()
        for found in shown:
            counts[found.code] += 1
            if counts[found.code] > MOST_ALIKE:
                continue
            codes = remedies.setdefault(found.remedy, [])
            codes += [found.code] if found.code not in codes else []
            line = Text(f"  {found.line or '':>4} ")
            line.append(f"{found.severity:<8}", style=STYLES[found.severity])
            line.append(f"{found.code:<24}", style="cyan")
            line.append(safe(found.message))
            if found.words:
                line.append(f"  | {safe(found.words)}", style="dim")
            console.print(line)
        for code, count in counts.items():
            if count > MOST_ALIKE:
                console.print(Text(f"       and {count - MOST_ALIKE} more {code}", style="dim"))
        console.print()
    if remedies:
        console.print(Text("what to do", style="bold"))
        for remedy, codes in remedies.items():
            console.print(Text(f"  {', '.join(codes)}: ", style="cyan").append(safe(remedy), style="default"))
        console.print()


def _print_drift(console: Any, report: Any) -> None:
    from rich.text import Text

    from generator.inspection import told

    if not report.drift:
        return
    console.print(Text(safe(f"drift: {report.reference}"), style="bold"))
    outside = [band for band in report.drift if band.verdict == "outside"]
    inside = sum(band.verdict == "inside" for band in report.drift)
    for band in outside:
        console.print(Text("  outside ", style="yellow").append(safe(told(band)), style="default"))
    unknown = len(report.drift) - len(outside) - inside
    figures = "figure" if len(outside) == 1 else "figures"
    console.print(f"  {len(outside)} {figures} outside their band, {inside} inside, {unknown} with too little data")
    console.print()


def _print_sums(console: Any, report: Any, notes: bool) -> None:
    from rich.text import Text

    from generator.cli.findings import facts
    from generator.schema.finding import SEVERITIES

    if 1 < len(report.transcripts) <= FEW_FILES:
        for each in report.transcripts:
            console.print(Text(safe(f"{each.name}: {facts([each])}")))
    for sentence in report.left_out:
        console.print(Text(safe(f"left out: {sentence}"), style="yellow"))
    count = len(report.transcripts)
    console.print(Text(f"{count} transcript{'s' * (count != 1)}: {facts(report.transcripts)}", style="bold"))
    counts = Counter(found.severity for found in report.findings)
    hint = " (--notes shows them)" if counts["note"] and not notes else ""
    told = ", ".join(f"{counts[word]} {word}{'s' * (counts[word] != 1)}" for word in SEVERITIES)
    console.print(f"{told}{hint}")
