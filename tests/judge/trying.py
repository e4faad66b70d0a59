"""Evaluations inside the test's own process, against a scripted endpoint on a clock that runs ahead."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.budget import RunPurse
from generator.chat.endpoint import Endpoint
from generator.engines.protocol import Stop
from generator.errors import CouplesimError
from generator.judge.figures import Item
from generator.judge.judging import Bench, Counts, identity, tasks
from generator.judge.material import Material
from generator.judge.rubric import Rubric, load_rubrics
from generator.judge.scores import Scored, scores_of
from generator.judge.store import Store
from generator.schema.label import Label
from generator.schema.session import Model
from generator.schema.turn import Transcript
from tests.builders import SHIPPED
from tests.chat.asking import KEY
from tests.faults.running import Ahead
from tests.faults.server import Script, Server
from tests.judge.stand_in import MODEL

JUDGE = Model(name=MODEL, base_url="http://judge/v1", temperature=0)


@functools.cache
def rubric(name: str) -> Rubric:
    return load_rubrics([name], SHIPPED)[0]


def session(rounds: int = 3, words: tuple[int, int] = (10, 10), title: str = "Trust") -> Transcript:
    """So many rounds of therapist, A and B, who speak so many words a turn, and the therapist once more."""
    turns: list[tuple[Label, str]] = []
    for n in range(1, rounds + 1):
        turns.append(("Therapist", f"This is question number {n}, for the two of you."))
        turns.append(("Patient A", " ".join([f"Anna{n}", *["says"] * (words[0] - 1)])))
        turns.append(("Patient B", " ".join([f"Bert{n}", *["says"] * (words[1] - 1)])))
    turns.append(("Therapist", "That is all we have time for today."))
    return Transcript(title=title, structure="Sequential", turns=tuple(turns))


def material(transcript: Transcript | None = None, home: Path = Path("."), **changes: Any) -> Material:
    return Material("a session", home, transcript or session(), **changes)


@dataclass
class Judged:
    """What came of an evaluation."""

    server: Server
    counts: Counts
    error: CouplesimError | None
    path: Path

    @property
    def scores(self) -> dict[str, Scored]:
        return scores_of(self.path)

    @property
    def one(self) -> Scored:
        (found,) = self.scores.values()
        return found


def judge(
    path: Path,
    script: Script,
    materials: Iterable[Material],
    *rubrics: str | Rubric,
    at_a_time: int = 8,
    purse: RunPurse | None = None,
    retry_failed: bool = False,
    samples: Sequence[int] = (0,),
    during: Callable[[Server, Stop], Any] | None = None,
    deadline_seconds: float = 10.0,
    by: Model = JUDGE,
) -> Judged:
    """Have materials judged into the store at `path`. `during`: a coroutine function run beside."""
    asked = [rubric(each) if isinstance(each, str) else each for each in rubrics]
    clock, server, counts = Ahead(50.0), Server(script), Counts()

    async def go() -> CouplesimError | None:
        stop = Stop()
        async with server:
            endpoint = Endpoint(server.url, KEY, deadline_seconds=deadline_seconds, sleep=clock.sleep, now=clock.now)
            with closing(Store.open(path)) as store:
                bench = Bench(store, by, endpoint, purse or RunPurse(), stop, retry_failed, counts)
                beside = asyncio.create_task(during(server, stop)) if during else None
                try:
                    await bench.judge(tasks(materials, asked, identity(by), samples), at_a_time)
                except CouplesimError as error:
                    return error
                finally:
                    if beside is not None:
                        await beside
                    await endpoint.close()
        return None

    error = asyncio.run(go())
    return Judged(server, counts, error, path)


def items(**answers: Any) -> list[Item]:
    """Items of one question, in order: `items(adopts=["A", None])`; None is one without a valid answer."""
    ((key, values),) = answers.items()
    problems = [None if value is not None else "not answered" for value in values]
    return [Item(str(n), key, *told) for n, told in enumerate(zip(values, problems, strict=True), start=1)]
