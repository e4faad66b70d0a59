"""Runs of several sessions side by side, killed at every point of their work and at random (FAULTS 34, 35)."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.child import environment, rows, served, slowly, transcripts, turns_in
from tests.faults.server import Behaviour, Seen, Server, ok
from tests.killing import POINTS, ROOT, SOON, Nursery

AT_A_TIME = 3
EACH_TURN = "SELECT number, n, text FROM turn JOIN session ON id = session_id ORDER BY number, n"
REHEARSED = ("before_send", "after_reply", "after_commit", "mid_render")
"""The rehearsal sends nothing over a wire, and what comes after a rename is the same for both."""


def answer(_: int, seen: Seen) -> Behaviour:
    """What is said follows from what was asked, so that transcripts can be compared."""
    return ok(f"You asked {hashlib.sha256(seen.body).hexdigest()[:12]}, and I answer.")


def slow_answer(number: int, seen: Seen) -> Behaviour:
    return slowly(answer(number, seen), 0.005)


def seeds_on_record(run: Path) -> Counter[int]:
    """The seed that the request for each recorded turn carried: each turn's is its own."""
    found = rows(run, "SELECT json_extract(spec, '$.rng_seed'), n FROM turn JOIN session ON id = session_id")
    return Counter(random.Random(f"{seed}:{n - 1}").randrange(2**30) for seed, n in found)


class Lives:
    """One run taken up again and again, and what must hold after each life."""

    def __init__(self, nurse: Nursery, folder: Path, sessions: int, turns: int, server: Server | None):
        self.nurse, self.folder, self.run, self.server = nurse, folder, folder / "run", server
        self.total, self.kills, self._turns, self._sessions = sessions * turns, 0, turns, sessions
        self._options: tuple[object, ...] = ("--concurrency", AT_A_TIME, "-q")

    def live(self, point: str = "", nth: int = 1) -> bool:
        """Go on with the run, begun where there is none; whether it was killed."""
        command: tuple[object, ...] = ("resume", "run")
        if not (self.run / "ledger.db").exists():
            command = ("generate", "-n", self._sessions, "--turns", self._turns, "--out", "run")
            command += ("--model", "m", "--base-url", self.server.url) if self.server else ()
        known, asked = seeds_on_record(self.run), self.server.count if self.server else 0
        life = self.nurse.run(self.folder, *command, *self._options, point=point, nth=nth)
        assert life.killed or life.code == 0, life
        if self.server:
            now = {request.json["seed"] for request in self.server.requests[asked:]}
            assert not now & known.keys(), "a turn on record was asked for again"
        assert max(seeds_on_record(self.run).values(), default=1) == 1, "a turn is there twice"
        self.kills += life.killed
        return life.killed

    @property
    def left(self) -> int:
        return self.total - turns_in(self.run)

    def must_equal(self, whole: Path) -> None:
        """The run is done, and is what it would have been."""
        assert rows(self.run, EACH_TURN) == rows(whole, EACH_TURN)
        assert turns_in(self.run) == self.total
        assert transcripts(self.run) == transcripts(whole)
        files = {path.name for path in (self.run / "transcripts").rglob("*") if path.is_file()}
        assert files == transcripts(whole).keys(), "nothing torn and nothing incomplete is left"
        attempts, lost = rows(self.run, "SELECT count(*), total(outcome IS NOT 'ok') FROM attempt")[0]
        assert attempts - lost == self.total
        assert lost <= self.kills * AT_A_TIME, "one turn in flight in each running session, at each kill"
        if self.server:
            asked = Counter(request.json["seed"] for request in self.server.requests)
            assert asked.total() - self.total <= lost
            before = self.server.count
            self.live()
            assert self.server.count == before, "a finished run asks for nothing"


@contextmanager
def lives(nurse: Nursery, folder: Path, sessions: int, turns: int, script: Any = answer) -> Iterator[Lives]:
    with served(script) as server:
        yield Lives(nurse, folder, sessions, turns, server)


