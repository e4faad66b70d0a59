"""The ledger: committed before it is sent, one writer, and what happens to damaged files (FAULTS 38-45)."""

import gc
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.chat.scripted import reply_of
from generator.clean import clean, names_for
from generator.errors import RunInUse, StorageError
from generator.ledger import Ledger, changes
from generator.ledger.file import VERSION
from generator.schema.label import LABELS
from generator.schema.planned import Planned
from generator.schema.turn import Reply, Trim, Turn, Usage
from tests.builders import spec
from tests.child import rows
from tests.runs import begin, carry_out

PROBE = spec(turns=3)


def turn(n: int = 1, text: str = "Good morning.", **changes) -> Turn:
    reply = Reply(
        text=text, end="stop", usage=Usage(prompt=7, completion=3), model="m", raw=text.encode("utf-8", "replace")
    )
    fields = {"speaker": "Therapist", "text": text, "end": "stop", "cut": False, "mid_sentence": False, "tokens": 3}
    return Turn(n=n, **{**fields, "reply": reply, **changes})


@pytest.fixture
def ledger(tmp_path):
    """A ledger with one session entered, open for writing, in tmp_path / "run"."""
    ledger = Ledger.create(tmp_path / "run", {}, "test", [Planned(PROBE)], {})
    yield ledger
    ledger.close()


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "ledger.db").read_bytes()).hexdigest()


class Peeking:
    """A chat that looks at the ledger from outside while it is asked."""

    def __init__(self, run: Path):
        self.run, self.seen = run, []

    async def speak(self, request):
        await request.attempts.begin("peeking", request.most)
        open_attempts = rows(self.run, "SELECT turn FROM attempt WHERE outcome IS NULL")
        self.seen.append((open_attempts, rows(self.run, "SELECT count(*) FROM turn")[0][0]))
        return reply_of(f"This is turn {len(request.spoken) + 1}.", request, "peeking")

    async def close(self):
        pass


def test_an_attempt_is_on_record_before_it_is_sent_and_a_turn_before_the_next(tmp_path):
    run = tmp_path / "run"
    ledger = begin(run, PROBE)
    chat = Peeking(run)
    carry_out(ledger, lambda _: dict.fromkeys(LABELS, chat))
    ledger.close()
    assert chat.seen == [([(1,)], 0), ([(2,)], 1), ([(3,)], 2)]
    assert rows(run, "SELECT turn, outcome, billed FROM attempt") == [(n, "ok", "yes") for n in (1, 2, 3)]


