"""A user's mistakes: the right words on one line, the right exit code, nothing sent (FAULTS 39, 51, 59)."""

import sys
from types import SimpleNamespace

import pytest

from generator.cli import main
from tests.child import couplesim, served
from tests.faults.server import error, ok

PLAN = "couple: daniel-marcus\nturns: 2\n"
FILES = {
    "plan.yaml": PLAN,
    "misspelt.yaml": "# a comment\ncoupel: x\n",
    "unclosed.yaml": "couple: daniel-marcus\ntopic: [}\n",
    "twice.yaml": "turns: 3\nturns: 4\n",
    "wrong.yaml": "turns: many\nrepeats: 0\nbudget: {cut: sometimes}\n",
    "latin.txt": "SESSION: Caf\xe9\n".encode("latin-1"),
    "odd.txt": "SESSION: x\nStructure: y\n\n",
}

OPTIONS = [
    ("--couple daniel-marcsu", "no couple 'daniel-marcsu'; did you mean 'daniel-marcus'?"),
    ("--therapist anya", "no therapist 'anya'; did you mean 'anya-forger'? Looked in "),
    ("--topic parent", "no topic 'parent'; did you mean 'parenting-conflicts'"),
    ("--couple marcus", "no couple 'marcus'; did you mean 'daniel-marcus'?"),
    ("--couple zzz", "no couple 'zzz'. Looked in "),
    ("--topic greif", "did you mean 'grief'?"),
    ("--prompts basline", "did you mean 'baseline'?"),
    ("--couple ./nobody.yaml", "./nobody.yaml: there is no such couple file"),
    ("--structure Moderatd", "no structure is called 'Moderatd'; there are 'LLM Only', 'Sequential'"),
    ("--topic parenting-conflicts", "about children and couple 'daniel-marcus' has none"),
    ("--model gpt-4o", "model 'gpt-4o' needs a key: set OPENAI_API_KEY in the environment"),
    ("--model m --key-env MY_KEY", "set MY_KEY in the environment"),
    ("--partner-model m", "model 'm' needs a key"),
    ("-n 0", "--sessions: must be at least 1 (got 0)"),
    ("-n -1", "--sessions: "),
    ("-n 1000000000", "--sessions: "),
    ("-n many", "Invalid value for '-n'"),
    ("--turns 0", "--turns: "),
    ("--temperature nan", "--temperature: should be a finite number"),
    ("--temperature inf", "--temperature: "),
    ("--temperature -1", "--temperature: "),
    ("--turn-tokens 0", "--turn-tokens: "),
    ("--seed -1", "--seed: "),
    ("--base-url localhost:8000/v1", "--base-url: a base URL looks like http://localhost:8000/v1"),
    ("--concurrency 0", "Invalid value for '--concurrency'"),
    ("--concurrency 1000000", "Invalid value for '--concurrency'"),
    ("--run-tokens 0", "--run-tokens: "),
    ("--run-cost 0", "--run-cost: "),
    ("--run-cost -1", "--run-cost: "),
    ("--run-cost nan", "--run-cost: "),
    ("--run-tokens 5000 --cut none", "--run-tokens: turns without a limit (cut: none)"),
    ("--cut sometimes", "Invalid value for '--cut'"),
    ("--frobnicate", "No such option '--frobnicate'"),
    ("--top-p 1", "No such option '--top-p'"),
    ("--session-tokens 500", "error: budget.session_tokens: 500 cannot hold the first request"),
    ("--api-key x", "No such option '--api-key'"),
    ("nowhere.yaml", "nowhere.yaml: cannot be read"),
    ("misspelt.yaml", "misspelt.yaml:2:1: coupel: unknown key; did you mean 'couple'?"),
    ("unclosed.yaml", "unclosed.yaml:2:9: not valid YAML"),
    ("twice.yaml", "twice.yaml:2:1: "),
    ("--out plan.yaml", "cannot write to plan.yaml"),
    ("--out plan.yaml/run", "cannot write to plan.yaml/run"),
]
OTHERS = [
    ("frobnicate", 2, "No such command 'frobnicate'"),
    ("show nowhere", 2, "nowhere: cannot be read"),
    ("show latin.txt", 2, "latin.txt: line 1 is not UTF-8"),
    ("show odd.txt", 2, "odd.txt: not in the seed format: line 3: expected a rule of 70 '='"),
    ("serv", 2, "No such command 'serv'. Did you mean 'serve'?"),
    ("resume nowhere", 2, "nowhere: there is no run here"),
    ("show .", 2, ".: there is no run here"),
    ("list everything", 2, "Invalid value for '[couples|"),
    ("preview --cell 3", 2, "--cell: the plan has cells 1 to 1 (got 3)"),
    ("generate --model m --base-url http://localhost:1/v1 --run-cost 1", 2, "--run-cost: no price for model 'm' in "),
    ("plan --run-cost 0", 2, "--run-cost: must be more than 0 (got 0.0)"),
    ("plan --run-tokens 0", 2, "--run-tokens: must be at least 1 (got 0)"),
    ("plan --run-cost nan", 2, "--run-cost: "),
    ("preview -n 0", 2, "--sessions: "),
    ("init plan.yaml", 2, "plan.yaml: is a file; name a folder"),
    ("schema --out plan.yaml", 2, "Invalid value for '--out'"),
    ("serve --host 0.0.0.0", 2, "0.0.0.0"),
]  # fmt: skip
MISTAKES = [(f"generate {options}", 2, message) for options, message in OPTIONS] + OTHERS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with plans and files, good and bad; the current one, and no key is set."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command line in this process: a mistake is found before anything that needs one of its own."""

    def run(line: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["couplesim", *line.split()])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=out, stderr=err)

    return run


