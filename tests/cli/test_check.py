"""`couplesim check`: what is read, what is printed, and the exit code."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from generator.assets import shipped_root
from generator.cli import main
from generator.inspection import LEVELS, check_paths, figures_of
from generator.metrics.figures import FIGURES
from generator.profiles import PROFILE, read_profile, write_profile
from generator.reading import RULE
from generator.schema.profile import Profile
from tests.builders import seed_text
from tests.child import COUPLESIM, couplesim, environment

EXEMPLARS = shipped_root() / "seeds" / "exemplars"
LONG = sorted(EXEMPLARS.glob("*.txt"))[0].read_text("utf-8")
"""A whole session without an error or a warning."""
HEAD = f"SESSION: Trust\nStructure: LLM Only\n{RULE}\n\n"
SHORT = HEAD + "Therapist:\nWhat brings you here?\n\nPatient A:\nI wait up.\n\nPatient B:\nI come home late.\n\n"
"""Sound in format; has fewer turns than the contract asks for, which is a warning."""
BROKEN = SHORT.replace(RULE, "=" * 60).replace("I wait", "Patient B: I wait")
"""An error of format in line 3, an error of conduct in line 9, and the warning."""
CUT = SHORT.replace("I come home late.", "I come home late and then I")
"""Two notes more: the last turn is cut off, and with it the session."""
HOSTILE = "\x1b[31mred\x07 \u202edeesrever"
NAMED = "a\x1b[31m\u202eb%, c:d\n::error::e.txt"
"""A file's name that tries its luck."""


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """The command, run in this process in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def check(*args: object, stdin: bytes = b"") -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["couplesim", "check", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=out, stderr=err)

    return check


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder with one run in it: two sessions of seven turns."""
    folder = tmp_path_factory.mktemp("runs")
    done = couplesim(folder, "generate", "--sessions", 2, "--turns", 7, "--out", "run")
    assert done.returncode == 0, done.stderr
    return folder


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def told(out: str) -> list[tuple[int, str, str]]:
    """Line, severity and code of every finding in the table; line 0 where there is none."""
    found = re.findall(r"^ +(\d*) +(error|warning|note) +([a-z0-9-]+) ", out, re.MULTILINE)
    return [(int(line or 0), severity, code) for line, severity, code in found]


def codes(done: SimpleNamespace) -> set[str]:
    return {code for _, _, code in told(done.stdout)}


# What it reads


def test_the_seed_passes_with_its_two_stray_labels_shown(tmp_path):
    (tmp_path / "seed.txt").write_bytes(seed_text().encode())
    done = couplesim(tmp_path, "check", "seed.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(severity, code) for _, severity, code in told(done.stdout)] == [
        ("warning", "stray-label-own"),
        ("warning", "stray-label-nobody"),
    ]
    assert "'Therapist'" in done.stdout
    assert "'Marcus Wright', which is nobody's name here" in done.stdout
    assert "31 turns (Therapist 9, Patient A 13, Patient B 9), cut off: Patient A 4, Patient B 5\n" in done.stdout
    assert "\n  0 figures outside their band, " in done.stdout
    assert "\n0 errors, 2 warnings, " in done.stdout


def test_a_run_is_checked_against_what_was_asked_of_it(runs):
    done = couplesim(runs, "check", "run", "--no-drift")
    assert (done.returncode, done.stderr, told(done.stdout)) == (0, "", [])
    assert "\n2 transcripts: 14 turns (Therapist 4, Patient A 6, Patient B 4)" in done.stdout
    assert "\n0 errors, 0 warnings, " in done.stdout


@pytest.mark.parametrize("path", ["run", ".", "run/ledger.db", "run/transcripts", "run/transcripts/{first}"])
def test_a_run_is_known_by_whatever_path_it_is_reached(runs, check, monkeypatch, path):
    """Seven turns are what the run asked for, so nothing is said of 25 to 35."""
    monkeypatch.chdir(runs)
    first = sorted(os.listdir("run/transcripts"))[0]
    done = check(path.format(first=first), "--no-drift")
    count = 1 if "{first}" in path else 2
    assert f"{count} transcript{'s' * (count > 1)}: {7 * count} turns" in done.stdout
    assert (done.returncode, codes(done)) == (0, set())


def test_a_transcript_is_checked_once_however_often_it_is_named(runs, check, monkeypatch):
    monkeypatch.chdir(runs)
    assert "\n2 transcripts: 14 turns" in check("run", "run/transcripts", ".", "--no-drift").stdout


