"""`couplesim render`: the same bytes again, and nothing else touched."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from generator.export import transcripts as rendering
from generator.export.transcripts import render_all
from generator.files import write_whole
from generator.ledger import Ledger
from tests.child import couplesim
from tests.export.conftest import SPECS, make


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return make(tmp_path_factory.mktemp("rendered") / "run").folder


@pytest.fixture
def run(original, tmp_path) -> Path:
    return shutil.copytree(original, tmp_path / "run")


def files(run: Path) -> dict[str, tuple[bytes, int]]:
    folder = run / "transcripts"
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_there_already_is_not_touched(run):
    before = files(run)
    done = couplesim(run.parent, "render", "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "transcripts: 0 written, 4 the same already",
        "failed:      1 of them, in transcripts/incomplete",
        "open:        2 sessions are not over; theirs are written when they are",
        "folder:      run/transcripts",
    ]
    assert files(run) == before


def test_what_is_missing_or_differs_is_written_as_it_was_and_nothing_else_is_removed(run):
    before = files(run)
    whole = sorted(name for name in before if "/" not in name)
    (run / "transcripts" / whole[0]).unlink()
    (run / "transcripts" / whole[1]).write_bytes(before[whole[1]][0].replace(b"\n", b"\r\n"))
    shutil.rmtree(run / "transcripts" / "incomplete")
    (run / "transcripts" / "notes.txt").write_text("mine")
    done = couplesim(run.parent, "render", "run")
    assert done.stdout.startswith("transcripts: 3 written (1 had other bytes), 1 the same already\n")
    after = files(run)
    assert after.pop("notes.txt")[0] == b"mine"
    assert {name: raw for name, (raw, _) in after.items()} == {name: raw for name, (raw, _) in before.items()}
    assert after[whole[2]] == before[whole[2]]


def test_a_failed_session_that_becomes_whole_meanwhile_leaves_nothing_half(run, monkeypatch):
    """The run goes on between the reading of a session and the writing of its transcript."""
    shutil.rmtree(run / "transcripts" / "incomplete")

    def write(path, text):
        with closing(sqlite3.connect(run / "ledger.db")) as other:
            other.execute("UPDATE session SET status = 'complete' WHERE id = ?", (SPECS["failed"].id,))
            other.commit()
        write_whole(path, text)

    monkeypatch.setattr(rendering, "write_whole", write)
    ledger = Ledger.read(run)
    render_all(ledger)
    ledger.close()
    assert list((run / "transcripts" / "incomplete").iterdir()) == []


def test_a_place_that_cannot_be_written_is_a_matter_of_storage(run):
    shutil.rmtree(run / "transcripts")
    (run / "transcripts").write_text("a file")
    done = couplesim(run.parent, "render", "run")
    assert (done.returncode, done.stderr.count("\n")) == (6, 1)
