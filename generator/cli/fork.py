"""`couplesim fork`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli.comparing import comparing_options
from generator.cli.options import cap_options, concurrency_option, network_fs_option
from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.fork import Variant
    from generator.ledger import Ledger


@click.command("fork", short_help="Go on from a turn with other prompts, and compare.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--session",
    "chosen",
    multiple=True,
    metavar="N|N-M|all",
    help="Sessions to fork, may be given several times [all].",
)
@click.option("--turn", type=click.IntRange(min=1), required=True, metavar="K", help="The last turn taken over.")
@click.option("--prompts", metavar="NAME|FOLDER", help="Prompt set that the variant goes on with.")
@click.option("--therapist-prompts", metavar="NAME|FOLDER", help="Prompt set for the variant's therapist.")
@click.option("--partner-prompts", metavar="NAME|FOLDER", help="Prompt set for both of the variant's partners.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FOLDER", help="The new run's folder [outputs/<RUN>_fork-<...>]."
)
@comparing_options
@cap_options
@concurrency_option
@network_fs_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")  # fmt: skip
def command(
    run_folder: Path,
    chosen: tuple[str, ...],
    turn: int,
    prompts: str | None,
    therapist_prompts: str | None,
    partner_prompts: str | None,
    out: Path | None,
    family: str | None,
    gates: tuple[str, ...],
    with_all: bool,
    run_tokens: int | None,
    run_cost: float | None,
    concurrency: int,
    quiet: bool,
    network_fs: bool,
) -> None:
    """Fork sessions of RUN after turn K: from the same turns, one branch goes on with the prompts it had, one with
    others. Then the continuations are compared, in pairs, measured from turn K + 1 on.

    Turns 1 to K are taken over as they are on record; they are not asked for again and cost nothing. Both branches are
    spoken anew from there, so that chance has its part in both. RUN itself is only read. The same command finds its
    fork again, and `couplesim resume` goes on with one that was stopped.

    \b
    couplesim fork outputs/study --turn 12 --prompts mine
    couplesim fork outputs/study --session 1-10 --session 14 --turn 12 --therapist-prompts candid
    """
    from generator import batch, preflight
    from generator.cli.comparing import Wanted, say_where_to_look, tell
    from generator.cli.running import made_by, require_caps, run, say_how_it_went, say_what_was_kept
    from generator.cli.runs import run_at
    from generator.compare import compare_levels
    from generator.compare.measures import all_measures
    from generator.continuations import continuations
    from generator.errors import SessionFailed
    from generator.fork import BRANCH, SOURCE, UNCHANGED, VARIANT, fork, fork_name
    from generator.ledger import Ledger
    from generator.plan import plan_of
    from generator.prices import Prices
    from generator.summary import summary

    wanted = Wanted.of(family, gates)
    variant = _variant(prompts, therapist_prompts, partner_prompts)
    source, loaded_prices = Ledger.read(run_at(run_folder)), Prices.load()
    try:
        forked = fork(source, _numbers(chosen, source), turn, variant)
        plan = plan_of({**source.plan, "run_tokens": run_tokens, "run_cost": run_cost})
        folder = out or Path("outputs") / fork_name(source, forked.sessions)
    finally:
        source.close()
    require_caps(plan, (one.spec for one in forked.sessions), loaded_prices)
    for lint in preflight.require_all(forked):
        if not quiet:
            click.echo(safe(f"couplesim: {lint}"), err=True)
    ledger = batch.begin(folder, plan, forked, made_by(), network_fs=network_fs)
    del forked
    code = run(ledger, plan, loaded_prices, concurrency=concurrency, quiet=quiet)
    counts = summary(ledger, loaded_prices.cost)
    say_how_it_went(ledger, counts, code)
    say_what_was_kept(ledger, counts, code)
    ledger.close()
    if counts.complete + counts.ended and code in {0, SessionFailed.exit_code}:
        click.echo(f"\nfrom turn {turn + 1} on, {VARIANT} against {UNCHANGED}:")
        measured = continuations(folder)
        compared = compare_levels(measured, BRANCH, all_measures(), wanted.family, UNCHANGED)
        code = tell(compared, wanted, with_all, code)
        say_where_to_look(folder, compared, measured.cases, lambda case: case.factors[SOURCE])
    raise click.exceptions.Exit(code)


def _variant(prompts: str | None, therapist: str | None, partners: str | None) -> Variant:
    from generator.assets import Assets
    from generator.errors import InputError
    from generator.prompts import load_prompt_set

    names = {"therapist": therapist or prompts, "partners": partners or prompts}
    given = {role: name for role, name in names.items() if name is not None}
    if not given:
        raise InputError("what is to be tried? Give --prompts, --therapist-prompts or --partner-prompts")
    assets = Assets()
    return {role: load_prompt_set(name, assets) for role, name in given.items()}  # type: ignore[misc]


def _numbers(chosen: tuple[str, ...], source: Ledger) -> list[int]:
    """The numbers of the sessions meant."""
    from generator.errors import InputError

    numbers: list[int] = []
    last = sum(source.by_status().values())
    for each in chosen or ("all",):
        span = re.fullmatch(r"([1-9]\d{0,6})(?:-([1-9]\d{0,6}))?", each)
        if each == "all":
            numbers += range(1, last + 1)
        elif span is None or int(span[2] or span[1]) < int(span[1]):
            raise InputError(f"--session: a number, a range like 3-7, or all (got {each!r})")
        elif int(span[2] or span[1]) > last:
            raise InputError(f"--session: {source.folder} has sessions 1 to {last} (got {each!r})")
        else:
            numbers += range(int(span[1]), int(span[2] or span[1]) + 1)
    return numbers
