"""`couplesim generate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from generator.cli.options import concurrency_option, network_fs_option, plan_from, plan_options, report_options


@click.command("generate", short_help="Generate sessions.")
@plan_options
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FOLDER", help="The run's folder [outputs/<named by content>]."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a session.")
@concurrency_option
@network_fs_option
@report_options
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    plan_file: Path | None,
    out: Path | None,
    as_json: bool,
    concurrency: int,
    quiet: bool,
    network_fs: bool,
    report: str | None,
    open_it: bool,
    **given: Any,
) -> None:
    """Generate sessions and write them in the seed format.

    PLAN is a YAML file (see `couplesim init`); options given here come before it. Without --model the built-in
    rehearsal speaker is used: scripted text, no language model, no key. Keys come from the environment only.

    The same command finds its run again: what is there is kept, what is missing is made.

    \b
    couplesim generate -n 3
    OPENAI_API_KEY=... couplesim generate --model gpt-4o --couple ruth-harold
    couplesim generate --model llama3.1 --base-url http://localhost:11434/v1
    """
    from generator import batch, preflight
    from generator.assets import Assets
    from generator.cli.report import report_on
    from generator.cli.running import made_by, require_caps, run, say_how_it_went, say_what_was_kept
    from generator.cli.terminal import safe
    from generator.plan import expand, run_name
    from generator.prices import Prices
    from generator.settings import Chats
    from generator.summary import summary

    assets = Assets()
    plan, prices = plan_from(plan_file, given), Prices.load(assets)
    expansion = expand(plan, assets)
    first = expansion.sessions[0].spec
    require_caps(plan, (one.spec for one in expansion.sessions), prices)
    for lint in preflight.require_all(expansion):
        if not quiet:
            click.echo(safe(f"couplesim: {lint}"), err=True)
    chats = Chats()
    for cast in expansion.casts():
        chats.of(cast)
    folder = out or Path("outputs") / run_name(first)
    ledger = batch.begin(folder, plan, expansion, made_by(), network_fs=network_fs)
    del expansion
    code = run(ledger, plan, prices, concurrency=concurrency, quiet=quiet)
    counts = summary(ledger, prices.cost)
    if as_json:
        from generator.export.record import record
        from generator.export.selection import run_of

        started = run_of(ledger)
        for row in ledger.each():
            told = record(started, row, ledger.turns(row.id))
            written = batch.transcript_path(folder, row)
            told["transcript"] = str(written) if written.exists() else None
            click.echo(json.dumps(told, ensure_ascii=False))
    else:
        say_how_it_went(ledger, counts, code)
    say_what_was_kept(ledger, counts, code)
    ledger.close()
    if counts.turns and (report is not None or open_it):
        report_on([folder], report, open_it, aside=as_json)
    raise click.exceptions.Exit(code)
