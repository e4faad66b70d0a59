"""The engine in this process under stops, second stops and storage that fails, at random: what holds afterwards."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import batch
from generator.budget import RunPurse
from generator.chat.scripted import reply_of
from generator.engines.local import Local
from generator.engines.protocol import Stop
from generator.engines.winding_down import LOOK_SECONDS
from generator.errors import SessionFailed, StorageError
from generator.ledger.writer import Writer
from generator.schema.label import LABELS
from tests.builders import spec
from tests.child import rows
from tests.runs import Silent, begin

SESSIONS, TURNS, AT_A_TIME = 9, 4, 4


class Fitful:
    """Takes its time; sometimes fails. Counts what is asked after a stop."""

    def __init__(self, rng: random.Random, fails: float, stop: Stop):
        self.rng, self.fails, self.stop, self.sent_after_stop = rng, fails, stop, 0

    async def speak(self, request):
        await asyncio.sleep(self.rng.uniform(0, 0.002))
        await request.attempts.begin("fitful", request.most)
        self.sent_after_stop += self.stop.requested
        try:
            await asyncio.sleep(self.rng.uniform(0, 0.004))
        except asyncio.CancelledError:
            await request.attempts.fail("dropped", "CancelledError", "unknown")
            raise
        if self.rng.random() < self.fails:
            await request.attempts.fail("unavailable", "no answer", "no")
            raise SessionFailed("unavailable", "no answer")
        return reply_of(f"This is turn {len(request.spoken) + 1}.", request, "fitful")

    async def close(self): ...


def trigger(run: Path, statement: str) -> None:
    with closing(sqlite3.connect(run / "ledger.db")) as other:
        other.execute(statement)


def sit(ledger, rng: random.Random, fails: float = 0.0, stops: int = 0, retry_failed: bool = True):
    """One sitting; up to two stops come at random. The error it ended with, its purse, its chat."""
    purse = RunPurse(tokens=10**9)

    async def go():
        stop = Stop()
        chat = Fitful(rng, fails, stop)
        engine = Local(lambda _: dict.fromkeys(LABELS, chat), AT_A_TIME)
        work = asyncio.create_task(
            batch.carry_out(ledger, engine, Silent(), stop, purse=purse, retry_failed=retry_failed)
        )
        error = None
        for number in range(stops):
            await asyncio.wait([work], timeout=rng.uniform(0, 0.05))
            if number == 0:
                stop.request()
            else:
                work.cancel()
        with suppress(asyncio.CancelledError):
            try:
                await work
            except StorageError as caught:
                error = caught
        assert asyncio.all_tasks() == {asyncio.current_task()}, "no task is left behind"
        return error, chat

    error, chat = asyncio.run(go())
    assert not [each for each in threading.enumerate() if each.name.startswith(("ledger", "transcripts"))]
    return error, purse, chat


def must_hold(run: Path, purse: RunPurse | None = None) -> None:
    for _, turns, last in rows(run, "SELECT session_id, count(*), max(n) FROM turn GROUP BY 1"):
        assert turns == last, "without a gap"
    ok = rows(run, "SELECT session_id, turn FROM attempt WHERE outcome = 'ok' ORDER BY 1, 2")
    assert ok == rows(run, "SELECT session_id, n FROM turn ORDER BY 1, 2"), "each turn by one request"
    if purse is not None:
        assert purse._reserved_tokens == 0, "nothing stays reserved for a request that is over"


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), fails=st.sampled_from([0.0, 0.1]), stops=st.integers(1, 2))
def test_stopped_at_random_and_gone_on_with(tmp_path_factory, seed, fails, stops):
    run, rng = tmp_path_factory.mktemp("run"), random.Random(seed)
    with closing(begin(run, *(spec(turns=TURNS, rng_seed=number) for number in range(SESSIONS)))) as ledger:
        error, purse, chat = sit(ledger, rng, fails, stops)
        assert error is None
        must_hold(run, purse)
        assert chat.sent_after_stop <= AT_A_TIME, "only those whose entry was being written when the stop came"
        unknown = "SELECT count(*) FROM attempt WHERE outcome IS NULL"
        assert rows(run, unknown) == [(0,)], "what became of each request is on record"
        assert sit(ledger, rng)[0] is None
        must_hold(run)
    assert rows(run, "SELECT DISTINCT status FROM session") == [("complete",)]
    assert len(list((run / "transcripts").glob("*.txt"))) == SESSIONS
    assert not list((run / "transcripts").glob("incomplete/*"))


WHERE = ["INSERT ON turn", "INSERT ON attempt", "UPDATE OF status ON session"]


@settings(max_examples=12)
@given(seed=st.integers(0, 2**32), where=st.sampled_from(WHERE), stops=st.integers(0, 2))
def test_storage_that_fails_for_one_session_stops_the_run_and_harms_no_other(tmp_path_factory, seed, where, stops):
    run, rng = tmp_path_factory.mktemp("run"), random.Random(seed)
    with closing(begin(run, *(spec(turns=TURNS, rng_seed=number) for number in range(SESSIONS)))) as ledger:
        victim = rng.choice(ledger.sessions()).id
        name = "id" if "session" in where else "session_id"
        when = f"WHEN NEW.{name} = '{victim}'"
        trigger(run, f"CREATE TRIGGER t BEFORE {where} {when} BEGIN SELECT RAISE(ABORT, 'no'); END")
        error, purse, _ = sit(ledger, rng, stops=stops)
        assert error is not None or stops, "no session was left out in silence"
        must_hold(run, purse)
        lost = {session for (session,) in rows(run, "SELECT session_id FROM attempt WHERE outcome IS NULL")}
        assert lost <= {victim}, "the others' requests are all accounted for"
        trigger(run, "DROP TRIGGER t")
        assert sit(ledger, rng)[0] is None
    must_hold(run)
    assert rows(run, "SELECT status, count(*) FROM session GROUP BY 1") == [("complete", SESSIONS)]
    assert len(list((run / "transcripts").glob("*.txt"))) == SESSIONS


def test_a_mistake_of_the_programs_own_is_not_swallowed(tmp_path):
    ledger = begin(tmp_path, *(spec(turns=TURNS, rng_seed=number) for number in range(SESSIONS)))
    asked = []

    class Mistaken(Fitful):
        async def speak(self, request):
            asked.append(request)
            if len(asked) == 6:
                raise ZeroDivisionError
            return await super().speak(request)

    async def go() -> None:
        stop = Stop()
        chat = Mistaken(random.Random(0), 0.0, stop)
        await batch.carry_out(ledger, Local(lambda _: dict.fromkeys(LABELS, chat), AT_A_TIME), Silent(), stop)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(go())
    must_hold(tmp_path)
    assert len(asked) <= 6 + AT_A_TIME, "no further session was tried"
    ledger.close()


@pytest.mark.parametrize("when", [0.05, 0.25, 0.4, 0.55])
def test_on_a_slow_disk_a_stop_waits_for_what_is_being_entered(tmp_path, monkeypatch, when):
    """A commit takes longer than the engine waits between two looks at who is done."""
    commit = Writer._commit

    def slowly(self, changes):
        time.sleep(2 * LOOK_SECONDS)
        return commit(self, changes)

    monkeypatch.setattr(Writer, "_commit", slowly)
    ledger = begin(tmp_path, *(spec(turns=1, rng_seed=number) for number in range(SESSIONS)))
    begun, ended = [], []

    class Watching(Silent):
        def session_begins(self, number, *_):
            begun.append(number)

        def session_ends(self, number, *_):
            ended.append(number)

    async def go() -> None:
        stop = Stop()
        asyncio.get_running_loop().call_later(when, stop.request)
        chat = Fitful(random.Random(0), 0.3, stop)
        await batch.carry_out(ledger, Local(lambda _: dict.fromkeys(LABELS, chat), AT_A_TIME), Watching(), stop)

    asyncio.run(go())
    ledger.close()
    assert sorted(begun) == sorted(ended), "each session that began has come to an end"
    must_hold(tmp_path)
    unsent_or_done = rows(tmp_path, "SELECT count(*) FROM attempt WHERE outcome IS NULL OR billed = 'unknown'")
    assert unsent_or_done == [(0,)], "what was never sent costs nothing"
    whole = rows(tmp_path, "SELECT count(*) FROM session WHERE status = 'complete'")[0][0]
    assert len(list((tmp_path / "transcripts").glob("*.txt"))) == whole
