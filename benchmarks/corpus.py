"""Rehearsal sessions for the benchmarks: all couples in turn, the same ones every time."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from generator.assets import Assets
from generator.chat.rehearsal.chat import Rehearsal
from generator.format import render
from generator.plan import Plan, expand
from generator.schema.label import PRINCIPALS
from generator.schema.turn import Turn
from generator.session import Session


def speak(number: int, turns: int | None = None) -> tuple[str, str]:
    """The `number`-th session, from 0: its couple's id and the transcript."""
    session = _session(number, turns)
    return session.spec.couple.id, render(session.transcript())


def spoken(number: int, turns: int | None = None) -> list[Turn]:
    """The turns of the `number`-th session, from 0."""
    return _session(number, turns).turns


def _session(number: int, turns: int | None) -> Session:
    assets = Assets()
    couples = list(assets.all("couple"))
    couple = couples[number % len(couples)]
    plan = Plan(couple=couple, rng_seed=1000 + number // len(couples), first="random", turns=turns)
    expansion = expand(plan, assets)
    first = expansion.sessions[0].spec
    session = Session(first, expansion.prompts_of(first), dict.fromkeys(PRINCIPALS, Rehearsal()))

    async def run() -> None:
        async for _ in session.run():
            pass

    asyncio.run(run())
    return session


def write(folder: Path, sessions: int, turns: int | None = None) -> list[Path]:
    """So many sessions as files, made on all processors."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(speak, range(sessions), [turns] * sessions, chunksize=4)
        for number, (couple, text) in enumerate(made, start=1):
            path = folder / f"{number:06d}_{couple}.txt"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    return paths
