"""What paths mean: files, folders, runs, what is left out and what is refused."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from generator.errors import InputError, StorageError
from generator.plan import Plan
from generator.schema.label import PRINCIPALS
from generator.settings import Chats
from generator.sources import MENDED, sources
from tests.runs import Silent, begin, carry_out

TEXT = "SESSION: Trust\nStructure: Sequential\n" + "=" * 70 + "\n\nTherapist:\nHello.\n\n"


class Quiet(Silent):
    """Watches a run and stops it after some sessions."""

    def __init__(self, sessions):
        self.stop, self.left = None, sessions

    def session_ends(self, *_):
        self.left -= 1
        if self.left <= 0:
            self.stop.request()


def make_run(folder, spoken=None, **plan):
    """A run in `folder`, of which `spoken` sessions are spoken; None: all. Returns its transcripts."""
    made = Plan(**{"repeats": 2, "turns": 5, **plan})
    ledger = begin(folder, plan=made)
    if spoken != 0:
        carry_out(ledger, lambda spec: Chats({}).of(spec.models), Quiet(spoken or made.repeats))
    ledger.close()
    return sorted((folder / "transcripts").glob("*.txt"))


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept") / "run"
    make_run(folder)
    return folder


@pytest.fixture
def run(kept_run, tmp_path):
    """A run of two sessions, all spoken, in a folder `outputs`."""
    return shutil.copytree(kept_run, tmp_path / "outputs" / "run")


def transcripts(run):
    return sorted((run / "transcripts").glob("*.txt"))


def write(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT, encoding="utf-8")


def names(*paths, standard_input=None):
    return [source.name for source in sources(paths, standard_input).found]


def test_a_file_is_itself_whatever_it_is_called(tmp_path):
    write(tmp_path / "notes.md", tmp_path / "a.txt")
    found = sources([tmp_path / "notes.md", tmp_path / "a.txt"])
    assert [source.name for source in found.found] == [str(tmp_path / "notes.md"), str(tmp_path / "a.txt")]
    assert [source.read() for source in found.found] == [TEXT.encode()] * 2
    assert [source.known for source in found.found] == [None, None]
    assert found.left_out == []


def test_a_folder_is_the_texts_right_in_it_in_order(tmp_path):
    write(tmp_path / "b.txt", tmp_path / "a.txt", tmp_path / "c.md", tmp_path / "d.json")
    (tmp_path / "folder.txt").mkdir()
    assert names(tmp_path) == [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]


def test_mended_copies_are_left_out_of_a_folder_and_told(tmp_path):
    mended = tmp_path / f"a{MENDED}"
    write(tmp_path / "a.txt", mended)
    found = sources([tmp_path])
    assert [source.name for source in found.found] == [str(tmp_path / "a.txt")]
    assert found.left_out == [f"{mended}: written by `couplesim fix`"]
    assert names(mended) == [str(mended)], "named itself, it is read"


def test_standard_input_is_a_dash():
    (found,) = sources([Path("-")], b"abc").found
    assert (found.name, found.path, found.read(), found.known) == ("-", None, b"abc", None)
    (empty,) = sources([Path("-")], b"").found
    assert empty.read() == b""


def test_a_run_is_its_transcripts_and_what_its_ledger_knows(run):
    for path in (run, run / "ledger.db"):
        found = sources([path])
        assert [source.name for source in found.found] == [str(each) for each in transcripts(run)]
        assert found.left_out == []
        assert [source.number for source in found.found] == [1, 2]
        for source in found.found:
            assert source.spec.couple.a.called == "Daniel"
            assert source.known.people.certain
            assert source.known.people.who_is("Daniel") == "Patient A"
            assert (source.known.turns, source.known.complete) == (5, True)
            assert {source.known.tokens[label] for label in PRINCIPALS} == {150}


def test_a_single_transcript_of_a_run_is_known_too(run):
    one = transcripts(run)[1]
    (found,) = sources([one]).found
    assert found.known is not None
    assert found.known.turns == 5
    assert all(source.known for source in sources(transcripts(run)).found)


def test_the_transcripts_folder_of_a_run_is_known_too(run):
    found = sources([run / "transcripts"]).found
    assert [source.name for source in found] == [str(each) for each in transcripts(run)]
    assert all(source.known for source in found)


def test_a_file_that_somebody_put_into_a_run_is_not_known(run):
    other = run / "transcripts" / "mine.txt"
    write(other)
    (found,) = sources([other]).found
    assert found.known is None
    assert str(other) not in names(run)


def test_a_folder_of_runs_is_its_runs(run):
    shutil.copytree(run, run.parent / "another")
    write(run.parent / "loose.txt")
    expected = [*transcripts(run.parent / "another"), run.parent / "loose.txt", *transcripts(run)]
    found = sources([run.parent])
    assert [source.name for source in found.found] == [str(path) for path in expected]
    assert [source.known is not None for source in found.found] == [True, True, False, True, True]


def test_the_budgets_of_a_run_are_known(tmp_path):
    make_run(tmp_path, repeats=1, budget={"turn_tokens": 90, "therapist_tokens": 60})
    (found,) = sources([tmp_path]).found
    assert {label: found.known.tokens[label] for label in PRINCIPALS} == {
        "Therapist": 60,
        "Patient A": 90,
        "Patient B": 90,
    }
    make_run(tmp_path / "uncut", repeats=1, budget={"cut": "none"})
    (found,) = sources([tmp_path / "uncut"]).found
    assert set(found.known.tokens.values()) == {None}


def test_a_session_that_its_budget_ended_is_not_complete(tmp_path):
    make_run(tmp_path, repeats=1, turns=30, budget={"session_tokens": 6000})
    (found,) = sources([tmp_path]).found
    assert (found.known.complete, found.known.turns) == (False, 30)


def test_unfinished_sessions_are_told(tmp_path):
    (written,) = make_run(tmp_path, spoken=1, repeats=3)
    found = sources([tmp_path])
    assert [source.name for source in found.found] == [str(written)]
    told = f"{tmp_path}: sessions not read: 2 open; `couplesim resume {tmp_path}` goes on with them"
    assert found.left_out == [told]


def test_a_run_that_has_not_begun_is_told(tmp_path):
    make_run(tmp_path, spoken=0)
    found = sources([tmp_path])
    assert found.found == []
    assert found.left_out[0].startswith(f"{tmp_path}: sessions not read: 2 open; ")


def test_lost_transcripts_are_told(run):
    transcripts(run)[0].unlink()
    found = sources([run])
    assert len(found.found) == 1
    assert "1 without a transcript" in found.left_out[0]


def test_deeper_folders_are_told_and_not_read(tmp_path):
    write(tmp_path / "a.txt", tmp_path / "deep" / "b.txt", tmp_path / "deep" / "er" / "c.txt")
    (tmp_path / "empty").mkdir()
    found = sources([tmp_path])
    assert [source.name for source in found.found] == [str(tmp_path / "a.txt")]
    assert found.left_out == [f"{tmp_path / 'deep'} (2) transcripts were not read; name the folder to have them read"]


def test_a_folder_with_only_deeper_ones_is_refused_and_they_are_named(tmp_path):
    write(tmp_path / "deep" / "b.txt")
    with pytest.raises(InputError) as caught:
        sources([tmp_path])
    expected = f"{tmp_path}: no transcripts right in it; there are some in {tmp_path / 'deep'} (1)"
    assert str(caught.value) == expected


def test_nothing_is_refused_all_at_once(tmp_path):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "a.txt")
    with pytest.raises(InputError) as caught:
        sources([tmp_path / "none", tmp_path / "a.txt", tmp_path / "empty", Path("-")])
    assert caught.value.problems == (
        f"{tmp_path / 'none'}: there is no such file or folder",
        f"{tmp_path / 'empty'}: no transcripts in it (*.txt) and no runs (ledger.db)",
        "-: there is no such file or folder",
    )


def test_each_transcript_is_read_once(run, tmp_path, monkeypatch):
    one, two = transcripts(run)
    assert names(one, run, two, run, one) == [str(one), str(two)]
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.txt")
    assert names(Path("a.txt"), Path("./a.txt")) == ["a.txt"]
    assert len(names(Path("a.txt"), tmp_path / "a.txt")) == 1, "however its path is written"


def test_what_the_run_knows_is_kept_when_a_transcript_is_named_twice(run):
    for paths in ([run, run / "transcripts"], [run / "transcripts", run], [*transcripts(run), run]):
        assert all(source.known for source in sources(paths).found)


def test_a_pipe_is_read_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(TEXT.encode(),))
    writer.start()
    (found,) = sources([pipe]).found
    writer.join()
    assert [found.read(), found.read()] == [TEXT.encode()] * 2


def test_a_file_that_cannot_be_read(tmp_path):
    write(tmp_path / "a.txt")
    (found,) = sources([tmp_path / "a.txt"]).found
    (tmp_path / "a.txt").unlink()
    with pytest.raises(InputError, match=r"a\.txt: cannot be read \(No such file"):
        found.read()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_a_folder_that_may_not_be_read(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
        sources([folder])


def test_a_ledger_that_is_none_is_refused(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"hello")
    for path in (tmp_path, tmp_path / "ledger.db", tmp_path.parent):
        with pytest.raises((InputError, StorageError), match=r"ledger\.db"):
            sources([path])
