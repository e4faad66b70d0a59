"""Runs of many sessions: memory stays bounded, and a stop is heeded by all of them (FAULTS 36, 37, 63)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter

import pytest

from tests.child import (
    COUPLESIM,
    couplesim,
    environment,
    rows,
    served,
    slowly,
    start,
    turns_in,
    wait_for_turns,
)
from tests.faults.server import hang
from tests.test_kills import answer

AT_A_TIME = 5


def peak_megabytes(folder, sessions: int) -> float:
    """What a run of so many one-turn sessions of the rehearsal takes at most."""
    command = [COUPLESIM, "generate", "-n", str(sessions), "--turns", "1", "--out", str(sessions), "-q"]
    child = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_maxrss / 1024


def test_a_run_of_ten_times_the_sessions_takes_hardly_more_memory(tmp_path):
    few, many = peak_megabytes(tmp_path, 200), peak_megabytes(tmp_path, 2_000)
    assert rows(tmp_path / "2000", "SELECT status, count(*) FROM session GROUP BY 1") == [("complete", 2_000)]
    folder = tmp_path / "2000" / "transcripts"
    assert [len(list(each.glob("*.txt"))) for each in (folder, folder / "001001")] == [1_000, 1_000]
    assert many - few < 50, f"{few:.0f} MB for 200 sessions, {many:.0f} MB for 2,000"


def options(server, turns: int = 6) -> tuple[object, ...]:
    size = ("-n", 10, "--turns", turns, "--concurrency", AT_A_TIME)
    return ("generate", *size, "--out", "run", "--model", "m", "--base-url", server.url)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_all_turns_in_flight_finish_and_none_begin(tmp_path, number, code):
    pause_seconds = 0.3
    with served(lambda n, seen: slowly(answer(n, seen), pause_seconds)) as server:
        with start(tmp_path, *options(server)) as child:
            wait_for_turns(tmp_path / "run", 8)
            child.send_signal(number)
            asked = server.count
            _, err = child.communicate(timeout=40)
        kept = turns_in(tmp_path / "run")
        assert (child.returncode, "Traceback" in err) == (code, False)
        assert asked <= server.count <= asked + AT_A_TIME, "those that were leaving when the signal came"
        assert server.count == kept, "all in flight were kept"
        assert "resume: couplesim resume run\n" in err
        assert rows(tmp_path / "run", "SELECT DISTINCT billed FROM attempt WHERE outcome IS NOT 'ok'") in (
            [],
            [("no",)],
        )
        assert couplesim(tmp_path, "resume", "run", "--concurrency", AT_A_TIME, "-q").returncode == 0
        assert server.count == 10 * 6
        seeds = Counter(request.json["seed"] for request in server.requests)
        assert max(seeds.values()) == 1, "nothing was asked for twice"


def test_a_second_signal_drops_all_of_them_at_once(tmp_path):
    with served(lambda n, seen: answer(n, seen) if n <= 12 else hang()) as server:
        with start(tmp_path, *options(server)) as child:
            while server.count < 12 + AT_A_TIME:
                time.sleep(0.01)
                assert child.poll() is None
            child.send_signal(signal.SIGINT)
            for line in child.stderr:
                if line.startswith("stopping"):
                    break
            child.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, err = child.communicate(timeout=20)
        assert (child.returncode, time.monotonic() - began < 3, "Traceback" in err) == (130, True, False)
    dropped = rows(
        tmp_path / "run", "SELECT outcome, billed, count(*) FROM attempt WHERE outcome IS NOT 'ok' GROUP BY 1"
    )
    assert dropped == [("dropped", "unknown", AT_A_TIME)]
    assert turns_in(tmp_path / "run") == 12
    assert f"at most {AT_A_TIME} requests may be paid for without a turn" in err
