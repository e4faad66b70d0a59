"""Makes out whom a request wants to hear: from the field `couplesim`, or from the messages.

Messages say it in words: the system prompt names the couple, the therapist and the topic, and says who
is to speak. Who is not recognised stays without a name and without a past; nobody is invented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from generator.perspective import perspective
from generator.schema.label import Label
from generator.schema.perspective import Person, Perspective, Subject
from generator.schema.session import CastPrompts, PromptRef, Spec, Temperament
from generator.serve import reading
from generator.serve.room import Room, library, recognise
from generator.serve.wire import Body, Message

ANY_TOPIC = Subject(
    title="",
    about="",
    concern="the distance that has grown at home",
    angles=(
        "the first half hour after work",
        "who notices what has to be done",
        "the way an argument ends",
        "what goes unsaid on a Sunday evening",
        "the last good weekend",
        "how plans get made",
    ),
    first_steps=(
        "sitting down for ten minutes after dinner without phones",
        "asking one question before giving an answer",
        "taking a short walk together on Saturday morning",
        "saying one thing that went well before going to sleep",
        "agreeing on a time to talk instead of talking in the doorway",
        "writing down one wish each and swapping the notes",
    ),
)
"""What to talk about when the messages name no topic that is known."""

_THERAPIST = re.compile(
    r"\b(?:you are|you're|act as|play|role of)"
    r"(?: (?:(?:Dr|Prof)\.|(?!(?:of|with|to|for|in|from|by|is|are|has|seeing)\b)[\w’'-]+,?)){0,8}?"
    r" (?:therapist|counsell?or)\b",
    re.IGNORECASE,
)
_SAID_TO_BE = (
    r"\b(?i:you are|you're|words of|speak as|speak for|voice of|role of|act as|play)"
    r" (?i:the )?({names})(?!\w)"
)


def understand(body: Body) -> tuple[Perspective, list[tuple[Label, str]]]:
    """Whose turn it is with what they know, and the turns so far."""
    if body.couplesim is not None:
        return body.couplesim.perspective, body.couplesim.spoken
    prompt = reading.system_prompt(body.messages)
    room = recognise(prompt)
    names = room.names()
    label = _whose_turn(body.messages, prompt, names)
    if room.couple is None:
        names |= _strangers(body.messages, prompt, names, label)
    opened = label == "Therapist" and room.couple is not None
    return _view(room, label, names, prompt), reading.turns(body.messages, label, names, opened=opened)


def _whose_turn(messages: list[Message], prompt: str, names: Mapping[str, Label]) -> Label:
    """The script's cue says it, or the prompt: by a name, or by calling the model a therapist."""
    speakers = {name: label for name, label in names.items() if label != "AI_Facilitator"}
    cue = reading.cue(messages)
    if cue in speakers:
        return speakers[cue]
    alternatives = "|".join(re.escape(name) for name in sorted(speakers, key=len, reverse=True))
    match = re.search(_SAID_TO_BE.format(names=alternatives), prompt)
    if match:
        return speakers[match[1]]
    return "Therapist" if _THERAPIST.search(prompt) else "Patient A"


def _strangers(messages: list[Message], prompt: str, names: Mapping[str, Label], me: Label) -> dict[str, Label]:
    """Names that nobody on disk bears, found in the prompt and before a turn, dealt out in order."""
    cue = reading.cue(messages)
    mine: dict[str, Label] = {cue: me} if cue and cue not in names and reading.stands(cue, prompt) else {}
    order: tuple[Label, ...] = ("Therapist", "Patient A", "Patient B")
    free = [label for label in order if label != me and not (label == "Therapist" and label in _named(names))]
    others = [name for name in reading.names_in(messages) if name not in names and name not in mine]
    return mine | dict(zip((name for name in others if reading.stands(name, prompt)), free, strict=False))


def _named(names: Mapping[str, Label]) -> set[Label]:
    return {label for name, label in names.items() if name != label}


def _view(room: Room, label: Label, names: Mapping[str, Label], prompt: str) -> Perspective:
    """The perspective of `label`; what was not recognised is left out of it."""
    known = library()
    couple = room.couple or known.couples[0]
    usual = next((topic for topic in known.topics if topic.id == couple.topics[0]), known.topics[0])
    spec = Spec(
        couple=couple,
        therapist=room.therapist or known.therapists[0],
        topic=room.topic or usual,
        structure="LLM Only",
        first="A",
        turns=31,
        prompts=CastPrompts.all_from(PromptRef(name="unknown", hash="0" * 16)),
        rng_seed=0,
    )
    seen = perspective(spec, label, Temperament())
    seen = seen.model_copy(update={"temperament": _temperament(seen, prompt)})
    unknown: dict[str, Any] = {}
    if room.couple is None:
        questions = tuple(question for question in spec.topic.questions if "{name}" not in question)
        unknown |= {"a": _stranger("Patient A", names), "b": _stranger("Patient B", names)}
        unknown |= dict.fromkeys(("persona", "shared", "pattern", "pursues", "intake"))
        unknown["topic"] = seen.topic.model_copy(update={"questions": questions if seen.topic.questions else ()})
        if room.topic is None:
            unknown["topic"] = ANY_TOPIC
    if room.therapist is None:
        unknown |= {"therapist": _stranger("Therapist", names), "practice": None}
    return seen.model_copy(update=unknown)


def _temperament(seen: Perspective, prompt: str) -> Temperament:
    """That of the prompt set whose words these are; a middling one if none of ours was used."""
    sets = (prompts for prompts in library().prompt_sets if prompts.system(seen) == prompt.strip())
    return next((prompts.settings.temperament for prompts in sets), seen.temperament)


def _stranger(label: Label, names: Mapping[str, Label]) -> Person:
    """Somebody of whom no more is known than a name, if that."""
    name = next((name for name, whose in names.items() if whose == label and name != label), "")
    called = name if label == "Therapist" else name.partition(" ")[0]
    return Person(label=label, name=name, called=called, pronouns="they/them", role="")
