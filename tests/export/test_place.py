"""Where exports go: they replace themselves, whole, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.errors import InputError
from generator.export import FORMATS, Wish, export, place_of
from generator.ledger import Ledger, changes
from tests.export.conftest import Made, make
from tests.test_ledger import turn

FOLDERS = [name for name, format_ in FORMATS.items() if format_.is_folder]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def go(made: Made, out: Path, format_: str = "csv", **wish) -> None:
    ledger = made.read()
    try:
        export(ledger, Wish(format_, **wish), out)
    finally:
        ledger.close()


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_export_again_replaces_itself_and_is_the_same(made, tmp_path, format_):
    out = tmp_path / "deep" / "out"
    go(made, out, format_)
    first = files(tmp_path)
    assert not [name for name in first if ".new" in name]
    go(made, out, format_)
    assert files(tmp_path) == first


@pytest.mark.parametrize("format_", FORMATS)
def test_every_export_says_that_it_is_synthetic(made, tmp_path, format_):
    go(made, tmp_path / "out", format_)
    about = tmp_path / ("out/about.json" if format_ in FOLDERS else "out.about.json")
    told = json.loads(about.read_text())
    assert told["synthetic"] is True
    assert "Every word is synthetic" in told["notice"]
    assert (told["sessions"], told["left_out"]) == (3, {"failed": 2, "open": 2, "silent": 0})
    assert set(told["files"]) == {name for name in files(about.parent) if "about.json" not in name}


def test_an_export_of_more_takes_the_place_of_one_of_less_and_back(made, tmp_path):
    go(made, tmp_path / "out", "txt")
    whole = files(tmp_path)
    go(made, tmp_path / "out", "txt", with_incomplete=True)
    more = files(tmp_path)
    assert {name for name in more if "incomplete" in name} == {
        f"out/incomplete/00000{number}_work-home-role-strain_daniel-marcus.txt" for number in (4, 6)
    }
    (tmp_path / "out/notes.md").write_text("mine")
    go(made, tmp_path / "out", "txt")
    assert files(tmp_path) == {**whole, "out/notes.md": b"mine"}


def test_texts_are_the_runs_own_and_the_index_names_them(made, tmp_path):
    go(made, tmp_path / "out", "txt", with_incomplete=True)
    index = [json.loads(line) for line in (tmp_path / "out/index.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["number"] for entry in index] == [1, 2, 3, 4, 6]
    for entry in index:
        assert entry["synthetic"] is True
        written = made.folder / "transcripts" / entry["file"]
        if entry["status"] != "open":
            assert (tmp_path / "out" / entry["file"]).read_bytes() == written.read_bytes()
    assert index[0]["cell"] == {"couple": "daniel-marcus", "seed": "1"}


THERE = {
    "a file": ("csv", lambda out: out.write_text("mine")),
    "a file where a folder should be": ("txt", lambda out: out.write_text("mine")),
    "a folder": ("csv", lambda out: out.mkdir()),
    "a folder with something in it": ("hf", lambda out: (out.mkdir(), (out / "README.md").write_text("mine"))),
    "somebody's about.json": ("txt", lambda out: (out.mkdir(), (out / "about.json").write_text("{}"))),
    "an about.json of elsewhere": ("csv", lambda out: out.with_name("out.about.json").write_text('{"files": []}')),
}


@pytest.mark.parametrize(("format_", "put"), THERE.values(), ids=THERE)
def test_something_else_that_stands_there_is_left_alone(made, tmp_path, format_, put):
    put(tmp_path / "out")
    before = files(tmp_path)
    with pytest.raises(InputError, match="--out"):
        go(made, tmp_path / "out", format_)
    assert files(tmp_path) == before


def test_another_role_format_or_run_is_another_export(made, tmp_path):
    go(made, tmp_path / "out", "messages", role="a")
    before = files(tmp_path)
    for wish in ({"format_": "messages", "role": "b"}, {"format_": "sharegpt", "role": "a"}):
        with pytest.raises(InputError, match="holds another export: "):
            go(made, tmp_path / "out", **wish)
    other = make(tmp_path / "other")
    ledger = Ledger.open(other.folder)
    ledger.write(lambda connection: connection.execute("UPDATE run SET created_at = '2020-01-01T00:00:00Z'"))
    ledger.close()
    with pytest.raises(InputError, match="holds another export: run "):
        go(other, tmp_path / "out", "messages", role="a")
    assert {name: raw for name, raw in files(tmp_path).items() if not name.startswith("other")} == before


@pytest.mark.parametrize("format_", ["hf", "csv"])
def test_what_was_changed_since_is_not_written_over(made, tmp_path, format_):
    go(made, tmp_path / "out", format_)
    changed = tmp_path / "out/README.md" if format_ == "hf" else tmp_path / "out"
    changed.write_text(changed.read_text(encoding="utf-8") + "A note of mine.\n", encoding="utf-8")
    before = files(tmp_path)
    with pytest.raises(InputError, match="was changed since it was exported"):
        go(made, tmp_path / "out", format_)
    assert files(tmp_path) == before


def test_two_exports_to_one_place_do_not_mix(made, tmp_path):
    hold = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], 0), fcntl.LOCK_EX); print(1, flush=True); input()"
    (tmp_path / ".out.new").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", hold, tmp_path / ".out.new"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        with pytest.raises(InputError, match="another export is being written here"):
            go(made, tmp_path / "out")
        child.kill()
    go(made, tmp_path / "out")


KILLED = """
import os, sys
from pathlib import Path
from generator.export import Wish, export
from generator.ledger import Ledger
replace, count = os.replace, 0
def killed(*args):
    global count
    count += 1
    if count == int(sys.argv[4]):
        os._exit(9)
    replace(*args)
