"""`couplesim fix`: what is written where, what is told, and the exit code."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from generator.assets import shipped_root
from generator.cli import main
from generator.format import parse
from generator.reading import RULE
from generator.sentences import ends_mid_sentence
from tests.builders import seed_text
from tests.child import COUPLESIM, couplesim, environment, transcripts

EXEMPLARS = shipped_root() / "seeds" / "exemplars"
LONG = sorted(EXEMPLARS.glob("*.txt"))[0].read_text("utf-8")
TURNS = (
    ("Therapist", "What brings you here?"),
    ("Patient A", "I wait up for him every night and"),
    ("Patient B", "I come home late."),
)
HEAD = f"SESSION: Trust\nStructure: LLM Only\n{RULE}\n\n"
SOUND = HEAD + "".join(f"{label}:\n{text}\n\n" for label, text in TURNS)
BROKEN = "\ufeff" + SOUND.replace(RULE, "=" * 60).replace("What brings", "Therapist: What brings").replace(
    "Patient A:\n", "**Patient A:**\n"
).replace("late.\n\n", "late.  ").replace("\n", "\r\n")
EDITS = [
    (1, "byte-order-mark"),
    (1, "line-ends"),
    (3, "header-rule"),
    (6, "stray-label-own"),
    (8, "malformed-label"),
    (12, "end-of-file"),
    (12, "trailing-blanks"),
]
HOPELESS = SOUND.replace("Patient B:", "The Neighbour:")
"""A label that is nobody's: what should stand there nobody can know."""


@pytest.fixture
def fix(tmp_path, monkeypatch, capsys):
    """The command, run in this process in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def fix(*args: object, stdin: bytes = b"") -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["couplesim", "fix", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=out, stderr=err)

    return fix


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def edits(told: str, name: str = "a.txt") -> list[tuple[int, str]]:
    return [
        (int(line), code) for line, code in re.findall(rf"^{re.escape(name)}:(\d+): ([a-z-]+): ", told, re.MULTILINE)
    ]


def test_the_mended_text_is_written_beside_the_file(fix):
    path = write("a.txt", BROKEN)
    done = fix("a.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("a.mended.txt").read_bytes() == SOUND.encode()
    assert path.read_bytes() == BROKEN.encode()
    assert done.stdout.endswith(f"a.txt: {len(EDITS)} edits, written to a.mended.txt\n")


def test_every_edit_is_told_with_its_line(fix):
    write("a.txt", BROKEN)
    assert sorted(edits(fix("a.txt").stdout)) == EDITS
    assert "a.txt:6: stray-label-own: took out 'Therapist:'\n" in fix("a.txt").stdout


def test_in_place_writes_over_the_file(fix):
    path = write("a.txt", BROKEN)
    done = fix("a.txt", "--in-place")
    assert (done.returncode, path.read_bytes()) == (0, SOUND.encode())
    assert done.stdout.endswith(f"a.txt: {len(EDITS)} edits, written to a.txt\n")
    assert list(Path().iterdir()) == [path]


def test_a_dry_run_says_the_same_and_writes_nothing(fix):
    path = write("a.txt", BROKEN)
    dry = fix("a.txt", "--dry-run")
    assert dry.stdout.endswith(f"a.txt: {len(EDITS)} edits, nothing written\n")
    assert fix("a.txt", "--dry-run", "--in-place").stdout == dry.stdout
    assert (list(Path().iterdir()), path.read_bytes()) == ([path], BROKEN.encode())
    assert dry.stdout.splitlines()[:-1] == fix("a.txt").stdout.splitlines()[:-1]


def test_standard_input_goes_to_standard_output_and_the_edits_beside_it(fix):
    done = fix("-", stdin=BROKEN.encode())
    assert (done.returncode, done.stdout) == (0, SOUND)
    assert sorted(edits(done.stderr, "-")) == EDITS
    assert not list(Path().iterdir())


def test_standard_input_is_handed_on_byte_for_byte(tmp_path):
    """Through the installed command: no line end of the platform's own, no character lost on the way."""
    text = BROKEN.replace("late.", "late \x1b[1mand\x1b[0m sorry, caf\u00e9.")
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert couplesim(tmp_path, "fix", "a.txt").returncode == 0
    piped = subprocess.run(
        [COUPLESIM, "fix", "-"], cwd=tmp_path, env=environment(), input=text.encode(), capture_output=True
    )
    assert piped.returncode == 0
    assert piped.stdout == (tmp_path / "a.mended.txt").read_bytes()


def test_what_is_sound_is_left_alone(fix):
    path = write("a.txt", LONG)
    done = fix("a.txt")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.txt: nothing to mend\n", "")
    assert list(Path().iterdir()) == [path]
    assert fix("-", stdin=LONG.encode()).stdout == LONG


def test_what_is_mended_needs_no_mending(fix):
    write("a.txt", BROKEN)
    fix("a.txt", "--in-place")
    assert fix("a.txt").stdout == "a.txt: nothing to mend\n"


def test_cut_offs_stay_cut(fix):
    write("a.txt", BROKEN)
    fix("a.txt", "--in-place")
    assert parse(Path("a.txt").read_bytes().decode()).turns == TURNS
    write("b.txt", LONG.replace("\n", "\r\n"))
    fix("b.txt", "--in-place")
    assert Path("b.txt").read_bytes() == LONG.encode()
    assert sum(ends_mid_sentence(text) for _, text in parse(LONG).turns) == 9


