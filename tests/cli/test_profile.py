"""`couplesim profile`: the figures, and how they become the reference."""

import csv
import io
import json
import os
import pty
import re
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from generator.assets import shipped_root
from generator.cli import main
from generator.format import parse
from generator.inspection import figures_of, measured_paths
from generator.metrics.figures import FIGURES
from generator.metrics.measures import PANEL
from generator.profiles import PROFILE, read_profile, write_profile
from generator.reading import RULE
from generator.schema.profile import Profile
from generator.sentences import sentences
from tests.builders import seed_text
from tests.child import couplesim, transcripts

TEXTS = [path.read_text("utf-8") for path in sorted((shipped_root() / "seeds" / "exemplars").glob("*.txt"))]
HEAD = f"SESSION: Trust\nStructure: LLM Only\n{RULE}\n\n"
SHORT = HEAD + "Therapist:\nWhat brings you here?\n\nPatient A:\nI wait up.\n\nPatient B:\nI come home late.\n\n"


@contextmanager
def typed(words: str):
    """A terminal on which somebody has typed."""
    mine, its = pty.openpty()
    os.write(mine, words.encode())
    with os.fdopen(its, encoding="utf-8") as terminal:
        yield terminal
    os.close(mine)


@pytest.fixture
def couplesim_here(tmp_path, monkeypatch, capsys):
    """Any command, run in this process in a folder of its own; `stdin` is a file object."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object, stdin: io.TextIOBase | None = None) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["couplesim", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", stdin or io.TextIOWrapper(io.BytesIO()))
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=out, stderr=err)

    return run


@pytest.fixture
def profile(couplesim_here):
    def profile(*args: object, **stdin: io.TextIOBase) -> SimpleNamespace:
        return couplesim_here("profile", *args, **stdin)

    return profile


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A run of two sessions of seven turns."""
    folder = tmp_path_factory.mktemp("made")
    done = couplesim(folder, "generate", "--sessions", 2, "--turns", 7, "--out", "run", "--quiet")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def a_folder_of_mine(name: str, count: int) -> None:
    for number in range(count):
        write(f"{name}/{number}.txt", TEXTS[number])


# The figures


def test_the_table_has_a_row_a_figure(profile):
    write("a.txt", TEXTS[0])
    done = profile("a.txt")
    figures, _, panel = done.stdout.partition("\n\nmeasure ")
    head, *rows, blank, last = figures.splitlines()
    assert (done.returncode, done.stderr, blank) == (0, "", "")
    assert head.split() == ["figure", "value", "of", "tolerance", "meaning"]
    assert [row.split()[0] for row in rows] == [figure.name for figure in FIGURES]
    assert last == "1 session, 31 turns; - is a figure without data"
    sessions = figures_of([Path("a.txt")])
    for figure, row in zip(FIGURES, rows, strict=True):
        name, value, count, unit, tolerance, meaning = row.split(maxsplit=5)
        assert (name, value) == (figure.name, figure.shown(figure.value(sessions)))
        assert (unit, meaning) == ("turns" if figure.by_turn else "sessions", figure.words)
        assert (int(count) == 0) == (value == "-")
        assert float(tolerance) == figure.tolerance

    assert [row.split()[0] for row in panel.splitlines()[1:-2]] == [measure.name for measure in PANEL]
    assert panel.splitlines()[-1].endswith("which no drift is judged by; - is one that no session has")
    rows = {row.split()[0]: row.split()[1:3] for row in panel.splitlines()[1:-2]}
    assert rows["disclosed.a"] == ["-", "0"], "a transcript from elsewhere has no persona"


def test_the_panel_is_the_mean_of_the_sessions_that_have_a_value(made, profile):
    shutil.copytree(made, "run")
    a_folder_of_mine("mine", 1)
    data = json.loads(profile("run", "mine", "--json").stdout)
    assert data["measured"] == [*transcripts(made), "0.txt"]
    assert [row["measure"] for row in data["panel"]] == [measure.name for measure in PANEL]
    measured = [each.measures for each in measured_paths([Path("run"), Path("mine")])]
    for row in data["panel"]:
        assert row["values"] == [values[row["measure"]] for values in measured]
        known = [value for value in row["values"] if value is not None]
        assert row["n"] == len(known)
        assert row["mean"] == (pytest.approx(sum(known) / len(known)) if known else None)
    disclosed = next(row for row in data["panel"] if row["measure"] == "disclosed.a")
    assert (disclosed["n"], disclosed["values"][2]) == (2, None)
    rows = {row["figure"]: row for row in csv.DictReader(io.StringIO(profile("run", "mine", "--csv").stdout))}
    assert rows["disclosed.a"]["value"] == str(disclosed["mean"])
    assert {row["section"] for row in rows.values()} == {"figures", "panel"}


