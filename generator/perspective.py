"""Who knows what: cuts a spec down to what one role may know.

A partner sees the shared facts and their own private ones, never the other's. The therapist sees the
intake notes and the partners as anyone in the room would, never a secret before it has been said.
"""

from __future__ import annotations

from generator.schema.persona import Partner
from generator.schema.perspective import Person, Perspective, Subject
from generator.schema.session import Label, Spec, Temperament


def perspective(spec: Spec, label: Label, temperament: Temperament) -> Perspective:
    """What the speaker `label` may know in a session of `spec`."""
    topic, therapist = spec.topic, spec.therapist
    people = {
        "therapist": Person(
            label="Therapist",
            name=therapist.name,
            called=therapist.called,
            pronouns=therapist.pronouns,
            role=therapist.credentials,
        ),
        "a": _person("Patient A", spec.couple.a),
        "b": _person("Patient B", spec.couple.b),
    }
    if label == "Therapist":
        names = (spec.couple.a.called, spec.couple.b.called)
        subject = Subject(
            title=topic.title,
            about=topic.about,
            concern=topic.concern,
            angles=tuple(topic.angles),
            first_steps=tuple(topic.first_steps),
            goals=tuple(topic.goals),
            objectives=tuple(topic.objectives),
            questions=tuple(
                question.replace("{name}", names[number % 2]) for number, question in enumerate(topic.questions)
            ),
        )
        return Perspective(
            label=label,
            structure=spec.structure,
            topic=subject,
            practice=therapist,
            intake=spec.couple.intake,
            temperament=temperament,
            **people,
        )
    if label == "AI_Facilitator":
        raise ValueError("the facilitator has no perspective of its own in this structure")
    mine = spec.couple.a if label == "Patient A" else spec.couple.b
    subject = Subject(
        title=topic.title,
        about=topic.about,
        concern=topic.concern,
        angles=tuple(topic.angles),
        lines=tuple(topic.lines),
        first_steps=tuple(topic.first_steps),
    )
    return Perspective(
        label=label,
        structure=spec.structure,
        topic=subject,
        persona=mine,
        shared=spec.couple.shared,
        pattern=spec.couple.pattern.description,
        pursues=(spec.couple.pattern.pursuer == label[-1]),
        temperament=temperament,
        **people,
    )


def _person(label: Label, partner: Partner) -> Person:
    return Person(
        label=label,
        name=partner.name,
        called=partner.called,
        pronouns=partner.pronouns,
        age=partner.age,
        role=partner.occupation,
    )
