"""How long the viewer takes to answer over a run of 10,000 sessions of 31 turns: its pages, over HTTP, by a process of
its own. Run: python -m benchmarks.viewing [sessions]
"""

from __future__ import annotations

import json
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpus import spoken
from generator import batch
from generator.assets import Assets
from generator.ledger import changes
from generator.plan import Plan, expand, plan_of
from generator.schema.planned import Planned
from generator.schema.turn import Turn

SESSIONS = 10_000
TURNS = 31
SPOKEN = 16
"""Sessions that are really spoken; their turns stand in all others."""
TIMES = 15

PAGES = {
    "first page": "/run/run",
    "a page in the middle": "/run/run?page={page}",
    "chosen by couple and prompt set": "/run/run?couple=ruth-harold&prompts=candid",
    "cells": "/run/run/cells",
    "session": "/run/run/session/{n}",
    "two side by side": "/run/run/session/{n}?beside={m}",
    "prompt of a turn": "/run/run/session/{n}/turn/29",
    "how it stands": "/run/run/standing",
}


def plan(sessions: int) -> Plan:
    """Couples by prompt sets, repeated."""
    factors = {"couple": "all", "prompts": ["baseline", "candid", "balanced", "structured"]}
    return plan_of({"factors": factors, "repeats": -(-sessions // 64), "turns": TURNS})


def build(folder: Path, sessions: int) -> None:
    """A run in which every session has been spoken."""
    expansion = expand(plan(sessions), Assets())
    ledger = batch.begin(folder, plan(sessions), expansion, "benchmark")
    texts = [[_with_a_body(turn) for turn in spoken(number, TURNS)] for number in range(SPOKEN)]

    def enter(connection: sqlite3.Connection, part: Sequence[Planned]) -> None:
        for one in part:
            for turn in texts[one.spec.rng_seed % SPOKEN]:
                changes.commit_turn(connection, one.spec.id, turn, "gpt-4o", None)
            changes.end_session(connection, one.spec.id, "complete")

    for start in range(0, len(expansion.sessions), 500):
        ledger.write(enter, expansion.sessions[start : start + 500])
    ledger.close()


def _with_a_body(turn: Turn) -> Turn:
    """With a reply as an endpoint sends it."""
    body = {"id": "chatcmpl-0", "choices": [{"message": {"content": turn.text}}], "usage": {}, "padding": " " * 600}
    return turn.model_copy(
        update={"reply": turn.reply.model_copy(update={"raw": json.dumps(body).encode(), "model": "gpt-4o"})}
    )


def main() -> None:
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        build(run, sessions)
        size = (run / "ledger.db").stat().st_size
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        viewer = subprocess.Popen(
            [sys.executable, "-m", "generator.cli", "view", str(run), "--port", str(port)], stderr=subprocess.DEVNULL
        )
        try:
            print(
                json.dumps({"sessions": sessions, "ledger_mb": round(size / 1e6), **measured(port, sessions)}, indent=1)
            )
        finally:
            viewer.terminate()
            viewer.wait()


def measured(port: int, sessions: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each page: the first time, and the median and the most of the times after it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            _took(port, "/static/icon.svg")
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    told = {}
    for name, page in PAGES.items():
        address = page.format(n=sessions // 2, m=sessions // 2 + 1, page=sessions // 100)
        first, *others = (_took(port, address) for _ in range(1 + TIMES))
        told[name] = {"first_ms": first, "median_ms": statistics.median(others), "most_ms": max(others)}
    return told


def _took(port: int, page: str) -> float:
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}") as answer:
        answer.read()
    return round(1000 * (time.perf_counter() - began), 1)


if __name__ == "__main__":
    main()
