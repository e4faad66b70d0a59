"""Runs: killed at any time, stopped, taken up again; nothing recorded is bought twice (FAULTS 34-37, 40, 46-48)."""

import random
import re
import shutil
import signal
import time

import pytest

from generator.errors import InputError
from generator.ledger import changes
from generator.plan import Plan
from tests.child import couplesim, rows, served, slowly, start, transcripts, turns_in, wait_for_turns
from tests.faults.server import hang, ok, status
from tests.runs import begin as begin_run
from tests.test_ledger import turn

SIX = ("generate", "-n", 6, "-q", "--out", "run")
AT_A_TIME = 4
"""Rehearsal sessions side by side."""
EACH_TURN = "SELECT session_id, n FROM turn ORDER BY session_id, n"


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory):
    """Six sessions made in one go: the folder of their run."""
    folder = tmp_path_factory.mktemp("unkilled")
    assert couplesim(folder, *SIX).returncode == 0
    return folder / "run"


@pytest.mark.parametrize(("again", "kills"), [(("resume", "run"), 3), (SIX, 2)], ids=["resume", "same command"])
def test_a_run_killed_at_any_time_becomes_the_run_it_would_have_been(unkilled, tmp_path, again, kills):
    run, total = tmp_path / "run", turns_in(unkilled)
    rng = random.Random(f"kills {again[0]}")
    command = SIX
    for turns in sorted(rng.sample(range(1, total - 40), kills)):
        with start(tmp_path, *command) as child:
            wait_for_turns(run, turns)
            time.sleep(rng.uniform(0, 0.02))
            child.kill()
        assert turns_in(run) < total, "killed in the middle"
        command = again
    done = couplesim(tmp_path, *again)
    assert done.returncode == 0, done.stderr
    assert rows(run, EACH_TURN) == rows(unkilled, EACH_TURN)
    assert transcripts(run) == transcripts(unkilled)
    attempts, lost = rows(run, "SELECT count(*), sum(outcome IS NOT 'ok') FROM attempt")[0]
    assert attempts - lost == total, "no request for a turn that was on record"
    assert lost <= kills * AT_A_TIME, "one turn in flight in each running session, at each kill"


def test_a_finished_run_again_asks_for_nothing(unkilled):
    before = rows(unkilled, "SELECT * FROM attempt"), transcripts(unkilled)
    for command in (SIX, ("resume", "run")):
        assert couplesim(unkilled.parent, *command).returncode == 0
    assert (rows(unkilled, "SELECT * FROM attempt"), transcripts(unkilled)) == before


def test_a_lost_transcript_is_rendered_from_the_ledger(unkilled, tmp_path):
    run = shutil.copytree(unkilled, tmp_path / "run")
    shutil.rmtree(run / "transcripts")
    assert couplesim(tmp_path, "resume", "run").returncode == 0
    assert transcripts(run) == transcripts(unkilled)


def test_more_sessions_keep_the_first_ones(tmp_path):
    options = ("--turns", 3, "--out", "run", "-q")
    couplesim(tmp_path, "generate", "-n", 2, *options)
    first = transcripts(tmp_path / "run")
    ids = rows(tmp_path / "run", "SELECT id FROM session ORDER BY number")
    assert couplesim(tmp_path, "generate", "-n", 4, *options).returncode == 0
    assert rows(tmp_path / "run", "SELECT id FROM session ORDER BY number LIMIT 2") == ids
    assert len(transcripts(tmp_path / "run")) == 4
    assert first.items() <= transcripts(tmp_path / "run").items()
    fewer = couplesim(tmp_path, "generate", "-n", 3, *options)
    assert (fewer.returncode, "4 sessions: 4 complete" in fewer.stdout) == (0, True)
    assert len(transcripts(tmp_path / "run")) == 4


def test_a_run_is_begun_with_all_its_sessions_or_not_at_all(tmp_path):
    run = tmp_path / "run"
    with start(tmp_path, "generate", "-n", 300, "--turns", 1, "--out", "run"):
        while not (found := rows(run, "SELECT count(*) FROM session")):
            time.sleep(0.001)
    assert found == rows(run, "SELECT count(*) FROM session") == [(300,)]


