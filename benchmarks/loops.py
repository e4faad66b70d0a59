"""What people write by hand instead: three roles, the history as lists of dicts rebuilt for every turn.

Run: python -m benchmarks.loops ordinary|bare|window --base-url URL --sessions N --turns N [--concurrency N]

`ordinary` is the `openai` package with its defaults, `bare` the same with aiohttp alone, and `window` sends the system
prompt and the last ten turns only. Roles, prompts and the order of speakers are those of the program's own sessions.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from generator.assets import Assets
from generator.plan import Plan, expand
from generator.schema.label import PRINCIPALS, Label
from generator.session import Session
from generator.structures import structure_named

WINDOW = 10
"""Turns that the sliding window keeps."""

Messages = list[dict[str, str]]
Ask = Callable[[Messages], Awaitable[str]]


def prompts() -> tuple[dict[Label, str], str]:
    """The system prompt of each role, and what opens the session."""
    expansion = expand(Plan(), Assets())
    first = expansion.sessions[0].spec
    session = Session(first, expansion.prompts_of(first), {})
    messages = {label: session.messages(label) for label in PRINCIPALS}
    return {label: found[0]["content"] for label, found in messages.items()}, messages["Therapist"][1]["content"]


async def session(
    ask: Ask, systems: dict[Label, str], opening: str, turns: int, window: int | None
) -> list[tuple[Label, str]]:
    """One session."""
    structure = structure_named("LLM Only")("A", turns)
    spoken: list[tuple[Label, str]] = []
    while me := structure.next([speaker for speaker, _ in spoken]):
        messages = [{"role": "system", "content": systems[me]}]
        if me == "Therapist" and window is None:
            messages.append({"role": "user", "content": opening})
        for speaker, text in spoken if window is None else spoken[-window:]:
            if speaker == me:
                messages.append({"role": "assistant", "content": text})
            else:
                messages.append({"role": "user", "content": f"{speaker}: {text}"})
        spoken.append((me, await ask(messages)))
    return spoken


async def sessions(ask: Ask, count: int, turns: int, concurrency: int, window: int | None = None) -> None:
    """So many sessions, so many of them at a time."""
    systems, opening = prompts()
    kept: list[list[tuple[Label, str]]] = []
    left = iter(range(count))

    async def one_after_the_other() -> None:
        for _ in left:
            kept.append(await session(ask, systems, opening, turns, window))

    await asyncio.gather(*(one_after_the_other() for _ in range(concurrency)))
    assert len(kept) == count


async def ordinary(base_url: str, count: int, turns: int, concurrency: int) -> None:
    """With the `openai` package as its readme has it."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key="none", base_url=base_url) as client:

        async def ask(messages: Messages) -> str:
            reply = await client.chat.completions.create(model="bench", messages=messages, max_tokens=150)  # type: ignore[arg-type]
            return reply.choices[0].message.content or ""

        await sessions(ask, count, turns, concurrency)


async def bare(base_url: str, count: int, turns: int, concurrency: int, window: int | None = None) -> None:
    """With aiohttp and nothing else: the floor in Python."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def ask(messages: Messages) -> str:
            body = {"model": "bench", "messages": messages, "max_tokens": 150}
            async with client.post(f"{base_url}/chat/completions", json=body) as response:
                reply = await response.json()
            return str(reply["choices"][0]["message"]["content"])

        await sessions(ask, count, turns, concurrency, window)


def main() -> None:
    """Carry out one of the loops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("ordinary", "bare", "window"))
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--sessions", type=int, required=True)
    parser.add_argument("--turns", type=int, required=True)
    parser.add_argument("--concurrency", type=int, default=1)
    given = parser.parse_args()
    size = given.base_url, given.sessions, given.turns, given.concurrency
    if given.kind == "ordinary":
        asyncio.run(ordinary(*size))
    else:
        asyncio.run(bare(*size, window=WINDOW if given.kind == "window" else None))


if __name__ == "__main__":
    main()
