"""`couplesim evaluate`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.judging import judge_options
from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.cli.scoring import Row
    from generator.judge.material import Material
    from generator.judge.scores import Scored


@click.command("evaluate", short_help="Measure sessions, with a judge model if one is named.")
@click.argument("paths", nargs=-1, required=True, metavar="RUN|PATH...", type=click.Path(path_type=Path))
@judge_options
@click.option("--retry-failed", is_flag=True, help="Ask again what failed or could not be used.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where scores are kept [scores.db in the run's folder, or beside the transcripts].",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table of comma-separated values, a row a session.")
def command(
    paths: tuple[Path, ...],
    name: str | None,
    rubrics: tuple[str, ...],
    run_tokens: int | None,
    run_cost: float | None,
    concurrency: int,
    quiet: bool,
    retry_failed: bool,
    out: Path | None,
    as_json: bool,
    as_csv: bool,
    **given: Any,
) -> None:
    """Measure the finished sessions of runs, or transcripts in files and folders. Nothing is generated. What needs no
    model (docs/measures.md) is measured at once.

    With --judge-model a model judges each of them by the rubrics in prompts/judges/: framing, bids, challenges,
    alliance, PANAS, persona fidelity, realism. What has been judged is kept and not asked again, so the same command
    goes on after any stop; a changed rubric is asked anew, and no other. A failed or invalid answer is missing, never
    zero, and every figure says of how many. docs/judge.md tells what each measure is.

    Exit codes: 0 all judged; 2 bad input; 3 some answers failed or could not be used; 4 stopped by a cap; 5 the
    provider refuses; 6 storage; 7 somebody else writes the scores; 130/143 interrupted.

    \b
    couplesim evaluate outputs/study --judge-model gpt-4o --temperature 0
    couplesim evaluate outputs/study --judge-model judge --base-url http://localhost:8000/v1 --rubric framing
    """  # fmt: skip
    from generator.assets import Assets
    from generator.cli import judging
    from generator.errors import InputError
    from generator.judge.material import materials
    from generator.judge.rubric import load_rubrics
    from generator.judge.scores import FILE
    from generator.prices import Prices
    from generator.settings import Chats

    if as_json and as_csv:
        raise InputError("--json and --csv: choose one")
    assets = Assets()
    asked, prices = load_rubrics(rubrics, assets), Prices.load(assets)
    left_out: list[str] = []
    found = list(materials(paths, left_out))
    for sentence in left_out:
        click.echo(safe(f"left out: {sentence}"), err=True)
    if not found:
        raise InputError("there is no finished session to evaluate")

    def store(material: Material) -> Path:
        return out or material.home / FILE

    stores = list(dict.fromkeys(map(store, found)))
    model, counts, code = None, None, 0
    if name is None:
        _say_what_is_needed(stores)
    else:
        model = judging.judge_from(name, given)
        Chats().judge(model)
        purse = judging.purse_for(stores, model, prices, run_tokens, run_cost)
        counts, code = judging.evaluate(
            found, asked, model, store, purse, concurrency=concurrency, quiet=quiet, retry_failed=retry_failed
        )
    from generator.cli import scoring

    rows = _rows(paths, found, stores, model)
    spent = judging.spending(stores, prices)
    if as_json:
        click.echo(scoring.as_json(rows, spent, code))
    elif as_csv:
        click.echo(scoring.as_csv(rows), nl=False)
    else:
        scoring.show(rows, spent, counts)
    if code:
        again = [*map(str, paths), *_as_given(name, given, rubrics, out)]
        click.echo(safe(f"go on: couplesim evaluate {shlex.join(again)}{_HOW.get(code, '')}"), err=True)
    raise click.exceptions.Exit(code)


_HOW = {3: " --retry-failed", 4: " (with a higher --run-cost or --run-tokens)"}


def _rows(paths: Sequence[Path], found: Sequence[Material], stores: Sequence[Path], model: Any) -> list[Row]:
    """Each transcript with what is measured without a model, and its scores by this judge; None: by the one that was
    asked last."""
    from generator.cli.scoring import Row
    from generator.errors import InputError
    from generator.inspection import measured_paths
    from generator.judge.judging import identity
    from generator.judge.scores import scores_of

    kept: dict[str, Scored] = {}
    for path in stores:
        kept |= scores_of(path, identity(model) if model else None)
    try:
        measured = {each.name: each.measures for each in measured_paths(paths, None, [])}
    except InputError as error:
        measured = {}
        click.echo(safe(f"left out: what is measured without a model: {error.problems[0]}"), err=True)
    return [Row(each.name, measured.get(each.name, {}), kept.get(each.hash)) for each in found]


def _say_what_is_needed(stores: Sequence[Path]) -> None:
    there = "scores that are shown were kept" if any(path.is_file() for path in stores) else "nothing is judged"
    click.echo(
        f"no judge model: {there}. Name one with --judge-model NAME (a server of your own: --base-url URL)", err=True
    )


def _as_given(name: str | None, given: dict[str, Any], rubrics: Sequence[str], out: Path | None) -> list[str]:
    options = {"judge-model": name, **given, "out": out}
    words = [part for key, value in options.items() if value is not None for part in (f"--{key}", str(value))]
    return [word.replace("_", "-") if word.startswith("--") else word for word in words] + [
        part for rubric in rubrics for part in ("--rubric", rubric)
    ]
