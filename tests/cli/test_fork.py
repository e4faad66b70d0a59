"""`couplesim fork` through the shell, against an endpoint that is counted and against the rehearsal."""

import hashlib
import json
import re

import pytest

from tests.child import couplesim, rows, served, slowly, start, transcripts, wait_for_turns
from tests.test_kills import answer

SESSIONS, TURNS, K = 3, 8, 5
LEFT = 2 * SESSIONS * (TURNS - K)


def made(folder, server):
    done = couplesim(
        folder, "generate", "-n", SESSIONS, "--turns", TURNS, "--out", "run", "--model", "m", "--base-url", server.url
    )
    assert done.returncode == 0
    assert server.count == SESSIONS * TURNS


def digest(folder):
    """Of what a run says: readers may leave an empty log beside it."""
    files = [folder / "ledger.db", folder / "plan.yaml", *folder.glob("transcripts/*.txt")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_prefix_is_paid_once_and_a_fork_that_was_killed_goes_on(tmp_path):
    with served(lambda n, seen: slowly(answer(n, seen), 0.02 if n <= SESSIONS * TURNS else 0.1)) as server:
        made(tmp_path, server)
        before, paid = digest(tmp_path / "run"), server.count
        fork = ("fork", "run", "--turn", K, "--prompts", "candid", "--out", "fork", "--concurrency", 2)
        with start(tmp_path, *fork) as child:
            wait_for_turns(tmp_path / "fork", 2 * SESSIONS * K + 4)
            child.kill()
            child.wait(30)
        lost = rows(tmp_path / "fork", "SELECT count(*) FROM attempt WHERE outcome IS NULL")[0][0]
        done = couplesim(tmp_path, "resume", "fork")
        assert done.returncode == 0, done.stderr
        asked = server.count - paid
        assert LEFT <= asked <= LEFT + lost, "only continuations were asked for, and what the kill lost again"
        assert couplesim(tmp_path, *fork).returncode == 0
        assert server.count - paid == asked, "the same command finds its fork"
    assert digest(tmp_path / "run") == before, "the source is only read"
    assert f"{LEFT} turns, " in done.stdout
    assert f"{2 * SESSIONS * K} more taken over from another run" in done.stdout
    texts = list(transcripts(tmp_path / "fork").values())
    for number, source in enumerate(transcripts(tmp_path / "run").values()):
        prefix = source[: source.index(b"\nYou asked ", _nth(source, K)) - 1]
        unchanged, variant = texts[2 * number : 2 * number + 2]
        assert unchanged == source, "equal requests, equal answers"
        assert variant.startswith(prefix)
        assert variant != source


def _nth(text: bytes, number: int) -> int:
    """Where the Nth answer begins."""
    at = 0
    for _ in range(number):
        at = text.index(b"\nYou asked ", at) + 1
    return at


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """Two sessions of the rehearsal, forked by their therapist's prompts."""
    folder = tmp_path_factory.mktemp("rehearsed")
    couplesim(folder, "generate", "-n", 2, "--turns", TURNS, "--out", "run")
    fork = ("fork", "run", "--turn", K, "--therapist-prompts", "candid", "--out", "fork")
    return folder, couplesim(folder, *fork, "--family", "words.therapist")


def test_the_continuations_are_compared_in_pairs(rehearsed):
    _, done = rehearsed
    said = done.stdout
    assert f"\nfrom turn {K + 1} on, variant against unchanged:\n" in said
    assert "What differs: prompts (therapist)." in said
    assert "2 pairs of sessions of 1 couple, alike in source, seed" in said
    assert re.search(r"couplesim show fork --session \d   # variant: ", said)
    folder, _ = rehearsed
    gated = couplesim(
        folder, "fork", "run", "--turn", K, "--therapist-prompts", "candid", "--out", "fork", "--gate", "turns<=1"
    )
    assert (gated.returncode, f"gate broken: turns<=1: variant has {TURNS - K}" in gated.stderr) == (1, True)


def test_readers_are_told_what_is_taken_over(rehearsed):
    folder, done = rehearsed
    assert done.returncode == 0, done.stderr
    shown = " ".join(couplesim(folder, "show", "fork", "--session", 4).stdout.split())
    assert "prompt set candid/baseline/baseline" in shown
    assert f"forked: turns 1 to {K} are taken over from session 2" in shown
    assert shown.count("[taken over]") == K
    told = couplesim(folder, "status", "fork").stdout
    assert f"{4 * (TURNS - K)} of {4 * (TURNS - K)} (100 %)" in told
    assert json.loads(couplesim(folder, "status", "fork", "--json").stdout)["taken_over"] == 4 * K
    assert couplesim(folder, "render", "fork").returncode == 0
    assert couplesim(folder, "export", "fork", "--format", "jsonl", "--out", "fork.jsonl").returncode == 0
    records = [json.loads(line) for line in (folder / "fork.jsonl").read_text("utf-8").splitlines()]
    assert [record["spec"]["prefix"]["turns"] for record in records] == [K] * 4
    assert [[turn["reply"]["attempts"] for turn in record["turns"]] for record in records] == [
        [0] * K + [1] * (TURNS - K)
    ] * 4
    assert couplesim(folder, "check", "fork", "--no-conduct", "--no-drift").returncode == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--turn", K), "Give --prompts, --therapist-prompts or --partner-prompts"),
        (("--turn", K, "--prompts", "candid", "--session", "2-4"), "--session: run has sessions 1 to 2 (got '2-4')"),
        (("--turn", K, "--prompts", "candid", "--session", "2-1"), "a range like 3-7, or all (got '2-1')"),
        (("--turn", K, "--prompts", "baseline"), "session 1: it is spoken with these prompts already"),
        (("--turn", TURNS, "--prompts", "candid"), "nothing is left to be spoken"),
        (("--prompts", "candid"), "Missing option '--turn'"),
    ],
)
def test_what_is_no_fork_is_refused_and_nothing_is_written(rehearsed, options, message):
    folder, _ = rehearsed
    done = couplesim(folder, "fork", "run", *options, "--out", "nowhere")
    assert (done.returncode, message in done.stderr, (folder / "nowhere").exists()) == (2, True, False)
