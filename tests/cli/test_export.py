"""`couplesim export`: what it prints, and what it refuses."""

import asyncio
import threading
from pathlib import Path

import pytest

from tests.child import couplesim, served, start, transcripts, wait_for_turns
from tests.export.conftest import make
from tests.faults.server import Line, ok


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that holds the run of everything."""
    folder = tmp_path_factory.mktemp("exported")
    make(folder / "run")
    return folder


def files(folder: Path) -> list[Path]:
    """What stands there, but for SQLite's own, which come and go."""
    return sorted(path for path in folder.rglob("*") if not path.name.endswith(("-shm", "-wal")))


def test_what_was_exported_and_left_out_is_told(folder):
    done = couplesim(folder, "export", "run", "--format", "csv")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "export:   run/export/turns.csv",
        "sessions: 3 sessions, 30 turns; every word is synthetic",
        "left out: 2 failed, 2 open; --with-incomplete takes them in",
    ]
    more = couplesim(folder, "export", "run/ledger.db", "--format", "MESSAGES", "--role", "B", "--with-incomplete")
    assert more.stdout.splitlines() == [
        "export:   run/export/messages-b.jsonl",
        "sessions: 4 sessions, 33 turns, 1 of them with holes; every word is synthetic",
        "left out: 3 in which nothing was said by Patient B",
    ]
    assert (done.stderr, more.stderr) == ("", "")


WRONG = {
    "no format": ((), "Missing option '--format'"),
    "an unknown format": (("--format", "xml"), "'xml' is not one of"),
    "a role where there is none": (("--format", "csv", "--role", "a"), "--role is for messages and sharegpt"),
    "a licence where there is none": (("--format", "csv", "--license", "mit"), "--license is for --format hf"),
    "a licence of many lines": (("--format", "hf", "--license", "mit\ntags: [real]"), "is no name of a licence"),
    "a folder on standard output": (("--format", "txt", "--out", "-"), "cannot be written to standard output"),
    "the ledger's place": (("--format", "csv", "--out", "run/ledger.db"), "something else stands here"),
    "the transcripts' place": (("--format", "txt", "--out", "run/transcripts"), "something else stands here"),
    "no run": (("--format", "csv", "--out", "x"), "there is no run here"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_mistakes_are_told_in_a_line_and_nothing_is_written(folder, options, said):
    before = files(folder)
    done = couplesim(folder, "export", "." if "x" in options else "run", *options)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert files(folder) == before


def test_a_run_that_is_running_is_exported_and_rendered_and_is_not_disturbed(tmp_path):
    looked = threading.Event()

    async def wait(line: Line) -> None:
        while not looked.is_set():
            await asyncio.sleep(0.01)
        await ok("This is a later answer.")(line)

    with served(lambda n, seen: ok(f"This is answer {n}.") if n <= 10 else wait) as server:
        options = ("--model", "m", "--base-url", server.url, "--turns", 4, "-n", 12, "--concurrency", 2, "--out", "run")
        with start(tmp_path, "generate", *options, "-q") as child:
            wait_for_turns(tmp_path / "run", 10)
            exported = couplesim(tmp_path, "export", "run", "--format", "txt")
            rendered = couplesim(tmp_path, "render", "run")
            assert child.poll() is None, "it was running all the time"
            looked.set()
            _, err = child.communicate(timeout=60)
        assert (child.returncode, server.count) == (0, 48), err
    assert (exported.returncode, rendered.returncode) == (0, 0), exported.stderr + rendered.stderr
    assert "open; --with-incomplete takes them in" in exported.stdout
    assert "sessions are not over" in rendered.stdout
    whole = {path.name: path.read_bytes() for path in (tmp_path / "run/export/transcripts").glob("*.txt")}
    assert 0 < len(whole) < 12
    assert whole.items() <= transcripts(tmp_path / "run").items()
    assert len(transcripts(tmp_path / "run")) == 12
