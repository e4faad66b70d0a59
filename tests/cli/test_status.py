"""`couplesim status`: beside a running run and on a stopped one; it only looks."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from generator.ledger import Ledger, changes
from generator.ledger.file import GLANCE_SECONDS, holder
from generator.schema.turn import Usage
from tests.child import couplesim, served, start, wait_for_turns
from tests.export.conftest import SPECS, make
from tests.faults.server import error, hang, ok

AGO = re.compile(r"\b\d+ (s|min|h \d\d min|days) ago")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return make(tmp_path_factory.mktemp("status") / "run").folder


@pytest.fixture
def run(original, tmp_path) -> Path:
    return shutil.copytree(original, tmp_path / "run")


def told(folder: Path, *options: str) -> str:
    done = couplesim(folder, "status", "run", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def bytes_of(run: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def test_a_stopped_run_is_told_whole_and_left_as_it_is(run):
    before = bytes_of(run)
    shown = told(run.parent)
    assert max(map(len, shown.splitlines())) <= 80
    joined = re.sub(r"since \S+Z,", "since THEN,", AGO.sub("AGO", shown.replace("\n" + " " * 11, " ")))
    assert joined.splitlines() == [
        "run        run, begun AGO by couplesim 0",
        f"state      not finished, nobody is at work on it; the last was pid {os.getpid()} on {os.uname().nodename} "
        "since THEN, AGO",
        "sessions   7: 2 complete, 1 ended by budget, 2 failed, 2 open",
        "turns      34 of 77 (44 %), 5 cut off by the budget, 3 trimmed, 4 after retries, 2 repeating an earlier one",
        "reasons    2 refused, 1 session_tokens",
        "tokens     <= 92,114 of 999,999, 17,400 cached prompt, 87 hidden reasoning",
        "cost       unknown: there is no price for a model of this run",
        "paid twice at most 2 requests may be paid for without a turn",
        "failed     session 4: turn 4, Patient A: it would [31mnot speak "
        "session 5: turn 1, Therapist: it would [31mnot speak",
        "go on      couplesim resume run --retry-failed (without --retry-failed, failed sessions are left as they are)",
    ]
    assert bytes_of(run) == before


def test_the_same_as_json(run):
    shown = json.loads(told(run.parent, "--json"))
    assert (shown["running"], shown["run"], shown["go_on"]) == (False, "run", "couplesim resume run --retry-failed")
    assert {name: shown[name] for name in ("complete", "ended", "failed", "open", "turns", "planned_turns")} == {
        "complete": 2, "ended": 1, "failed": 2, "open": 2, "turns": 34, "planned_turns": 77
    }  # fmt: skip
    assert [each["number"] for each in shown["failed_sessions"]] == [4, 5]
    assert shown["holder"]["pid"] == os.getpid()
    assert (shown["under_way"], shown["token_cap"], shown["cost_cap"]) == ([], 999_999, None)


def test_a_finished_run_has_nothing_to_go_on_with(tmp_path):
    couplesim(tmp_path, "generate", "--turns", 2, "-q", "--out", "my runs/first")
    done = couplesim(tmp_path, "status", "my runs/first")
    assert "\nstate      finished, nobody is at work on it; the last was pid " in done.stdout
    assert "\nsessions   1: 1 complete\nturns      2 of 2 (100 %)" in done.stdout
    assert done.stdout.endswith("\nread one   couplesim show 'my runs/first'\n")
    assert "resume" not in done.stdout


def test_a_running_run_is_told_with_what_is_under_way(tmp_path):
    script = [ok("Good morning."), ok("Well."), error(500, "oops"), hang()]
    with served(script) as server:
        options = ("--model", "m", "--base-url", server.url, "--turns", 5, "--out", "run", "-q", "--run-tokens", 70_000)
        with start(tmp_path, "generate", *options) as child:
            wait_for_turns(tmp_path / "run", 2)
            while server.count < 4:
                time.sleep(0.01)
            shown, as_json = told(tmp_path), json.loads(told(tmp_path, "--json"))
            assert child.poll() is None
            child.send_signal(signal.SIGKILL)
            child.wait()
        stopped = told(tmp_path)
    assert f"\nstate      running: pid {child.pid} on " in shown
    assert "\nsessions   1: 1 open\nturns      2 of 5 (40 %)" in shown
    assert "\nfailures   requests that brought no turn: 1 unavailable\n" in shown
    assert re.search(r"\ntokens     <= [\d,]+ of 70,000\n", shown)
    assert re.search(r"\nunder way  1 request: session 1, turn 3, \d+ s\n", shown)
    assert "paid twice" not in shown, "what is under way is not lost"
    assert "go on" not in shown
    assert [(each["number"], each["turn"]) for each in as_json["under_way"]] == [(1, 3)]
    assert (as_json["running"], as_json["holder"]["pid"], as_json["go_on"]) == (True, child.pid, None)
    assert f"\nstate      not finished, nobody is at work on it; the last was pid {child.pid} on " in stopped
    assert "\npaid twice at most 1 requests may be paid for without a turn\n" in stopped
    assert stopped.endswith("\ngo on      couplesim resume run\n")


def test_requests_of_an_earlier_sitting_are_lost_and_not_under_way(run):
    ledger = Ledger.open(run)
    for turn in (2, 3):
        ledger.write(changes.begin_attempt, SPECS["open"].id, turn, "m", Usage(prompt=9, completion=9))
    ledger.write(lambda connection: connection.execute("UPDATE attempt SET started_at = '2020-01-01T00:00:00Z'"))
    ledger.write(changes.begin_attempt, SPECS["silent"].id, 1, "m", Usage(prompt=9, completion=9))
    shown = told(run.parent)
    ledger.close()
    assert "\nunder way  1 request: session 7, turn 1, " in shown
    assert "\npaid twice at most 4 requests " in shown


def test_whoever_only_looks_keeps_nobody_from_beginning(run):
    with (run / "run.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        threading.Timer(GLANCE_SECONDS / 3, fcntl.flock, (lock, fcntl.LOCK_UN)).start()
        Ledger.open(run).close()


def test_many_may_look_at_once(run):
    with (run / "run.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert holder(run).now is False


def test_a_run_that_nobody_ever_held_and_a_lock_without_a_name(run):
    (run / "run.lock").write_text("")
    assert "state      not finished, nobody is at work on it; the last was a process\n" in told(run.parent)
    (run / "run.lock").unlink()
    assert "state      not finished, nobody is at work on it\n" in told(run.parent)


def test_no_run_is_bad_input_and_a_damaged_one_a_matter_of_storage(run):
    assert couplesim(run.parent, "status", ".").returncode == 2
    (run / "ledger.db").write_bytes(b"x" * 4096)
    assert couplesim(run.parent, "status", "run").returncode == 6
