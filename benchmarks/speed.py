"""Speed: sessions a second in-process, and CPU a turn over HTTP beside an ordinary `openai` loop.

Run: python -m benchmarks.speed
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator import batch
from generator.assets import Assets
from generator.ledger import Ledger
from generator.plan import Plan, expand
from generator.schema.session import Cast, Model
from generator.settings import Chats

ROUNDS = 6
TURNS = 31
SESSIONS = 4


class Silent:
    """Watches a run and says nothing."""

    def session_begins(self, *_: object) -> None: ...

    def turn_kept(self, *_: object) -> None: ...

    def session_ends(self, *_: object) -> None: ...


def run(plan: Plan) -> Ledger:
    """The plan carried out in a temporary folder; the ledger is left open."""
    specs, prompts = expand(plan, Assets())
    ledger = batch.begin(Path(tempfile.mkdtemp()) / "run", plan, specs, prompts, "benchmark")

    async def carry_out() -> None:
        chats = Chats({})
        try:
            await batch.carry_out(ledger, lambda spec: chats.of(spec.models), Silent(), batch.Stop())
        finally:
            await chats.close()

    asyncio.run(carry_out())
    return ledger


async def ordinary_loop(base_url: str, sent: list[list[list[dict[str, str]]]]) -> int:
    """What people write by hand: the same messages through `chat.completions.create`, replies into a list."""
    import openai

    turns = 0
    async with openai.AsyncOpenAI(api_key="none", base_url=base_url) as client:
        for messages in sent:
            replies: list[str] = []
            for request in messages:
                reply = await client.chat.completions.create(model="rehearsal", messages=request, max_tokens=150)  # type: ignore[arg-type]
                replies.append(reply.choices[0].message.content or "")
                turns += 1
    return turns


def messages_of(ledger: Ledger) -> list[list[list[dict[str, str]]]]:
    """The messages of every turn of every session of a run, rebuilt from its ledger."""
    from generator.session import Session

    found = []
    for row in ledger.sessions():
        turns = ledger.turns(row.id)
        prompts = batch.kept_prompts(ledger, row.spec)
        sessions = (Session(row.spec, prompts, {}, turns[:number]) for number in range(len(turns)))
        found.append([session.messages(turn.speaker) for session, turn in zip(sessions, turns, strict=True)])
    return found


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """`couplesim serve` in a process of its own: base URL and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "generator.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1", process.pid
    finally:
        process.terminate()
        process.wait()


def cpu_of(pid: int) -> float:
    """CPU seconds a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    in_process = Plan(sessions=SESSIONS, turns=TURNS)
    rates = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        run(in_process.model_copy(update={"seed": number})).close()
        rates.append(SESSIONS / (time.perf_counter() - began))
    with served() as (base_url, pid):
        model = Model(base_url=base_url)
        over_http = in_process.model_copy(update={"models": Cast(therapist=model, a=model, b=model)})
        ours, theirs, server = [], [], []
        warm = run(over_http.model_copy(update={"sessions": 1, "seed": 999}))
        asyncio.run(ordinary_loop(base_url, messages_of(warm)))
        for number in range(ROUNDS):
            cpu, served_cpu = time.process_time(), cpu_of(pid)
            ledger = run(over_http.model_copy(update={"seed": number}))
            ours.append((time.process_time() - cpu) / (SESSIONS * TURNS))
            server.append((cpu_of(pid) - served_cpu) / (SESSIONS * TURNS))
            sent = messages_of(ledger)
            cpu = time.process_time()
            turns = asyncio.run(ordinary_loop(base_url, sent))
            theirs.append((time.process_time() - cpu) / turns)
            ledger.close()
    result = {
        "in_process_sessions_per_second": round(statistics.median(rates), 2),
        "http_cpu_ms_per_turn": round(1000 * statistics.median(ours), 2),
        "http_cpu_ms_per_turn_ordinary_openai_loop": round(1000 * statistics.median(theirs), 2),
        "ratio": round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3),
        "server_cpu_ms_per_turn": round(1000 * statistics.median(server), 2),
        "rounds": ROUNDS,
        "turns_per_round": SESSIONS * TURNS,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
