"""Sessions in a few words are what their specs and turns say."""

import pytest

from generator.ledger import End, Entry, Tally
from tests.builders import spec
from tests.export.conftest import make
from tests.runs import begin


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    ledger = make(tmp_path_factory.mktemp("index") / "run").read()
    yield ledger
    ledger.close()


def test_entries_say_what_the_specs_say(ledger):
    rows = ledger.sessions()
    assert ledger.entries() == [
        Entry(
            number=row.number,
            couple=row.spec.couple.id,
            therapist=row.spec.therapist.id,
            topic=row.spec.topic.id,
            structure=row.spec.structure,
            prompts=row.spec.prompts.name,
            model={"gpt-4o": "gpt-4o/small/small"}.get(row.spec.models.therapist.name, "rehearsal"),
            first=row.spec.first,
            cell=row.cell,
            repeat=row.repeat,
            planned_turns=row.spec.turns,
        )
        for row in rows
    ]
    assert ledger.ends() == [End(row.number, row.status, row.reason) for row in rows]


def test_tallies_count_what_was_said(ledger):
    told = ledger.tallies([1, 3, 4, 7, 99])
    for row in ledger.sessions():
        turns = ledger.turns(row.id)
        if row.number in told:
            counted = Tally(
                len(turns), sum(t.cut for t in turns), sum(bool(t.trims) for t in turns), sum(t.tokens for t in turns)
            )
            assert told[row.number] == counted
    assert set(told) == {1, 3, 4}, "nothing has been said in the seventh"
    assert ledger.tallies([]) == {}


def test_other_sessions_are_another_extent(ledger, tmp_path):
    one = begin(tmp_path / "one", spec())
    extent = one.extent()
    assert extent != ledger.extent()
    one.close()
    more = begin(tmp_path / "one", spec(), spec(rng_seed=2))
    assert more.extent() != extent
    more.close()
