"""A run with everything in it: whole sessions, one ended by its budget, failed ones, open ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from generator import batch
from generator.chat.protocol import Request
from generator.chat.scripted import Scripted
from generator.errors import SessionFailed
from generator.ledger import Ledger, changes
from generator.plan import Expansion, Plan
from generator.schema.label import LABELS
from generator.schema.planned import Planned
from generator.schema.session import Budget, Cast, Model
from generator.schema.turn import Reply, Usage
from tests.builders import layout, prompt_set, spec
from tests.runs import carry_out
from tests.test_ledger import turn

SAID = [
    "=HYPERLINK(\"http://evil.example\"; \"Click\")", "- Not that it matters. I did try, and I", "+1, as they say.",
    "@Marcus, look at me.", "'=1+1 is what you'd say.", "'Cause I was tired; that's all.",
    "Zoë said: \"nu, ça va\" 🙂, twice.",
    "First paragraph, with a comma.\n\nSecond | paragraph.", "''+ is nothing.", "It was a Tuesday\u2028or so, I",
]  # fmt: skip
"""Words that trouble spreadsheets, tables and terminals."""

MODELS = Cast(
    therapist=Model(name="gpt-4o", temperature=0.7),
    a=Model(name="small", base_url="http://10.0.0.7:8000/v1", key_env="MY_KEY"),
    b=Model(name="small", base_url="http://10.0.0.7:8000/v1", key_env="MY_KEY"),
)
SHARED = {"turns": 11, "models": MODELS}
SPECS = {
    "complete": spec(**SHARED),
    "script": spec(
        couple="ruth-harold", topic="grief", prompts="candid", rng_seed=7, **{**SHARED, "models": layout("script")}
    ),
    "ended": spec(rng_seed=2, **SHARED, budget=Budget(session_tokens=9000, turn_tokens=40, cut="client")),
    "failed": spec(rng_seed=3, **SHARED),
    "failed at once": spec(rng_seed=6, **SHARED),
    "open": spec(rng_seed=4, **SHARED),
    "silent": spec(rng_seed=5, **SHARED),
}
NUMBER = {name: number for number, name in enumerate(SPECS, start=1)}
FAILS = {SPECS["failed"].rng_seed: 4, SPECS["failed at once"].rng_seed: 1}
"""By seed: the turn at which a session fails."""


@dataclass
class Made:
    """A run, and every request that was made for it."""

    folder: Path
    requests: dict[int, list[Request]]
    """By the session's seed."""

    def read(self) -> Ledger:
        return Ledger.read(self.folder)


def answer(request: Request, seed: int) -> Reply:
    number = len(request.spoken) + 1
    if number == FAILS.get(seed):
        raise SessionFailed("refused", f"turn {number}, {request.perspective.label}: it would \x1b[31mnot\nspeak")
    text = SAID[(number + seed) % len(SAID)]
    end = "length" if text.endswith(" I") else "stop"
    usage = Usage(prompt=900 + number, cached=600, completion=40, reasoning=3, estimated=number == 2)
    attempts = 2 if number == 3 else 1
    return Reply(
        text=f"{request.perspective.me.name}: {text}" if number == 5 else text,
        end=end, usage=usage, model=f"{request.model.name}-0806", fingerprint="fp_1", latency_seconds=0.25,
        attempts=attempts, raw=b"{}",
    )  # fmt: skip


def make(folder: Path) -> Made:
    """The run, by the engine, from scripted replies."""
    requests: dict[int, list[Request]] = {}
    planned = [Planned(each, {"couple": each.couple.id, "seed": str(each.rng_seed)}) for each in SPECS.values()]
    sets = {prompt_set(name).ref.hash: prompt_set(name) for name in ("baseline", "candid")}
    ledger = batch.begin(folder, Plan(run_tokens=999_999), Expansion(planned[:5], sets), "couplesim 0")

    def chats(of):
        chat = Scripted(lambda request: answer(request, of.rng_seed))
        chat.requests = requests.setdefault(of.rng_seed, [])
        return dict.fromkeys(LABELS, chat)

    carry_out(ledger, chats)
    ledger.write(changes.enter, ledger.plan, planned, {})
    ledger.write(changes.commit_turn, SPECS["open"].id, turn(1, "Good morning."), "gpt-4o", None)
    ledger.close()
    return Made(folder, requests)


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Made:
    return make(tmp_path_factory.mktemp("export") / "run")
