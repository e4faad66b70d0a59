"""The rehearsal speaker is good enough to develop against: its figures over 64 sessions, beside the seed's."""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
from collections import Counter
from dataclasses import dataclass

import pytest

from generator.assets import Assets
from generator.chat.rehearsal.chat import Rehearsal
from generator.personas import load_couple, load_therapist
from generator.plan import Plan, expand
from generator.schema.session import Budget
from generator.schema.turn import Turn
from generator.sentences import sentences
from generator.session import Session

ASSETS = Assets()
SEED_MEDIAN_WORDS = {"Therapist": 91, "Patient A": 120, "Patient B": 127}


def spoken(plan: Plan) -> Session:
    """One session of the plan, spoken by the rehearsal."""
    expansion = expand(plan, ASSETS)
    first = expansion.sessions[0].spec
    speaker = Rehearsal()
    session = Session(
        first, expansion.prompts_of(first), {"Therapist": speaker, "Patient A": speaker, "Patient B": speaker}
    )

    async def run() -> None:
        async for _ in session.run():
            pass

    asyncio.run(run())
    return session


@dataclass(frozen=True)
class Figures:
    sessions: list[Session]

    def turns(self, *labels: str) -> list[Turn]:
        return [turn for session in self.sessions for turn in session.turns if turn.speaker in labels]


def words(text: str) -> list[str]:
    return re.findall(r"[\w'’]+", text.lower())


def runs(text: str, length: int = 5) -> list[tuple[str, ...]]:
    found = words(text)
    return [tuple(found[start : start + length]) for start in range(len(found) - length + 1)]


def whole_sentences(turn: Turn) -> list[str]:
    return sentences(turn.text)[: -1 if turn.mid_sentence else None]


