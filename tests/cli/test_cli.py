"""Every command through the shell: what it prints, writes and leaves alone."""

import json
import re
import socket
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import batch, tokens
from generator.assets import shipped_root
from generator.cli import COMMANDS
from generator.cli.progress import Progress
from generator.cli.terminal import safe
from generator.format import parse
from generator.ledger import Ledger, changes
from generator.plan import Plan
from generator.prices import Prices
from generator.schema.turn import Reply, Turn, Usage
from tests.builders import seed_text
from tests.child import couplesim, rows, start, transcripts
from tests.runs import begin

HOSTILE = "I said\x1b[31m no\x07 \u202eelpoep\u2066 and left."
"""Colours, a bell and direction overrides."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in which two sessions were made, and what the command answered."""
    folder = tmp_path_factory.mktemp("made")
    return folder, couplesim(folder, "generate", "-n", 2, "--turns", 7)


def run_of(folder: Path) -> Path:
    return next((folder / "outputs").iterdir())


def test_help_names_every_command_and_every_exit_code(tmp_path):
    done = couplesim(tmp_path, "--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout
    for code in ("0 done", "2 bad", "3 some", "5 the", "6 ", "7 run", "130/143"):
        assert code in " ".join(done.stdout.split())
    assert "; 4 " not in done.stdout


def test_generate_makes_transcripts_and_says_what_and_where(made):
    folder, done = made
    run = run_of(folder)
    assert done.returncode == 0
    name = run.relative_to(folder)
    assert f"transcripts: {name}/transcripts\nread one:    couplesim show {name}\n" in done.stdout
    assert done.stdout.startswith("2 sessions: 2 complete\nturns:       14 turns, ")
    assert "no language model was used" in done.stdout
    assert re.search(r"\ntokens:      [<= ]*[0-9,]+ \(every request holds the whole history\)\n", done.stdout)
    assert list(transcripts(run)) == [f"{n:06d}_work-home-role-strain_daniel-marcus.txt" for n in (1, 2)]
    for text in transcripts(run).values():
        assert [label for label, _ in parse(text.decode()).turns][:3] == ["Therapist", "Patient A", "Patient B"]


def test_the_same_command_finds_its_run_and_resume_too(made):
    folder, done = made
    again = couplesim(folder, "generate", "-n", 2, "--turns", 7)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    resumed = couplesim(folder, "resume", run_of(folder).relative_to(folder))
    assert (resumed.returncode, resumed.stdout) == (0, done.stdout)
    assert len(list((folder / "outputs").iterdir())) == 1


def test_generate_with_json_prints_one_object_a_session(made):
    folder, _ = made
    done = couplesim(folder, "generate", "-n", 2, "--turns", 7, "--json", "--quiet")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [(record["number"], record["status"], len(record["turns"])) for record in records] == [
        (1, "complete", 7),
        (2, "complete", 7),
    ]
    assert all(record["synthetic"] is True and (folder / record["transcript"]).is_file() for record in records)
    assert records[0]["models"] == dict.fromkeys(("Therapist", "Patient A", "Patient B"), "rehearsal")


def test_a_plan_is_taken_and_options_come_before_it(tmp_path):
    (tmp_path / "plan.yaml").write_text("couple: ruth-harold\nturns: 3\nbudget: {turn_tokens: 40}\n")
    done = couplesim(tmp_path, "generate", "plan.yaml", "--turns", 2, "--partner-tokens", 30, "--out", "run")
    assert done.returncode == 0
    spec = Ledger.read(tmp_path / "run").session(1).spec
    budget = spec.budget
    assert (spec.couple.id, spec.turns, budget.turn_tokens, budget.partner_tokens) == ("ruth-harold", 2, 40, 30)
    again = couplesim(tmp_path, "generate", "run/plan.yaml", "--out", "run")
    assert again.returncode == 0, "a run's own plan.yaml makes the run again"


def test_show_marks_what_the_ledger_knows(made):
    folder, _ = made
    run = run_of(folder)
    cut = rows(run, "SELECT total(cut) FROM turn WHERE session_id = (SELECT id FROM session WHERE number = 2)")[0][0]
    shown = couplesim(folder, "show", run, "--session", 2).stdout
    assert shown.count("[cut off]") == cut > 0
    assert "no language model was used" in shown
    assert "Daniel and Marcus with Dr. Anya Forger; prompt set baseline" in shown


def test_a_runs_ledger_means_the_run(made):
    folder, _ = made
    run = run_of(folder)
    assert couplesim(folder, "show", run / "ledger.db").stdout == couplesim(folder, "show", run).stdout


def test_a_folder_without_a_run_is_told_with_the_runs_near_it(made):
    folder, _ = made
    name = run_of(folder).relative_to(folder)
    for command in ("show", "resume"):
        within = couplesim(folder, command, "outputs")
        assert (within.returncode, f"it holds runs: {name}\n" in within.stderr) == (2, True)
    around = couplesim(folder, "resume", f"{name}/transcripts")
    assert (around.returncode, f"; {name} is a run\n" in around.stderr) == (2, True)


def test_show_takes_a_folder_of_transcripts_without_a_ledger(tmp_path, made):
    texts = transcripts(run_of(made[0]))
    (tmp_path / "kept/transcripts").mkdir(parents=True)
    for name, text in texts.items():
        (tmp_path / "kept/transcripts" / name).write_bytes(text)
    second = tmp_path / "kept/transcripts" / list(texts)[1]
    shown = couplesim(tmp_path, "show", "kept", "--session", 2)
    assert (shown.returncode, shown.stdout) == (0, couplesim(tmp_path, "show", second).stdout)
    missing = couplesim(tmp_path, "show", "kept", "--session", 3)
    assert (missing.returncode, "kept has transcripts 1 to 2, not 3" in missing.stderr) == (2, True)


def test_choices_are_taken_in_any_case(tmp_path):
    done = couplesim(
        tmp_path, "generate", "--turns", 2, "--first", "b", "--cut", "Sentence", "--layout", "SCRIPT", "--out", "run"
    )
    spec = Ledger.read(tmp_path / "run").session(1).spec
    assert (done.returncode, spec.first, spec.budget.cut, spec.models.a.layout) == (0, "B", "sentence", "script")


def test_progress_tells_where_the_run_is_and_names_the_slowest():
    clock = SimpleNamespace(now=100.0)
    told = (lambda: "7 tokens", lambda: "3 of 4 under way")
    progress = Progress(9, 0, 100, 40, True, *told, now=lambda: clock.now)
    progress.session_begins(3, 12, 10)
    progress.session_begins(4, 12, 0)
    assert progress.lines() == ["sessions 0/9, turns 40/100, 0.0/s", "7 tokens, 3 of 4 under way"]
    clock.now += 10
    progress.turn_kept(3, SimpleNamespace(n=11))
    progress.request_failed(4, "rate_limited")
    clock.now += 10
    assert progress.lines() == [
        "sessions 0/9, turns 41/100, 0.1/s, 19:40 left",
        "7 tokens, 3 of 4 under way",
        "retried: 1 rate_limited",
        "slowest: session 4, turn 1, waiting 20 s",
    ]
    progress.session_ends(4, "failed", "timeout", "too slow")
    progress.session_ends(3, "complete", None, None)
    assert progress.lines()[0].startswith("sessions 2/9")


def test_show_marks_the_seeds_nine_cut_offs(tmp_path):
    (tmp_path / "seed.txt").write_text(seed_text(), encoding="utf-8", newline="\r\n")
    done = couplesim(tmp_path, "show", "seed.txt")
    assert (done.returncode, done.stdout.count("[cut off]")) == (0, 9)


def test_show_says_what_was_trimmed_and_strips_what_could_deceive_a_terminal(tmp_path):
    plan = Plan(turns=2)
    ledger = begin(tmp_path / "run", plan=plan)
    row = ledger.session(1)
    reply = Reply(text=HOSTILE, end="stop", usage=Usage(), model="m")
    fields = {"speaker": "Therapist", "end": "stop", "cut": False, "mid_sentence": False, "tokens": 9, "repeat": True}
    trims = [{"kind": kind, "removed": "x"} for kind in ("speaker", "layout")]
    ledger.write(changes.commit_turn, row.id, Turn(n=1, text=HOSTILE, trims=trims, reply=reply, **fields), "m", None)
    ledger.write(changes.end_session, row.id, "complete")
    batch.write_transcript(ledger, ledger.session(1))
    ledger.close()
    for place in ("run", next((tmp_path / "run/transcripts").iterdir())):
        done = couplesim(tmp_path, "show", place)
        assert done.returncode == 0
        assert "I said[31m no elpoep and left." in done.stdout
    assert "[trimmed: speaker] [repeats an earlier turn]" in couplesim(tmp_path, "show", "run").stdout


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "L", "Zs"])))
def test_nothing_that_could_deceive_a_terminal_is_shown(text):
    shown = safe(text)
    assert not set(shown) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160), 0x61C, 0x200E, 0x200F]))
    assert not set(shown) & set(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000)]))
    assert [c for c in shown if c.isalpha()] == [c for c in text if c.isalpha()]


