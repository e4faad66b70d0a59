"""Who knows what: cuts a spec down to what one role may know.

A partner sees the shared facts and their own private ones, never the other's. The therapist sees the
intake notes and the partners as anyone in the room would, never a secret before it has been said.
"""

from __future__ import annotations

import functools

from generator.schema.label import Label
from generator.schema.persona import Partner, Topic
from generator.schema.perspective import Person, Perspective, Subject
from generator.schema.session import Spec, Temperament


def perspective(spec: Spec, label: Label, temperament: Temperament) -> Perspective:
    """What the speaker `label`, one of the three principals, may know in a session of `spec`. Sessions that differ in
    nothing of it share one."""
    return _shared(_Knowledge(spec, label, temperament))


class _Knowledge:
    """What a perspective is made of; equal ones make equal perspectives."""

    def __init__(self, spec: Spec, label: Label, temperament: Temperament) -> None:
        self.parts = (spec, label, temperament)
        records = (spec.couple, spec.therapist, spec.topic, temperament)
        self._key = (label, spec.structure, *(record.content_hash for record in records))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Knowledge) and self._key == other._key


@functools.lru_cache(maxsize=1024)
def _shared(knowledge: _Knowledge) -> Perspective:
    return _made(*knowledge.parts)


def _made(spec: Spec, label: Label, temperament: Temperament) -> Perspective:
    therapist, couple = spec.therapist, spec.couple
    everybody = Perspective(
        label=label,
        structure=spec.structure,
        topic=_subject(spec.topic),
        therapist=Person(
            label="Therapist",
            name=therapist.name,
            called=therapist.called,
            pronouns=therapist.pronouns,
            role=therapist.credentials,
        ),
        a=_person("Patient A", couple.a),
        b=_person("Patient B", couple.b),
        temperament=temperament,
    )
    if label == "Therapist":
        goals = _therapists_part(spec.topic, (couple.a.called, couple.b.called))
        own = {"practice": therapist, "intake": couple.intake, "topic": everybody.topic.model_copy(update=goals)}
    else:
        own = {
            "persona": couple.a if label == "Patient A" else couple.b,
            "shared": couple.shared,
            "pattern": couple.pattern.description,
            "pursues": couple.pattern.pursuer == label[-1],
            "topic": everybody.topic.model_copy(update={"lines": tuple(spec.topic.lines)}),
        }
    return everybody.model_copy(update=own)


def _subject(topic: Topic) -> Subject:
    return Subject(
        title=topic.title,
        about=topic.about,
        concern=topic.concern,
        sensitive=topic.sensitive is not None,
        angles=tuple(topic.angles),
        first_steps=tuple(topic.first_steps),
    )


def _therapists_part(topic: Topic, names: tuple[str, str]) -> dict[str, tuple[str, ...]]:
    """Goals, objectives and questions; the questions go to the two partners by turns."""
    questions = (text.replace("{name}", names[number % 2]) for number, text in enumerate(topic.questions))
    return {"goals": tuple(topic.goals), "objectives": tuple(topic.objectives), "questions": tuple(questions)}


def _person(label: Label, partner: Partner) -> Person:
    return Person(
        label=label,
        name=partner.name,
        called=partner.called,
        pronouns=partner.pronouns,
        age=partner.age,
        role=partner.occupation,
    )