@pytest.fixture(scope="module")
def figures() -> Figures:
    couples, therapists = list(ASSETS.all("couple")), list(ASSETS.all("therapist"))
    sessions = []
    for number in range(64):
        couple = couples[number % len(couples)]
        topics = load_couple(couple, ASSETS).topics
        plan = Plan(
            couple=couple,
            topic=topics[(number // len(couples)) % len(topics)],
            therapist=therapists[number % len(therapists)],
            structure=("LLM Only", "Sequential")[number % 2],
            first=("A", "B")[number // 2 % 2],
            rng_seed=number,
        )
        sessions.append(spoken(plan))
    return Figures(sessions)


def test_partners_are_cut_off_about_as_often_as_in_the_seed(figures: Figures) -> None:
    partners = figures.turns("Patient A", "Patient B")
    assert 0.25 <= sum(turn.cut for turn in partners) / len(partners) <= 0.55
    assert sum(turn.cut for turn in figures.turns("Therapist")) / len(figures.turns("Therapist")) < 0.05


@pytest.mark.parametrize("label", SEED_MEDIAN_WORDS)
def test_turns_are_as_long_as_in_the_seed(figures: Figures, label: str) -> None:
    median = statistics.median(len(turn.text.split()) for turn in figures.turns(label))
    assert abs(median / SEED_MEDIAN_WORDS[label] - 1) <= 0.10


def test_the_therapist_asks(figures: Figures) -> None:
    therapist = figures.turns("Therapist")
    assert sum(turn.text.endswith("?") for turn in therapist) / len(therapist) >= 0.85


def test_no_sentence_is_said_twice(figures: Figures) -> None:
    for session in figures.sessions:
        said = Counter(sentence.casefold() for turn in session.turns for sentence in whole_sentences(turn))
        assert [sentence for sentence, times in said.items() if times > 1] == []


def test_little_is_repeated_within_a_session(figures: Figures) -> None:
    for session in figures.sessions:
        earlier: set[tuple[str, ...]] = set()
        repeated = total = 0
        for turn in session.turns:
            found = runs(turn.text)
            repeated, total = repeated + sum(run in earlier for run in found), total + len(found)
            earlier.update(found)
        assert repeated / total <= 0.05


def test_the_vocabulary_is_varied(figures: Figures) -> None:
    for session in figures.sessions:
        pairs = runs(" ".join(turn.text for turn in session.turns), 2)
        assert len(set(pairs)) / len(pairs) >= 0.55


def test_sessions_of_different_couples_have_little_in_common(figures: Figures) -> None:
    found = [(s.spec.couple.id, {run for turn in s.turns for run in runs(turn.text)}) for s in figures.sessions]
    overlaps = [len(a & b) / len(a | b) for (x, a), (y, b) in itertools.combinations(found, 2) if x != y]
    assert statistics.median(overlaps) <= 0.08


def test_partners_speak_of_their_own_lives(figures: Figures) -> None:
    for session in figures.sessions:
        for label, partner in (("Patient A", session.spec.couple.a), ("Patient B", session.spec.couple.b)):
            said = " ".join(turn.text for turn in session.turns if turn.speaker == label).casefold()
            assert sum(detail.casefold() in said for detail in partner.particulars) >= 3, (
                session.spec.couple.id,
                label,
            )


def test_nobody_addresses_a_person_who_is_not_in_the_room(figures: Figures) -> None:
    couples = [load_couple(name, ASSETS) for name in ASSETS.all("couple")]
    everybody = {partner.called for couple in couples for partner in (couple.a, couple.b)}
    everybody |= {load_therapist(name, ASSETS).called for name in ASSETS.all("therapist")} | {"Sarah", "Mark", "Emily"}
    for session in figures.sessions:
        spec = session.spec
        present = {spec.couple.a.called, spec.couple.b.called, spec.therapist.called}
        own_words = spec.couple.model_dump_json() + spec.therapist.model_dump_json()
        strangers = {name for name in everybody - present if not re.search(rf"\b{re.escape(name)}\b", own_words)}
        said = " ".join(turn.text for turn in session.turns)
        assert [name for name in strangers if re.search(rf"\b{re.escape(name)}\b", said)] == []


def test_the_hour_moves_from_complaint_to_a_first_step(figures: Figures) -> None:
    for session in figures.sessions:
        steps = session.spec.topic.first_steps
        named = [turn.n for turn in session.turns if any(step in turn.text for step in steps)]
        assert not named or min(named) > 8
    assert (
        statistics.mean(
            any(step in t.text for t in s.turns for step in s.spec.topic.first_steps) for s in figures.sessions
        )
        > 0.9
    )


def test_cut_offs_come_from_the_budget_alone() -> None:
    session = spoken(Plan(couple="ruth-harold", budget=Budget(turn_tokens=400)))
    assert not any(turn.cut or turn.mid_sentence for turn in session.turns)
    assert any(turn.tokens > 150 for turn in session.turns)


@pytest.fixture(scope="module")
def by_set() -> dict[str, dict[str, float]]:
    """For each shipped prompt set, over ten sessions: the turn of the first step, words of a partner's turn, and how
    often the therapist speaks to both by name."""
    found = {}
    for prompts in ASSETS.all("prompt set"):
        sessions = [spoken(Plan(prompts=prompts, rng_seed=seed, turns=35)) for seed in range(10)]
        therapist = [turn.text for session in sessions for turn in session.turns if turn.speaker == "Therapist"]
        steps = sessions[0].spec.topic.first_steps
        found[prompts] = {
            "first step": statistics.mean(
                next((turn.n for turn in session.turns if any(step in turn.text for step in steps)), 36)
                for session in sessions
            ),
            "words": statistics.mean(
                len(turn.text.split()) for session in sessions for turn in session.turns if turn.speaker != "Therapist"
            ),
            "both named": sum("Daniel" in text and "Marcus" in text for text in therapist) / len(therapist),
        }
    return found


def test_candid_partners_come_to_a_step_later_and_speak_unevenly(by_set) -> None:
    assert by_set["candid"]["first step"] > by_set["baseline"]["first step"] + 2
    assert by_set["candid"]["words"] < by_set["baseline"]["words"] - 5


def test_the_balanced_therapist_speaks_to_both(by_set) -> None:
    for other in set(by_set) - {"balanced"}:
        assert by_set["balanced"]["both named"] > by_set[other]["both named"]


def test_every_two_prompt_sets_differ_in_rehearsal(by_set) -> None:
    for one, other in itertools.combinations(by_set, 2):
        a, b = by_set[one], by_set[other]
        apart = (abs(a["first step"] - b["first step"]) > 1.5, abs(a["words"] - b["words"]) > 3)
        assert any(apart) or abs(a["both named"] - b["both named"]) > 0.08, (one, a, other, b)


def test_the_one_who_is_asked_answers() -> None:
    """In the seed's structure the next speaker is fixed; the therapist does not ask one and hear the other."""
    for seed in range(4):
        session = spoken(Plan(couple="aisha-omar", rng_seed=seed))
        for turn, answer in itertools.pairwise(session.turns):
            if turn.speaker == "Therapist" and turn.n > 1:
                names = {name for name in ("Aisha", "Omar") if name in sentences(turn.text)[-1]}
                spoke = {"Patient A": "Aisha", "Patient B": "Omar"}[answer.speaker]
                assert len(names) != 1 or names == {spoke}, (seed, turn.n)


def test_it_says_that_it_is_scripted() -> None:
    session = spoken(Plan(turns=3))
    assert {turn.reply.model for turn in session.turns} == {"rehearsal"}