def test_list_tells_everything_and_marks_what_is_sensitive(tmp_path):
    done = couplesim(tmp_path, "list")
    lines = [line.split()[0] for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert {"couples", "therapists", "topics", "structures", "prompts", "daniel-marcus", "Sequential"} <= set(lines)
    assert "aisha-omar*" in lines
    assert "* Faith and doubt within one religion" in done.stdout
    data = json.loads(couplesim(tmp_path, "list", "--json").stdout)
    assert list(data) == ["couples", "therapists", "topics", "structures", "prompts"]
    for kind in ("couples", "topics"):
        assert {f"{row['id']}*" for row in data[kind] if row["sensitive"]} <= set(lines)
    assert list(json.loads(couplesim(tmp_path, "list", "topics", "--json").stdout)) == ["topics"]


def test_list_shows_what_loads_and_tells_what_does_not(tmp_path):
    bad = tmp_path / "personas/topics/grief.yaml"
    bad.parent.mkdir(parents=True)
    bad.write_text("id: greif\ntitle: A \u202e[b]title[/b]\n", encoding="utf-8")
    done = couplesim(tmp_path, "list")
    assert done.returncode == 2
    assert "personas/topics/grief.yaml:1:1: about: this key is missing" in done.stderr
    assert ("daniel-marcus" in done.stdout, "anger" in done.stdout, "\ngrief" in done.stdout) == (True, True, False)
    assert couplesim(tmp_path, "list", "couples").returncode == 0


def test_list_and_preview_strip_what_could_deceive_a_terminal(tmp_path):
    couplesim(tmp_path, "init", ".")
    topic = tmp_path / "personas/topics/grief.yaml"
    mine = tmp_path / "prompts/baseline/set.yaml"
    mine.write_text(re.sub(r"tries: >-\n", "tries: >-\n  [bold]\u202eeht ", mine.read_text("utf-8")), "utf-8")
    topic.write_text(re.sub(r"about: >-\n", "about: >-\n  \u202eeht ", topic.read_text("utf-8")), "utf-8")
    listed = couplesim(tmp_path, "list", "prompts").stdout
    assert ("[bold]eht" in listed, "\u202e" in listed) == (True, False)
    shown = couplesim(tmp_path, "preview", "--topic", "grief").stdout
    assert (" eht " in shown, "\u202e" in shown) == (True, False)


def test_preview_needs_no_key_counts_tokens_and_writes_nothing(tmp_path):
    done = couplesim(tmp_path, "preview", "--model", "gpt-4o", "--turns", 3, "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert list(data["roles"]) == ["Therapist", "Patient A", "Patient B"]
    for role in data["roles"].values():
        counted = sum(tokens.count(message["content"], "gpt-4o") for message in role["messages"])
        assert counted <= role["tokens"] <= counted + 20
    expected = data["expected"]
    assert (expected["requests"], data["lints"]) == (3, [])
    usage = Usage(prompt=expected["prompt_tokens"], completion=expected["reply_tokens"])
    assert expected["cost"] == pytest.approx(Prices.load().cost("gpt-4o", usage))
    shown = couplesim(tmp_path, "preview", "--turns", 3)
    for part in ("Patient B: first request, about", "[system]", "requests: 3, prompt tokens: about"):
        assert part in shown.stdout
    assert list(tmp_path.iterdir()) == []


def test_init_lays_out_a_workspace_whose_files_come_first_and_stay(tmp_path):
    assert couplesim(tmp_path, "init", "ws").returncode == 0
    workspace, mine = tmp_path / "ws", tmp_path / "ws/personas/couples/daniel-marcus.yaml"
    for name in ("personas", "prompts", "schemas"):
        shipped = {path.relative_to(shipped_root()) for path in (shipped_root() / name).rglob("*") if path.is_file()}
        assert shipped == {path.relative_to(workspace) for path in (workspace / name).rglob("*") if path.is_file()}
    mine.write_text(mine.read_text("utf-8").replace("crew lead", "CREW KING"), "utf-8")
    (workspace / "plan.yaml").write_text("turns: 2\n")
    sent = json.loads(couplesim(workspace, "preview", "plan.yaml", "--json").stdout)
    assert "CREW KING" in sent["roles"]["Patient B"]["messages"][0]["content"]
    again = couplesim(tmp_path, "init", "ws")
    assert (again.returncode, "ws: 0 files written, " in again.stdout) == (0, True)
    assert "CREW KING" in mine.read_text("utf-8")
    assert (workspace / "plan.yaml").read_text() == "turns: 2\n"


def test_a_new_workspaces_plan_runs_as_it_is(tmp_path):
    couplesim(tmp_path, "init", ".")
    done = couplesim(tmp_path, "generate", "plan.yaml", "-n", 1)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 session: 1 complete")


def test_schema_writes_what_is_committed(tmp_path):
    assert couplesim(tmp_path, "schema").returncode == 0
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "schemas").iterdir()}
    committed = {path.name: path.read_text("utf-8") for path in (shipped_root() / "schemas").iterdir()}
    assert written == committed, "run: couplesim schema"


def test_serve_answers_and_generate_speaks_with_it(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    with start(tmp_path, "serve", "--port", port) as server:
        try:
            _wait_until_it_answers(f"{url}/models", server)
            done = couplesim(tmp_path, "generate", "--turns", 3, "--model", "rehearsal", "--base-url", url)
            assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 session: 1 complete")
        finally:
            server.terminate()


def _wait_until_it_answers(url: str, server: subprocess.Popen[str], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        assert server.poll() is None, server.stderr.read()
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)
