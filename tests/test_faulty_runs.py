"""Whole runs of many sessions side by side at an endpoint that misbehaves (FAULTS 3-6, 10-14, 22, 23, 33, 42, 49)."""

import asyncio
import re
import time

import pytest

from generator.budget import RunPurse
from generator.errors import CapReached, ProviderRefused
from generator.schema.turn import Usage
from tests.child import rows, slowly
from tests.faults.running import FEW_TOKENS, NOT_OURS, Ahead, dice, dollars, run, sessions
from tests.faults.server import error, hang, ok, redirect, reset, status

EACH_TURN = "SELECT session_id, n, text FROM turn ORDER BY session_id, n"
ATTEMPTS = "SELECT outcome, billed, count(*) FROM attempt WHERE outcome != 'ok' GROUP BY 1, 2"


def test_five_hundred_sessions_at_a_faulty_endpoint(tmp_path):
    """One request in twenty is refused, one in a hundred fails, some are reset or never answered."""
    roll, faults = dice(1), 0

    def script(number, _):
        nonlocal faults
        rolled = roll()
        faults += rolled < 0.067
        if rolled < 0.05:
            return error(429, NOT_OURS, headers={"Retry-After-ms": "20"})
        if rolled < 0.06:
            return status(500, NOT_OURS.encode())
        if rolled < 0.065:
            return reset()
        return hang() if rolled < 0.067 else ok(f"This is reply {number}.")

    ran = run(tmp_path, script, *sessions(500, turns=6), speed=20, deadline_seconds=3.0)
    assert (ran.error, ran.statuses, ran.turns) == (None, {"complete": 500}, 3000)
    assert faults > 150
    assert ran.server.count <= 1.15 * 3000
    texts = ran.transcripts()
    assert len(texts) == 500
    assert not any(NOT_OURS.encode() in text for text in texts)
    unknown = [row for row in rows(tmp_path, ATTEMPTS) if row[1] == "unknown"]
    assert {outcome for outcome, *_ in unknown} == {"unavailable", "timeout"}, "row 14: resets and what was dropped"


def test_a_cap_holds_at_64_side_by_side(tmp_path):
    """Row 49: by the endpoint's own count, in which requests it broke off are paid for in full."""
    roll, taken = dice(2), [0.0]

    def script(number, seen):
        prompt, rolled = len(seen.body) // 3, roll()
        if rolled < 0.03:
            return error(429, headers={"Retry-After-ms": "5"})
        taken.append(dollars("m", Usage(prompt=prompt, completion=FEW_TOKENS)))
        if rolled < 0.06:
            return reset()
        usage = {"prompt_tokens": prompt, "completion_tokens": FEW_TOKENS} if rolled < 0.95 else None
        return ok(f"This is reply {number}.", usage=usage)

    cap, priced = 2.0, [0.0]

    def price(model, usage):
        priced.append(dollars(model, usage))
        return priced[-1]

    purse = RunPurse(cost=cap, price=price)
    ran = run(tmp_path, script, *sessions(100, turns=5), purse=purse)
    assert isinstance(ran.error, CapReached)
    assert re.match(r"stopped at \$\d\.\d\d of \$2\.00;", str(ran.error)), ran.error
    assert sum(taken) <= purse.cost <= cap < purse.cost + max(priced), "the dearest request had no room any more"
    assert "failed" not in ran.statuses
    kept = ran.turns
    assert 0 < kept < 500

    more = RunPurse(cost=60.0, price=dollars, spent_tokens=purse.tokens, spent_cost=purse.cost)
    ran = run(tmp_path, script, purse=more)
    assert (ran.error, ran.statuses, ran.turns) == (None, {"complete": 100}, 500)
    assert ran.server.count >= 500 - kept
    assert sum(taken) <= more.cost


def test_a_minute_without_the_endpoint_loses_no_session(tmp_path):
    """It is gone in the middle of 200 sessions, 64 of them waiting for a reply."""
    clock, gone_at = Ahead(20), []

    def script(number, _):
        if number == 400:
            gone_at.append(clock.now())
        gone = gone_at and clock.now() < gone_at[0] + 60
        return status(503, NOT_OURS.encode()) if gone else ok(f"This is reply {number}.")

    ran = run(tmp_path, script, *sessions(200, turns=5), speed=clock.speed)
    assert (ran.error, ran.statuses, ran.turns) == (None, {"complete": 200}, 1000)
    assert ran.server.count <= 1.15 * 1000
    assert not any(NOT_OURS.encode() in text for text in ran.transcripts())


