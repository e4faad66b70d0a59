"""What `evaluate` and `judge-check` share: the judge's options, and an evaluation at the terminal."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from generator.cli.options import cap_options, concurrency_option
from generator.cli.terminal import safe

if TYPE_CHECKING:
    from generator.budget import RunPurse
    from generator.judge.log import Counts
    from generator.judge.material import Material
    from generator.judge.rubric import Rubric
    from generator.judge.store import Store
    from generator.prices import Prices
    from generator.schema.session import Model

F = TypeVar("F", bound=Callable[..., Any])

LINE_SECONDS = 10.0
"""How often a line tells where an evaluation is."""

_OPTIONS = [
    click.option("--judge-model", "name", metavar="NAME", help="The model that judges."),
    click.option("--base-url", metavar="URL", help="Its endpoint up to and including /v1 [the OpenAI API]."),
    click.option("--key-env", metavar="NAME", help="Variable that holds the key [OPENAI_API_KEY, for the OpenAI API]."),
    click.option("--temperature", type=float, metavar="T", help="Sampling temperature [the endpoint's own]."),
    click.option("--token-parameter", type=click.Choice(["max_tokens", "max_completion_tokens"]),
                 help="Field for the limit of an answer [max_tokens]."),
    click.option("--reasoning-effort", type=click.Choice(["none", "minimal", "low", "medium", "high"]),
                 help="For models that think first."),
    click.option("--reasoning-headroom", type=int, metavar="N", help="Tokens set apart for hidden reasoning [0]."),
    click.option("--rubric", "rubrics", multiple=True, metavar="NAME|FOLDER", help="Only this rubric; repeatable."),
]  # fmt: skip

MODEL_FIELDS = ("base_url", "key_env", "temperature", "token_parameter", "reasoning_effort", "reasoning_headroom")


def judge_options(function: F) -> F:
    """Add the options that name a judge and limit what it may take."""
    function = click.option("-q", "--quiet", is_flag=True, help="No progress.")(function)
    function = concurrency_option(cap_options(function))
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def judge_from(name: str, given: dict[str, Any]) -> Model:
    """The judge that the options name. Raises InputError naming the option that is wrong."""
    from pydantic import ValidationError

    from generator.errors import InputError
    from generator.schema.session import Model
    from generator.strict_yaml import plain

    fields = {field: given[field] for field in MODEL_FIELDS if given.get(field) is not None}
    try:
        return Model(name=name, **fields)
    except ValidationError as exc:
        problems = ((str(error["loc"][0]).replace("_", "-"), plain(str(error["msg"]))) for error in exc.errors())
        raise InputError(*(f"--{option}: {said}" for option, said in problems)) from exc


def evaluate(
    materials: Iterable[Material],
    rubrics: Sequence[Rubric],
    model: Model,
    stores: Callable[[Material], Path],
    purse: RunPurse,
    *,
    concurrency: int,
    quiet: bool,
    retry_failed: bool = False,
    samples: Sequence[int] = (0,),
) -> tuple[Counts, int]:
    """Have materials judged; those of one store together. Returns what was done and the exit code; errors are printed
    and become one."""
    from generator.errors import CouplesimError
    from generator.judge.log import Counts

    counts = Counts()
    try:
        code = asyncio.run(
            _evaluate(materials, rubrics, model, stores, purse, counts, concurrency, quiet, retry_failed, samples)
        )
    except CouplesimError as error:
        for line in str(error).splitlines():
            click.echo(safe(f"couplesim: {line}"), err=True)
        code = error.exit_code
    return counts, code or (3 if counts.failed or counts.invalid else 0)


async def _evaluate(
    materials: Iterable[Material],
    rubrics: Sequence[Rubric],
    model: Model,
    stores: Callable[[Material], Path],
    purse: RunPurse,
    counts: Counts,
    concurrency: int,
    quiet: bool,
    retry_failed: bool,
    samples: Sequence[int],
) -> int:
    from generator.engines.protocol import Stop
    from generator.judge.judging import Bench, identity, tasks
    from generator.judge.store import Store
    from generator.settings import Chats

    stop, chats = Stop(), Chats(most_requests=concurrency)
    received = _obey_signals(stop, counts, quiet)
    telling = asyncio.create_task(_tell(counts, purse, quiet))
    try:
        chat = chats.judge(model)
        for path, of_one in itertools.groupby(materials, stores):
            store = Store.open(path)
            try:
                bench = Bench(store, model, chat, purse, stop, retry_failed, counts)
                await bench.judge(tasks(of_one, rubrics, identity(model), samples), concurrency)
            finally:
                store.close()
            if stop.requested:
                break
    except asyncio.CancelledError:
        pass
    finally:
        telling.cancel()
        with suppress(Exception):
            await chats.close()
    return 128 + received[-1] if received else 0


def _obey_signals(stop: Any, counts: Counts, quiet: bool) -> list[int]:
    """The first signal lets requests under way finish, the second one drops them. Returns what is received, in time."""
    received: list[int] = []
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def interrupted(number: int) -> None:
        received.append(number)
        if len(received) > 1:
            task.cancel()
            return
        stop.request()
        if not quiet:
            click.echo(f"stopping: {counts.under_way} requests under way, Ctrl-C again to drop them", err=True)

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, interrupted, name)
    return received


async def _tell(counts: Counts, purse: RunPurse, quiet: bool) -> None:
    while not quiet:
        await asyncio.sleep(LINE_SECONDS)
        click.echo(f"{progress(counts)}, {counts.under_way} under way, {purse.tokens:,} tokens", err=True)


def progress(counts: Counts) -> str:
    """What has been judged, in words."""
    parts = [f"{counts.judged:,} judged"]
    parts += [
        f"{number:,} {what}"
        for what, number in (("invalid", counts.invalid), ("failed", counts.failed), ("there before", counts.kept))
        if number
    ]
    return ", ".join(parts)


def purse_for(
    paths: Iterable[Path], model: Model, prices: Prices, run_tokens: int | None, run_cost: float | None
) -> RunPurse:
    """The caps, of all that was ever asked for these stores. Raises InputError where a price is not known."""
    from generator.budget import RunPurse

    if run_cost is not None:
        prices.require([model.name], "--run-cost")
    taken = [each for path in paths if path.is_file() for each in _taken(path)]
    cost = sum(prices.bound(each.model, each.usage) for each in taken)
    return RunPurse(run_tokens, run_cost, prices.bound, sum(each.usage.total for each in taken), cost)


def _taken(path: Path) -> list[Any]:
    from generator.judge.store import Store

    store: Store = Store.read(path)
    try:
        return store.taken()
    finally:
        store.close()


def spending(paths: Iterable[Path], prices: Prices) -> dict[str, Any]:
    """What all requests for these stores have taken: tokens, cost (None where a price is not known), exact."""
    taken = [each for path in paths if path.is_file() for each in _taken(path)]
    costs = [prices.cost(each.model, each.usage) for each in taken]
    known = [cost for cost in costs if cost is not None]
    return {
        "requests": len(taken),
        "tokens": sum(each.usage.total for each in taken),
        "cost": sum(known) if len(known) == len(costs) else None,
        "exact": not any(each.usage.estimated for each in taken),
    }
