"""The installed command as a child process, an endpoint for it, and a ledger looked at from outside."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.faults.server import Behaviour, Line, Script, Server

COUPLESIM = str(Path(sys.executable).with_name("couplesim"))


def environment(**extra: str) -> dict[str, str]:
    """The environment of a child: ours without any key, wide enough that no line is folded."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, "COLUMNS": "200", **extra}


def couplesim(
    folder: Path, *args: object, timeout_seconds: float = 60, **extra: str
) -> subprocess.CompletedProcess[str]:
    """The command run in `folder`; `extra` goes into its environment. It never ends in a traceback."""
    done = subprocess.run(
        [COUPLESIM, *map(str, args)],
        cwd=folder, env=environment(**extra), capture_output=True, encoding="utf-8",
        timeout=timeout_seconds,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@contextmanager
def start(folder: Path, *args: object) -> Iterator[subprocess.Popen[str]]:
    """The command begun in `folder`; its output can be read while it runs. Killed if it outlives the block."""
    with subprocess.Popen(
        [COUPLESIM, *map(str, args)],
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    ) as child:  # fmt: skip
        try:
            yield child
        finally:
            child.kill()


def rows(run: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the ledger of `run` answers to a reader beside its writer; nothing where it is not made yet."""
    try:
        with closing(sqlite3.connect(f"file:{run / 'ledger.db'}?mode=ro", uri=True)) as reader:
            return reader.execute(sql).fetchall()
    except sqlite3.OperationalError:
        return []


def turns_in(run: Path) -> int:
    found = rows(run, "SELECT count(*) FROM turn")
    return int(found[0][0]) if found else 0


def wait_for_turns(run: Path, number: int, seconds: float = 30.0) -> None:
    """Until so many turns are in the ledger."""
    deadline = time.monotonic() + seconds
    while turns_in(run) < number:
        assert time.monotonic() < deadline, f"{run} has {turns_in(run)} turns, {number} were waited for"
        time.sleep(0.005)


def transcripts(run: Path) -> dict[str, bytes]:
    """The transcripts of a run: name to bytes."""
    return {path.name: path.read_bytes() for path in sorted((run / "transcripts").glob("*.txt"))}


@contextmanager
def served(script: Script) -> Iterator[Server]:
    """A scripted endpoint in a thread of its own, for children that are waited for."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(what: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(what, loop).result(10)

    server = Server(script)
    wait(server.__aenter__())
    try:
        yield server
    finally:
        wait(server.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def slowly(behaviour: Behaviour, seconds: float = 0.3) -> Behaviour:
    """The same, after a while."""

    async def behave(line: Line) -> None:
        await asyncio.sleep(seconds)
        await behaviour(line)

    return behave
