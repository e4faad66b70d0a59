"""`couplesim resume`."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli.options import cap_options, concurrency_option, network_fs_option


@click.command("resume", short_help="Go on with a run.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--retry-failed", is_flag=True, help="Take up failed sessions again, too.")
@cap_options
@concurrency_option
@network_fs_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    run_folder: Path,
    retry_failed: bool,
    run_tokens: int | None,
    run_cost: float | None,
    concurrency: int,
    quiet: bool,
    network_fs: bool,
) -> None:
    """Go on with the run in folder RUN: every turn in its ledger is kept, none is asked for again.

    Personas and prompts are taken from the ledger, as they were when the run began. A cap given here takes the place
    of the run's own, from now on.
    """
    from generator import batch
    from generator.cli.running import require_caps, run, say_how_it_went, say_what_was_kept
    from generator.cli.runs import run_at
    from generator.ledger import Ledger
    from generator.plan import plan_of
    from generator.prices import Prices
    from generator.summary import summary

    ledger, prices = Ledger.open(run_at(run_folder), network_fs=network_fs), Prices.load()
    caps = {"run_tokens": run_tokens, "run_cost": run_cost}
    given = {name: cap for name, cap in caps.items() if cap is not None}
    plan = plan_of({**ledger.plan, **given})
    require_caps(plan, (row.spec for row in ledger.each("open", "failed")), prices)
    if given:
        batch.change_plan(ledger, plan)
    code = run(ledger, plan, prices, concurrency=concurrency, quiet=quiet, retry_failed=retry_failed)
    counts = summary(ledger, prices.cost)
    say_how_it_went(ledger, counts, code)
    say_what_was_kept(ledger, counts, code)
    ledger.close()
    raise click.exceptions.Exit(code)