def test_a_folder_stands_for_the_transcripts_right_in_it_and_tells_what_it_leaves_out(check):
    write("mine/one.txt", LONG)
    write("mine/two.txt", LONG)
    write("mine/two.mended.txt", BROKEN)
    write("mine/deeper/three.txt", BROKEN)
    write("mine/notes.md", "no transcript")
    done = check("mine", "--no-drift")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n2 transcripts: 62 turns" in done.stdout
    assert "left out: mine/two.mended.txt: written by `couplesim fix`\n" in done.stdout
    assert "left out: mine/deeper (1) transcripts were not read; name the folder to have them read\n" in done.stdout


def test_standard_input_is_read_beside_files(check):
    write("good.txt", LONG)
    done = check("good.txt", "-", "--no-drift", stdin=BROKEN.encode())
    assert done.returncode == 1
    assert re.search(r"^-\n +3 error +header-rule ", done.stdout, re.MULTILINE)
    assert "\n2 transcripts: 34 turns" in done.stdout


def test_the_installed_command_reads_a_pipe(tmp_path):
    done = subprocess.run(
        [COUPLESIM, "check", "-", "--no-drift", "--json"],
        cwd=tmp_path, env=environment(), input=BROKEN, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    assert {found["path"] for found in json.loads(done.stdout)["findings"]} == {"-"}


BAD_FILES = {
    "crlf.txt": (SHORT.replace("\n", "\r\n").encode(), {(1, "line-ends")}),
    "bom.txt": (b"\xef\xbb\xbf" + SHORT.encode(), {(1, "byte-order-mark")}),
    "latin-1.txt": (SHORT.replace("home late", "home for t\xe9a").encode("latin-1"), {(12, "not-utf8")}),
    "utf-16.txt": (SHORT.encode("utf-16"), {(1, "not-utf8"), (1, "header-session")}),
    "empty.txt": (b"", {(1, "header-session"), (1, "header-structure"), (1, "header-rule"), (1, "no-turns")}),
    "blank.txt": (b"\n\n \n", {(1, "header-session"), (1, "header-structure"), (1, "header-rule")}),
    "binary.txt": (bytes(range(256)) * 9, {(1, "header-session"), (3, "not-utf8")}),
    "zeros.txt": (b"\0" * 999, {(1, "header-session")}),
    "large.txt": (b"a" * (8 * 1024 * 1024 + 1), {(1, "too-large")}),
}  # fmt: skip


def test_broken_files_are_told_as_findings_with_lines(tmp_path):
    for name, (raw, _) in BAD_FILES.items():
        (tmp_path / name).write_bytes(raw)
    done = couplesim(tmp_path, "check", ".", "--no-drift", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    data = json.loads(done.stdout)
    assert {each["path"] for each in data["transcripts"]} == set(BAD_FILES)
    for name, (_, expected) in BAD_FILES.items():
        errors = {
            (found["line"], found["code"])
            for found in data["findings"]
            if (found["path"], found["severity"]) == (name, "error")
        }
        assert expected <= errors, name


def test_a_file_that_is_only_broken_goes_through_drift_too(check):
    write("empty.txt", b"")
    done = check("empty.txt")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"\n  0 figures outside their band, 0 inside, {len(FIGURES)} with too little data\n" in done.stdout


# What it prints


def test_findings_are_told_file_by_file_with_one_remedy_a_code(check):
    write("a.txt", BROKEN)
    write("b.txt", BROKEN)
    done = check("a.txt", "b.txt", "--no-drift")
    mine = [(3, "error", "header-rule"), (9, "error", "stray-label-other"), (11, "warning", "turn-count")]
    assert told(done.stdout) == mine * 2
    assert re.findall(r"^[ab]\.txt$", done.stdout, re.MULTILINE) == ["a.txt", "b.txt"]
    remedies = done.stdout.split("what to do\n")[1].split("\n\n")[0].splitlines()
    assert [line.split(":")[0].strip() for line in remedies] == ["header-rule", "stray-label-other", "turn-count"]
    assert "| Patient B: I wait up." in done.stdout
    assert done.stdout.endswith("4 errors, 2 warnings, 0 notes\n")


def test_notes_are_shown_if_asked_for(check):
    write("cut.txt", CUT)
    without, with_notes = check("cut.txt", "--no-drift"), check("cut.txt", "--no-drift", "--notes")
    assert codes(without) == {"turn-count"}
    assert without.stdout.endswith("0 errors, 1 warning, 2 notes (--notes shows them)\n")
    assert codes(with_notes) == {"turn-count", "cut-off", "ends-cut"}
    assert with_notes.stdout.endswith("0 errors, 1 warning, 2 notes\n")
    assert "3 turns (Therapist 1, Patient A 1, Patient B 1), cut off: Patient B 1\n" in without.stdout


@pytest.mark.parametrize("form", ["", "--notes", "--github"])
def test_hostile_names_and_words_do_not_reach_the_terminal(check, form):
    text = BROKEN.replace("Patient B: I", f"Patient B: {HOSTILE} I").replace("Trust", HOSTILE)
    write(NAMED, text.replace("LLM Only", f"LLM {HOSTILE}"))
    done = check(NAMED, "--no-drift", *form.split())
    assert done.returncode == 1
    assert not set(done.stdout) & set("\x1b\x07\u202e")


def test_a_hostile_structure_line_is_harmless(check):
    write("odd.txt", SHORT.replace("LLM Only", f"LLM {HOSTILE}"))
    done = check("odd.txt", "--notes", "--no-drift")
    assert "structure-unknown" in codes(done)
    assert not set(done.stdout) & set("\x1b\x07\u202e")


@pytest.mark.parametrize("form", ["", "--json", "--github"])
def test_a_name_that_is_not_utf8_can_be_told(check, form):
    try:
        write(os.fsdecode(b"caf\xe9.txt"), BROKEN)
    except OSError:
        pytest.skip("this file system has no such names")
    done = check(".", "--no-drift", *form.split())
    assert (done.returncode, done.stderr) == (1, "")
    assert "caf" in done.stdout


# JSON


def test_json_holds_everything_there_is(check):
    write("a.txt", BROKEN)
    write("b.txt", CUT)
    done = check("a.txt", "b.txt", "--json")
    data, report = json.loads(done.stdout), check_paths("a.txt", "b.txt")
    assert done.returncode == 1
    assert data["findings"] == [found.model_dump(mode="json") for found in report.findings]
    assert data["counts"] == Counter(found.severity for found in report.findings)
    assert data["transcripts"] == [
        {"path": "a.txt", "turns": 3, "speakers": ["Therapist", "Patient A", "Patient B"], "cut_off": {}},
        {"path": "b.txt", "turns": 3, "speakers": ["Therapist", "Patient A", "Patient B"], "cut_off": {"Patient B": 1}},
    ]
    assert data["reference"] == report.reference
    assert [band["figure"] for band in data["drift"]] == [figure.name for figure in FIGURES]
    assert {band["verdict"] for band in data["drift"]} <= {"inside", "outside", "too little data"}
    assert data["left_out"] == []


def test_json_says_of_drift_only_what_was_asked(check):
    write("a.txt", SHORT)
    data = json.loads(check("a.txt", "--no-drift", "--json").stdout)
    assert (data["drift"], data["reference"]) == ([], None)


# JUnit


def junit(path: str = "report.xml") -> ElementTree.Element:
    return ElementTree.parse(path).getroot()


def test_junit_has_a_case_a_transcript_and_one_for_drift(check):
    write("bad.txt", BROKEN)
    write("good.txt", LONG)
    done = check("bad.txt", "good.txt", "--junit", "report.xml")
    suite = junit()
    names = [case.get("name") for case in suite.iter("testcase")]
    assert (done.returncode, suite.tag) == (1, "testsuite")
    assert names[:2] == ["bad.txt", "good.txt"]
    assert names[2].startswith("2 transcripts against ")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
    failure = suite.find("testcase[@name='bad.txt']/failure")
    assert failure.get("type") == "header-rule"
    assert failure.get("message").startswith("2 findings, the first: the rule has 60 '='")
    assert [line.split(": ")[:3] for line in failure.text.splitlines()] == [
        ["bad.txt:3", "error", "header-rule"],
        ["bad.txt:9", "error", "stray-label-other"],
    ]
    assert ": warning: turn-count: " in suite.find("testcase[@name='bad.txt']/system-out").text
    assert suite.find("testcase[@name='good.txt']/failure") is None


@pytest.mark.parametrize(("bound", "failing"), [("error", 1), ("warning", 2), ("note", 3), ("never", 0)])
def test_junit_fails_at_and_above_the_bound_alone(check, bound, failing):
    write("broken.txt", BROKEN)
    write("short.txt", SHORT)
    write("long.txt", LONG)
    done = check("broken.txt", "short.txt", "long.txt", "--no-drift", "--junit", "report.xml", "--fail-on", bound)
    suite = junit()
    assert len(suite.findall("testcase/failure")) == int(suite.get("failures")) == failing
    assert done.returncode == (1 if failing else 0)
    assert check_paths("long.txt", levels=["conduct"]).findings, "the long one has notes"


def test_junit_survives_whatever_is_said(check):
    said = f"{HOSTILE} ]]> <b>no</b> & \x00\ufffe\ud83e\udd72".encode("utf-16", "surrogatepass").decode("utf-16")
    write(NAMED, BROKEN.replace("up.", f"up. {said}"))
    check(NAMED, "--no-drift", "--junit", "report.xml")
    suite = junit()
    text = "".join(suite.itertext())
    assert {"broken-characters", "markup"} <= set(re.findall(r": ([a-z-]+): turn", text))
    assert "\x1b" not in text
    assert len(suite.findall("testcase")) == 1


def test_junit_goes_along_with_every_other_form(check):
    write("a.txt", BROKEN)
    for form in ("--json", "--github", "--notes"):
        alone = check("a.txt", "--no-drift", form)
        beside = check("a.txt", "--no-drift", form, "--junit", "new/report.xml")
        assert (alone.returncode, alone.stdout) == (beside.returncode, beside.stdout)
        assert junit("new/report.xml").get("failures") == "1"
        shutil.rmtree("new")


# Annotations


ANNOTATION = re.compile(
    r"::(?P<command>error|warning|notice) (?:file=(?P<file>[^,:\s][^,:]*),line=(?P<line>\d+),)?"
    r"title=(?P<title>[a-z0-9-]+)::(?P<text>.+)"
)


def unescaped(text: str) -> str:
    for escaped, plain in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text


def test_annotations_are_one_line_a_finding(check):
    write("a.txt", CUT.replace(RULE, "=" * 60))
    done = check("a.txt", "--no-drift", "--github")
    found = [ANNOTATION.fullmatch(line).groupdict() for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [(each["command"], each["file"], each["line"], each["title"]) for each in found] == [
        ("error", "a.txt", "3", "header-rule"),
        ("warning", "a.txt", "11", "turn-count"),
    ]
    assert found[0]["text"] == "the rule has 60 '='; expected a rule of 70 '='. `couplesim fix` mends it."
    assert "::notice file=a.txt,line=12,title=cut-off::" in check("a.txt", "--no-drift", "--github", "--notes").stdout


def test_annotations_escape_what_would_end_them(check):
    name = "100%, a:b\nc.txt"
    write(name, SHORT.replace("LLM Only", "50%: a,b"))
    done = check(name, "--no-drift", "--github", "--notes")
    lines = done.stdout.splitlines()
    found = [ANNOTATION.fullmatch(line) for line in lines]
    assert all(found), lines
    assert {unescaped(each["file"]) for each in found} == {name}
    assert "file=100%25%2C a%3Ab%0Ac.txt," in lines[0]
    assert any("no structure is called '50%25: a,b'" in line for line in lines)


def test_annotations_of_drift_have_no_file(check):
    write("a.txt", SHORT)
    drift = [line for line in check("a.txt", "--github", "--notes").stdout.splitlines() if "title=drift" in line]
    assert drift
    assert all(re.match(r"::(warning|notice) title=drift(-unknown)?::", line) for line in drift)


def test_nothing_found_is_nothing_annotated(check):
    write("a.txt", LONG)
    done = check("a.txt", "--no-drift", "--github")
    assert (done.returncode, done.stdout.strip()) == (0, "")


# Exit codes and levels


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        (LONG.replace("\nPatient A:\n", "\nPatient A:\nPatient B: ", 1), {"error", "warning", "note"}),
        (SHORT, {"warning", "note"}),
        (CUT, {"warning", "note"}),
        (LONG, {"note"}),
    ],
    ids=["an error", "a warning", "a warning and notes", "notes"],
)
@pytest.mark.parametrize("bound", ["error", "warning", "note", "never"])
def test_the_exit_code_goes_by_the_gravest_finding(check, text, failing, bound):
    write("a.txt", text)
    assert check("a.txt", "--no-drift", "--fail-on", bound).returncode == (1 if bound in failing else 0)


def test_drift_counts_like_every_other_finding(check):
    """One cut short everywhere, against itself: the figures that left their bands are named with both values."""
    write("a.txt", LONG)
    write("b.txt", re.sub(r"^((?:\S+ ){12}).*$", r"\1", LONG, flags=re.MULTILINE))
    done = check("b.txt", "--reference", "a.txt", "--no-format", "--no-conduct")
    outside = re.findall(r"^  outside (.+)$", done.stdout, re.MULTILINE)
    assert done.returncode == 0
    assert any(
        re.fullmatch(r"Patient A's words a turn 1\d\d\.\d to 1\d\.\d \(band \d+\.\d to \d+\.\d\)", line)
        for line in outside
    )
    assert check("b.txt", "--reference", "a.txt", "--fail-on", "warning", "--no-format").returncode == 1
    assert check("a.txt", "--reference", "a.txt", "--fail-on", "warning").returncode == 0


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_can_be_switched_off_or_left_alone(check, level):
    write("a.txt", BROKEN)
    off = json.loads(check("a.txt", "--json", f"--no-{level}").stdout)
    others = [f"--no-{other}" for other in LEVELS if other != level]
    alone = json.loads(check("a.txt", "--json", *others).stdout)
    assert {found["level"] for found in off["findings"]} == set(LEVELS) - {level}
    assert {found["level"] for found in alone["findings"]} == {level}
    assert bool(alone["drift"]) == (level == "drift")
    assert bool(off["drift"]) == (level != "drift")


# The contract


def test_the_contract_changes_severities_and_switches_rules_off(check):
    write("a.txt", CUT)
    write("strict.yaml", "severities: {turn-count: error, cut-off: warning, ends-cut: off}\n")
    write("any.yaml", "severities: {turn-count: off}\n")
    strict = check("a.txt", "--no-drift", "--notes", "--contract", "strict.yaml")
    assert strict.returncode == 1
    assert told(strict.stdout) == [(11, "error", "turn-count"), (12, "warning", "cut-off")]
    assert codes(check("a.txt", "--no-drift", "--notes", "--contract", "any.yaml")) == {"cut-off", "ends-cut"}


def test_the_contract_sets_the_turns_and_the_budget(check):
    write("a.txt", CUT)
    write("mine.yaml", "turns: {least: 1, most: 3}\nturn_tokens: 9\n")
    done = check("a.txt", "--no-drift", "--notes", "--contract", "mine.yaml")
    assert codes(done) == {"cut-off", "ends-cut"}
    assert re.search(r"after \d tokens of 9|at the budget of 9 tokens", done.stdout)


def test_the_contract_of_the_current_folder_comes_before_the_shipped_one(check):
    write("a.txt", SHORT)
    write("seeds/contract.yaml", "turns: {least: 3, most: 3}\n")
    assert codes(check("a.txt", "--no-drift")) == set()
    write("seeds/contract.yaml", "turns: {least: 4, most: 4}\n")
    assert "3 turns; the contract asks for 4 to 4" in check("a.txt", "--no-drift").stdout


def test_mistakes_in_a_contract_come_with_their_place_all_at_once(check):
    write("a.txt", SHORT)
    text = "severities:\n  cut-offf: off\n  zzz: error\ndrift:\n  tolerance: {words.aa: 3}\n"
    write("mine.yaml", text)
    done = check("a.txt", "--contract", "mine.yaml")
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert lines[0] == "couplesim: mine.yaml:2:3: severities: there is no 'cut-offf'; did you mean 'cut-off'?"
    assert lines[1].startswith("couplesim: mine.yaml:3:3: severities: there is no 'zzz'; ")
    assert lines[2].startswith("couplesim: mine.yaml:5:15: drift.tolerance: there is no 'words.aa'; did you mean ")


def test_a_tolerance_in_the_contract_widens_a_band(check):
    write("a.txt", LONG)
    write("b.txt", re.sub(r"^((?:\S+ ){12}).*$", r"\1", LONG, flags=re.MULTILINE))
    write("wide.yaml", "drift: {tolerance: {words.a: 200}}\n")
    args = ("b.txt", "--reference", "a.txt", "--json", "--no-format", "--no-conduct")
    narrow = {band["figure"]: band for band in json.loads(check(*args).stdout)["drift"]}
    wide = {band["figure"]: band for band in json.loads(check(*args, "--contract", "wide.yaml").stdout)["drift"]}
    assert (narrow["words.a"]["verdict"], wide["words.a"]["verdict"]) == ("outside", "inside")
    assert wide["words.b"] == narrow["words.b"]


# The reference


def test_the_reference_may_be_a_profile_a_folder_or_a_run(check, runs):
    """The same sessions, by whatever path: the same bands."""
    write("a.txt", SHORT)
    shutil.copytree(runs / "run", "run")
    shutil.copytree("run/transcripts", "texts")
    sessions = figures_of([Path("run")])
    write_profile(Path("figures.json"), Profile(sessions=sessions))
    write_profile(Path("blessed", PROFILE), Profile(sessions=sessions))
    found = {}
    for path in ("run", "run/ledger.db", "texts", "figures.json", "blessed"):
        data = json.loads(check("a.txt", "--reference", path, "--json").stdout)
        found[path] = data["drift"]
        assert "(2 sessions)" in data["reference"]
        assert data["reference"].startswith(f"1 transcript against {path}")
    by_path = {
        path: [band for band in bands if path != "texts" or not band["figure"].startswith("names_")]
        for path, bands in found.items()
    }
    inferred = [band for band in found["run"] if not band["figure"].startswith("names_")]
    assert by_path.pop("texts") == inferred, "names apart, which a run knows and a folder does not"
    assert all(bands == found["run"] for bands in by_path.values())


def test_without_a_reference_the_folders_own_profile_comes_first(check):
    write("a.txt", LONG)
    write_profile(Path("seeds", PROFILE), Profile(sessions=figures_of([Path("a.txt")]) * 2))
    assert f"drift: 1 transcript against {Path('seeds').resolve() / PROFILE} (2 sessions)" in check("a.txt").stdout
    assert len(read_profile(Path("seeds", PROFILE)).sessions) == 2


# Mistakes


MISTAKES = [
    ("", "Missing argument 'PATH...'"),
    ("nowhere", "nowhere: there is no such file or folder"),
    ("nowhere.txt", "nowhere.txt: there is no such file or folder"),
    ("a.txt --format=json", "Option '--format' does not take a value"),
    ("a.txt --fail-on errors", "Invalid value for '--fail-on': 'errors' is not one of 'error', 'warning'"),
    ("a.txt --junit", "Option '--junit' requires an argument"),
    ("a.txt --jsn", "No such option '--jsn'"),
    ("a.txt --json --github", "--json and --github: choose one"),
    ("a.txt --no-format --no-conduct --no-drift", "all three levels are switched off; leave one on"),
    ("a.txt --contract nowhere.yaml", "nowhere.yaml: cannot be read (No such file or directory)"),
    ("a.txt --contract wrong.yaml", "wrong.yaml:1:1: severity: unknown key; did you mean 'severities'?"),
    ("a.txt --contract grave.yaml", "grave.yaml:1:23: severities.cut-off: should be 'error', 'warning'"),
    ("a.txt --reference nowhere", "nowhere: there is no such file or folder"),
    ("a.txt --reference nowhere.json", "nowhere.json: cannot be read (No such file or directory)"),
    ("a.txt --reference odd.json", "odd.json: is no profile: "),
    ("a.txt --reference wrong.yaml", "wrong.yaml: no transcript: there is no turn in it"),
    ("a.txt --reference folder", "folder: no transcripts in it (*.txt) and no runs (ledger.db)"),
    ("folder", "folder: no transcripts in it (*.txt) and no runs (ledger.db)"),
    ("above", "above: no transcripts right in it; there are some in above/deeper (1)"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "message"), MISTAKES, ids=[command or "nothing" for command, _ in MISTAKES])
def test_a_mistake_is_told_in_one_line(check, command, message):
    write("a.txt", SHORT)
    write("above/deeper/a.txt", SHORT)
    write("wrong.yaml", "severity: {}\n")
    write("grave.yaml", "severities: {cut-off: grave}\n")
    write("odd.json", '{"sessions": 3}')
    Path("folder").mkdir()
    done = check(*command.split())
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith(("Usage: ", "Try "))]
    assert (done.returncode, done.stdout) == (2, "")
    assert len(lines) == 1
    assert lines[0].startswith(("couplesim: ", "Error: "))
    assert message in lines[0]


def test_paths_that_name_nothing_are_told_together(check):
    done = check("one", "two")
    assert done.returncode == 2
    assert [line.split()[1] for line in done.stderr.splitlines()[:2]] == ["one:", "two:"]
