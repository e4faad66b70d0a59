"""Whole sessions against a server, by the command, and what must be true of them whatever the server is like.

The same tests run against real servers (tests/real_servers) and against their imitations (tests/chat/test_quirks.py).
What the models say there is gibberish: it may be empty, blank, broken off or full of control characters.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from generator import check_paths
from generator.format import parse, render
from tests.child import couplesim, transcripts

TURN_TOKENS = 40
"""Short turns: the servers are slow, and every request holds the whole history."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server to be tried, and what is true of it."""

    base_url: str
    model: str = "tiny"
    replies_as: str = "tiny"
    """What the server calls its model in replies."""
    ignores: tuple[str, ...] = ()
    """Token parameters that it takes and does not keep to."""
    overshoots: int = 0
    """Tokens by which it may pass a limit that it keeps."""
    tells_length: bool = True
    """Whether a reply that its limit ended says so."""
    true_usage: bool = True
    """Whether its figures are those of the reply."""
    any_model: bool = False
    """Whether it answers for every model's name."""
    context_tokens: int | None = None
    """The context it keeps to; None if it takes prompts of any length."""
    takes_temperature: bool = True

    def generate(self, folder: Path, *options: object) -> CompletedProcess[str]:
        """A run in `folder`/run."""
        given = ("--base-url", self.base_url, "--turn-tokens", TURN_TOKENS, "--out", "run", *options)
        model = () if "--model" in options else ("--model", self.model)
        return couplesim(folder, "generate", *model, *given, timeout_seconds=600)


def turns(run: Path) -> list[dict[str, Any]]:
    """All turns in a run's ledger, by the names of its columns."""
    with closing(sqlite3.connect(f"file:{run / 'ledger.db'}?mode=ro", uri=True)) as reader:
        reader.row_factory = sqlite3.Row
        return [dict(row) for row in reader.execute("SELECT * FROM turn ORDER BY session_id, n")]


class WholeSessions:
    """Tests of a `served`, a fixture of whoever inherits them."""

    @pytest.mark.parametrize("layout", ["chat", "script"])
    def test_sessions_come_out_whole(self, served, tmp_path, layout):
        done = served.generate(tmp_path, "-n", 2, "--turns", 7, "--layout", layout)
        spoken = assert_run(done, tmp_path, sessions=2, turns=7)
        assert_told_by(served, spoken, TURN_TOKENS, ignored="max_tokens" in served.ignores)

    def test_the_other_token_parameter(self, served, tmp_path):
        options = ("-n", 1, "--turns", 6, "--token-parameter", "max_completion_tokens")
        spoken = assert_run(served.generate(tmp_path, *options), tmp_path, sessions=1, turns=6)
        ignored = "max_completion_tokens" in served.ignores
        assert_told_by(served, spoken, TURN_TOKENS, ignored=ignored)
        assert ("[over its budget]" in couplesim(tmp_path, "show", "run").stdout) == ignored

    def test_cut_here(self, served, tmp_path):
        """By the tokenizer of this program; that holds for servers that keep no limit, too."""
        spoken = assert_run(served.generate(tmp_path, "--turns", 5, "--cut", "client"), tmp_path, sessions=1, turns=5)
        assert_told_by(served, spoken, 2 * TURN_TOKENS, ignored="max_tokens" in served.ignores)
        assert all(turn["tokens"] <= TURN_TOKENS for turn in spoken)
        assert any(turn["cut"] for turn in spoken)

    def test_cut_back_to_a_sentence(self, served, tmp_path):
        spoken = assert_run(served.generate(tmp_path, "--turns", 5, "--cut", "sentence"), tmp_path, sessions=1, turns=5)
        assert_told_by(served, spoken, TURN_TOKENS, ignored="max_tokens" in served.ignores)

    def test_no_limit(self, served, tmp_path):
        spoken = assert_run(served.generate(tmp_path, "--turns", 1, "--cut", "none"), tmp_path, sessions=1, turns=1)
        assert not any(turn["over_budget"] for turn in spoken)

    def test_a_model_it_has_not(self, served, tmp_path):
        done = served.generate(tmp_path, "--model", "no-such-model", "--turns", 2)
        if served.any_model:
            assert_run(done, tmp_path, sessions=1, turns=2)
            assert {turn["model"] for turn in turns(tmp_path / "run")} == {"no-such-model"}
            return
        assert done.returncode == 5, done.stderr
        assert "has no model 'no-such-model'" in done.stderr
        assert "kept: 0 turns" in done.stderr
        assert not transcripts(tmp_path / "run")

    def test_temperature(self, served, tmp_path):
        done = served.generate(tmp_path, "--turns", 2, "--temperature", 0.7)
        if served.takes_temperature:
            assert_run(done, tmp_path, sessions=1, turns=2)
            return
        assert done.returncode == 5, done.stderr
        assert "rejects temperature; remove --temperature" in done.stderr

    def test_a_full_context(self, served, tmp_path):
        """The server says so; where it would not, the size that the program is given does."""
        size = ("--turn-tokens", 400) if served.context_tokens else ("--turn-tokens", 90, "--context-tokens", 3100)
        done = served.generate(tmp_path, "--turns", 100, *size)
        assert done.returncode == 3, done.stderr
        spoken = turns(tmp_path / "run")
        assert 2 <= len(spoken) < 100
        assert re.search(rf"failed: +session 1, turn {len(spoken) + 1}[:,]", done.stdout)
        with closing(sqlite3.connect(tmp_path / "run" / "ledger.db")) as ledger:
            assert ledger.execute("SELECT status, reason FROM session").fetchall() == [("failed", "context_full")]
        assert_in_format(tmp_path / "run" / "transcripts" / "incomplete", [len(spoken)])


