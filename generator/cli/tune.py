"""`couplesim tune`."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.comparing import comparing_options
from generator.cli.options import concurrency_option, network_fs_option, report_options, session_options
from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.ledger import Ledger
    from generator.prices import Prices
    from generator.schema.measure import Case
    from generator.summary import Summary
    from generator.tuning import Trial

SESSIONS = 2
"""Of each cell, where no number is given; with both first speakers, enough pairs of four couples for a verdict."""


@click.command("tune", short_help="Try a prompt set against another, and say what it changed.")
@click.option("--prompts", required=True, metavar="NAME|FOLDER", help="The prompt set on trial.")
@click.option("--against", default="baseline", metavar="NAME|FOLDER", help="What it is compared with [baseline].")
@click.option("--couples", type=click.IntRange(min=1), default=4, metavar="N", help="Couples, spread over all [4].")
@session_options
@click.option("--judge-model", metavar="NAME", help="Model that judges the sessions, too [none; as in `evaluate`].")
@click.option("--judge-base-url", metavar="URL", help="Its endpoint up to and including /v1 [the OpenAI API].")
@click.option("--judge-key-env", metavar="NAME", help="Variable that holds its key.")
@click.option("--judge-temperature", type=float, metavar="T", help="Its sampling temperature.")
@click.option(
    "--rubric", "rubrics", multiple=True, metavar="NAME|FOLDER", help="Judge by this rubric only; repeatable."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="The run's folder [outputs/tune_<...>].")
@comparing_options
@report_options
@concurrency_option
@network_fs_option
@click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings about prompts.")  # fmt: skip
def command(
    prompts: str,
    against: str,
    couples: int,
    judge_model: str | None,
    judge_base_url: str | None,
    judge_key_env: str | None,
    judge_temperature: float | None,
    rubrics: tuple[str, ...],
    out: Path | None,
    family: str | None,
    gates: tuple[str, ...],
    with_all: bool,
    report: str | None,
    open_it: bool,
    concurrency: int,
    quiet: bool,
    network_fs: bool,
    **given: Any,
) -> None:
    """Edit a prompt set, try it, read the verdict.

    Looks the prompts over, has the same few sessions spoken with both sets (the same couples, topics and seeds, each
    partner speaking first in turn), checks and measures them, compares them in pairs, and says what changed. Without
    --model the rehearsal speaker is used, which acts by the temperament in `set.yaml`. With --judge-model a model
    judges the sessions as well, and its main measures join the family; it gets what the sessions leave of a
    cap.

    After an edit, the same command speaks the new version's sessions alone: those of the other set are on record. All
    versions stand in one run; `couplesim compare RUN --by prompts` compares them all.

    \b
    couplesim init . && cp -r prompts/baseline prompts/mine      # then name it in set.yaml, and edit
    couplesim tune --prompts mine
    couplesim tune --prompts mine --against candid --couples 8 --model gpt-4o
    """
    from generator import batch, preflight
    from generator.assets import Assets
    from generator.cases import cases
    from generator.cli.comparing import Judging, Wanted, say_where_to_look, tell
    from generator.cli.options import plan_from
    from generator.cli.report import report_on
    from generator.cli.running import made_by, require_caps, run, say_how_it_went, say_what_was_kept
    from generator.compare import compare_levels
    from generator.compare.measures import all_measures
    from generator.errors import SessionFailed
    from generator.prices import Prices
    from generator.settings import Chats
    from generator.summary import summary
    from generator.tuning import PROMPTS, trial

    wanted, assets = Wanted.of(family, gates), Assets()
    prices = Prices.load(assets)
    judging = None
    if judge_model is not None:
        asked = {"base_url": judge_base_url, "key_env": judge_key_env, "temperature": judge_temperature}
        judging = Judging.of(judge_model, asked, rubrics, assets)
        wanted = wanted if family is not None else wanted.joined(judging.family())
    base = plan_from(None, {**given, "repeats": given["repeats"] or SESSIONS})
    tried = trial(base, prompts, against, couples, assets)
    require_caps(tried.plan, (one.spec for one in tried.expansion.sessions), prices)
    lints = preflight.require_all(tried.expansion)
    for lint in lints if not quiet else ():
        click.echo(safe(f"couplesim: {lint}"), err=True)
    chats = Chats()
    for cast in tried.expansion.casts():
        chats.of(cast)
    folder = out or Path("outputs") / tried.run
    ledger = batch.begin(folder, tried.plan, tried.expansion, made_by(), network_fs=network_fs)
    _preview(tried, ledger, prices)
    before = summary(ledger, prices.cost)
    code = run(ledger, tried.plan, prices, concurrency=concurrency, quiet=quiet)
    counts = summary(ledger, prices.cost)
    if code:
        say_how_it_went(ledger, counts, code)
        say_what_was_kept(ledger, counts, code)
    else:
        click.echo(f"spoken:   {_spoken(before, counts)}, in {folder}")
    ledger.close()
    if code not in {0, SessionFailed.exit_code}:
        raise click.exceptions.Exit(code)
    if judging is not None:
        code = judging.carry_out(folder, tried.plan, counts, prices, concurrency, quiet) or code
    click.echo()
    found = cases(folder)
    levels = (tried.reference, tried.variant)
    both = replace(found, cases=tuple(case for case in found.cases if case.factors[PROMPTS] in levels))
    compared = compare_levels(both, PROMPTS, all_measures(), wanted.family, tried.reference)
    code = tell(compared, wanted, with_all, code)
    say_where_to_look(folder, compared, both.cases, _place)
    click.echo(safe(f"all versions, all measures: couplesim compare {folder} --by prompts --all"))
    if report is not None or open_it:
        report_on([folder], report, open_it, comparison=compared)
    raise click.exceptions.Exit(code)


def _preview(tried: Trial, ledger: Ledger, prices: Prices) -> None:
    """What differs, what each role is sent, what is still to be spoken and what that may take."""
    from generator.estimate import Estimator
    from generator.prompt_diff import prompt_diff

    design, sessions = tried.expansion.design, tried.expansion.sessions
    diff = prompt_diff(tried.prompts_of(tried.reference), tried.prompts_of(tried.variant), sessions[0].spec)
    files = ", ".join(dict.fromkeys(change.file for change in diff.files))
    told = f"on trial: {tried.variant} against {tried.reference}; {files} differ" + "s" * (", " not in files)
    click.echo(safe(f"{told}; what is sent is the same" if diff.same_sent else told))
    sizes = (f"{each.role} {_went(*each.tokens)}" for each in diff.sent)
    click.echo(f"sent:     tokens of the first request: {', '.join(sizes)}")
    couples = ", ".join(design.factors["couple"])
    click.echo(safe(f"sessions: {len(sessions)} of {couples}; each set, each first speaker, {design.repeats} each"))
    missing = {row.id for row in ledger.each("open")}
    ahead = [one.spec for one in sessions if one.spec.id in missing]
    estimator = Estimator()
    expected = [(spec, estimator.expect(spec, tried.expansion.prompts_of(spec))) for spec in ahead]
    requests = sum(each.taken.requests for _, each in expected)
    tokens = sum(each.taken.total for _, each in expected)
    costs = [each.cost(spec.models, prices) for spec, each in expected]
    cost = sum(each or 0.0 for each in costs)
    price = (
        ", at a price that is not known" if None in costs else f", about ${cost:.2f} without caching" if cost else ""
    )
    known = len(sessions) - len(ahead)
    click.echo(
        f"ahead:    {len(ahead)} sessions, about {requests:,} requests and {tokens:,} tokens{price}"
        + (f"; {known} are on record" if known else "")
    )


def _went(before: int, after: int) -> str:
    return f"{after:,}" if before == after else f"{before:,} to {after:,}"


def _spoken(before: Summary, after: Summary) -> str:
    """What this sitting has added."""
    sessions = after.complete + after.ended - before.complete - before.ended
    said = f"{sessions} sessions, {after.turns - before.turns:,} turns, {after.tokens - before.tokens:,} tokens"
    if after.cost and before.cost is not None:
        said += f", {'' if after.exact else '<= '}${after.cost - before.cost:.2f}"
    return said


def _place(case: Case) -> Hashable:
    """Equal for the sessions of a pair."""
    return case.factors["couple"], case.factors["swap first"], case.repeat