@pytest.mark.parametrize(("command", "code", "message"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_a_mistake_is_told_in_one_line_and_nothing_is_left_behind(folder, run, command, code, message):
    done = run(command)
    assert done.returncode == code, done.stderr
    telling = [line for line in done.stderr.splitlines() if not line.startswith(("Usage: ", "Try ")) and line]
    assert len(telling) == 1
    assert telling[0].startswith(("couplesim: ", "Error: "))
    assert message in telling[0]
    assert done.stdout == ""
    assert {path.name for path in folder.iterdir()} == set(FILES), "something was left behind"


AT_ONCE = [
    ("generate --couple x --therapist y --topic z --prompts q", ["couple 'x'", "therapist 'y'", "'z'", "set 'q'"]),
    ("generate -n 0 --turns 0 --temperature 9", ["--sessions: ", "--temperature: ", "--turns: "]),
    ("generate wrong.yaml", [f"wrong.yaml:{place}" for place in ("1:8: turns", "2:10: repeats", "3:15: budget")]),
]  # fmt: skip


@pytest.mark.parametrize(("command", "messages"), AT_ONCE)
def test_all_mistakes_are_told_at_once(folder, run, command, messages):
    done = run(command)
    *lines, last = done.stderr.splitlines()
    assert (done.returncode, last) == (2, f"couplesim: {len(messages)} problems; nothing was sent")
    for message, line in zip(messages, lines, strict=True):
        assert message in line
    assert {path.name for path in folder.iterdir()} == set(FILES)


@pytest.mark.parametrize(
    ("behaviour", "code", "said", "form"),
    [
        (error(401, "who are you"), 5, "API key refused by {host} (401). Nothing was charged", ""),
        (error(401, "who are you"), 5, "API key refused by {host} (401). Nothing was charged", "--json"),
        (error(404, "no"), 5, "{host} has no model 'm'", ""),
        (error(429, "pay", code="insufficient_quota"), 5, "has no quota left", ""),
        (error(400, "prompt is too long: 9000 tokens"), 3, "turn 1, Therapist: ", ""),
    ],
)
def test_what_an_endpoint_refuses_is_said_with_what_is_kept_and_how_to_go_on(tmp_path, behaviour, code, said, form):
    with served([behaviour]) as server:
        options = ("--model", "m", "--base-url", server.url, "--out", "run", *form.split())
        done = couplesim(tmp_path, "generate", *options)
        assert server.count == 1, "one request, no retry"
    assert done.returncode == code
    assert said.format(host=server.host) in done.stderr + done.stdout
    retry = " --retry-failed" if code == 3 else ""
    assert f"kept: 0 turns in 0 sessions; resume: couplesim resume run{retry}\n" in done.stderr
    assert done.stderr.endswith("\nor correct the command and run generate again\n")
    assert form or done.stdout == "", "no summary of nothing"


def test_an_interrupted_provider_keeps_what_was_spoken(tmp_path):
    with served([ok("One."), ok("Two."), error(403, "expired")]) as server:
        done = couplesim(tmp_path, "generate", "--model", "m", "--base-url", server.url, "--out", "run", "--turns", 9)
        assert (done.returncode, server.count) == (5, 3)
    assert "kept: 2 turns in 1 sessions; resume: couplesim resume run\n" in done.stderr
    assert "run generate again" not in done.stderr
    assert done.stdout.startswith("1 session: 0 complete, 1 open\nturns:       2 turns, ")