@pytest.fixture(scope="module")
def whole(nurse, tmp_path_factory):
    """Runs that nobody killed, by sessions, turns and whether an endpoint spoke."""
    made: dict[tuple[int, int, bool], Path] = {}

    def of(sessions: int, turns: int, endpoint: bool = True) -> Path:
        key = sessions, turns, endpoint
        if key not in made:
            folder = tmp_path_factory.mktemp("whole")
            with served(answer) as server:
                unkilled = Lives(nurse, folder, sessions, turns, server if endpoint else None)
                assert not unkilled.live()
            made[key] = unkilled.run
        return made[key]

    return of


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_each_point_at_the_first_a_middle_and_the_last_turn_twice_in_a_row(nurse, whole, tmp_path, point):
    sessions, turns = 4, 4
    of_transcripts = point in {"mid_render", "after_rename"}
    last = sessions if of_transcripts else sessions * turns
    with lives(nurse, tmp_path, sessions, turns) as run:
        done = 0
        for place in (1, last // 2, last):
            for again in (False, True):
                if of_transcripts:
                    done = len(transcripts(run.run))
                elif run.run.exists():
                    done = run.total - run.left
                killed = run.live(point, 1 if again else max(1, place - done))
                assert killed or (point in {"after_commit", "after_rename"} and place == last), "there was more to come"
        assert run.kills >= 4
        assert not run.live()
        run.must_equal(whole(sessions, turns))


@pytest.mark.parametrize("point", REHEARSED)
def test_the_rehearsal_is_killed_at_each_point(nurse, whole, tmp_path, point):
    run = Lives(nurse, tmp_path, 3, 4, None)
    assert run.live(point, 3)
    assert run.live(point, 1)
    assert not run.live()
    run.must_equal(whole(3, 4, endpoint=False))


def test_killed_at_random_until_forty_sessions_are_done(nurse, whole, tmp_path):
    """At whatever instruction: most lives keep a few turns, some none."""
    with lives(nurse, tmp_path, 40, 4, slow_answer) as run:
        rng = random.Random("forty sessions")
        while run.live(SOON, rng.randint(1, 3)):
            assert run.kills <= 200
        assert run.kills >= 30
        run.must_equal(whole(40, 4))


def test_a_chosen_kill_can_be_tried_by_hand(tmp_path):
    """What the module's own words say."""
    command = [sys.executable, "-m", "tests.killing", "after_reply", "2", "--"]
    options = ["generate", "--turns", "3", "--out", "run", "-q"]
    died = subprocess.run([*command, *options], cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT)), timeout=60)
    assert died.returncode == -9
    assert rows(tmp_path / "run", "SELECT outcome FROM attempt") == [("ok",), (None,)]


def test_a_transcript_of_a_failed_session_is_made_good_and_goes_when_it_is_whole(nurse, tmp_path):
    """A kill between the ledger and the file, and one between the file and the removal of its first half."""
    spoken = [ok("One."), ok("Two."), ok("Patient A: no."), ok("Patient A: no."), ok("Patient A: no.")]
    with served(lambda n, _: spoken[n - 1] if n <= len(spoken) else ok(f"Turn {n}.")) as server:
        options = ("--turns", 4, "--model", "m", "--base-url", server.url, "--out", "run")
        assert nurse.run(tmp_path, "generate", *options, point="mid_render").killed
        half = tmp_path / "run" / "transcripts" / "incomplete"
        assert not list(half.glob("*.txt"))
        assert nurse.run(tmp_path, "resume", "run").code == 3
        assert [path.read_text().count("\n\n") for path in half.glob("*.txt")] == [3]
        assert nurse.run(tmp_path, "resume", "run", "--retry-failed", point="after_rename").killed
        assert len(transcripts(tmp_path / "run")) == len(list(half.iterdir())) == 1
        assert nurse.run(tmp_path, "resume", "run").code == 0
    assert list(half.iterdir()) == []
    assert len(transcripts(tmp_path / "run")) == 1
