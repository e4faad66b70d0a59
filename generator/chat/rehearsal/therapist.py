"""How a rehearsed therapist speaks: reflect, add one thing, ask."""

from __future__ import annotations

import random
import re
from typing import Literal

from generator.chat.rehearsal.banks import banks
from generator.chat.rehearsal.composer import Composer
from generator.chat.rehearsal.listening import Heard, Spoken, listen, phase_of
from generator.schema.perspective import Person, Perspective
from generator.structures import structure_named

MAX_TOKENS = 144
"""A therapist's turn is never longer; the seed's longest has 145 tokens."""

TARGET_TOKENS = (92, 130)

ASKS = {
    "complaint": ("ask_feeling", "ask_example", "ask_open", "ask_view", "school_ask", "topic_question", "ask_both"),
    "exploration": ("ask_need", "ask_view", "ask_feeling", "ask_open", "school_ask", "topic_question", "ask_both"),
    "step": ("ask_step", "ask_need", "ask_view", "school_ask", "ask_both", "ask_open"),
    "plan": ("ask_step_detail", "ask_view", "ask_both", "ask_feeling"),
    "close": ("ask_close", "ask_step_detail", "ask_both"),
}
"""Kinds of closing question by where the hour has come to; "plan": a step is on the table."""

CLOSE_TURNS = 25
"""Turns after which the therapist may begin to round off."""


def compose(view: Perspective, spoken: Spoken, rng: random.Random) -> str:
    """One turn of the therapist."""
    heard = listen(view, spoken)
    if not spoken:
        return _open(view, rng)
    asked = _whom_to_ask(view, spoken)
    reflected = next((person for person in (view.a, view.b) if person.label == heard.last), asked)
    phase = _phase(view, heard, spoken)
    target = rng.randint(*TARGET_TOKENS)
    question = Composer(spoken, _fillers(view, heard, asked, spoken, rng), rng, _voices(view, asked))
    asks = ASKS[phase]
    if rng.random() < 0.6 * view.temperament.even_handed:
        asks = ("ask_both", "ask_both", "ask_close" if phase == "close" else "ask_both")
    question.add(rng.choice(asks), limit=60) or question.add(*asks, limit=70)
    body = Composer(
        [*spoken, ("Therapist", question.text())],
        _fillers(view, heard, reflected, spoken, rng),
        rng,
        _voices(view, asked),
    )
    room = min(target, MAX_TOKENS) - question.length
    for acts in _statements(view, phase, rng):
        if body.length >= room - 12:
            break
        body.add(*acts, limit=max(room + 6, 34))
    return f"{body.text()} {question.text()}".strip()


def _open(view: Perspective, rng: random.Random) -> str:
    turn = Composer((), _people(view) | {"concern": view.topic.concern}, rng, banks())
    for act in ("greet", "name_concern", "greet_hope", "invite"):
        turn.add(act, limit=MAX_TOKENS)
    return turn.text("\n\n")


def _whom_to_ask(view: Perspective, spoken: Spoken) -> Person:
    """The partner whose turn comes next: a person in the room would see who is about to speak."""
    labels = [label for label, _ in spoken]
    first: Literal["A", "B"] = "B" if "Patient B" in labels[:2] else "A"
    following = structure_named(view.structure)(first, len(labels) + 2).next([*labels, "Therapist"])
    return view.b if following == "Patient B" else view.a


def _phase(view: Perspective, heard: Heard, spoken: Spoken) -> str:
    if len(spoken) >= CLOSE_TURNS and heard.proposal:
        return "close"
    if heard.proposal and heard.proposal_age <= 8:
        return "plan"
    return phase_of(view, spoken)


def _statements(view: Perspective, phase: str, rng: random.Random) -> tuple[tuple[str, ...], ...]:
    first = ("reflect_one",) if rng.random() < 0.75 else ("reflect_both",)
    if phase == "plan" and rng.random() < 0.5:
        first = ("affirm_step",)
    if phase == "close" and rng.random() < 0.5:
        first = ("late",)
    second = ("reflect_other",) if rng.random() < view.temperament.even_handed else ("school_say", "validate", "cycle")
    if view.temperament.guarded > 0.5 and rng.random() < 0.35:
        second = ("slow",)
    return (first, second, ("validate", "cycle", "school_say", "reflect_both"), ("validate", "school_say"))


def _voices(view: Perspective, asked: Person) -> dict[str, tuple[str, ...]]:
    school = view.practice.school if view.practice is not None else "integrative"
    others = [person.called for person in (view.a, view.b) if person != asked and person.called]
    questions = [
        question
        for question in view.topic.questions
        if not any(name in question for name in others) and "{" not in question
    ]
    known = banks()
    return known | {
        "school_say": known.get(f"{school}_say", known["validate"]),
        "school_ask": known.get(f"{school}_ask", known["ask_open"]),
        "topic_question": tuple(questions),
    }


def _fillers(view: Perspective, heard: Heard, person: Person, spoken: Spoken, rng: random.Random) -> dict[str, str]:
    other = view.b if person == view.a else view.a
    said = " ".join(text for _, text in spoken).casefold()
    found = _people(view) | {"name": person.called, "other": other.called, "concern": view.topic.concern}
    for slot, label in (("quote", person.label), ("quote_other", other.label)):
        quotes = heard.quotes.get(label, ())
        if quotes:
            found[slot] = rng.choice(quotes)
    angles = [angle for angle in view.topic.angles if angle.casefold() not in said]
    if angles:
        found["angle"] = _to_you(rng.choice(angles))
    if heard.proposal:
        found["step"] = _to_you(heard.proposal)
    return {slot: filler for slot, filler in found.items() if filler}


def _to_you(phrase: str) -> str:
    """What partners say of themselves, as it is said to them."""
    swaps = {"we": "you", "us": "you", "our": "your", "ours": "yours"}
    return re.sub(r"\b(we|us|our|ours)\b", lambda match: swaps[match[1]], phrase)


def _people(view: Perspective) -> dict[str, str]:
    people = {"a": view.a.called, "b": view.b.called, "me": view.therapist.name, "credentials": view.therapist.role}
    return {slot: name for slot, name in people.items() if name}
