"""Runs of more than a thousand sessions: their transcripts stand in folders of a thousand (FAULTS 63)."""

import os
import shutil
from pathlib import Path

import pytest

from generator import batch
from generator.chat.scripted import Scripted
from generator.errors import SessionFailed
from generator.export.transcripts import render_all
from generator.ledger import Ledger
from generator.schema.label import LABELS
from generator.sources import sources
from tests.builders import spec
from tests.child import couplesim
from tests.runs import begin, carry_out

NAME = "{:06d}_work-home-role-strain_daniel-marcus.txt"
WHOLE = [NAME.format(999), NAME.format(1000), f"001001/{NAME.format(1001)}", f"002001/{NAME.format(2001)}"]
FAILED = f"incomplete/001001/{NAME.format(2000)}"


def chats(of):
    def say(request):
        if of.rng_seed == 4 and len(request.spoken) == 1:
            raise SessionFailed("refused", "it would not")
        return "Good."

    return dict.fromkeys(LABELS, Scripted(say))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A run of which there are only sessions 999 to 1001, 2000, which failed, and 2001."""
    ledger = begin(tmp_path_factory.mktemp("large") / "run", *(spec(turns=2, rng_seed=seed) for seed in range(1, 6)))
    ledger.write(lambda it: it.execute("UPDATE session SET number = number + iif(number < 4, 998, 1996)"))
    carry_out(ledger, chats)
    ledger.close()
    return ledger.folder


@pytest.fixture
def run(original, tmp_path) -> Path:
    return shutil.copytree(original, tmp_path / "run")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.txt"))


def flat(run: Path) -> None:
    """As it was before there were folders of a thousand."""
    for place in (run / "transcripts", run / "transcripts" / "incomplete"):
        for folder in place.glob("*001"):
            for path in folder.iterdir():
                os.replace(path, place / path.name)
            folder.rmdir()


def test_the_first_thousand_stand_as_they_always_did_and_each_further_one_in_a_folder(run):
    assert files(run / "transcripts") == [*WHOLE, FAILED]


@pytest.mark.parametrize("path", ["run", "run/transcripts"])
def test_all_are_read_in_order_and_known(run, path):
    found = sources([run.parent / path]).found
    assert [source.name for source in found] == [str(run / "transcripts" / name) for name in WHOLE]
    assert all(source.known for source in found)
    assert [source.known for source in sources([source.path for source in found]).found] == [s.known for s in found]


def test_what_is_missing_is_written_where_it_stood(run):
    shutil.rmtree(run / "transcripts")
    ledger = Ledger.read(run)
    assert render_all(ledger).written == 5
    ledger.close()
    assert files(run / "transcripts") == [*WHOLE, FAILED]
    shutil.rmtree(run / "transcripts")
    ledger = Ledger.open(run)
    carry_out(ledger, chats)
    ledger.close()
    assert files(run / "transcripts") == [*WHOLE, FAILED]


def test_half_written_files_go_from_these_folders_too(run):
    half = [run / "transcripts" / place / f".{NAME.format(1002)}.abcd1234" for place in ("001001", "incomplete/001001")]
    for path in half:
        path.write_text("half")
    ledger = Ledger.open(run)
    carry_out(ledger, chats)
    ledger.close()
    assert not any(path.exists() for path in half)


def test_a_run_that_has_them_all_in_one_folder_keeps_them_there(run):
    flat(run)
    before = files(run / "transcripts")
    assert [source.path.name for source in sources([run]).found] == [name[-len(NAME.format(1)) :] for name in WHOLE]
    ledger = Ledger.open(run)
    assert render_all(ledger).same == 5
    carry_out(ledger, lambda _: dict.fromkeys(LABELS, Scripted(lambda request: "Good.")), retry_failed=True)
    ledger.close()
    assert before == sorted([*(Path(name).name for name in WHOLE), f"incomplete/{NAME.format(2000)}"])
    whole = [*(Path(name).name for name in WHOLE), f"001001/{NAME.format(2000)}"]
    assert files(run / "transcripts") == sorted(whole), "what is new has its folder"


def test_a_transcript_is_put_aside_from_its_folder(run):
    assert batch.put_aside(run, 1001, spec())
    assert f"before-repair/{WHOLE[2]}" in files(run / "transcripts")
    assert WHOLE[2] not in files(run / "transcripts")


def test_an_export_has_the_same_folders_and_show_counts_through_them(run):
    done = couplesim(run.parent, "export", "run", "--format", "txt", "--with-incomplete", "--out", "set")
    assert done.returncode == 0, done.stderr
    (folder,) = {path.parent for path in (run.parent / "set").rglob("index.jsonl")}
    assert files(folder) == [*WHOLE, FAILED]
    (run / "ledger.db").unlink()
    assert couplesim(run.parent, "show", "run", "--session", 4).returncode == 0
    assert "has transcripts 1 to 4, not 5" in couplesim(run.parent, "show", "run", "--session", 5).stderr
