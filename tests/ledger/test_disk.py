"""Runs of several sessions whose disk fills up under them, or cannot do what a ledger needs (FAULTS 38 to 41, 44)."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from generator import batch
from generator.chat.scripted import Scripted
from generator.errors import StorageError
from generator.ledger import Ledger, changes, file
from generator.plan import Plan
from generator.schema.label import LABELS
from tests.builders import spec
from tests.child import rows, served, slowly, start, transcripts, turns_in, wait_for_turns
from tests.runs import begin, carry_out, expansion_of
from tests.test_kills import answer
from tests.test_ledger import turn

SESSIONS, TURNS, AT_A_TIME = 8, 6, 4
EACH_TURN = "SELECT number, n, text FROM turn JOIN session ON id = session_id ORDER BY number, n"


@pytest.fixture(scope="module")
def whole(nurse, tmp_path_factory):
    """The run as it is where nothing happens to it."""
    folder = tmp_path_factory.mktemp("whole")
    with served(answer) as server:
        assert nurse.run(folder, *generate(server)).code == 0
    return folder / "run"


def generate(server) -> tuple[object, ...]:
    size = ("-n", SESSIONS, "--turns", TURNS, "--concurrency", AT_A_TIME)
    return ("generate", *size, "--out", "run", "-q", "--model", "m", "--base-url", server.url)


@contextmanager
def small_disk(at: Path, size: str) -> Iterator[None]:
    """A file system of its own at this folder."""
    at.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", at], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"NO SMALL DISK TO FILL: only root may mount one ({done.stderr.strip()})")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def must_have_stopped(done, run: Path, server) -> None:
    """Exit 6 and how to go on; what was asked for and came is kept, as far as it could be."""
    assert done.code == 6, done
    turns = turns_in(run)
    assert f"kept: {turns} turns in" in done.err
    assert "resume: couplesim resume run" in done.err
    assert turns < SESSIONS * TURNS
    told = re.search(r"the (\d+) turns still to come need about \d+\.\d MB\n", done.err)
    assert (int(told[1]) if told else None) == (SESSIONS * TURNS - turns if turns and "disk full" in done.err else None)
    assert server.count <= turns + 2 * AT_A_TIME, "stopped sending at once"
    for path in (run / "transcripts").rglob("*.txt"):
        if path.is_file():
            assert path.read_bytes().endswith(b"\n\n"), "no torn file"
            assert path.read_bytes().count(b"\n\n") == TURNS + 1


def must_become_whole(nurse, run: Path, whole: Path, server) -> None:
    """With space again: nothing kept is asked for again, and the run is what it would have been."""
    before, kept = server.count, turns_in(run)
    done = nurse.run(run.parent, "resume", "run", "-q")
    assert done.code == 0, done
    assert server.count - before == SESSIONS * TURNS - kept
    assert rows(run, EACH_TURN) == rows(whole, EACH_TURN)
    assert transcripts(run) == transcripts(whole)
    left = {path.name for path in (run / "transcripts").rglob("*") if path.is_file()}
    assert left == transcripts(whole).keys()


def test_a_disk_that_is_full_in_the_middle_of_a_run(nurse, whole, tmp_path):
    with small_disk(tmp_path, "420k"), served(answer) as server:
        done = nurse.run(tmp_path, *generate(server))
        must_have_stopped(done, tmp_path / "run", server)
        full = r"disk full(?: or failing)?: \S*(?:ledger\.db|transcripts/\S+\.txt) could not be written"
        assert re.search(full, done.err), "whichever of the two came first"
        assert nurse.run(tmp_path, "resume", "run").code == 6, "still full"
        assert nurse.run(tmp_path, "show", "run").code == 0, "what was kept can be read"
        subprocess.run(["mount", "-o", "remount,size=20m", tmp_path], check=True)
        must_become_whole(nurse, tmp_path / "run", whole, server)


def test_a_disk_for_transcripts_that_is_full(nurse, whole, tmp_path):
    run = tmp_path / "run"
    with small_disk(run / "transcripts", "12k"), served(answer) as server:
        done = nurse.run(tmp_path, *generate(server))
        must_have_stopped(done, run, server)
        assert re.search(r"disk full: .*/transcripts/00000\d_\S+\.txt could not be written; free some space", done.err)
        subprocess.run(["mount", "-o", "remount,size=20m", run / "transcripts"], check=True)
        must_become_whole(nurse, run, whole, server)


@pytest.mark.parametrize("kilobytes", [150, 200, 260])
def test_a_ledger_that_may_not_grow(nurse, whole, tmp_path, kilobytes):
    """A quota, or a file system's largest file."""
    with served(answer) as server:
        done = nurse.run(tmp_path, *generate(server), file_bytes=kilobytes * 1024)
        must_have_stopped(done, tmp_path / "run", server)
        assert re.search(r"disk full or failing: run/ledger\.db could not be written \(disk I/O error\)", done.err)
        must_become_whole(nurse, tmp_path / "run", whole, server)


