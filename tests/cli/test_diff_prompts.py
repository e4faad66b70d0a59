"""What sets the prompts of two runs apart, and of a run and the files being edited."""

import json

import pytest

from generator.prompt_diff import prompt_diff
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS
from generator.schema.session import CastPrompts
from tests.builders import prompt_set, prompts_of, spec
from tests.child import couplesim
from tests.runs import begin

BASELINE, CANDID = prompt_set("baseline").ref, prompt_set("candid").ref
MIXED = CastPrompts(therapist=BASELINE, a=CANDID, b=CANDID)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with three runs in which nothing has been said."""
    folder = tmp_path_factory.mktemp("runs")
    begin(folder / "plain", spec(), spec(prompts="candid", rng_seed=2)).close()
    begin(folder / "mixed", spec(prompts=MIXED)).close()
    return folder


def edited(file: str, old: str, new: str) -> PromptSet:
    """The baseline with one thing changed."""
    files = dict(prompt_set().files)
    assert old in files[file]
    return PromptSet(prompt_set().settings, {**files, file: files[file].replace(old, new)})


def test_equal_prompts_are_said_to_be_so_first(runs):
    done = couplesim(runs, "diff-prompts", "plain", "baseline")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "The prompts are the same, word for word.",
            f"A: plain, session 1: baseline ({BASELINE.hash})",
            f"B: prompt set baseline: baseline ({BASELINE.hash})",
        ],
    )


def test_what_differs_is_told_by_role_in_files_and_as_it_is_sent(runs):
    told = json.loads(couplesim(runs, "diff-prompts", "plain", "mixed", "--json").stdout)
    assert [(each["file"], each["roles"]) for each in told["files"]] == [
        ("partner.j2", ["Patient A", "Patient B"]),
        ("set.yaml", ["Patient A", "Patient B"]),
    ]
    sent = {each["role"]: each for each in told["sent"]}
    assert (sent["Therapist"]["diff"], len(set(sent["Therapist"]["tokens"]))) == ([], 1)
    for role in ("Patient A", "Patient B"):
        assert "-You have come because you want this to work." in sent[role]["diff"]
        assert "+Part of you did not want to come." in sent[role]["diff"], "sentence by sentence"
    assert told["rendered_for"] == {
        "couple": "daniel-marcus", "therapist": "anya-forger", "topic": "work-home-role-strain"
    }  # fmt: skip
    assert (told["same_files"], told["same_sent"]) == (False, False)


def test_two_sessions_of_one_run_can_be_compared(runs):
    done = couplesim(runs, "diff-prompts", "plain", "plain", "--session", 1, "--session", 2, "--couple", "ruth-harold")
    first, *_ = done.stdout.splitlines()
    assert first == (
        "The prompts differ: partner.j2, set.yaml, therapist.j2; "
        "and so does what is sent to Therapist, Patient A, Patient B."
    )
    assert "What is sent, for Ruth and Harold with Dr. Anya Forger" in done.stdout


def test_a_set_that_has_been_edited_is_compared_with_the_run_it_was_used_in(runs):
    couplesim(runs, "init", "ws")
    partner = runs / "ws/prompts/baseline/partner.j2"
    partner.write_text(
        partner.read_text("utf-8").replace("You can be hurt, tired, wary or funny.", "You wait."), "utf-8"
    )
    done = couplesim(runs / "ws", "diff-prompts", "../plain", "baseline")
    assert "partner.j2: Patient A, Patient B ─" in done.stdout
    assert "The prompts differ: partner.j2; and so does what is sent to Patient A, Patient B." in done.stdout
    file, sent = done.stdout.split("What is sent, for ")
    assert "\n-You can be hurt, tired, wary or funny.\n+You wait.\n" in file
    assert "\n-You can be hurt, tired, wary or funny.\n+You wait.\n" in sent
    assert all(f"\n{role}: about " in sent for role in ("Therapist", "Patient A", "Patient B"))
    assert "\n  the same\n" in sent, "to the therapist"


def test_a_blank_line_is_a_difference_of_files_and_none_of_sentences():
    mine = edited("partner.j2", "Speak {{ words_from", "\nSpeak {{ words_from")
    diff = prompt_diff(prompts_of(spec()), dict.fromkeys(PRINCIPALS, mine), spec())
    assert (len(diff.files), diff.same_files, diff.same_sent) == (1, False, True)
    assert "+" in diff.files[0].diff


def test_a_change_that_reaches_nobody_is_said_to_reach_nobody():
    mine = edited("partner.j2", "Speak {{ words_from", "{% if false %}Shout.{% endif %}Speak {{ words_from")
    diff = prompt_diff(prompts_of(spec()), dict.fromkeys(PRINCIPALS, mine), spec())
    assert (diff.same_files, diff.same_sent) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plain", "baselin"), "no prompt set 'baselin'; did you mean 'baseline'?"),
        (
            ("./nothing", "plain"),
            "./nothing: there is neither a run here (no ledger.db) nor a prompt set (no set.yaml)",
        ),
        (("plain", "mixed", "--session", 2), "mixed has sessions 1 to 1, not 2"),
        (("plain", "mixed", *["--session", 1] * 3), "--session can be given twice at most"),
    ],
)
def test_what_cannot_be_compared_is_told(runs, arguments, message):
    done = couplesim(runs, "diff-prompts", *arguments)
    assert (done.returncode, message in done.stderr, done.stdout) == (2, True, "")
