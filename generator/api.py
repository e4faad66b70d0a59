"""The Python API: a session in a few lines, with no files and no folders."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal, TypeVar

from generator.assets import Assets
from generator.batch import kept_prompts
from generator.chat.recorded import Recorded
from generator.errors import InputError, SessionFailed
from generator.ledger import Ledger
from generator.plan import expand, plan_of
from generator.preflight import require
from generator.schema.label import PRINCIPALS
from generator.schema.persona import Couple
from generator.schema.session import Budget, Cast, Model
from generator.session import Session
from generator.settings import Chats

T = TypeVar("T")


async def agenerate(
    couple: Couple | str = "daniel-marcus",
    *,
    therapist: str = "anya-forger",
    topic: str | None = None,
    structure: str = "LLM Only",
    prompts: str = "baseline",
    model: Model | Cast | str = "rehearsal",
    budget: Budget | None = None,
    first: Literal["A", "B", "random"] = "A",
    turns: int | None = None,
    seed: int = 1,
) -> Session:
    """Generate one session and return it, spoken: `.turns` are its turns, `.transcript()` its transcript.

    `couple`: a loaded couple, an id or a file. `model`: one name or Model for all roles, or a Cast. The
    default is the built-in rehearsal speaker: scripted text, no language model. Nothing is written; keys
    come from the environment. Raises the errors in `generator.errors`; a SessionFailed holds the turns so far.
    """
    one = Model(name=model) if isinstance(model, str) else model
    cast = one if isinstance(one, Cast) else Cast(therapist=one, a=one, b=one, facilitator=one)
    plan = plan_of(
        {
            "couple": couple if isinstance(couple, str) else couple.id,
            "therapist": therapist,
            "topic": topic,
            "structure": structure,
            "prompts": prompts,
            "models": cast,
            "budget": budget or Budget(),
            "first": first,
            "turns": turns,
            "rng_seed": seed,
        }
    )
    loaded = couple if isinstance(couple, Couple) else None
    expansion = expand(plan, Assets(), loaded)
    spec = expansion.sessions[0].spec
    sets = expansion.prompts_of(spec)
    require(spec, sets)
    chats = Chats()
    try:
        session = Session(spec, sets, chats.of(spec.models))
        async for _ in session.run():
            pass
    except SessionFailed as failed:
        failed.turns = tuple(session.turns)
        raise
    finally:
        await chats.close()
    return session


def generate(couple: Couple | str = "daniel-marcus", **settings: Any) -> Session:
    """As `agenerate`, and waits for it; works in a notebook too, where a loop is already running."""
    return _wait_for(agenerate(couple, **settings))


def replay(run_folder: Path | str, number: int = 1) -> Session:
    """Session `number` of a run, spoken again from its recording with no endpoint: the same turns and messages.

    Raises InputError if there is no such run or session.
    """
    ledger = Ledger.read(Path(run_folder))
    try:
        row = ledger.session(number)
        if row is None:
            raise InputError(f"{run_folder} has sessions 1 to {sum(ledger.by_status().values())}, not {number}")
        turns, prompts = ledger.turns(row.id), kept_prompts(ledger, row.spec)
    finally:
        ledger.close()
    begun = row.spec.prefix.turns if row.spec.prefix else 0
    session = Session(row.spec, prompts, dict.fromkeys(PRINCIPALS, Recorded(turns)), turns[:begun])

    async def speak() -> None:
        async with aclosing(session.run()) as spoken:
            for _ in turns[begun:]:
                await anext(spoken)

    _wait_for(speak())
    return session


def _wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, in a thread of its own where a loop is already running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
