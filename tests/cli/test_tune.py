"""`couplesim tune` through the shell: one command from an edited prompt set to a verdict, and the loop around it."""

import json
import re

import pytest

from tests.child import couplesim, rows, served
from tests.judge.stand_in import MODEL, StandIn

SMALL = ("--couples", 1, "-n", 1, "--turns", 9, "--family", "words.a,words.b", "-q")
SESSIONS = 2
"""Of each version: both partners speak first once."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder with a copy of the baseline to be edited."""
    folder = tmp_path_factory.mktemp("ws")
    couplesim(folder, "init", ".")
    mine = folder / "prompts/mine"
    mine.mkdir()
    for path in (folder / "prompts/baseline").iterdir():
        (mine / path.name).write_text(path.read_text("utf-8").replace("name: baseline", "name: mine"), "utf-8")
    return folder


def edit(workspace, old, new, file="set.yaml"):
    path = workspace / "prompts/mine" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_candid_partners_agree_later_and_less(tmp_path):
    """The proof of the loop: in one command, with intervals, in the same format."""
    done = couplesim(tmp_path, "tune", "--prompts", "candid", "-q", "--family", "time_to_agreement,agreement_ratio")
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout
    assert re.search(r"before the first agreement 0\.\d+ higher than baseline \[0\.\d+, 0\.\d+\]", said), said
    assert re.search(r"agreement ratio 0\.\d+ lower than baseline \[-0\.\d+, -0\.\d+\]", said), said
    assert "Same format: no session has an error of format or conduct." in said
    assert "Scripted rehearsal text, written by no language model" in said
    assert "Paired: 16 pairs of sessions of 4 couples" in said
    looked = re.findall(r"couplesim (show \S+ --session \d+) ", said)
    assert len(looked) == 2
    for command in looked:
        assert couplesim(tmp_path, *command.split()).returncode == 0


def test_the_loop_speaks_what_is_new_and_keeps_every_version(workspace):
    first = couplesim(workspace, "tune", "--prompts", "mine", *SMALL)
    assert first.returncode == 0, first.stderr
    assert f"ahead:    {2 * SESSIONS} sessions, about " in first.stdout
    assert "set.yaml differs; what is sent is the same" in first.stdout
    (run,) = (workspace / "outputs").iterdir()
    assert rows(run, "SELECT count(*) FROM attempt") == [(2 * SESSIONS * 9,)]

    edit(workspace, "You can be hurt, tired, wary or funny.", "You wait before you answer.", "partner.j2")
    edit(workspace, "guarded: 0.25", "guarded: 0.9")
    second = couplesim(workspace, "tune", "--prompts", "mine", *SMALL)
    assert f"ahead:    {SESSIONS} sessions, " in second.stdout
    assert f"; {SESSIONS} are on record" in second.stdout
    assert rows(run, "SELECT count(*) FROM attempt") == [(3 * SESSIONS * 9,)], "the reference is spoken once"
    assert "partner.j2, set.yaml differ\n" in second.stdout

    again = couplesim(workspace, "tune", "--prompts", "mine", *SMALL)
    assert f"ahead:    0 sessions, about 0 requests and 0 tokens; {2 * SESSIONS} are on record" in again.stdout
    assert again.stdout.split("\n\n")[1:] == second.stdout.split("\n\n")[1:], "the same verdict"

    told = json.loads(couplesim(workspace, "compare", run, "--by", "prompts", "--json", "--family", "words.a").stdout)
    names = [side["name"] for side in told["sides"]]
    assert (len(names), names[0]) == (3, "baseline")
    assert all(re.fullmatch(r"mine@[0-9a-f]{6}", name) for name in names[1:])
    from_plan = couplesim(workspace, "generate", run / "plan.yaml", "--out", run, "-q")
    assert from_plan.stdout.startswith(f"{3 * SESSIONS} sessions: {3 * SESSIONS} complete\n")


def test_a_judge_is_asked_once_a_session_and_its_measures_join_the_family(tmp_path):
    with served(StandIn()) as server:
        judge = ("--judge-model", MODEL, "--judge-base-url", server.url, "--rubric", "framing", "--rubric", "realism")
        small = ("--couples", 1, "-n", 1, "--turns", 9, "-q", "--prompts", "candid")
        done = couplesim(tmp_path, "tune", *small, *judge)
        assert done.returncode == 0, done.stderr
        assert server.count == 2 * 2 * SESSIONS
        assert "judged:   8 judged\n" in done.stdout
        assert re.search(r"framing adoption.* 0\.\d+ to 0\.\d+", done.stdout)
        (run,) = (tmp_path / "outputs").iterdir()
        ((spent,),) = rows(run, "SELECT sum(prompt_tokens + completion_tokens) FROM turn")
        capped = couplesim(tmp_path, "tune", *small, *judge, "--rubric", "bids", "--run-tokens", spent + 100)
        assert (capped.returncode, server.count) == (4, 2 * 2 * SESSIONS), "the judge gets what the sessions leave"


def test_a_gate_that_does_not_hold_is_an_exit_code(workspace):
    held = couplesim(workspace, "tune", "--prompts", "candid", *SMALL, "--gate", "words.a>=1")
    broken = couplesim(workspace, "tune", "--prompts", "candid", *SMALL, "--gate", "words.a<=1")
    assert (held.returncode, broken.returncode) == (0, 1)
    assert "gate broken: words.a<=1: candid@" in broken.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prompts", "candid", "--family", "words"), "--family: there is no measure 'words'"),
        (("--prompts", "candid", "--couples", 17), "--couples: there are 16 couples (got 17)"),
        (("--prompts", "baseline"), "the same prompts, word for word"),
        (("--prompts", "candid", "--model", "nobody", "--run-cost", 1), "no price for model 'nobody'"),
        (("--prompts", "candid", "--judge-model", "m", "--judge-temperature", 7), "--judge-temperature: must be at"),
        (("--prompts", "candid", "--judge-model", "gpt-4o"), "OPENAI_API_KEY"),
        ((), "Missing option '--prompts'"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_is_written(tmp_path, options, message):
    done = couplesim(tmp_path, "tune", *options)
    assert (done.returncode, message in done.stderr, list(tmp_path.iterdir())) == (2, True, []), done.stderr
