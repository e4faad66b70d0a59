"""`couplesim evaluate` and `couplesim judge-check` as commands: killed, capped, beside a run, and what they print."""

import csv
import io
import json
import shutil
import signal
import sqlite3
import sys
import time
from types import SimpleNamespace

import pytest

from generator.cli import main
from generator.judge.scores import scores_of_run
from tests.child import couplesim, served, slowly, start, transcripts, turns_in
from tests.cli.test_secrets import CANARY, found
from tests.faults.server import ok
from tests.judge.stand_in import MODEL, SERVED, StandIn, plain

PRICES = "checked: today\nmodels: {stand-in-judge: {input: 10, output: 30}}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of three rehearsed sessions; to be copied."""
    folder = tmp_path_factory.mktemp("made")
    assert couplesim(folder, "generate", "-n", 3, "--turns", 7, "--out", "run").returncode == 0
    return folder / "run"


@pytest.fixture
def run(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    return tmp_path


@pytest.fixture
def here(monkeypatch, capsys):
    """Runs the command in this process, where its libraries are loaded already."""

    def typed(folder, *args, **environment):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["couplesim", *map(str, args)])
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=out, stderr=err)

    return typed


def judge(server, *options):
    return ("evaluate", "run", "--judge-model", MODEL, "--base-url", server.url, *options)


def judgements(path):
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as reader:
            return reader.execute("SELECT count(*) FROM judgement").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_a_run_is_judged_and_nothing_is_asked_or_generated_again(run, here):
    ledger = (run / "run/ledger.db").read_bytes()
    script = StandIn()
    with served(script) as server:
        done = here(run, *judge(server))
        assert (done.returncode, server.count) == (0, 21), done.stderr
        again = here(run, *judge(server, "--json"))
        assert (again.returncode, server.count) == (0, 21)
        table = here(run, *judge(server, "--csv"))
    assert "judgements:  21 judged\n" in done.stdout
    assert f"judge:       {MODEL} at 127.0.0.1:" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("fas ")]
    assert line.split()[1:8] == ["0.00", "3", "of", "3", "6", "of", "6"]
    told = json.loads(again.stdout)
    assert (told["exit_code"], len(told["sessions"]), told["spent"]["requests"]) == (0, 3, 21)
    assert told["sessions"][0]["judged"]["realism"] == {"value": 5.0, "n_valid": 3, "n": 3, "why": None}
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    assert {row["transcript"] for row in rows} == {f"run/transcripts/{name}" for name in transcripts(run / "run")}
    assert all(row["airtime_gap"] for row in rows)
    assert [(row["realism"], row["fas:n_valid/n"]) for row in rows] == [("5.0", "2/2")] * 3
    assert (run / "run/ledger.db").read_bytes() == ledger
    assert {n: scored.values["realism"] for n, scored in scores_of_run(run / "run").items()} == {1: 5.0, 2: 5.0, 3: 5.0}
    with sqlite3.connect(run / "run/scores.db") as reader:
        assert reader.execute("SELECT DISTINCT model FROM judgement").fetchall() == [(SERVED,)]


def test_without_a_judge_it_says_what_it_needs(run, here):
    done = here(run, "evaluate", "run")
    assert done.returncode == 0
    assert "no judge model: nothing is judged. Name one with --judge-model NAME" in done.stderr
    assert "airtime_gap" in done.stdout, "what needs no model is measured"
    assert "\nfas " not in done.stdout


def test_missing_is_told_with_its_reason_and_exit_3(run, here):
    with served([ok("Nice.")]) as server:
        done = here(run, *judge(server, "--rubric", "framing", "--out", "kept/scores.db"))
    assert done.returncode == 3
    assert judgements(run / "kept/scores.db") == 3
    assert not (run / "run/scores.db").exists()
    assert "fas                                 -  0 of 3" in done.stdout
    assert "missing in 3 sessions: fas: 0 of 2 items are valid: the answer is not a JSON object" in done.stdout
    assert "judgements:  3 judged, 3 invalid" in done.stdout
    assert done.stderr.endswith(f"--base-url {server.url} --out kept/scores.db --rubric framing --retry-failed\n")
    assert "go on: couplesim evaluate run --judge-model stand-in-judge" in done.stderr


def test_killed_in_the_middle_it_goes_on_and_asks_for_nothing_that_is_on_record(run):
    script = StandIn()
    with served(lambda number, seen: slowly(script(number, seen), 0.15)) as server:
        with start(run, *judge(server, "--concurrency", 2)) as child:
            deadline = time.monotonic() + 30
            while judgements(run / "run/scores.db") < 6:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            child.kill()
            child.wait()
        kept, asked = judgements(run / "run/scores.db"), server.count
        assert kept < 21
        done = couplesim(run, *judge(server))
        assert done.returncode == 0, done.stderr
        assert server.count == asked + 21 - kept
        assert asked - kept <= 2, "at most the requests under way are asked again"
    assert f"judgements:  {21 - kept} judged, {kept} there before" in done.stdout
    assert "taken:       <= " in done.stdout, "what the kill may have cost is counted"


