"""`couplesim judge-check`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.cli.judging import judge_options
from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.judge.calibration import Check

FINDINGS = 1
"""Exit code where a check has failed."""
NOT_ALL_VALID = 3
"""Exit code of an evaluation in which answers failed; how many is one of the checks."""


@click.command("judge-check", short_help="Find out how far a judge model can be trusted.")
@click.argument("paths", nargs=-1, metavar="[RUN|PATH...]", type=click.Path(path_type=Path))
@judge_options
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    default=Path("outputs/judge-check/scores.db"),
    show_default=True,
    help="Where its answers are kept.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    paths: tuple[Path, ...],
    name: str | None,
    rubrics: tuple[str, ...],
    run_tokens: int | None,
    run_cost: float | None,
    concurrency: int,
    quiet: bool,
    out: Path,
    as_json: bool,
    **given: Any,
) -> None:
    """Try a judge model on transcripts with known answers (prompts/judges/canaries/), or on your own.

    Every rubric is asked twice of each transcript, and once more with Patient A and Patient B exchanged. It is told:
    how many answers were valid; whether exchanging the labels exchanges the scores; agreement between the two answers
    (kappa); whether one score is given to nearly everything; whether quoted evidence stands in the transcript; which
    known answers were found. Answers are kept: the same command asks nothing twice.

    Exit codes: 0 no check failed; 1 a check failed; others as for evaluate.

    \b
    couplesim judge-check --judge-model gpt-4o --temperature 0
    """  # fmt: skip
    from generator.assets import Assets
    from generator.cli import judging
    from generator.errors import InputError
    from generator.judge import calibration
    from generator.judge.canaries import load_canaries
    from generator.judge.judging import identity
    from generator.judge.material import materials
    from generator.judge.rubric import load_rubrics
    from generator.judge.scores import scored
    from generator.judge.store import Store
    from generator.prices import Prices
    from generator.settings import Chats

    if name is None:
        raise InputError("which judge? Name it with --judge-model NAME (a server of your own: --base-url URL)")
    calibration.library()
    assets = Assets()
    asked, prices, model = load_rubrics(rubrics, assets), Prices.load(assets), judging.judge_from(name, given)
    Chats().judge(model)
    left_out: list[str] = []
    known = [] if paths else load_canaries(assets)
    own = [material for _, material in known] or list(materials(paths, left_out))
    for sentence in left_out:
        click.echo(safe(f"left out: {sentence}"), err=True)
    if not own:
        raise InputError("there is no finished session to try the judge on")
    twins = [calibration.exchanged(material) for material in own]
    purse = judging.purse_for([out], model, prices, run_tokens, run_cost)
    for asking, samples in ((own, (0, 1)), (twins, (0,))):
        _, code = judging.evaluate(
            asking, asked, model, lambda _: out, purse, concurrency=concurrency, quiet=quiet, samples=samples
        )
        if code not in {0, NOT_ALL_VALID}:
            raise click.exceptions.Exit(code)
    store = Store.read(out)
    kept = store.kept(identity(model), samples=True)
    store.close()
    names, of_twins = {material.hash for material in own}, {material.hash for material in twins}
    scores = scored([each for each in kept if each.sample == 0])
    found = calibration.checks(
        [each for each in kept if each.transcript in names],
        [each for each in kept if each.transcript in of_twins and each.sample == 0],
        {material.hash: twin.hash for material, twin in zip(own, twins, strict=True)},
        [(canary.about({rubric.name for rubric in asked}), scores.get(material.hash)) for canary, material in known],
    )
    _print(found, judging.spending([out], prices), as_json)
    raise click.exceptions.Exit(FINDINGS if any(check.verdict == "failed" for check in found) else 0)


def _print(found: list[Check], spent: dict[str, Any], as_json: bool) -> None:
    from generator.judge.calibration import in_words

    if as_json:
        told = {"checks": [dataclasses.asdict(check) for check in found], "verdict": in_words(found), "spent": spent}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(f"{'check':<12}{'of':<46}{'value':>7}  {'limit':<28}{'n':>5}  verdict")
    for check in found:
        value = "-" if check.value is None else f"{check.value:.2f}"
        click.echo(safe(f"{check.name:<12}{check.what:<46}{value:>7}  {check.limit:<28}{check.n:>5}  {check.verdict}"))
    for sentence in in_words(found):
        click.echo(safe(sentence))
    at_most = "" if spent["exact"] else "<= "
    click.echo(f"taken: {at_most}{spent['tokens']:,} tokens in {spent['requests']:,} requests")
