"""The page of a report: one file, with everything in it and nothing fetched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files

from generator.pages.templates import counted, environment, stylesheet
from generator.report.contents import FILTERS, Contents, RunPart
from generator.report.pictures.airtime import airtime
from generator.report.pictures.by_turn import AFFECT, WORDS, curves
from generator.report.pictures.cut_offs import cut_offs
from generator.report.sides import VERDICTS, said_before, sides

LISTED = ("couple", "prompts", "model", "end")
"""What stands in the list beside a session's title, where it differs."""

MOST_OPEN = 12
"""Rows of a table of factors that is open from the start."""


def page(contents: Contents, made_by: str) -> str:
    """The report as HTML."""
    style = stylesheet() + _own("report.css")
    script = _own("report.js")
    filters = {
        name: (words, values)
        for name, words in FILTERS.items()
        if len(values := sorted({value for entry in contents.entries for value in entry.filters[name]})) > 1
        or (name == "finding" and values)
    }
    arms = contents.arms
    pictures = (
        curves(AFFECT, contents.entries, arms),
        curves(WORDS, contents.entries, arms),
        cut_offs(contents.entries, arms),
        airtime(contents.entries, arms),
    )
    return environment("generator.report").get_template("report.html").render(
        contents=contents,
        policy=_policy(style, script),
        style=style,
        script=script,
        title=_title(contents.runs),
        lead=_lead(contents),
        scripted=any(run.scripted for run in contents.runs),
        facts=list(_facts(contents.runs)),
        pictures=[each for each in pictures if each is not None],
        comparison=contents.comparison,
        preamble=said_before(contents.comparison) if contents.comparison else [],
        sides=list(sides(contents.comparison)) if contents.comparison else [],
        VERDICTS=VERDICTS,
        MOST_OPEN=MOST_OPEN,
        failures=any(run.failed for run in contents.runs),
        lost=any(run.counts.failures for run in contents.runs),
        filters=filters,
        listed=[name for name in LISTED if name in filters],
        made_by=made_by,
    )  # fmt: skip


def _own(name: str) -> str:
    return files("generator.report").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """What the page allows: its own style and script by their hashes, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _title(runs: tuple[RunPart, ...]) -> str:
    return f"Simulated sessions: {', '.join(run.name for run in runs)}"


def _lead(contents: Contents) -> str:
    turns, cut = (sum(getattr(run.counts, name) for run in contents.runs) for name in ("turns", "cut"))
    whole = sum(run.counts.complete + run.counts.ended for run in contents.runs)
    of = f"{whole:,} of {counted(len(contents.entries), 'session')} finished"
    share = f" ({100 * cut / turns:.0f} %)" if turns else ""
    return f"{of}, {counted(turns, 'turn')}, {cut:,} of them cut off by the token budget{share}."


def _facts(runs: tuple[RunPart, ...]) -> Iterator[tuple[str, list[str]]]:
    """What is said of each run, one value a run; nothing where no run has anything to say."""
    rows = [_facts_of(run) for run in runs]
    for name in rows[0]:
        values = [row[name] for row in rows]
        if any(values):
            yield name, values


def _facts_of(run: RunPart) -> dict[str, str]:
    counts = run.counts
    by = (
        (counts.complete, "complete"),
        (counts.ended, "ended by budget"),
        (counts.failed, "failed"),
        (counts.open, "open"),
    )
    cut = [f"{counts.cut:,} cut off by the budget"] if counts.cut else []
    at_most = "" if counts.exact else "at most "
    apart = f", {counts.counted_apart}" if counts.counted_apart else ""
    return {
        "begun": f"{run.began}, {run.made_by}",
        "sessions": f"{run.sessions:,}: {', '.join(f'{count:,} {words}' for count, words in by if count)}",
        "turns": ", ".join([f"{counts.turns:,}", *cut, *counts.marked]),
        "tokens": f"{at_most}{counts.tokens:,}{apart}",
        "cost": f"{at_most}${counts.cost:.2f}" if counts.cost else "",
        **run.settings,
    }