def test_a_folder_in_a_transcripts_place(nurse, whole, tmp_path):
    run, name = tmp_path / "run", sorted(transcripts(whole))[2]
    with served(answer) as server:
        assert nurse.run(tmp_path, *generate(server), point="after_commit", nth=4).killed
        (run / "transcripts" / name).mkdir(parents=True)
        for _ in range(2):
            done = nurse.run(tmp_path, "resume", "run", "--concurrency", AT_A_TIME)
            assert f"{name}: cannot be written (Is a directory)" in done.err
            must_have_stopped(done, run, server)
        (run / "transcripts" / name).rmdir()
        must_become_whole(nurse, run, whole, server)


@pytest.mark.parametrize("out", ["file", "file/run", "/proc/run"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent(nurse, tmp_path, out):
    (tmp_path / "file").write_text("mine")
    with served(answer) as server:
        options = ("-n", SESSIONS, "--model", "m", "--base-url", server.url)
        done = nurse.run(tmp_path, "generate", *options, "--out", out)
        assert (done.code, done.out, server.count) == (2, "", 0)
    assert f"cannot write to {out}" in done.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_read_only_disk_can_be_read_and_is_not_written(nurse, whole, tmp_path):
    with small_disk(tmp_path, "20m"):
        shutil.copytree(whole, tmp_path / "run")
        subprocess.run(["mount", "-o", "remount,ro", tmp_path], check=True)
        assert "I answer." in nurse.run(tmp_path, "show", "run").out
        with served(answer) as server:
            for command in (("resume", "run"), generate(server)):
                done = nurse.run(tmp_path, *command)
                assert (done.code in {2, 6}, done.out, server.count) == (True, "", 0)
                assert "cannot write to run: Read-only file system" in done.err


def test_two_runs_in_one_folder(nurse, tmp_path):
    """The second sends nothing; a reader may look; when the first is killed, the folder is free."""
    with served(lambda n, seen: slowly(answer(n, seen), 0.05)) as server:
        run = tmp_path / "run"
        ledger = begin(run, *(spec(turns=2, rng_seed=seed) for seed in range(1, 5)))
        for command in (generate(server), ("resume", "run")):
            done = nurse.run(tmp_path, *command)
            assert (done.code, done.out, server.count) == (7, "", 0)
            assert re.search(r"run in use by pid \d+ on \S+ since 20", done.err)
        assert nurse.run(tmp_path, "show", "run").code == 0
        ledger.close()
        assert nurse.run(tmp_path, "resume", "run", point="after_commit", nth=3).killed
        assert nurse.run(tmp_path, "resume", "run").code == 0


@pytest.fixture
def no_log(monkeypatch):
    """A file system that cannot have a write-ahead log, as SQLite tells it."""
    asked: list[str] = []
    real = file.journal_mode

    def mode(connection, wanted):
        asked.append(wanted)
        return "delete" if wanted == "WAL" else real(connection, wanted)

    monkeypatch.setattr(file, "journal_mode", mode)
    return asked


def test_a_file_system_without_a_write_ahead_log_is_refused_unless_it_is_asked_for(tmp_path, no_log):
    with pytest.raises(StorageError, match=r"write-ahead log .*network drive\? .*--allow-network-fs") as caught:
        begin(tmp_path / "run", spec(turns=2))
    assert caught.value.exit_code == 6
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.lock"]
    batch.begin(tmp_path / "run", Plan(), expansion_of(spec(turns=2)), "test", network_fs=True).close()
    with pytest.raises(StorageError, match="--allow-network-fs"):
        Ledger.open(tmp_path / "run")
    ledger = Ledger.open(tmp_path / "run", network_fs=True)
    assert ledger._connection.execute("PRAGMA journal_mode").fetchone()[0] == "truncate"
    assert ledger._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    ledger.write(changes.commit_turn, ledger.sessions()[0].id, turn(1), "m", None)
    ledger.close()
    assert not (tmp_path / "run" / "ledger.db-wal").exists()


def test_a_run_on_a_network_drive_is_carried_out_when_it_is_asked_for(tmp_path, no_log):
    made = expansion_of(*(spec(turns=3, rng_seed=seed) for seed in range(1, 7)))
    ledger = batch.begin(tmp_path / "run", Plan(), made, "test", network_fs=True)
    carry_out(ledger, lambda _: dict.fromkeys(LABELS, Scripted(lambda request: "Good.")), at_a_time=4)
    assert ledger.by_status()["complete"] == 6
    ledger.close()
    assert set(no_log) == {"WAL", "TRUNCATE"}


def test_a_file_system_without_locks_is_refused_unless_it_is_asked_for(tmp_path, monkeypatch):
    def no_lock(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    begin(tmp_path / "run", spec(turns=2)).close()
    monkeypatch.setattr(file.fcntl, "flock", no_lock)
    with pytest.raises(StorageError, match=r"nothing can be locked .*Operation not supported.*--allow-network-fs"):
        Ledger.open(tmp_path / "run")
    Ledger.open(tmp_path / "run", network_fs=True).close()


@pytest.mark.parametrize("command", ["generate", "resume"])
def test_the_option_is_there(nurse, tmp_path, command):
    if command == "resume":
        assert nurse.run(tmp_path, "generate", "--turns", 2, "--out", "run").code == 0
    where = ("--turns", 2, "--out", "run") if command == "generate" else ("run",)
    assert nurse.run(tmp_path, command, *where, "--allow-network-fs").code == 0


def may_go_on(nurse, folder: Path, whole: Path) -> bool:
    """What was left of a run in `folder` opens or is refused; if it opens, it becomes the run that it was."""
    done = nurse.run(folder, "resume", "run", "-q")
    if done.code == 6:
        assert "couplesim repair run" in done.err
        return False
    assert done.code == 0, done
    assert rows(folder / "run", EACH_TURN) == rows(whole, EACH_TURN), "each turn once"
    assert transcripts(folder / "run") == transcripts(whole)
    return True


@pytest.mark.parametrize("spoil", ["no log", "no index of the log", "noise for an index of the log", "half a log"])
def test_a_killed_run_whose_log_is_spoilt(nurse, whole, tmp_path, spoil):
    with served(answer) as server:
        assert nurse.run(tmp_path, *generate(server), point="after_commit", nth=30).killed
        log, index = tmp_path / "run/ledger.db-wal", tmp_path / "run/ledger.db-shm"
        assert log.stat().st_size > 0
        if spoil == "no log":
            log.unlink()
        elif spoil == "no index of the log":
            index.unlink()
        elif spoil == "half a log":
            with log.open("r+b") as file:
                file.truncate(log.stat().st_size // 2)
        else:
            index.write_bytes(bytes(range(256)) * 128)
        assert may_go_on(nurse, tmp_path, whole)


def test_copies_and_backups_made_of_a_running_run(nurse, whole, tmp_path):
    """Copied file by file, in any order, it opens or is refused; backed up as the guide says, it opens."""
    copies: list[tuple[Path, bool]] = []

    def folder() -> Path:
        made = tmp_path / f"copy{len(copies)}" / "run"
        made.mkdir(parents=True)
        return made

    with served(lambda n, seen: slowly(answer(n, seen), 0.03)) as server:
        with start(tmp_path, *generate(server)) as child:
            run = tmp_path / "run"
            for number, order in enumerate((["", "-wal"], ["-wal", ""], [""], ["-wal", "-shm", ""])):
                wait_for_turns(run, 3 + 9 * number)
                for each in copies and ["backup"]:
                    made = folder()
                    with closing(sqlite3.connect(run / "ledger.db")) as connection:
                        connection.execute(f"VACUUM INTO '{made / 'ledger.db'}'")
                    copies.append((made, each == "backup"))
                made = folder()
                for ending in order:
                    shutil.copyfile(f"{run / 'ledger.db'}{ending}", f"{made / 'ledger.db'}{ending}")
                copies.append((made, False))
            assert child.wait(30) == 0
        opened = [(may_go_on(nurse, made.parent, whole), backup) for made, backup in copies]
    assert all(went_on for went_on, backup in opened if backup)
    assert len(opened) == 7
