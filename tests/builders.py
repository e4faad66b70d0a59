"""What several tests build: specs from shipped assets, spoken sessions, the seed, a time limit."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from generator import personas
from generator.assets import Assets, shipped_root
from generator.chat.protocol import Request
from generator.chat.scripted import Scripted
from generator.prompts import PromptSet, load_prompt_set
from generator.schema.label import LABELS, PRINCIPALS, Label
from generator.schema.session import Cast, CastPrompts, Model, Spec
from generator.schema.turn import Reply
from generator.session import Session

SHIPPED = Assets([shipped_root()])

couple = functools.cache(functools.partial(personas.load_couple, assets=SHIPPED))
therapist = functools.cache(functools.partial(personas.load_therapist, assets=SHIPPED))
topic = functools.cache(functools.partial(personas.load_topic, assets=SHIPPED))


@functools.cache
def prompt_set(name: str = "baseline") -> PromptSet:
    return load_prompt_set(name, SHIPPED)


def spec(**changes: Any) -> Spec:
    """A spec of shipped assets. Assets may be given by id, `prompts` by the set's name."""
    fields: dict[str, Any] = {
        "couple": "daniel-marcus",
        "therapist": "anya-forger",
        "topic": "work-home-role-strain",
        "structure": "LLM Only",
        "first": "A",
        "turns": 31,
        "prompts": "baseline",
        "rng_seed": 1,
        **changes,
    }
    for name, load in (("couple", couple), ("therapist", therapist), ("topic", topic)):
        if isinstance(fields[name], str):
            fields[name] = load(fields[name])
    if isinstance(fields["prompts"], str):
        fields["prompts"] = CastPrompts.all_from(prompt_set(fields["prompts"]).ref)
    return Spec(**fields)


def prompts_of(of: Spec) -> dict[Label, PromptSet]:
    """The prompt set of each speaker of a session."""
    return {label: prompt_set(of.prompts.of(label).name) for label in PRINCIPALS}


def layout(name: str) -> Cast:
    """All roles spoken for by one model with this layout of its messages."""
    model = Model(layout=name)
    return Cast(therapist=model, a=model, b=model, facilitator=model)


def speak(of: Spec, replies: Iterable[str | Reply] | Callable[[Request], str | Reply]) -> tuple[Session, list[Request]]:
    """The session spoken to its end by a script, and every request that was made for it."""
    chat = Scripted(replies)
    session = Session(of, prompts_of(of), dict.fromkeys(LABELS, chat))

    async def run() -> None:
        async for _ in session.run():
            pass

    asyncio.run(run())
    return session, chat.requests


def seed_text() -> str:
    """The seed transcript; skips the test where it is not at hand."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "seed"
    found = sorted(folder.glob("*.txt"))
    if not found:
        pytest.skip(f"THE SEED IS MISSING: no *.txt in {folder}; nothing here was compared with it")
    return found[0].read_bytes().decode("utf-8")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails if the block takes more processor time; limits are wide, for what should take milliseconds."""
    start = time.process_time()
    yield
    took = time.process_time() - start
    assert took < seconds, f"took {took:.1f} s, allowed are {seconds} s"