def test_a_run_in_which_nothing_was_said_gives_way_to_a_corrected_one(tmp_path):
    """A wrong address costs nothing; the corrected command may use the same folder."""
    wrong = couplesim(tmp_path, "generate", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--out", "run")
    assert wrong.returncode == 5
    assert couplesim(tmp_path, "generate", "--turns", 2, "--out", "run").returncode == 0
    assert len(transcripts(tmp_path / "run")) == 1


def test_three_sessions_that_fail_alike_stop_the_run(tmp_path):
    """FAULTS 3: the settings are at fault, and the fourth session would fail as well."""
    with served([status(400, {"error": {"message": "no such field"}})]) as server:
        options = ("--model", "m", "--base-url", server.url, "-n", 9, "--out", "run")
        done = couplesim(tmp_path, "generate", *options)
        assert done.returncode == 5
        assert 3 <= server.count <= 6, "of nine; those under way are not taken back"
    assert "failed alike at a speaker" in done.stderr


CHANGES = [
    ({"couple": "mei-jonas", "topic": "communication"}, ["couple.a.age", "couple.a.background"]),
    ({"therapist": "kit-lindqvist"}, ["therapist.approach", "therapist.avoids"]),
    ({"prompts": "candid"}, ["prompts.a.hash", "prompts.a.name"]),
    ({"budget": {"turn_tokens": 99, "cut": "client"}}, ["budget.cut", "budget.turn_tokens"]),
    ({"models": {"a": {"name": "gpt-4o"}}}, ["models.a.name"]),
    ({"first": "B"}, ["first"]),
    ({"turns": 3}, ["turns"]),
    ({"structure": "Sequential"}, ["structure"]),
    ({"rng_seed": 2}, ["rng_seed"]),
]


@pytest.mark.parametrize(("change", "fields"), CHANGES, ids=[str(change) for change, _ in CHANGES])
def test_a_changed_run_is_refused_and_the_changed_fields_named(tmp_path, change, fields):
    def begin(**settings):
        plan = Plan.model_validate({"turns": 2, **settings})
        return begin_run(tmp_path, plan=plan)

    ledger = begin()
    ledger.write(changes.commit_turn, ledger.sessions()[0].id, turn(), "m", None)
    ledger.close()
    before = (tmp_path / "plan.yaml").read_bytes()
    with pytest.raises(InputError, match="holds another run; changed: ") as caught:
        begin(**change)
    named = re.search(r"changed: (.*?)(?: and \d+ more)?\. Choose another folder", str(caught.value))[1].split(", ")
    assert named[:2] == fields
    assert (tmp_path / "plan.yaml").read_bytes() == before
    begin().close()


def test_an_edited_persona_or_prompt_is_refused_and_resume_uses_what_was(tmp_path):
    couplesim(tmp_path, "init", ".")
    generate = ("generate", "--turns", 2, "-q", "--out", "run")
    assert couplesim(tmp_path, *generate).returncode == 0
    before = transcripts(tmp_path / "run")
    edits = {
        "personas/couples/daniel-marcus.yaml": ("age: 35", "age: 36", "couple.a.age"),
        "prompts/baseline/partner.j2": (
            "Speak",
            "Talk",
            "couple.a.age, prompts.a.hash, prompts.b.hash, prompts.therapist.hash",
        ),
    }
    for file, (old, new, fields) in edits.items():
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        done = couplesim(tmp_path, *generate)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"changed: {fields}. Choose another folder with --out" in done.stderr
    shutil.rmtree(tmp_path / "run" / "transcripts")
    assert couplesim(tmp_path, "resume", "run").returncode == 0
    assert transcripts(tmp_path / "run") == before


def test_a_run_in_use_is_refused(tmp_path):
    plan = Plan(turns=2)
    ledger = begin_run(tmp_path / "run", plan=plan)
    for command in (("generate", "--turns", 2, "--out", "run"), ("resume", "run")):
        done = couplesim(tmp_path, *command)
        assert (done.returncode, "run in use by pid" in done.stderr, done.stdout) == (7, True, "")
    assert couplesim(tmp_path, "show", "run").returncode == 0, "a reader may look"
    ledger.close()


def test_what_failed_is_kept_apart_and_taken_up_when_asked(tmp_path):
    replies = iter([ok("One."), ok("Two."), ok("Patient A: no."), ok("Patient A: no."), ok("Patient A: no.")])
    with served(lambda n, seen: next(replies, ok(f"Turn {n}."))) as server:
        done = couplesim(tmp_path, "generate", "--turns", 4, "--out", "run", "--model", "m", "--base-url", server.url)
        assert done.returncode == 3
        assert "kept: 2 turns in 1 sessions; resume: couplesim resume run --retry-failed" in done.stderr
        assert not transcripts(tmp_path / "run")
        assert len(list((tmp_path / "run/transcripts/incomplete").glob("*.txt"))) == 1
        assert couplesim(tmp_path, "resume", "run").returncode == 3
        assert couplesim(tmp_path, "resume", "run", "--retry-failed").returncode == 0
    assert len(transcripts(tmp_path / "run")) == 1
    assert not list((tmp_path / "run/transcripts/incomplete").glob("*.txt"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_after_the_turn_in_flight(tmp_path, number, code):
    with served(lambda n, seen: slowly(ok(f"This is reply {n}."))) as server:
        options = ("--turns", 8, "--out", "run", "--model", "m", "--base-url", server.url)
        with start(tmp_path, "generate", *options) as child:
            wait_for_turns(tmp_path / "run", 2)
            child.send_signal(number)
            _, err = child.communicate(timeout=20)
        kept = turns_in(tmp_path / "run")
        assert (child.returncode, "Traceback" in err) == (code, False)
        assert 2 <= kept < 8
        assert server.count == kept, "the turn in flight was kept"
        assert f"kept: {kept} turns in 1 sessions; resume: couplesim resume run\n" in err
        assert couplesim(tmp_path, "resume", "run").returncode == 0
        assert server.count == 8, "nothing was asked for twice"
    assert turns_in(tmp_path / "run") == 8


def test_a_second_signal_ends_the_run_at_once(tmp_path):
    with served([ok("One."), hang()]) as server:
        options = ("--turns", 8, "--out", "run", "--model", "m", "--base-url", server.url)
        with start(tmp_path, "generate", *options) as child:
            wait_for_turns(tmp_path / "run", 1)
            while server.count < 2:
                time.sleep(0.01)
            child.send_signal(signal.SIGINT)
            while "stopping" not in child.stderr.readline():
                assert child.poll() is None
            child.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, err = child.communicate(timeout=20)
        assert (child.returncode, time.monotonic() - began < 2, "Traceback" in err) == (130, True, False)
    assert rows(tmp_path / "run", "SELECT outcome, billed FROM attempt") == [("ok", "yes"), ("dropped", "unknown")]
    assert "at most 1 requests may be paid for without a turn" in err


def test_ctrl_c_stops_the_rehearsal_speaker_too(tmp_path):
    with start(tmp_path, "generate", "-n", 60, "--out", "run") as child:
        wait_for_turns(tmp_path / "run", 1)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=5)
    assert child.returncode == 130
    assert "resume: couplesim resume run\n" in err
