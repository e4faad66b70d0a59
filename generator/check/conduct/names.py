"""Who is spoken to, and who answers."""

from __future__ import annotations

from collections.abc import Iterator

from generator.check.rule import Case, Hit, Rule, line_of, quoted
from generator.metrics.asked import asked
from generator.people import PARTNERS, Address, People, addressed, introduced
from generator.schema.reading import Passage
from generator.sentences import sentences

RULES = (
    Rule("stranger", "conduct", "warning", "Somebody is spoken to by a name that nobody in the room has.",
         "See whether a name stands in the prompt that is not the persona's.", guess=True),
    Rule("wrong-speaker", "conduct", "warning", "A speaker speaks to themself by name, or says they are somebody else.",
         "The turn may be another's: listen to who is speaking, or see which prompt was sent.", guess=True),
    Rule("other-answers", "conduct", "note", "The therapist asks one partner by name and the other one answers.",
         "Common where a counting rule decides who speaks; prompts can say who is next.", guess=True),
)  # fmt: skip


def find(case: Case) -> Iterator[Hit]:
    """Hits on names. Silent about strangers where the partners' own names cannot be told."""
    for number, turn in enumerate(case.turns):
        spoken_to = [
            each
            for each in addressed(turn.text, case.people.words)
            if not each.initial or case.people.who_is(each.name) or each.name in case.inside
        ]
        if case.people.both_known():
            yield from _strangers(turn, spoken_to, case.people)
        yield from _wrong_speaker(turn, spoken_to, case.people)
        if number + 1 < len(case.turns):
            yield from _other_answers(turn, case.turns[number + 1], case.people)


def _strangers(turn: Passage, spoken_to: list[Address], people: People) -> Iterator[Hit]:
    told = set()
    for address in spoken_to:
        titled_therapist = not people.therapist and address.titled
        if address.plain and not titled_therapist and address.name not in told and people.who_is(address.name) is None:
            told.add(address.name)
            names = f"{people.called('Patient A')} and {people.called('Patient B')}"
            message = f"turn {turn.n}, {turn.label}, speaks to {address.name!r}; the partners are {names}"
            yield Hit("stranger", line_of(turn, address.name), message, _around(turn, address.name))


def _wrong_speaker(turn: Passage, spoken_to: list[Address], people: People) -> Iterator[Hit]:
    for address in spoken_to:
        if address.plain and turn.label and people.who_is(address.name) == turn.label:
            message = f"turn {turn.n} is {turn.label}'s and speaks to {address.name!r}, who is {turn.label}"
            yield Hit("wrong-speaker", line_of(turn, address.name), message, _around(turn, address.name))
            return
    for name in introduced(turn.text):
        owner = people.who_is(name)
        if owner and turn.label and owner != turn.label:
            message = f"turn {turn.n} is {turn.label}'s and says it is {name!r}, who is {owner}"
            yield Hit("wrong-speaker", line_of(turn, name), message, _around(turn, name))
            return


def _other_answers(turn: Passage, following: Passage, people: People) -> Iterator[Hit]:
    if turn.label != "Therapist" or following.label not in PARTNERS:
        return
    question = asked(turn.text, people)
    if question and following.label != question.partner:
        whom = f"{people.called(question.partner)} ({question.partner})"
        message = f"turn {turn.n} asks {whom}; {following.label} answers in turn {following.n}"
        yield Hit("other-answers", line_of(turn, question.text), message, quoted(question.text))


def _around(turn: Passage, name: str) -> str:
    return quoted(next((sentence for sentence in sentences(turn.text) if name in sentence), ""))
