"""Who a system prompt is about: couples, therapists and topics on disk, found by the names in it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from generator.assets import Assets
from generator.clean import untitled
from generator.personas import load_couple, load_therapist, load_topic
from generator.prompts import PromptSet, load_prompt_set
from generator.schema.label import Label
from generator.schema.persona import Couple, Therapist, Topic
from generator.serve.reading import stands

P = TypeVar("P", Couple, Therapist, Topic)


@dataclass(frozen=True, slots=True)
class Library:
    """All personas and prompt sets there are, the user's own and those shipped."""

    couples: tuple[Couple, ...]
    therapists: tuple[Therapist, ...]
    topics: tuple[Topic, ...]
    prompt_sets: tuple[PromptSet, ...]


@functools.cache
def library() -> Library:
    """Everything on disk, read once. Raises InputError if one of the files is not valid."""
    assets = Assets()
    return Library(
        couples=tuple(load_couple(name, assets) for name in assets.all("couple")),
        therapists=tuple(load_therapist(name, assets) for name in assets.all("therapist")),
        topics=tuple(load_topic(name, assets) for name in assets.all("topic")),
        prompt_sets=tuple(load_prompt_set(name, assets) for name in assets.all("prompt set")),
    )


@dataclass(frozen=True, slots=True)
class Room:
    """Those who were recognised; None for those who were not."""

    couple: Couple | None
    therapist: Therapist | None
    topic: Topic | None

    def names(self) -> dict[str, Label]:
        """Every form under which somebody may appear, transcript labels included; no form means two people."""
        forms: dict[str, set[Label]] = {}
        for label, name in self._forms():
            forms.setdefault(name, set()).add(label)
        return {name: labels.pop() for name, labels in forms.items() if len(labels) == 1}

    def _forms(self) -> Iterator[tuple[Label, str]]:
        yield from (("Therapist", "Therapist"), ("Patient A", "Patient A"), ("Patient B", "Patient B"))
        yield "AI_Facilitator", "AI_Facilitator"
        if self.therapist is not None:
            for name in (self.therapist.name, untitled(self.therapist.name), self.therapist.called):
                yield "Therapist", name
        if self.couple is not None:
            yield from (("Patient A", self.couple.a.name), ("Patient A", self.couple.a.called))
            yield from (("Patient B", self.couple.b.name), ("Patient B", self.couple.b.called))


@functools.lru_cache(maxsize=256)
def recognise(prompt: str) -> Room:
    """Who and what `prompt` names in full: both partners, the therapist, the topic's title."""
    known = library()
    return Room(
        couple=_likeliest(known.couples, prompt, lambda couple: (couple.a.name, couple.b.name)),
        therapist=_likeliest(known.therapists, prompt, lambda therapist: (untitled(therapist.name),)),
        topic=_likeliest(known.topics, prompt, lambda topic: (topic.title,)),
    )


def _likeliest(records: Iterable[P], prompt: str, names: Callable[[P], tuple[str, ...]]) -> P | None:
    """The record whose names all stand in the prompt; of several, the one of which the most text does."""

    def evidence(record: P) -> int:
        return sum(len(text) for text in set(_texts(record.model_dump())) if text in prompt)

    named = [record for record in records if all(stands(name, prompt) for name in names(record))]
    return max(named, key=evidence, default=None)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _texts(part)