def test_a_profile_has_no_text_and_so_no_panel(profile):
    write("a.txt", TEXTS[0])
    write_profile(Path("kept.json"), Profile(sessions=figures_of([Path("a.txt")])))
    assert "measure " not in profile("kept.json").stdout
    assert json.loads(profile("kept.json", "--json").stdout)["panel"] == []
    rows = csv.DictReader(io.StringIO(profile("kept.json", "--csv").stdout))
    assert [row["figure"] for row in rows] == [figure.name for figure in FIGURES]


def test_the_seeds_figures_are_the_ones_we_know(tmp_path):
    (tmp_path / "seed.txt").write_bytes(seed_text().encode())
    done = couplesim(tmp_path, "profile", "seed.txt")
    values = {name: float(value) for name, value in re.findall(r"^(\S+) +([\d.-]*\d) ", done.stdout, re.MULTILINE)}
    assert (done.returncode, done.stderr) == (0, "")
    assert (values["turns"], values["question_rate.therapist"]) == (31, 0.89)
    assert (values["cut_off_rate.a"], values["cut_off_rate.b"], values["cut_off_rate.therapist"]) == (0.31, 0.56, 0)


def test_the_shipped_profile_is_the_seeds(profile):
    write("seed.txt", seed_text())
    (shipped,) = read_profile(shipped_root() / "seeds" / PROFILE).sessions
    (fresh,) = figures_of([Path("seed.txt")])
    assert shipped.model_copy(update={"name": fresh.name}) == fresh


def test_json_and_csv_hold_the_same_figures(profile):
    a_folder_of_mine("mine", 2)
    data = json.loads(profile("mine", "--json").stdout)
    text = profile("mine", "--csv").stdout
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row.pop("section") == "figures"]
    assert data["sessions"] == ["0.txt", "1.txt"]
    assert "\r" not in text
    assert list(rows[0]) == list(data["figures"][0]) == ["figure", "words", "value", "n", "unit", "tolerance"]
    sessions = figures_of([Path("mine")])
    for figure, row, entry in zip(FIGURES, rows, data["figures"], strict=True):
        assert row == {name: "" if value is None else str(value) for name, value in entry.items()}
        assert entry["value"] == figure.value(sessions)
    likeness = next(entry for entry in data["figures"] if entry["figure"] == "likeness")
    assert likeness["n"] == 2, "two sessions can be compared with each other"


def test_files_folders_runs_profiles_and_standard_input_go_together(made, profile):
    shutil.copytree(made, "run")
    a_folder_of_mine("mine", 1)
    write("b.txt", TEXTS[1])
    write_profile(Path("kept.json"), Profile(sessions=figures_of([Path("b.txt")])))
    spoken = io.TextIOWrapper(io.BytesIO(SHORT.encode()))
    done = profile("mine", "run", "b.txt", "kept.json", "-", "--json", stdin=spoken)
    names = json.loads(done.stdout)["sessions"]
    assert sorted(names) == sorted(["0.txt", *transcripts(made), "b.txt", "b.txt", "-"])


def test_a_profile_gives_the_figures_of_its_transcripts(profile):
    a_folder_of_mine("mine", 3)
    before, panel, _ = profile("mine").stdout.partition("\n\nmeasure ")
    profile("mine", "--write", "--yes")
    assert profile("mine/profile.json").stdout == f"{before}\n"
    assert panel, "which only texts have"


# The picture