@pytest.mark.parametrize("jump", [-365 * 86400.0, 10 * 365 * 86400.0], ids=["back a year", "forward ten"])
def test_a_clock_that_jumps_changes_nothing_but_times(tmp_path, monkeypatch, jump):
    """Row 42: at every request, in the waits of refused ones too."""
    began, real, real_gmtime, off = time.monotonic(), time.time, time.gmtime, [0.0]

    def script(number, seen):
        off[0] = jump if number % 2 else 0.0
        if number % 7 == 0:
            return error(429, headers={"Retry-After": "2"})
        return ok(f"This is reply {len(seen.json['messages'])}.")

    steady = run(tmp_path / "steady", script, *sessions(6, turns=4), at_a_time=3)
    monkeypatch.setattr(time, "time", lambda: real() + off[0])
    monkeypatch.setattr(time, "gmtime", lambda seconds=None: real_gmtime(time.time() if seconds is None else seconds))
    ran = run(tmp_path / "jumps", script, *sessions(6, turns=4), at_a_time=3)
    monkeypatch.undo()
    assert (ran.error, ran.statuses) == (None, {"complete": 6})
    assert rows(tmp_path / "jumps", EACH_TURN) == rows(tmp_path / "steady", EACH_TURN)
    assert sorted(ran.transcripts()) == sorted(steady.transcripts())
    years = {started[:4] for (started,) in rows(tmp_path / "jumps", "SELECT started_at FROM attempt")}
    assert len(years) > 1, "the displayed times did jump"
    assert time.monotonic() - began < 60


# The endpoint refuses, or is not there

REFUSALS = {
    "4": (error(401, "Incorrect API key"), r"API key refused by \S+ \(401\)"),
    "5": (error(404, "no such model"), r"\S+ has no model 'm'"),
    "10": (error(429, headers={"Retry-After": "3600"}), r"rate limited until \d\d:\d\dZ"),
    "11": (error(429, code="insufficient_quota"), "has no quota left"),
    "33": (redirect("http://127.0.0.1:9/v1"), "the base URL redirects to"),
}


@pytest.mark.parametrize(("behaviour", "words"), REFUSALS.values(), ids=[f"row {row}" for row in REFUSALS])
def test_a_refused_run_sends_one_request(tmp_path, behaviour, words):
    """64 sessions want to begin; the first one asks for all of them."""
    ran = run(tmp_path, [behaviour], *sessions(64, turns=3))
    assert isinstance(ran.error, ProviderRefused)
    assert re.search(words, str(ran.error))
    assert (ran.server.count, ran.statuses) == (1, {"open": 64})


@pytest.mark.parametrize(("behaviour", "words"), REFUSALS.values(), ids=[f"row {row}" for row in REFUSALS])
def test_a_run_refused_later_stops_and_keeps_what_is_under_way(tmp_path, behaviour, words):
    """Replies that are under way are waited for, paid for and kept; no session is failed for it."""
    answered = 0

    def script(number, _):
        nonlocal answered
        refuses = number > 150
        answered += not refuses
        return behaviour if refuses else slowly(ok(f"This is reply {number}."), 0.1 if number > 120 else 0)

    ran = run(tmp_path, script, *sessions(64, turns=5))
    assert isinstance(ran.error, ProviderRefused)
    assert re.search(words, str(ran.error))
    assert "Nothing was charged" not in str(ran.error)
    assert ran.turns == answered, "all that was answered is kept"
    assert ran.server.count <= 150 + 64
    assert ran.statuses.keys() <= {"open", "complete"}


def test_nobody_there(tmp_path):
    """Row 13: three quick tries for all sessions together."""

    async def gone(server, _):
        await server.stop()

    ran = run(tmp_path, [ok()], *sessions(64, turns=2), during=gone, speed=5)
    assert isinstance(ran.error, ProviderRefused)
    assert str(ran.error).startswith(f"cannot reach {ran.server.host};")
    assert rows(tmp_path, "SELECT outcome FROM attempt") == [("unavailable",)] * 3
    assert ran.statuses == {"open": 64}


@pytest.mark.parametrize("behaviour", [status(500, b"out of memory"), error(529)], ids=["500", "529"])
def test_an_endpoint_that_never_works_is_given_up(tmp_path, behaviour):
    """After three minutes, with few requests; no session is failed for it."""
    ran = run(tmp_path, [behaviour], *sessions(64, turns=2), speed=200)
    assert isinstance(ran.error, ProviderRefused)
    assert re.match(rf"no reply from {ran.server.host} for \d+ minutes: \S+ answered 5", str(ran.error))
    assert ran.server.count <= 40
    assert ran.statuses == {"open": 64}


