"""The one writer under many: whatever is cancelled, whatever fails, the others' changes are on the disk."""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import StorageError
from generator.ledger import changes
from generator.ledger.writer import Writer
from generator.schema.turn import Usage
from tests.builders import spec
from tests.runs import begin
from tests.test_ledger import turn


@pytest.fixture
def run(tmp_path):
    """The folder of a run with a table for notes."""
    begin(tmp_path, spec(turns=3)).close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        other.execute("CREATE TABLE note (text TEXT PRIMARY KEY) STRICT")
    return tmp_path


def notes(folder) -> Counter[str]:
    with closing(sqlite3.connect(folder / "ledger.db")) as other:
        return Counter(text for (text,) in other.execute("SELECT text FROM note"))


def note(connection: sqlite3.Connection, text: object) -> object:
    connection.execute("INSERT INTO note VALUES (?)", (text,))
    return text


def slow_note(connection: sqlite3.Connection, text: object) -> object:
    time.sleep(0.001)
    return note(connection, text)


BAD = {
    "twice": (StorageError, "UNIQUE constraint failed"),
    b"of another type": (StorageError, "cannot store BLOB value"),
    "\ud800": (UnicodeEncodeError, "surrogates"),
    2**64: (OverflowError, "too large"),
    object(): (StorageError, "type 'object' is not supported"),
}


@pytest.mark.parametrize(("bad", "error", "message"), [(bad, *how) for bad, how in BAD.items()], ids=range(len(BAD)))
def test_a_change_that_fails_fails_alone(run, bad, error, message):
    async def go():
        writer = Writer(run)
        await writer.write(note, "twice")
        texts = ["a", "b", bad, "c"]
        results = await asyncio.gather(*(writer.write(note, text) for text in texts), return_exceptions=True)
        await writer.close()
        return results

    a, b, failed, c = asyncio.run(go())
    assert (a, b, c) == ("a", "b", "c")
    assert isinstance(failed, error)
    assert re.search(message, str(failed))
    assert notes(run) == Counter(["twice", "a", "b", "c"])


def test_a_change_half_done_leaves_nothing(run):
    def half(connection: sqlite3.Connection) -> None:
        note(connection, "half")
        raise ValueError("in the middle")

    async def go():
        writer = Writer(run)
        results = await asyncio.gather(writer.write(note, "a"), writer.write(half), return_exceptions=True)
        await writer.close()
        return results

    whole, failed = asyncio.run(go())
    assert whole == "a"
    assert isinstance(failed, ValueError)
    assert notes(run) == Counter(["a"])


def test_a_turn_recorded_already_does_not_take_other_sessions_turns_with_it(tmp_path):
    specs = [spec(turns=3, rng_seed=n) for n in range(1, 5)]
    ledger = begin(tmp_path, *specs)
    ledger.write(changes.commit_turn, specs[1].id, turn(1), "m", None)

    async def go():
        writer = Writer(tmp_path)
        each = [writer.write(changes.commit_turn, one.id, turn(1), "m", None) for one in specs]
        attempt = writer.write(changes.begin_attempt, specs[0].id, 2, "m", Usage(prompt=1, completion=1))
        results = await asyncio.gather(*each, attempt, return_exceptions=True)
        await writer.close()
        return results

    results = asyncio.run(go())
    assert [type(result).__name__ for result in results] == ["NoneType", "StorageError", "NoneType", "NoneType", "int"]
    assert "damaged" not in str(results[1])
    assert [len(ledger.turns(one.id)) for one in specs] == [1, 1, 1, 1]
    ledger.close()


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), writers=st.integers(1, 12))
def test_many_writers_cancelled_at_random_lose_nothing_that_was_promised(tmp_path_factory, seed, writers):
    """Each writes in order; some are cancelled in mid-write, some of their changes fail."""
    folder = tmp_path_factory.mktemp("run")
    begin(folder, spec(turns=3)).close()
    with closing(sqlite3.connect(folder / "ledger.db")) as other:
        other.execute("CREATE TABLE note (text TEXT PRIMARY KEY) STRICT")
    rng = random.Random(seed)
    promised, begun, failed = [], [], []

    async def one(writer: Writer, name: int) -> None:
        for n in range(6):
            text = f"{name}:{n}"
            if rng.random() < 0.15:
                with pytest.raises(OverflowError):
                    await writer.write(slow_note, 2**64)
                failed.append(text)
                continue
            begun.append(text)
            assert await writer.write(slow_note, text) == text
            promised.append(text)

    async def go() -> None:
        writer = Writer(folder)
        tasks = [asyncio.create_task(one(writer, name)) for name in range(writers)]
        for task in rng.sample(tasks, writers // 3):
            await asyncio.sleep(rng.uniform(0, 0.003))
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} <= {type(None), asyncio.CancelledError}
        await writer.close()

    asyncio.run(go())
    kept = notes(folder)
    assert set(promised) <= kept.keys() <= set(begun)
    assert max(kept.values(), default=1) == 1
    for name in range(writers):
        own = [int(text.partition(":")[2]) for text in kept if text.startswith(f"{name}:")]
        assert own == sorted(own)
        mine = [text for text in begun if text.startswith(f"{name}:")]
        assert len(mine) - len(own) <= 1, "at most the one in flight when it was cancelled"


def test_what_is_being_written_is_finished_however_often_the_closing_is_cancelled(run):
    async def go():
        writer = Writer(run)
        writing = [asyncio.create_task(writer.write(slow_note, str(n))) for n in range(30)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(writer.close())
        for _ in range(5):
            await asyncio.sleep(0.001)
            closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        return await asyncio.gather(*writing)

    assert asyncio.run(go()) == [str(n) for n in range(30)]
    assert len(notes(run)) == 30
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ledger")]
    assert not (run / "ledger.db-wal").exists(), "closed in order"


def test_nobody_waits_for_ever_for_a_writer_whose_task_was_taken_away(run):
    async def go():
        writer = Writer(run)
        waiting = [asyncio.create_task(writer.write(slow_note, str(n))) for n in range(3)]
        await asyncio.sleep(0)
        late = asyncio.create_task(writer.write(note, "late"))
        await asyncio.sleep(0)
        writer._writing.cancel()
        results = await asyncio.wait_for(asyncio.gather(*waiting, late, return_exceptions=True), 5)
        assert {type(result) for result in results} == {asyncio.CancelledError}
        assert await writer.write(note, "afterwards") == "afterwards"
        await writer.close()

    asyncio.run(go())
    assert "afterwards" in notes(run)


def test_a_locked_ledger_is_not_called_damaged_and_fails_all_at_once(run, monkeypatch):
    async def go():
        writer = Writer(run)
        await writer.write(note, "before")
        await asyncio.get_running_loop().run_in_executor(
            writer._thread, lambda: writer._connection.execute("PRAGMA busy_timeout = 50")
        )
        with closing(sqlite3.connect(run / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            results = await asyncio.gather(*(writer.write(note, str(n)) for n in range(40)), return_exceptions=True)
            other.execute("ROLLBACK")
        assert await writer.write(note, "after") == "after"
        await writer.close()
        return results, time.monotonic() - began

    results, seconds = asyncio.run(go())
    assert {str(result) for result in results} == {
        f"{run / 'ledger.db'}: database is locked; what was committed is kept"
    }
    assert seconds < 1.9, "one wait, not forty"
    assert set(notes(run)) == {"before", "after"}
