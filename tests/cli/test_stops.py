"""The command, with many sessions in flight: a signal, a cap, a busy machine (FAULTS 16, 36, 49, 50, 64)."""

import asyncio
import re
import signal
import threading
import time
from types import SimpleNamespace

import click
import pytest

from generator.chat.gate import OUTAGE_FAILURES, Gate
from generator.cli.progress import Progress
from generator.cli.running import _limits, _watch_the_clock
from tests.child import couplesim, rows, served, slowly, start, transcripts, turns_in
from tests.faults.server import ok

TWENTY = ("-n", 20, "--out", "run", "--model", "m")
SOON = 60
"""So many replies come after a moment, in which the number of requests under way grows to twenty."""


class Later:
    """Answers so many requests soon, and the others when it is told to."""

    def __init__(self):
        self.told = threading.Event()

    def __call__(self, number, _):
        async def wait(line):
            while not self.told.is_set():
                await asyncio.sleep(0.01)
            await ok(f"This is reply {number}.")(line)

        return wait if number > SOON else slowly(ok(f"This is reply {number}."), 0.2)


def until_stopping(child):
    """What the command says until it has understood that it is to stop."""
    said = child.stderr.readline()
    while "stopping" not in said:
        assert child.poll() is None
        said = child.stderr.readline()
    return said


def wait_for_all(server, seconds=30.0):
    """Until no further request arrives; how many of them wait for their reply."""
    deadline, before = time.monotonic() + seconds, 0
    while server.count <= SOON or server.count > before:
        assert time.monotonic() < deadline, f"{server.count} requests"
        before = server.count
        time.sleep(0.5)
    return server.count - SOON


def test_a_signal_is_obeyed_after_the_turns_in_flight(tmp_path):
    """Row 36: they are counted, their replies are kept, and no other request is sent."""
    script = Later()
    with served(script) as server:
        with start(tmp_path, "generate", *TWENTY, "--turns", 8, "--base-url", server.url) as child:
            in_flight = wait_for_all(server)
            child.send_signal(signal.SIGINT)
            assert until_stopping(child) == f"stopping: {in_flight} turns in flight, Ctrl-C again to drop them\n"
            script.told.set()
            _, err = child.communicate(timeout=60)
        assert (child.returncode, "Traceback" in err) == (130, False)
        assert server.count == turns_in(tmp_path / "run") == SOON + in_flight
        assert f"kept: {server.count} turns in 20 sessions; resume: couplesim resume run\n" in err
        assert rows(tmp_path / "run", "SELECT count(*) FROM attempt WHERE outcome IS NOT 'ok'") == [(0,)]
        assert couplesim(tmp_path, "resume", "run").returncode == 0
        assert server.count == 160, "nothing was asked for twice"
    assert len(transcripts(tmp_path / "run")) == 20


PRICES = "checked: today\nmodels: {m: {input: 10, output: 30}}\n"