@pytest.mark.parametrize("how", ["gone", "hangs", "503"])
def test_an_endpoint_that_dies_is_given_up(tmp_path, how):
    """After a quarter of an hour without a reply: the run stops, and what was recorded can be gone on with."""
    dead = False

    def script(number, _):
        if not dead:
            return ok(f"This is reply {number}.")
        return hang() if how == "hangs" else status(503)

    async def die(server, _):
        nonlocal dead
        while server.count < 100:
            await asyncio.sleep(0.001)
        dead = True
        if how == "gone":
            await server.stop()

    ran = run(tmp_path, script, *sessions(100, turns=5), during=die, speed=500, deadline_seconds=0.1)
    assert isinstance(ran.error, ProviderRefused)
    assert re.match(rf"no reply from {ran.server.host} for \d+ minutes: ", str(ran.error))
    assert "failed" not in ran.statuses
    assert len(rows(tmp_path, "SELECT 1 FROM attempt WHERE outcome != 'ok'")) <= 64 + 120
    dead = False
    again = run(tmp_path, script)
    assert (again.error, again.statuses, again.turns) == (None, {"complete": 100}, 500)


# Sessions that fail


def by_model(behaviour):
    """Those of the model "bad" are answered so."""
    return lambda number, seen: behaviour if seen.json["model"] == "bad" else ok(f"This is reply {number}.")


@pytest.mark.parametrize("place", [0, 10], ids=["first", "amid others"])
def test_one_bad_session_among_good_ones(tmp_path, place):
    """Row 6: six attempts, then it has failed; the run goes on."""
    specs = sessions(20, turns=4)
    specs.insert(place, *sessions(1, turns=4, model="bad"))
    ran = run(tmp_path, by_model(status(500)), *specs, speed=100)
    assert (ran.error, ran.statuses) == (None, {"complete": 20, "failed": 1})
    assert sum(seen.json["model"] == "bad" for seen in ran.server.requests) == 6
    (failed,) = ran.ledger.each("failed")
    assert (failed.number, failed.reason) == (place + 1, "unavailable")


def test_sessions_that_always_fail(tmp_path):
    """Row 6: each one after six attempts."""
    ran = run(tmp_path, [status(500)], *sessions(2, turns=4), speed=200)
    assert (ran.error, ran.statuses, ran.server.count) == (None, {"failed": 2}, 12)


def test_twenty_sessions_in_a_row(tmp_path):
    """Row 13: the endpoint is there for some and not for others; the twentieth that fails is the last."""
    good = slowly(ok("Yes."), 0.05)

    def script(_, seen):
        return status(502) if seen.json["model"] == "bad" else good

    ran = run(tmp_path, script, *sessions(2, turns=400), *sessions(90, turns=4, model="bad"), speed=200, at_a_time=12)
    assert isinstance(ran.error, ProviderRefused)
    words = f"20 sessions in a row failed at the endpoint: turn 1, Therapist: {ran.server.host} answered 502"
    assert str(ran.error).startswith(words)
    assert 20 <= ran.statuses["failed"] <= 20 + 12


def test_empty_replies_fail_their_session_alone(tmp_path):
    """Row 22."""
    ran = run(tmp_path, by_model(ok("")), *sessions(3, turns=3), *sessions(2, turns=3, model="bad"))
    assert (ran.error, ran.statuses) == (None, {"complete": 3, "failed": 2})
    assert ran.server.count == 3 * 3 + 2 * 3
    assert rows(tmp_path, ATTEMPTS) == [("empty", "yes", 6)]


ALL_HIDDEN = {"prompt_tokens": 9, "completion_tokens": 8, "completion_tokens_details": {"reasoning_tokens": 8}}
ALIKE = {
    "3": (error(400, "no such field"), "rejected the request (400): no such field"),
    "23": (ok("", "length", usage=ALL_HIDDEN), "spent all 8 tokens on hidden reasoning; set --reasoning-effort none"),
}


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize(("behaviour", "words"), ALIKE.values(), ids=[f"row {row}" for row in ALIKE])
def test_three_that_fail_alike_stop_the_run(tmp_path, behaviour, words, turn):
    """The settings are at fault, the therapist's or a partner's: the next one would fail as well."""

    def script(number, seen):
        roles = [message["role"] for message in seen.json["messages"]]
        first = "assistant" not in roles and b"This is reply" not in seen.body
        return behaviour if first == (turn == 1) else ok(f"This is reply {number}.")

    ran = run(tmp_path, script, *sessions(60, turns=5))
    assert isinstance(ran.error, ProviderRefused)
    assert "3 sessions in a row failed alike" in str(ran.error)
    assert words in str(ran.error)
    assert ran.server.count <= (6 if turn == 1 else 60 + 64)
    assert ran.statuses["failed"] >= 3


def test_a_run_ends_although_its_last_session_hangs(tmp_path):
    """Row 16: every attempt has its deadline; then that session has failed."""
    specs = [*sessions(5, turns=3), *sessions(1, turns=3, model="bad")]
    ran = run(tmp_path, by_model(hang()), *specs, speed=40, deadline_seconds=0.1)
    assert (ran.error, ran.statuses, ran.server.count) == (None, {"complete": 5, "failed": 1}, 5 * 3 + 6)
    assert rows(tmp_path, ATTEMPTS) == [("timeout", "unknown", 6)]
