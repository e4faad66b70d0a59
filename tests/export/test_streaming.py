"""However many sessions a run has, one is in memory at a time."""

from itertools import islice

import pytest

from generator.export import FORMATS, Wish
from generator.export.selection import Selection
from generator.ledger import Ledger, changes
from generator.ledger.reading import PAGE
from generator.plan import Plan
from tests.runs import begin
from tests.test_ledger import turn

SESSIONS = 2 * PAGE


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Many sessions in which one turn was said."""
    folder = tmp_path_factory.mktemp("many") / "run"
    ledger = begin(folder, plan=Plan(repeats=SESSIONS, turns=1))

    def speak(connection):
        for row in ledger.each():
            changes.commit_turn(connection, row.id, turn(1), "m", None)
            changes.end_session(connection, row.id, "complete")

    ledger.write(speak)
    ledger.close()
    return folder


@pytest.mark.parametrize("format_", [name for name, format_ in FORMATS.items() if format_.lines])
def test_sessions_are_read_as_they_are_written(run, format_):
    ledger, asked = Ledger.read(run), []
    ledger._connection.set_trace_callback(asked.append)
    lines = FORMATS[format_].lines(Selection(ledger, False), Wish(format_))
    list(islice(lines, 10))
    assert sum("FROM turn" in sql for sql in asked) <= 10
    assert sum("FROM session WHERE number >" in sql for sql in asked) == 1
    assert len(list(lines)) >= SESSIONS - 10
    ledger.close()