def test_a_cap_stops_a_run_and_a_higher_one_goes_on(tmp_path):
    """Row 49."""
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")

    def script(number, seen):
        usage = {"prompt_tokens": len(seen.body) // 2, "completion_tokens": 20}
        taken.append((usage["prompt_tokens"] * 10 + 20 * 30) / 1e6)
        return ok(f"This is reply {number}.", usage=usage)

    taken = []
    with served(script) as server:
        done = couplesim(tmp_path, "generate", *TWENTY, "--turns", 4, "--base-url", server.url, "--run-cost", 2)
        assert done.returncode == 4, done.stderr
        (spent,) = re.findall(
            r"couplesim: stopped at \$(\S+) of \$2\.00; the next request could pass the cap", done.stderr
        )
        assert 1.8 < float(spent) <= 2
        assert abs(sum(taken) - float(spent)) < 0.01
        assert "; resume: couplesim resume run --run-cost USD\n" in done.stderr
        first = server.count
        assert turns_in(tmp_path / "run") == first < 80
        again = couplesim(tmp_path, "resume", "run")
        assert (again.returncode, server.count) == (4, first), "the cap is that of the whole run"
        assert couplesim(tmp_path, "resume", "run", "--run-cost", 50).returncode == 0
        assert server.count == turns_in(tmp_path / "run") == 80
    assert "run_cost: 50.0" in (tmp_path / "run" / "plan.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("cap", ["--run-cost", "--run-tokens"])
def test_no_cap_without_a_limit_of_each_turn(tmp_path, cap):
    """Row 49: it could not be kept to."""
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    options = ("--base-url", "http://127.0.0.1:9/v1", cap, 5, "--cut", "none")
    done = couplesim(tmp_path, "generate", *TWENTY, *options)
    assert done.returncode == 2
    assert done.stderr.startswith(f"couplesim: {cap}: turns without a limit (cut: none) can take any number of tokens")
    assert not (tmp_path / "run").exists()


def test_a_cap_is_not_resumed_where_a_price_has_gone(tmp_path):
    """Row 50."""
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    with served([ok("Yes.")]) as server:
        options = ("--base-url", server.url, "--run-cost", 0.01)
        assert couplesim(tmp_path, "generate", *TWENTY, *options).returncode == 4
        (tmp_path / "prices.yaml").unlink()
        done = couplesim(tmp_path, "resume", "run")
        assert (done.returncode, server.count) == (2, 0)
    assert "no price for model 'm'" in done.stderr


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def test_who_is_waited_for_is_named(capsys):
    """Row 16: one session is stuck, and nothing comes back that could cause a line."""
    clock = Clock()
    progress = Progress(40, 39, 160, 157, False, lambda: "9 tokens", lambda: "1 of 64 under way", clock)
    progress.session_begins(40, 4, 1)
    clock.seconds = 9.0
    progress.tick()
    assert capsys.readouterr().err == ""
    clock.seconds = 42.0
    progress.tick()
    progress.tick()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sessions 39/40, turns 157/160, ")
    assert line.endswith("slowest: session 40, turn 2, waiting 42 s")


def test_few_sessions_have_lines_only_where_one_waits(capsys):
    clock = Clock()
    progress = Progress(2, 0, 8, 0, False, lambda: "", lambda: "", clock)
    for clock.seconds in range(30):
        progress.tick()
    assert capsys.readouterr().err == ""
    progress.session_begins(1, 4, 0)
    for clock.seconds in range(30, 60):
        progress.tick()
    assert capsys.readouterr().err.count("slowest: session 1, turn 1, waiting") == 3


def test_a_pause_is_told_with_its_reason():
    """Rows 6 and 9: what the endpoint asked for, and what an outage makes us wait."""

    async def go(wait_seconds):
        gate, clock.seconds = Gate(64, clock), 0.0
        for _ in range(OUTAGE_FAILURES + 3):
            gate.failed(await gate.enter(0), wait_seconds)
            told = _limits(SimpleNamespace(gates=lambda: [gate]))
            clock.seconds += 100.0
        gate.close()
        return told

    clock = Clock()
    assert asyncio.run(go(30.0)) == "0 of 1 under way, waiting 30 s as the endpoint asked"
    away = r"0 of 1 under way, waiting \d+ s before asking again, as the endpoint does not answer"
    assert re.fullmatch(away, asyncio.run(go(None)))


class Answered:
    def gates(self):
        return [self]

    answered = True


def test_a_busy_machine_is_named_as_such():
    """Row 64: the loop is held up for two seconds and a half by something that does not wait."""
    said = []

    class Hears:
        def say(self, text):
            said.append(text)

        def tick(self):
            pass

    async def go():
        watch = asyncio.create_task(_watch_the_clock(Hears(), Answered()))
        await asyncio.sleep(0.01)
        time.sleep(2.5)
        await asyncio.sleep(0.05)
        watch.cancel()

    asyncio.run(go())
    (line,) = said
    assert line.startswith("this machine was too busy for the program for ")
    assert click.unstyle(line) == line