def test_the_seed_loses_its_two_stray_labels_and_nothing_else(fix):
    before = seed_text()
    write("seed.txt", before)
    done = fix("seed.txt")
    assert done.returncode == 0
    assert [code for _, code in edits(done.stdout, "seed.txt")] == ["stray-label-own", "stray-label-nobody"]
    after = Path("seed.mended.txt").read_bytes().decode()
    changed = [(old, new) for old, new in zip(before.split("\n"), after.split("\n"), strict=True) if old != new]
    assert [old.removesuffix(new) for old, new in changed] == ["Therapist: ", "Marcus Wright: "]


def test_another_speakers_label_is_not_taken_out(fix):
    """Who is speaking there, nobody can tell from the file."""
    write("a.txt", SOUND.replace("I come", "Therapist: I come"))
    assert fix("a.txt").stdout == "a.txt: nothing to mend\n"


@pytest.mark.parametrize("in_place", ["", "--in-place"])
def test_what_is_left_is_told_and_the_rest_is_mended(fix, in_place):
    write("a.txt", HOPELESS.replace(RULE, "=" * 60))
    done = fix("a.txt", *in_place.split())
    assert done.returncode == 1
    assert edits(done.stdout) == [(3, "header-rule")]
    assert re.match(r"a\.txt(:\d+)?: left: unknown-label: ", done.stderr)
    assert Path("a.txt" if in_place else "a.mended.txt").read_bytes() == HOPELESS.encode()


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\0", "caf\xe9".encode("latin-1"), bytes(range(256)), b"a" * (8 * 1024 * 1024 + 1)]
)
def test_what_is_no_transcript_is_left_alone(fix, raw):
    path = write("a.txt", raw)
    done = fix("a.txt", "--in-place")
    assert done.returncode == 1
    assert done.stderr.startswith("a.txt")
    assert path.read_bytes() == raw
    assert fix("-", stdin=raw).returncode == 1


def test_a_folder_is_mended_file_by_file_and_only_once(fix):
    write("mine/a.txt", BROKEN)
    write("mine/b.txt", LONG)
    write("mine/c.txt", HOPELESS)
    done = fix("mine")
    assert done.returncode == 1
    assert f"mine/a.txt: {len(EDITS)} edits, written to mine/a.mended.txt\n" in done.stdout
    assert "mine/b.txt: nothing to mend\n" in done.stdout
    names = sorted(path.name for path in Path("mine").iterdir())
    assert names == ["a.mended.txt", "a.txt", "b.txt", "c.txt"]
    fix("mine")
    assert sorted(path.name for path in Path("mine").iterdir()) == names, "what it has written is not mended again"


def test_a_runs_transcripts_need_no_mending(tmp_path):
    couplesim(tmp_path, "generate", "--sessions", 2, "--turns", 7, "--out", "run", "--quiet")
    before = transcripts(tmp_path / "run")
    done = couplesim(tmp_path, "fix", "run", "--in-place")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"run/transcripts/{name}: nothing to mend" for name in before]
    assert transcripts(tmp_path / "run") == before


def test_hostile_names_and_words_do_not_reach_the_terminal(fix):
    hostile = "\x1b[31mred\x07 \u202edeesrever"
    name = "a\x1b[31m\u202eb.txt"
    write(name, BROKEN.replace("Therapist: What", f"Therapist ({hostile}): What").replace("Trust", hostile))
    write(f"b{name}", HOPELESS.replace("Neighbour", f"Neighbour\u202e{hostile}"))
    for form in ([], ["--dry-run"]):
        done = fix(name, f"b{name}", *form)
        assert not set(done.stdout + done.stderr) & set("\x1b\x07\u202e")


MISTAKES = [
    ("", "Missing argument 'PATH...'"),
    ("nowhere", "nowhere: there is no such file or folder"),
    ("a.txt --inplace", "No such option '--inplace'. Did you mean '--in-place'?"),
    ("a.txt --out b.txt", "No such option '--out'"),
    ("folder", "folder: no transcripts in it (*.txt) and no runs (ledger.db)"),
    ("above", "above: no transcripts right in it; there are some in above/deeper (1)"),
    ("a.txt nowhere", "nowhere: there is no such file or folder"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "message"), MISTAKES, ids=[command or "nothing" for command, _ in MISTAKES])
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(fix, command, message):
    write("a.txt", BROKEN)
    write("above/deeper/a.txt", BROKEN)
    Path("folder").mkdir()
    before = sorted(Path().rglob("*"))
    done = fix(*command.split())
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith(("Usage: ", "Try "))]
    assert (done.returncode, done.stdout) == (2, "")
    assert len(lines) == 1
    assert lines[0].startswith(("couplesim: ", "Error: "))
    assert message in lines[0]
    assert sorted(Path().rglob("*")) == before


def test_a_pipe_with_a_name_is_refused_before_anything_is_written(fix):
    """As the shell makes one: `couplesim fix <(...)`."""
    write("a.txt", BROKEN)
    reader, writer = os.pipe()
    with open(writer, "wb") as pipe:
        pipe.write(BROKEN.encode())
    with open(reader, "rb"):
        done = fix("a.txt", f"/dev/fd/{reader}")
    assert (done.returncode, "give - for standard input" in done.stderr) == (2, True)
    assert not Path("a.mended.txt").exists()
