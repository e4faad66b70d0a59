"""The key stays in the environment: found in no file of the run and nothing printed (FAULTS 60)."""

import json

import pytest

from tests.child import couplesim, rows, served
from tests.faults.server import body, error, ok, redirect, status

CANARY = "sk-canary/7f3a+91e0d2c4"
"""With characters that some JSON writers escape."""
PLAIN = CANARY.replace("/", "")
REFUSED = {"error": {"message": f"Incorrect API key provided: {CANARY}.", "code": "invalid_api_key"}}
ESCAPED = json.dumps(REFUSED).replace("/", "\\/").encode()
CODED = json.dumps(REFUSED).replace("canary", "\\u0063anary").encode()

ENDPOINTS = {
    "401 echoes it": (error(401, f"bad key {CANARY}"), 5),
    "403 in plain text": (status(403, f"bad key {CANARY}".encode()), 5),
    "400 echoes it": (error(400, f"bad key {CANARY}"), 3),
    "400 echoes it escaped": (status(400, ESCAPED, kind="application/json"), 3),
    "400 echoes it coded": (status(400, CODED, kind="application/json"), 3),
    "redirects with it": (redirect(f"http://127.0.0.1:9/{CANARY}?key={CANARY}"), 5),
    "says it": (ok(f"Your key is {CANARY}."), 0),
    "is named by it": (ok("Good morning.", model=CANARY, system_fingerprint=CANARY), 0),
    "says it escaped": (body(ESCAPED.replace(b'{"error": {"message"', b'{"choices": [{"message": {"content"')
                             .replace(b"}}", b"}}]}")), 0),
}  # fmt: skip


def found(folder, *texts: str) -> list[str]:
    """Where the canary stands: files under `folder`, or "output"."""
    places = [str(path) for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    return places + ["output" for text in texts if CANARY in text]


@pytest.mark.parametrize(("behaviour", "code"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_a_key_that_an_endpoint_sends_back_is_kept_nowhere(tmp_path, behaviour, code):
    with served([behaviour]) as server:
        options = (
            "--turns",
            1,
            "--model",
            "m",
            "--base-url",
            server.url,
            "--key-env",
            "OPENAI_API_KEY",
            "--out",
            "run",
        )
        done = couplesim(tmp_path, "generate", *options, OPENAI_API_KEY=CANARY)
        assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert (done.returncode, (tmp_path / "run" / "ledger.db").exists()) == (code, True), done.stderr
    assert found(tmp_path, done.stdout, done.stderr) == []


ECHOES = [
    error(429, f"slow down, {CANARY}", headers={"Retry-After-ms": "5", "X-Key": CANARY}),
    status(500, f"no idea what {CANARY} wants".encode()),
    status(200, f"<html>{CANARY}</html>".encode()),
    body({"error": {"code": 502, "message": CANARY}}),
    ok(None, refusal=f"I do not talk to {CANARY}."),
    ok("", id=CANARY),
    ok(f"Patient B: {CANARY}"),
    ok(f"I hear you, {CANARY}.", model=CANARY),
    status(400, ESCAPED, kind="application/json"),
]


def test_a_key_that_comes_back_in_many_ways_at_once_is_kept_nowhere(tmp_path):
    """Twenty sessions side by side, stopped in the end by a refusal that names it too."""

    def script(number, _):
        if number > 130:
            return ENDPOINTS["401 echoes it"][0]
        return ECHOES[number // 2 % len(ECHOES)] if number % 2 else ok(f"This is reply {number}.")

    with served(script) as server:
        options = ("-n", 40, "--turns", 6, "--model", "m", "--base-url", server.url, "--key-env", "OPENAI_API_KEY")
        done = couplesim(tmp_path, "generate", *options, "--out", "run", OPENAI_API_KEY=CANARY)
        assert all(seen.headers["authorization"] == f"Bearer {CANARY}" for seen in server.requests)
        assert not any(CANARY.encode() in seen.body for seen in server.requests)
    assert done.returncode == 5, done.stderr
    assert ("I hear you, ***.",) in rows(tmp_path / "run", "SELECT text FROM turn")
    assert len(rows(tmp_path / "run", "SELECT DISTINCT outcome FROM attempt WHERE outcome != 'ok'")) >= 6
    assert found(tmp_path, done.stdout, done.stderr) == []


MISPLACED = {
    "user of the URL": ("--base-url", f"http://{PLAIN}@localhost:9/v1"),
    "password of the URL": ("--base-url", f"http://me:{PLAIN}@localhost:9/v1"),
    "query of the URL": ("--base-url", f"http://localhost:9/v1?key={PLAIN}"),
    "name of the variable": ("--base-url", "http://localhost:9/v1", "--key-env", PLAIN),
}


@pytest.mark.parametrize("options", MISPLACED.values(), ids=MISPLACED)
def test_a_key_in_the_wrong_place_is_refused_and_not_repeated(tmp_path, options):
    done = couplesim(tmp_path, "generate", "--model", "m", "--turns", 1, *options)
    assert done.returncode == 2, done.stderr
    assert PLAIN not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_key_in_a_plans_url_is_not_repeated_either(tmp_path):
    (tmp_path / "plan.yaml").write_text(f"models: {{a: {{name: m, base_url: 'http://me:{PLAIN}@localhost:9/v1'}}}}\n")
    done = couplesim(tmp_path, "generate", "plan.yaml")
    assert (done.returncode, "plan.yaml:1:" in done.stderr, PLAIN in done.stderr) == (2, True, False)