os.replace = killed
export(Ledger.read(Path(sys.argv[1])), Wish(sys.argv[2], with_incomplete=True), Path(sys.argv[3]))
"""


@pytest.mark.parametrize(("format_", "moments"), [("csv", (1, 2, 3)), ("txt", (2, 4, 3))])
def test_killed_at_any_moment_every_file_is_whole_and_the_next_export_puts_it_right(made, tmp_path, format_, moments):
    go(made, tmp_path / "wanted", format_, with_incomplete=True)
    go(made, tmp_path / "out", format_)
    old = files(tmp_path)
    whole = {*old.values()}
    for moment in moments:
        done = subprocess.run([sys.executable, "-c", KILLED, made.folder, format_, tmp_path / "out", str(moment)])
        assert done.returncode == 9
        for name, raw in files(tmp_path).items():
            if "about.json" not in name and ".new" not in name:
                assert raw in whole
    go(made, tmp_path / "out", format_, with_incomplete=True)
    now = files(tmp_path)
    for name, raw in now.items():
        if name.startswith("wanted") and "about" not in name:
            assert now[name.replace("wanted", "out", 1)] == raw
    assert not [name for name in now if ".new" in name]


def test_a_place_that_cannot_be_written_is_bad_input(made, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="cannot write to"):
        go(made, tmp_path / "file" / "out")


def test_where_nothing_is_whole_nothing_is_written(tmp_path):
    made = make(tmp_path / "run")
    ledger = Ledger.open(made.folder)
    for row in ledger.sessions():
        ledger.write(changes.end_session, row.id, "open")
    ledger.close()
    with pytest.raises(
        InputError, match=r"no session is complete \(0 failed, 7 open\); --with-incomplete takes them in"
    ):
        go(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_usual_place_is_in_the_run(made):
    assert place_of(made.folder, Wish("messages", "a")) == made.folder / "export" / "messages-a.jsonl"


def test_an_export_shows_one_moment_of_a_run_that_goes_on(made, tmp_path):
    """What is written while it is read does not get in."""
    run = shutil.copytree(made.folder, tmp_path / "run")
    reader, writer = Ledger.read(run), Ledger.open(run)
    with reader.snapshot():
        before = reader.counts()
        row = reader.session(6)
        writer.write(changes.commit_turn, row.id, turn(2, speaker="Patient A"), "m", None)
        assert reader.counts() == before
        assert len(reader.turns(row.id)) == 1
    assert reader.counts() == (before[0] + 1, before[1])
    reader.close()
    writer.close()