def test_a_signal_lets_requests_under_way_finish(run):
    script = StandIn()
    with served(lambda number, seen: slowly(script(number, seen), 0.3)) as server:
        with start(run, *judge(server, "--concurrency", 2)) as child:
            deadline = time.monotonic() + 30
            while server.count < 4:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
        assert (child.returncode, "Traceback" in err) == (130, False)
        assert "requests under way, Ctrl-C again to drop them" in err
        assert judgements(run / "run/scores.db") == server.count < 21


def test_a_cap_stops_it_with_4(run):
    (run / "prices.yaml").write_text(PRICES, encoding="utf-8")
    with served(StandIn()) as server:
        done = couplesim(run, *judge(server, "--run-cost", 0.5))
        assert done.returncode == 4, done.stderr
        assert "of $0.50; the next request could pass the cap" in done.stderr
        first = server.count
        assert 0 < first < 21
        (run / "prices.yaml").write_text("checked: today\nmodels: {}\n", encoding="utf-8")
        unknown = couplesim(run, *judge(server, "--run-cost", 5))
    assert (unknown.returncode, server.count) == (2, first)
    assert "no price for model 'stand-in-judge'" in unknown.stderr


def test_it_works_beside_a_run_that_goes_on(tmp_path):
    """The finished sessions are judged; the run is neither held up nor touched."""
    gate = []

    def speaker(number, seen):
        return slowly(ok(f"This is reply {number}, said in the room."), 0.01 if number <= 8 or gate else 5)

    with served(speaker) as speaking, served(StandIn()) as judging:
        generate = ("generate", "-n", 3, "--turns", 4, "--model", "m", "--base-url", speaking.url, "--out", "run",
                    "--concurrency", 1)  # fmt: skip
        with start(tmp_path, *generate) as child:
            deadline = time.monotonic() + 30
            while turns_in(tmp_path / "run") < 8:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            done = couplesim(tmp_path, *judge(judging, "--rubric", "framing"))
            assert child.poll() is None
            gate.append(True)
            child.communicate(timeout=60)
        assert child.returncode == 0
        assert done.returncode == 0
        assert judging.count == 2
        assert "1 session is not finished" in done.stderr
    assert len(transcripts(tmp_path / "run")) == 3


def test_a_key_that_the_endpoint_sends_back_is_kept_nowhere(run, here):
    with served([ok(f"Your key is {CANARY}.", model=CANARY)]) as server:
        options = judge(server, "--rubric", "framing", "--key-env", "JUDGE_KEY")
        done = here(run, *options, JUDGE_KEY=CANARY)
        assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert done.returncode == 3
    assert found(run, done.stdout, done.stderr) == []


MISTAKES = {
    "no such path": (("nowhere",), "nowhere: there is no such file or folder"),
    "no such rubric": (("run", "--rubric", "farming"), "no rubric 'farming'; did you mean 'framing'?"),
    "the rehearsal": (("run", "--judge-model", "rehearsal"), "the rehearsal speaker cannot judge"),
    "no key": (("run", "--judge-model", "gpt-4o"), "set OPENAI_API_KEY in the environment"),
    "temperature": (("run", "--judge-model", "m", "--temperature", "7"), "--temperature: must be at most 2"),
    "two formats": (("run", "--json", "--csv"), "--json and --csv: choose one"),
}


@pytest.mark.parametrize(("options", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_line_and_nothing_is_left_behind(run, here, options, message):
    before = sorted(run.rglob("*"))
    done = here(run, "evaluate", *options)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr.splitlines()[-1]
    assert [path for path in sorted(run.rglob("*")) if "ledger.db-" not in path.name] == before


def knowing(rubric, unit, key):
    """Finds something in everything, the same in every transcript and with either label."""
    by_number = {"adopts": ("both", "neither"), "challenges": ("neither", "both")}
    if key in by_number:
        return by_number[key][int(unit) % 2]
    if rubric == "bids":
        return plain(rubric, unit, key) and int(unit) % 5
    return {"panas": 1 + len(key) % 5}.get(rubric, len(key))


def test_judge_check_tells_what_is_wrong_and_asks_nothing_twice(tmp_path, here):
    with served(StandIn(knowing)) as server:
        options = ("judge-check", "--judge-model", MODEL, "--base-url", server.url, "--rubric", "framing",
                   "--rubric", "panas")  # fmt: skip
        done = here(tmp_path, *options)
        asked = server.count
        again = here(tmp_path, *options, "--json")
        assert (again.returncode, server.count) == (1, asked)
    assert done.returncode == 1, done.stderr
    checks = {(check["name"], check["what"]): check for check in json.loads(again.stdout)["checks"]}
    assert checks["swap", "framing"]["verdict"] == checks["retest", "panas"]["verdict"] == "passed"
    assert checks["retest", "framing"]["value"] == 1.0
    assert checks["canary", "one-sided.txt: fas"]["verdict"] == "failed"
    assert ("canary", "too-smooth.txt: realism") not in checks, "realism was not asked"
    assert "do not rely on this judge for framing: fas is 0.00; at least 0.4 is known" in done.stdout


def test_judge_check_needs_a_judge(tmp_path, here):
    done = here(tmp_path, "judge-check")
    assert done.returncode == 2
    assert "which judge? Name it with --judge-model NAME" in done.stderr
