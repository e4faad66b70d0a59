"""`couplesim compare`: from runs to verdicts, in one command; gates; what cannot be compared."""

import csv
import dataclasses
import io
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from generator.cases import cases
from generator.cli import group, main
from generator.compare import compare_levels
from generator.compare.measures import FAMILY, all_measures
from generator.compare.reckoning import couples_needed
from generator.compare.statistics import RESAMPLES
from generator.judge.measures import JUDGED
from generator.metrics.measures import MEASURES
from tests.child import couplesim

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")
STUDY = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
SAID = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[0]
LINES = re.findall(r"^couplesim (.*)$", "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)), re.MULTILINE)
SMALL = ["--turns", 7, "--sessions", 6, "--couple", "ruth-harold"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A study with two prompt sets; two small runs that differ in prompts, two more that differ in other things."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    for line in (
        ["study.yaml", "--out", "study"],
        [*SMALL, "--out", "baseline"],
        [*SMALL, "--prompts", "candid", "--out", "candid"],
        [*SMALL, "--turn-tokens", 60, "--out", "short"],
        [*SMALL, "--prompts", "candid", "--turn-tokens", 60, "--seed", 2, "--out", "all-at-once"],
    ):
        done = couplesim(folder, "generate", *line, "-q")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def compare(runs, monkeypatch, capsys):
    """The command, run in this process where the runs are."""
    monkeypatch.chdir(runs)
    monkeypatch.setenv("COLUMNS", "200")

    def compare(*args: object) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["couplesim", "compare", *map(str, args)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=out, stderr=err)

    return compare


def test_candid_against_baseline_in_one_command(runs):
    """Agreement comes later and is rarer, each with its interval; the format is the same. The page shows it."""
    done = couplesim(runs, *shlex.split(LINES[2]))
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert told[:5] == [
        "What differs: prompts (a, b, therapist).",
        "Paired: 16 pairs of sessions of 16 couples, alike in couple, topic, seed.",
        "Scripted rehearsal text, written by no language model: baseline, candid.",
        "Same format: no session has an error of format or conduct.",
        "",
    ]
    later, rarer = told[5:7]
    interval = r"\[(-?[\d.]+), (-?[\d.]+)\], [\d.]+ to [\d.]+"
    later = re.fullmatch(
        rf"candid: share of the session before the first agreement [\d.]+ higher than baseline {interval}", later
    )
    rarer = re.fullmatch(rf"candid: partners' agreement ratio [\d.]+ lower than baseline {interval}", rarer)
    assert float(later[1]) > 0
    assert float(rarer[2]) < 0
    head, *rows = told[len(FAMILY) + 6 :][: len(FAMILY) + 1]
    assert head.split()[:4] == ["measure", "baseline", "candid", "difference"]
    assert [row.split()[0] for row in rows] == list(FAMILY)
    numbers = re.compile(r"-?\d")  # versions of the libraries may differ in the last digit
    assert numbers.sub("0", done.stdout) == numbers.sub("0", SAID)


def test_the_pages_lines_do_what_they_say(compare, runs, monkeypatch):
    shorter = STUDY.replace("couple: all", "couple: [ruth-harold, mei-jonas]").replace("31", "7")
    (runs / "page").mkdir()
    (runs / "page" / "study.yaml").write_text(shorter, encoding="utf-8")
    monkeypatch.chdir(runs / "page")
    for line in LINES:
        words = shlex.split(line, comments=True)
        if "--gate" in words:
            continue
        monkeypatch.setattr(sys, "argv", ["couplesim", *words])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 0, line


def test_the_pages_gates(compare):
    held, broken = (shlex.split(line, comments=True)[1:] for line in LINES if "--gate" in line)
    assert compare(*held).returncode == 0
    assert compare(*broken).returncode == 1


def test_the_page_names_every_option_and_no_other():
    told = CliRunner().invoke(group, ["compare", "--help"]).stdout
    known = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
    assert (
        set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) - {"--power", "--out", "--prompts", "--turn-tokens"} == known
    )


def test_the_page_gives_the_numbers_of_the_program():
    assert f"{RESAMPLES:,} resamples" in PAGE
    assert (couples_needed(1), couples_needed(9)) == (6, 9)
    assert "six pairs for one test, nine for nine" in PAGE.replace("\n", " ")
    assert re.findall(r"`([\w.]+)`", PAGE.split("Unless you name others")[1].split("## Gates")[0]) == list(FAMILY)


def test_the_plans_word_for_a_factor_does_as_well(runs):
    """And what is told holds the pairs, for pictures."""
    study, words = cases(runs / "study"), {"words.a": MEASURES["words.a"]}
    one, other = (compare_levels(study, by, words, ["words.a"]) for by in ("prompts", "prompt_set"))
    assert dataclasses.replace(one, by="prompt_set") == other
    (row,) = json.loads(json.dumps(one.as_dict()))["rows"]
    assert len(row["pairs"]) == 16
    assert row["pairs"][0]["couple"] == "aisha-omar"
    assert row["low"] <= row["difference"] <= row["high"] < 0