@pytest.mark.parametrize("count", [1, 3])
def test_the_picture_is_drawn_as_svg_and_png(profile, count):
    a_folder_of_mine("mine", count)
    done = profile("mine", "--picture", "p.svg")
    assert (done.returncode, done.stderr) == (0, "picture: p.svg\n")
    assert done.stdout.startswith("figure ")
    words = " ".join("".join(ElementTree.parse("p.svg").getroot().itertext()).split())
    for title in ("words by turn", "airtime", "cut-offs on the time line", "affect of the turns", "Patient B"):
        assert title in words
    assert f"{'Living Apart' if count == 1 else '3 sessions'}, {31 * count} turns" in words
    if count == 1:
        assert profile("mine", "--picture", "p.png", "--json").returncode == 0
        assert Path("p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("title", ["It cost $5, then $6", r"$\frac{1$", "a\x0bb", "人 & <b>"])
def test_a_title_is_drawn_as_it_stands(profile, title):
    """No formula, no markup, nothing that breaks the file."""
    write("a.txt", SHORT.replace("Trust", title))
    done = profile("a.txt", "--picture", "p.svg")
    assert (done.returncode, done.stderr) == (0, "picture: p.svg\n")
    words = "".join(ElementTree.parse("p.svg").getroot().itertext())
    assert title.isprintable() is (title in words)


# Blessing


def test_a_new_profile_is_written_where_check_looks_for_it(couplesim_here, profile):
    a_folder_of_mine("seeds", 2)
    done = profile("seeds", "--write", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "seeds/profile.json: a new profile of 2 sessions\nwritten: seeds/profile.json\n"
    assert len(read_profile(Path("seeds", PROFILE)).sessions) == 2
    write("later.txt", TEXTS[2])
    told = couplesim_here("check", "later.txt")
    assert f"drift: 1 transcript against {Path('seeds').resolve() / PROFILE} (2 sessions)\n" in told.stdout


def test_a_profile_holds_figures_and_no_text(profile):
    a_folder_of_mine("seeds", 1)
    profile("seeds", "--write", "--yes")
    kept = Path("seeds", PROFILE).read_text("utf-8")
    spoken = [sentence for _, text in parse(TEXTS[0]).turns for sentence in sentences(text)]
    assert len(spoken) > 100
    assert not [sentence for sentence in spoken if sentence in kept]


def test_the_second_time_there_is_nothing_to_write(profile):
    a_folder_of_mine("seeds", 2)
    profile("seeds", "--write", "--yes")
    before = Path("seeds", PROFILE).stat().st_mtime_ns
    again = profile("seeds", "--write")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == "seeds/profile.json: already holds these figures\n"
    assert Path("seeds", PROFILE).stat().st_mtime_ns == before


def test_what_changes_is_shown_before_it_is_written(profile):
    a_folder_of_mine("seeds", 1)
    profile("seeds", "--write", "--yes")
    old = read_profile(Path("seeds", PROFILE)).sessions
    write("seeds/more.txt", TEXTS[1].replace("?", "."))
    done = profile("seeds", "--write", "--yes")
    new = read_profile(Path("seeds", PROFILE)).sessions
    head, *changes, last = done.stdout.splitlines()
    assert head.endswith("so far, now 2 sessions")
    assert last == "written: seeds/profile.json"
    expected = {}
    for figure in FIGURES:
        one, other = figure.shown(figure.value(old)), figure.shown(figure.value(new))
        if one != other:
            expected[figure.name] = [one, "to", other]
    assert {line.split()[0]: line.split()[1:] for line in changes} == expected
    assert "question_rate.therapist" in expected


@pytest.mark.parametrize("before", [0, 1], ids=["a new profile", "one that changes"])
def test_without_a_terminal_nothing_is_written(profile, before):
    a_folder_of_mine("seeds", 1)
    if before:
        profile("seeds", "--write", "--yes")
        write("seeds/more.txt", TEXTS[1])
    kept = {path: path.read_bytes() for path in Path("seeds").iterdir()}
    done = profile("seeds", "--write")
    assert done.returncode == 2
    assert done.stdout.startswith("seeds/profile.json: "), "what would change is shown all the same"
    assert done.stderr == (
        "couplesim: seeds/profile.json: not written; say --yes to have it written without being asked\n"
    )
    assert {path: path.read_bytes() for path in Path("seeds").iterdir()} == kept


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_on_a_terminal_it_asks(profile, answer):
    """Nothing but yes is a yes."""
    a_folder_of_mine("seeds", 1)
    with typed(f"{answer}\n") as terminal:
        done = profile("seeds", "--write", stdin=terminal)
    assert "Make this the reference? [y/N]: " in done.stdout
    assert Path("seeds", PROFILE).exists() == (answer == "y")
    assert ("\nwritten: seeds/profile.json" in done.stdout.replace("[y/N]: ", "\n")) == (answer == "y")
    assert done.returncode == 0


def test_what_is_no_folder_of_mine_goes_into_seeds(made, profile):
    """A file, several paths, a run: into seeds/ of the current folder; a folder: into itself."""
    shutil.copytree(made, "run")
    a_folder_of_mine("mine", 2)
    write("a.txt", TEXTS[0])
    for paths, target in (
        (["a.txt"], "seeds"),
        (["a.txt", "mine"], "seeds"),
        (["run"], "seeds"),
        (["mine"], "mine"),
    ):
        done = profile(*paths, "--write", "--yes")
        assert done.stdout.endswith(f"written: {target}/profile.json\n")
        shutil.rmtree("seeds", ignore_errors=True)
    assert not Path("run", PROFILE).exists()


def test_a_folders_own_profile_is_what_it_is_a_reference_by(couplesim_here, profile):
    a_folder_of_mine("mine", 2)
    profile("mine", "--write", "--yes")
    write("a.txt", TEXTS[2])
    told = couplesim_here("check", "a.txt", "--reference", "mine")
    assert "drift: 1 transcript against mine/profile.json (2 sessions)\n" in told.stdout


def test_a_profile_that_cannot_be_read_is_not_replaced(profile):
    a_folder_of_mine("seeds", 1)
    write("seeds/profile.json", "mine, by hand")
    done = profile("seeds", "--write", "--yes")
    assert (done.returncode, "seeds/profile.json: is no profile: " in done.stderr) == (2, True)
    assert Path("seeds", PROFILE).read_text() == "mine, by hand"


def test_a_name_that_is_not_utf8_can_be_kept(profile):
    try:
        write(os.fsdecode(b"mine/caf\xe9.txt"), SHORT)
    except OSError:
        pytest.skip("this file system has no such names")
    assert profile("mine", "--json").returncode == 0
    assert profile("mine", "--write", "--yes").returncode == 0
    assert len(read_profile(Path("mine", PROFILE)).sessions) == 1
    assert not list(Path("mine").glob(".*")), "nothing half-written is left"


def test_what_is_left_out_of_a_set_is_told(profile):
    a_folder_of_mine("mine", 1)
    write("mine/deeper/a.txt", SHORT)
    done = profile("mine")
    assert done.returncode == 0
    assert "left out: mine/deeper (1) transcripts were not read" in done.stdout + done.stderr


# Mistakes


MISTAKES = [
    ("", "Missing argument 'PATH...'"),
    ("nowhere", "nowhere: there is no such file or folder"),
    ("nowhere.json", "nowhere.json: there is no such file or folder"),
    ("odd.json", "odd.json: is no profile: "),
    ("odd.json", "write it anew with `couplesim profile --write`"),
    ("empty.txt", "empty.txt: no transcript: there is no turn in it"),
    ("folder", "folder: no transcripts in it (*.txt) and no runs (ledger.db)"),
    ("above", "above: no transcripts right in it; there are some in above/deeper (1)"),
    ("a.txt --json --csv", "--json, --csv and --write: choose one"),
    ("a.txt --picture p.gif", "p.gif: a picture's name ends in .svg or .png"),
    ("a.txt --picture nowhere/p.svg", "nowhere/p.svg: cannot be written (No such file or directory)"),
    ("a.txt --wirte", "No such option '--wirte'"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "message"), MISTAKES, ids=[command or "nothing" for command, _ in MISTAKES])
def test_a_mistake_is_told_in_one_line(profile, command, message):
    write("a.txt", SHORT)
    write("empty.txt", "")
    write("above/deeper/a.txt", SHORT)
    write("odd.json", '{"sessions": 3}')
    Path("folder").mkdir()
    before = sorted(Path().rglob("*"))
    done = profile(*command.split())
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith(("Usage: ", "Try "))]
    assert (done.returncode, done.stdout) == (2, "")
    assert len(lines) == 1
    assert lines[0].startswith(("couplesim: ", "Error: "))
    assert message in lines[0]
    assert sorted(Path().rglob("*")) == before