def assert_run(done: CompletedProcess[str], folder: Path, *, sessions: int, turns: int) -> list[dict[str, Any]]:
    """The run is complete, on record and in the format. Returns its turns."""
    assert done.returncode == 0, done.stdout + done.stderr
    run = folder / "run"
    assert_in_format(run / "transcripts", [turns] * sessions)
    spoken = _turns_of(run)
    assert len(spoken) == sessions * turns
    for turn in spoken:
        assert turn["text"].strip() == turn["text"] != ""
        assert all(character.isprintable() or character in "\n\t" or ord(character) > 159 for character in turn["text"])
        assert turn["reply_text"]
        assert turn["raw"]
        assert turn["attempts"] >= 1
    return spoken


_turns_of = turns


def assert_in_format(folder: Path, lengths: list[int]) -> None:
    """The transcripts can be read back byte for byte, and `check` has nothing to say about their grammar."""
    texts = [path.read_bytes().decode() for path in sorted(folder.glob("*.txt"))]
    assert [len(parse(text).turns) for text in texts] == lengths
    assert [render(parse(text)) for text in texts] == texts
    assert check_paths(folder, levels={"format"}).at_least("warning") == []


def assert_told_by(served: Served, spoken: list[dict[str, Any]], asked: int, *, ignored: bool) -> None:
    """Limits were kept, or it is on record that they were not; ends and figures are those of the server."""
    assert {turn["model"] for turn in spoken} == {served.replies_as}
    assert {turn["reply_end"] for turn in spoken} <= ({"stop", "length"} if served.tells_length else {"stop"})
    if ignored:
        assert any(turn["over_budget"] for turn in spoken)
    else:
        over = [turn for turn in spoken if turn["over_budget"]]
        assert all(turn["completion_tokens"] <= asked + served.overshoots for turn in over)
        assert any(turn["reply_end"] == "length" for turn in spoken)
        assert all(turn["cut"] for turn in spoken if turn["reply_end"] == "length" and '"speaker"' not in turn["trims"])
    if served.true_usage:
        assert not any(turn["usage_estimated"] for turn in spoken)
        once = [turn for turn in spoken if turn["attempts"] == 1]
        assert all(turn["over_budget"] == (turn["completion_tokens"] > asked) for turn in once)
    else:
        assert any(turn["usage_estimated"] for turn in spoken)