@pytest.mark.parametrize("fails", ["INSERT ON turn", "UPDATE ON attempt"])
def test_a_turn_and_the_end_of_its_attempt_are_one_transaction(ledger, fails):
    attempt = ledger.write(changes.begin_attempt, PROBE.id, 1, "m", Usage(prompt=9, completion=9))
    with closing(sqlite3.connect(ledger.folder / "ledger.db")) as other:
        other.execute(f"CREATE TRIGGER t BEFORE {fails} BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StorageError):
        ledger.write(changes.commit_turn, PROBE.id, turn(), "m", attempt)
    assert ledger.turns(PROBE.id) == []
    assert rows(ledger.folder, "SELECT outcome FROM attempt") == [(None,)]
    assert ledger.possibly_paid_twice() == 1


def test_a_reader_works_beside_the_writer_and_cannot_write(ledger):
    reader = Ledger.read(ledger.folder)
    ledger.write(changes.commit_turn, PROBE.id, turn(1), "m", None)
    assert [each.n for each in reader.turns(PROBE.id)] == [1]
    ledger.write(changes.commit_turn, PROBE.id, turn(2), "m", None)
    assert reader.counts() == (2, 1)
    with pytest.raises(StorageError):
        reader.write(changes.commit_turn, PROBE.id, turn(3), "m", None)
    reader.close()


def test_one_run_has_one_writer_and_a_killed_one_leaves_no_lock(ledger):
    ledger.close()
    hold = (
        f"from pathlib import Path; from generator.ledger import Ledger; x = Ledger.open(Path({str(ledger.folder)!r}));"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold + "print('held', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(RunInUse, match=rf"run in use by pid {child.pid} on \S+ since 20") as caught:
            Ledger.open(ledger.folder)
        assert caught.value.exit_code == 7
        child.kill()
    Ledger.open(ledger.folder).close()
    assert f"pid {os.getpid()} " in (ledger.folder / "run.lock").read_text()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(StorageError, match=f"cannot write to {folder}"):
            Ledger.create(folder, {}, "test", [Planned(PROBE)], {})
    assert (tmp_path / "file").read_text() == "mine"


def _truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)


def _foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")


DAMAGES = {
    "empty": (lambda path: path.write_bytes(b""), "ledger is (damaged|empty)"),
    "truncated": (_truncated, "damaged"),
    "random bytes": (lambda path: path.write_bytes(bytes(range(256)) * 64), "damaged"),
    "text": (lambda path: path.write_text("not a database"), "damaged"),
    "somebody else's": (_foreign, "is not a couplesim ledger"),
    "newer": (_newer, f"newer couplesim .*version {VERSION + 1}"),
}


WAYS = {
    "open": lambda run: Ledger.open(run).sessions(),
    "read": lambda run: Ledger.read(run).turns(PROBE.id),
    "begin": lambda run: begin(run, PROBE),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_file_that_is_not_our_ledger_is_refused_and_left_as_it_is(ledger, damage, message, way):
    run = ledger.folder
    for n in range(1, 60):
        ledger.write(changes.commit_turn, PROBE.id, turn(n, "word " * 200), "m", None)
    ledger.close()
    (run / "transcripts").mkdir()
    (run / "transcripts" / "000001_x_y.txt").write_text("precious")
    damage(run / "ledger.db")
    before = digest(run)
    with pytest.raises(StorageError, match=message) as caught:
        WAYS[way](run)
    assert caught.value.exit_code == 6
    del caught
    gc.collect()
    assert digest(run) == before, "the file has been changed"


def test_a_refused_ledger_is_given_free(ledger):
    ledger.close()
    _newer(ledger.folder / "ledger.db")
    held = []
    for _ in range(2):
        with pytest.raises(StorageError) as caught:
            Ledger.open(ledger.folder)
        held.append(caught)  # and with it, as a debugger or a notebook does, all it refers to


def test_an_empty_ledger_beside_no_transcripts_is_begun_anew(tmp_path):
    """What a kill leaves between making the file and the first commit: nothing is in it that could be lost."""
    (tmp_path / "ledger.db").touch()
    begin(tmp_path, PROBE).close()


def test_a_lost_ledger_is_not_begun_anew_over_its_transcripts(tmp_path):
    precious = tmp_path / "transcripts" / "000001_work-home-role-strain_daniel-marcus.txt"
    precious.parent.mkdir()
    precious.write_text("precious")
    with pytest.raises(StorageError, match="empty or missing"):
        begin(tmp_path, PROBE).close()
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == []


def test_a_full_disk_is_said_and_earlier_rows_are_kept(ledger):
    ledger.write(changes.commit_turn, PROBE.id, turn(1), "m", None)
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match=r"disk full: .*ledger\.db") as caught:
        ledger.write(changes.commit_turn, PROBE.id, turn(2, "word " * 5000), "m", None)
    assert caught.value.exit_code == 6
    ledger._connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    ledger.write(changes.commit_turn, PROBE.id, turn(2, "word " * 5000), "m", None)
    assert [each.n for each in ledger.turns(PROBE.id)] == [1, 2]


def test_the_room_that_a_run_still_needs_is_about_what_it_will_take(tmp_path):
    ledger = begin(tmp_path / "run", *(spec(turns=20, rng_seed=seed) for seed in range(1, 21)))
    assert ledger.room_to_come() == (400, 0)

    def size():
        pages = ledger._connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return pages.fetchone()[0]

    first, *others = ledger.sessions()
    empty, spoken = size(), "And on Tuesday there was no milk again. " * 15
    for n in range(1, 21):
        ledger.write(changes.commit_turn, first.id, turn(n, spoken), "m", None)
    turns, needed = ledger.room_to_come()
    assert turns == 380
    for row in others:
        for n in range(1, 21):
            attempt = ledger.write(changes.begin_attempt, row.id, n, "m", Usage(prompt=9, completion=9))
            ledger.write(changes.commit_turn, row.id, turn(n, spoken), "m", attempt)
    assert ledger.room_to_come() == (0, 0)
    taken = size() - empty + 380 * len(spoken)
    assert 0.7 < needed / taken < 1.3
    ledger.close()


NASTY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
LINES = st.sampled_from(["\x00", "\x1b[2J", "\u202e", "\u2028\x85", "'; DROP TABLE turn; --", "Patient A:\n", "\ufeff"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=NASTY | LINES, raw=st.binary(), removed=NASTY, fingerprint=st.none() | NASTY)
def test_hostile_text_and_raw_bytes_come_back_as_they_went_in(ledger, text, raw, removed, fingerprint):
    kept = ledger.turns(PROBE.id)
    reply = turn(1, text).reply.model_copy(update={"raw": raw, "fingerprint": fingerprint})
    given = turn(len(kept) + 1, text, trims=(Trim(kind="speaker", removed=removed),), reply=reply)
    ledger.write(changes.commit_turn, PROBE.id, given, "m", None)
    assert ledger.turns(PROBE.id) == [*kept, given]


def test_a_lone_surrogate_of_a_script_is_replayed_as_it_was_cleaned(ledger):
    said = "Good \ud800 morning."
    cleaned, _ = clean(said, names_for(PROBE, "Therapist"))
    ledger.write(changes.commit_turn, PROBE.id, turn(1, cleaned, reply=turn(1, said).reply), "m", None)
    kept = ledger.turns(PROBE.id)[0]
    assert clean(kept.reply.text, names_for(PROBE, "Therapist"))[0] == kept.text == "Good \ufffd morning."