def test_runs_are_paired_by_what_they_have_in_common(compare):
    found = json.loads(compare("baseline", "candid", "--json").stdout)
    assert (found["by"], found["reference"]) == ("run", "baseline")
    (pairing,) = found["pairings"]
    assert (pairing["design"], pairing["units"], pairing["couples"], pairing["kinds"]) == ("paired", 6, 1, ["prompts"])
    assert found["notes"][1] == (
        "paired: 6 pairs of sessions of 1 couple, alike in repeat, seed; too few couples to speak for others: it "
        "holds for these"
    )
    assert {row["verdict"] for row in found["rows"] if row["measure"] in FAMILY} <= {"too few sessions", "missing"}


def test_the_reference_can_be_chosen_and_several_are_compared_with_it(compare):
    found = json.loads(compare("baseline", "candid", "short", "--against", "candid", "--json").stdout)
    assert [side["name"] for side in found["sides"]] == ["candid", "baseline", "short"]
    assert [pairing["kinds"] for pairing in found["pairings"]] == [["prompts"], ["budget", "prompts"]]


def test_that_the_prompts_are_the_same_is_said_first(compare):
    told = compare("baseline", "short").stdout.splitlines()
    assert told[0] == "The prompts are the same on both sides."
    assert told[1] == "What differs: budget (turn_tokens)."


def test_that_nothing_differs_is_said(compare, runs):
    if not (runs / "again").exists():
        shutil.copytree(runs / "baseline", runs / "again")
    told = compare("baseline", "again").stdout.splitlines()
    assert told[:2] == [
        "The prompts are the same on both sides.",
        "Nothing differs but chance: the sessions have the same specs.",
    ]


def test_several_differences_at_once_are_said(compare):
    told = compare("baseline", "all-at-once").stdout.splitlines()
    assert told[0].startswith(
        "More than one thing differs, and any of them may be the cause: budget (turn_tokens), pro"
    )
    assert "with other seeds" in told[1]


def test_gates_make_it_a_test(compare):
    line = ["baseline", "candid", "--family", "words.a"]
    held = compare(*line, "--gate", "words.a<=200", "--gate", "change:words.a<=0")
    assert (held.returncode, held.stderr) == (0, "")
    assert held.stdout.endswith("\n2 gates held\n")
    broken = compare(*line, "--gate", "words.a<=1", "--gate", "fas<=1", "--gate", "words.b>=0")
    assert broken.returncode == 1
    one, other = broken.stderr.splitlines()
    assert one.startswith("gate broken: words.a<=1: candid has ")
    assert other == "gate broken: fas<=1: candid has no values, which is no pass"
    assert "candid: Patient A's words a turn" in broken.stdout


def test_as_a_table_for_spreadsheets(compare):
    rows = list(csv.DictReader(io.StringIO(compare("baseline", "candid", "--csv").stdout)))
    assert [row["measure"] for row in rows[: len(FAMILY)]] == list(FAMILY)
    assert float(rows[-1]["n_of"]) == 6


def test_all_measures_are_shown_if_asked_for(compare):
    told = compare("baseline", "candid", "--family", "words.a", "--all").stdout
    assert "\nwords.therapist " in told
    assert "--all" not in told


def test_what_is_not_finished_is_left_out_and_said(compare, runs):
    told = compare("baseline", "candid").stderr
    assert told == ""
    unfinished = runs / "unfinished"
    if not unfinished.exists():
        shutil.copytree(runs / "candid", unfinished)
        (next((unfinished / "transcripts").glob("000002*"))).unlink()
    told = compare("baseline", "unfinished").stdout
    assert "left out: unfinished: sessions not read: 1 without a transcript; `couplesim resume unfinished`" in told
    assert "; 1 sessions without a counterpart are left out" in told


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["baseline"], "one run has nothing to be compared with; name another, or a factor with --by"),
        (["baseline", "baseline"], "a run cannot be compared with itself"),
        (["baseline", "nowhere"], "nowhere: no run there (no ledger.db)"),
        (["baseline", "candid", "--by", "couple"], "--by compares levels inside one run; name one"),
        (["baseline", "--by", "promt_set"], "baseline: there is no factor 'promt_set'; did you mean 'prompt_set'?"),
        (["baseline", "--by", "weather"], "baseline: there is no factor 'weather'; what varies: nothing"),
        (["baseline", "--by", "structure"], "structure is LLM Only in all finished sessions; there is nothing to"),
        (["baseline", "candid", "--against", "x"], "--against x: not among baseline, candid"),
        (["baseline", "candid", "--family", "word.a"], "there is no measure 'word.a'; did you mean 'words.a'?"),
        (["baseline", "candid", "--gate", "words.a=3"], "--gate words.a=3: a gate looks like "),
        (["baseline", "candid", "--json", "--csv"], "--json and --csv: choose one"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_with_the_reason(compare, args, said):
    done = compare(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_default_family_is_measured_and_needs_no_judge():
    assert set(FAMILY) <= set(all_measures())
    assert not set(FAMILY) & set(JUDGED)
