"""Damaged ledgers: never gone on with, never changed, and what is readable is copied (FAULTS 43)."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from generator.errors import StorageError
from generator.ledger import Ledger
from tests.child import rows, transcripts
from tests.killing import Nursery
from tests.ledger.test_migration import version_1

EACH_TURN = "SELECT number, n, text FROM turn JOIN session ON id = session_id ORDER BY number, n"
PAGE = 4096


@pytest.fixture(scope="module")
def whole(nurse, tmp_path_factory):
    """A run of twelve sessions that nothing has happened to."""
    folder = tmp_path_factory.mktemp("whole")
    assert nurse.run(folder, "generate", "-n", 12, "--turns", 4, "--out", "run", "-q").code == 0
    return folder / "run"


@pytest.fixture
def run(whole, tmp_path):
    """A copy of it, to be damaged."""
    return shutil.copytree(whole, tmp_path / "run")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def noise(length: int, seed: object = 0) -> bytes:
    return random.Random(f"noise {seed}").randbytes(length)


def pages_of(run: Path, table: str) -> list[int]:
    """Offsets of the leaf pages of a table."""
    with closing(sqlite3.connect(run / "ledger.db")) as connection:
        kind = "pagetype = 'leaf'"
        try:
            found = connection.execute(f"SELECT pgoffset FROM dbstat WHERE name = ? AND {kind}", (table,)).fetchall()
        except sqlite3.OperationalError:
            pytest.skip("THIS SQLITE HAS NO dbstat: pages of a table cannot be found to damage them")
    return [offset for (offset,) in found]


def repaired(nurse: Nursery, run: Path, whole: Path) -> str:
    """What `repair` says; whatever was lost, nothing is invented, and the run can be gone on with to its end."""
    before, texts = digest(run / "ledger.db"), transcripts(run)
    refused = nurse.run(run.parent, "resume", "run")
    if refused.code == 6:
        assert "couplesim repair run" in refused.err
        assert digest(run / "ledger.db") == before
    done = nurse.run(run.parent, "repair", "run")
    assert done.code == 0, done
    assert digest(run / "ledger.damaged.db") == before, "the damaged ledger is as it was"
    assert not [path.name for path in run.iterdir() if path.name.startswith(".repair")]
    saved = rows(run, EACH_TURN)
    assert set(saved) <= set(rows(whole, EACH_TURN)), "not a word that was not said"
    assert f"saved: {rows(run, 'SELECT count(*) FROM session')[0][0]} sessions, {len(saved)} turns" in done.out
    with closing(sqlite3.connect(run / "ledger.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    kept = transcripts(run) | {path.name: path.read_bytes() for path in (run / "transcripts").glob("before-repair/*")}
    assert kept == texts, "no transcript is lost"
    assert nurse.run(run.parent, "resume", "run", "-q").code == 0
    assert rows(run, "SELECT count(*) FROM session WHERE status != 'complete'") == [(0,)]
    assert transcripts(run).items() <= transcripts(whole).items()
    return done.out


def test_nothing_is_repaired_that_is_whole_or_in_use(nurse, run):
    before = digest(run / "ledger.db")
    done = nurse.run(run.parent, "repair", "run")
    assert (done.code, "nothing to repair" in done.err) == (2, True)
    held = Ledger.open(run)
    done = nurse.run(run.parent, "repair", "run")
    assert (done.code, "run in use by pid" in done.err) == (7, True)
    held.close()
    assert digest(run / "ledger.db") == before
    assert not list(run.glob("ledger.damaged*"))


def test_truncated(nurse, run, whole):
    with (run / "ledger.db").open("r+b") as file:
        file.truncate(((run / "ledger.db").stat().st_size * 2 // 3) + 100)
    said = repaired(nurse, run, whole)
    assert re.search(r"lost: ", said)


@pytest.mark.parametrize("seed", range(4))
def test_noise_in_a_page_of_turns(nurse, run, whole, seed):
    page = random.Random(seed).choice(pages_of(run, "turn"))
    overwrite(run / "ledger.db", page, noise(PAGE, seed))
    said = repaired(nurse, run, whole)
    assert re.search(r"lost:  session \d+: turns \d to 4", said)
    assert "saved: 12 sessions" in said
    assert re.search(r"[1-9]\d* transcripts that say more than that are in run/transcripts/before-repair", said)
    assert transcripts(run) == transcripts(whole), "the rehearsal says the same again"


def test_noise_in_the_middle_of_a_text_is_not_taken_for_speech(nurse, run, whole):
    text = rows(run, "SELECT text FROM turn JOIN session ON id = session_id WHERE n = 3 AND number = 1")[0][0].encode()
    at = (run / "ledger.db").read_bytes().find(text[:400])
    overwrite(run / "ledger.db", at + 100, noise(40))
    ledger = Ledger.read(run)
    first = next(ledger.each())
    with pytest.raises(StorageError, match="couplesim repair"):
        ledger.turns(first.id)
    ledger.close()
    said = repaired(nurse, run, whole)
    assert "saved: 12 sessions, 46 turns" in said
    assert "turns 3 to 4" in said


def test_noise_in_a_page_of_sessions_or_of_what_they_share(nurse, run, whole):
    overwrite(run / "ledger.db", pages_of(run, "session")[-1], noise(PAGE))
    said = repaired(nurse, run, whole)
    assert re.search(r"lost:  (sessions? \d|sessions after|perhaps sessions)", said)


def test_a_changed_persona_is_not_gone_on_with(nurse, run, whole):
    """Other bytes under the same hash: the sessions are not what they say they are."""
    with closing(sqlite3.connect(run / "ledger.db")) as connection, connection:
        connection.execute("UPDATE document SET content = replace(content, '35', '53') WHERE kind = 'couple'")
    before = digest(run / "ledger.db")
    done = nurse.run(run.parent, "repair", "run")
    assert (done.code, "nothing in it can be read" in done.err) == (6, True)
    assert digest(run / "ledger.db") == before


@pytest.mark.parametrize("length", [16, 100])
def test_an_overwritten_header_costs_nothing(nurse, run, whole, length):
    overwrite(run / "ledger.db", 0, noise(length))
    assert "saved: 12 sessions, 48 turns, 48 requests\nthe damaged" in repaired(nurse, run, whole)


def test_an_overwritten_first_page_costs_nothing(nurse, run, whole):
    overwrite(run / "ledger.db", 0, noise(PAGE))
    assert "saved: 12 sessions, 48 turns, 48 requests\nthe damaged" in repaired(nurse, run, whole)


def test_a_plan_that_cannot_be_read_comes_from_its_file(nurse, run, whole):
    with closing(sqlite3.connect(run / "ledger.db")) as connection, connection:
        connection.execute("UPDATE run SET plan = 'x'")
    assert "lost:  the plan; that of plan.yaml has taken its place" in repaired(nurse, run, whole)
    ledger = Ledger.read(run)
    assert ledger.plan["repeats"] == 12
    ledger.close()


@pytest.mark.parametrize("content", [b"", b"Not a ledger at all.\n", bytes(3 * PAGE), noise(3 * PAGE)])
def test_where_nothing_can_be_read_nothing_is_touched(nurse, run, content):
    for log in run.glob("ledger.db-*"):
        log.unlink()
    (run / "ledger.db").write_bytes(content)
    texts = transcripts(run)
    for command in (("repair", "run"), ("resume", "run"), ("generate", "-n", 12, "--turns", 4, "--out", "run")):
        done = nurse.run(run.parent, *command)
        assert (done.code, done.out) == (6, ""), command
        assert (run / "ledger.db").read_bytes() == content
    assert transcripts(run) == texts
    assert not list(run.glob("ledger.damaged*"))


def test_a_log_that_was_never_brought_in_is_read_too(nurse, whole, tmp_path):
    """Killed while it ran, then damaged: most of the ledger is in the log."""
    assert nurse.run(tmp_path, "generate", "-n", 12, "--turns", 4, "--out", "run", "-q", point="after_commit", nth=40)
    run = tmp_path / "run"
    assert (run / "ledger.db-wal").stat().st_size > 0
    overwrite(run / "ledger.db", 0, noise(100))
    log = digest(run / "ledger.db-wal")
    said = repaired(nurse, run, whole)
    assert int(re.search(r"(\d+) turns", said)[1]) >= 36
    assert digest(run / "ledger.damaged.db-wal") == log


def test_a_second_repair_keeps_both(nurse, run, whole):
    for seed in range(2):
        overwrite(run / "ledger.db", pages_of(run, "turn")[seed], noise(PAGE, seed))
        assert nurse.run(run.parent, "repair", "run").code == 0
    assert sorted(path.name for path in run.glob("ledger.damaged*")) == ["ledger.damaged-2.db", "ledger.damaged.db"]


def test_an_older_ledger_is_brought_up_to_date_and_nothing_is_sent(nurse, tmp_path):
    run = version_1(tmp_path)
    done = nurse.run(tmp_path, "repair", "run")
    assert (done.code, done.out) == (0, "brought up to date; the old ledger is kept as run/ledger.v1.db\n")
    assert rows(run, "SELECT count(*) FROM turn") == [(4,)]
    assert "nothing to repair" in nurse.run(tmp_path, "repair", "run").err
