"""The command in processes that are killed at a chosen point of their work.

    python -m tests.killing after_reply 7 -- generate -n 3 --out run

kills itself (SIGKILL) when the seventh reply has come. The program holds no switch for this: a few of its real
functions are wrapped here before its `main` is called. `Nursery` keeps one process that has imported everything
and forks for every command; a test that needs a hundred lives has them in seconds.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tests.child import environment

POINTS = ("before_send", "after_send", "after_reply", "after_commit", "mid_render", "after_rename")
"""Before a request leaves; when its answer begins to come; when it has come; when its turn is on the disk; with half of
a transcript written; when a transcript has been renamed into its place."""
SOON = "soon_after_commit"
"""At any instruction within 10 ms of a commit."""
KILLED = {-signal.SIGKILL, -signal.SIGALRM}
"""What a process that was killed returns."""
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Life:
    """How a process ended."""

    code: int
    """Negative: the signal that ended it."""
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code in KILLED


class Nursery:
    """Runs commands, each in a process of its own, forked from one that is ready. Use `nursery()`."""

    def __init__(self, parent: subprocess.Popen[str], folder: Path) -> None:
        self._parent, self._folder = parent, folder

    def run(self, folder: Path, *args: object, point: str = "", nth: int = 1, file_bytes: int = 0) -> Life:
        """The command in `folder`, killed at the `nth` time it comes to `point`, if it does. `file_bytes`: the size
        beyond which no file can be written; 0 for any."""
        order = {"folder": str(folder), "args": [str(arg) for arg in args], "point": point, "nth": nth}
        print(json.dumps({**order, "file_bytes": file_bytes}), file=self._parent.stdin, flush=True)
        code = int(self._parent.stdout.readline())
        out, err = ((self._folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        assert "Traceback" not in err, err
        return Life(code, out, err)


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery that keeps its outputs in `folder`."""
    command = [sys.executable, "-m", "tests.killing", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as parent:
        try:
            yield Nursery(parent, folder)
        finally:
            parent.stdin.close()
            parent.wait(20)


def _nurse(folder: Path) -> None:
    import generator
    from generator import tokens

    for module in pkgutil.walk_packages(generator.__path__, "generator."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for library in ("openai", "aiohttp", "httpx2", "tenacity", "uvloop"):
        importlib.import_module(library)
    tokens.count("warm", "m")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _live(folder, order)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _live(folder: Path, order: dict[str, Any]) -> NoReturn:
    os.chdir(order["folder"])
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = 1
    try:
        if order["file_bytes"]:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_bytes"], resource.RLIM_INFINITY))
        if order["point"]:
            arm(order["point"], order["nth"])
        _call(order["args"])
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(bool(left.code))
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _call(args: list[str]) -> NoReturn:
    from generator.cli import main

    sys.argv = ["couplesim", *args]
    main()


def arm(point: str, nth: int) -> None:
    """Have this process killed at the `nth` time it comes to `point`."""
    left = nth

    def come(last_act: Callable[[], None] = lambda: None) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            last_act()
            os.kill(os.getpid(), signal.SIGKILL)

    {
        "before_send": lambda: _around_requests(before=come),
        "after_send": lambda: _when_an_answer_begins(come),
        "after_reply": lambda: _around_requests(after=come),
        "after_commit": lambda: _after_commits(come),
        "mid_render": lambda: _in_mid_render(come),
        "after_rename": lambda: _after_renames(come),
        "copied": lambda: _before_renames(come, ".v1.db"),
        "in_migration": lambda: _at_statements(come),
        SOON: lambda: _after_commits(_soon(nth)),
    }[point]()


def _around_requests(before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None) -> None:
    """At an endpoint and at the rehearsal: the request is on record, and is about to go or has been answered."""
    from generator.chat.endpoint import Endpoint
    from generator.chat.rehearsal import chat

    post, compose = Endpoint._post, chat.compose

    async def posted(self: Endpoint, request: Any) -> Any:
        before()
        reply = await post(self, request)
        after()
        return reply

    def composed(*args: Any) -> str:
        before()
        text = compose(*args)
        after()
        return text

    Endpoint._post, chat.compose = posted, composed


def _when_an_answer_begins(come: Callable[[], None]) -> None:
    """The endpoint has the whole request; of its answer only the head has been read."""
    from generator.chat import wire

    read = wire._body

    async def reading(response: Any) -> bytes:
        come()
        return await read(response)

    wire._body = reading


def _after_commits(come: Callable[[], None]) -> None:
    """In the thread that writes, when the transaction is on the disk and nobody knows it yet; once for each turn."""
    from generator.ledger import changes
    from generator.ledger.writer import Writer

    commit, commit_turn, turns = Writer._commit, changes.commit_turn, 0

    def counted(*args: Any) -> None:
        nonlocal turns
        commit_turn(*args)
        turns += 1

    def committed(self: Writer, batch: Any) -> Any:
        nonlocal turns
        turns = 0
        results = commit(self, batch)
        for _ in range(turns):
            come()
        return results

    Writer._commit, changes.commit_turn = committed, counted


def _soon(nth: int) -> Callable[[], None]:
    """Counts to `nth`, then sets the alarm that nobody handles: it ends a process as SIGKILL does, at any instruction
    of any thread."""
    left = nth

    def come() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            signal.setitimer(signal.ITIMER_REAL, 1e-6 + int.from_bytes(os.urandom(2)) / 65536 * 0.01)

    return come


def _in_mid_render(come: Callable[..., None]) -> None:
    """Half of the transcript is in a file, which has not got its name."""
    sync = os.fsync

    def synced(descriptor: int) -> None:
        if ".txt" in os.readlink(f"/proc/self/fd/{descriptor}"):
            come(lambda: os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2))
        sync(descriptor)

    os.fsync = synced


def _after_renames(come: Callable[[], None]) -> None:
    replace = os.replace

    def replaced(source: Any, target: Any) -> None:
        replace(source, target)
        if str(target).endswith(".txt"):
            come()

    os.replace = replaced


def _before_renames(come: Callable[[], None], ending: str) -> None:
    replace = os.replace

    def replaced(source: Any, target: Any) -> None:
        if str(target).endswith(ending):
            come()
        replace(source, target)

    os.replace = replaced


def _at_statements(come: Callable[[], None]) -> None:
    """At each statement from the first that changes an old table on."""
    import sqlite3

    connect, begun = sqlite3.connect, False

    def told(statement: str) -> None:
        nonlocal begun
        begun = begun or statement.startswith("ALTER TABLE")
        if begun:
            come()

    def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(told)
        return connection

    sqlite3.connect = connected


if __name__ == "__main__":
    if "--" in sys.argv:
        arm(sys.argv[1], int(sys.argv[2]))
        _call(sys.argv[sys.argv.index("--") + 1 :])
    _nurse(Path(sys.argv[1]))
