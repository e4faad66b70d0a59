"""A ledger of version 1, made by the couplesim of that time, is brought up to date (FAULTS 45)."""

from __future__ import annotations

import gzip
import hashlib
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from generator.errors import StorageError
from generator.ledger import Ledger
from generator.ledger.file import APPLICATION_ID
from tests.child import couplesim, rows

DUMP = gzip.decompress(Path(__file__).with_name("version1.sql.gz").read_bytes()).decode()
"""Two sessions of three turns by the rehearsal: one whole, one killed when its second turn had been asked for."""
OLD_TURNS = "SELECT number, n, speaker, text, raw, reply_text FROM turn JOIN session ON id = session_id ORDER BY 1, 2"


def version_1(folder: Path) -> Path:
    """The folder of a run as it was left then."""
    run = folder / "run"
    run.mkdir()
    with closing(sqlite3.connect(run / "ledger.db")) as connection:
        connection.executescript(DUMP)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID};")
    return run


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_is_gone_on_with_shown_and_checked(tmp_path):
    run = version_1(tmp_path)
    turns = rows(run, OLD_TURNS)
    assert len(turns) == 4
    done = couplesim(tmp_path, "resume", "run")
    assert (done.returncode, "2 sessions: 2 complete" in done.stdout) == (0, True), done.stderr
    assert rows(run, OLD_TURNS)[:4] == turns
    assert len(rows(run, OLD_TURNS)) == 6
    assert rows(run, "SELECT turn, outcome FROM attempt WHERE id > 3") == [(1, "ok"), (2, None), (2, "ok"), (3, "ok")]
    assert couplesim(tmp_path, "show", "run", "--session", 2).stdout.count("Patient A") == 1
    assert couplesim(tmp_path, "check", "run").returncode in {0, 1}
    again = couplesim(tmp_path, "resume", "run")
    assert (again.returncode, len(rows(run, "SELECT * FROM attempt"))) == (0, 7), "nothing is asked for again"
    with closing(sqlite3.connect(run / "ledger.v1.db")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)
        assert copy.execute(OLD_TURNS).fetchall() == turns


def test_ids_follow_from_the_new_specs_and_all_that_is_kept_says_the_same(tmp_path):
    ledger = Ledger.open(version_1(tmp_path))
    for row in ledger.each():
        assert row.id == row.spec.id
        assert (dict(row.cell), row.repeat) == ({}, row.number)
        assert ledger.prompt_set(row.spec.prompts.a.hash)["settings"]["name"] == row.spec.prompts.name == "baseline"
    assert [(row.status, len(ledger.turns(row.id))) for row in ledger.each()] == [("complete", 3), ("open", 1)]
    assert (ledger.plan["repeats"], ledger.plan["rng_seed"]) == (2, 1)
    assert ledger.by_status() == {"complete": 1, "ended": 0, "failed": 0, "open": 1}
    (spent,) = ledger.spent()
    assert spent.model == "rehearsal"
    assert spent.completion > 0
    assert spent.at_most_completion == 150, "of the request that brought no turn; what it sent is not known exactly"
    assert 2_000 < spent.at_most_prompt < 40_000
    with closing(sqlite3.connect(ledger.folder / "ledger.db")) as other:
        assert other.execute("PRAGMA foreign_key_check").fetchall() == []
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        made = {name for (name,) in other.execute("SELECT name FROM sqlite_master")}
    with closing(sqlite3.connect(":memory:")) as fresh:
        from generator.ledger.rows import SCHEMA

        fresh.executescript(SCHEMA)
        assert made == {name for (name,) in fresh.execute("SELECT name FROM sqlite_master")}
    ledger.close()


def test_failed_requests_that_a_turns_figures_include_are_not_counted_twice(tmp_path):
    run = version_1(tmp_path)
    with closing(sqlite3.connect(run / "ledger.db", isolation_level=None)) as old:
        first = old.execute("SELECT id FROM session WHERE number = 1").fetchone()[0]
        old.execute("UPDATE turn SET attempts = 2 WHERE session_id = ? AND n = 2", (first,))
        failed = "INSERT INTO attempt (session_id, turn, started_at, outcome, billed) VALUES (?, ?, '', 'empty', 'yes')"
        old.execute(failed, (first, 2))
        old.execute(failed, (first, 3))
    ledger = Ledger.open(run)
    assert ledger.spent()[0].at_most_completion == 2 * 150, "the one of turn 3 and the one that was in flight"
    assert ledger.possibly_paid_twice() == 3
    ledger.close()


@pytest.mark.parametrize("command", [("show", "run"), ("check", "run")], ids=["show", "check"])
def test_who_only_reads_is_told_what_to_do_and_changes_nothing(tmp_path, command):
    run = version_1(tmp_path)
    before = digest(run / "ledger.db")
    done = couplesim(tmp_path, *command)
    assert done.returncode == 6
    assert "made by an older couplesim; couplesim repair run brings it up to date and keeps a copy" in done.stderr
    assert digest(run / "ledger.db") == before
    assert not list(run.glob("*v1*"))


def test_a_ledger_that_cannot_be_brought_over_stays_as_it_was(tmp_path):
    run = version_1(tmp_path)
    with closing(sqlite3.connect(run / "ledger.db")) as old, old:
        old.execute("UPDATE session SET spec = '{}' WHERE number = 2")
    with pytest.raises(StorageError, match="session 2 cannot be read"):
        Ledger.open(run)
    assert rows(run, "PRAGMA user_version") == [(1,)]
    assert len(rows(run, OLD_TURNS)) == 4


def test_killed_at_any_moment_of_it_the_ledger_is_the_old_one_or_the_new_one(nurse, tmp_path):
    run = version_1(tmp_path)
    turns, rng = rows(run, OLD_TURNS), random.Random("migration")
    assert nurse.run(tmp_path, "resume", "run", point="copied").killed
    nth, version = 1, 1
    while version == 1:
        life = nurse.run(tmp_path, "resume", "run", point="in_migration", nth=nth)
        assert life.killed
        nth += rng.randint(1, 12)
        ((version,),) = rows(run, "PRAGMA user_version")
        assert rows(run, OLD_TURNS) == turns
    assert nth > 30, "the statements of a migration"
    assert nurse.run(tmp_path, "resume", "run").code == 0
    assert rows(run, OLD_TURNS)[:4] == turns
    assert len(rows(run, OLD_TURNS)) == 6
