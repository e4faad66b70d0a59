"""Whom the therapist turns to: who is asked, who answers, whose name is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from generator.metrics.gauge import Gauge, Heard, gap
from generator.people import PARTNERS, People, addressed
from generator.schema.label import Label
from generator.schema.measure import Measure
from generator.sentences import ends_in_question, sentences

_BOTH = re.compile(r"\b(?:both|each|either|two) of you\b|\byou (?:both|two|each)\b|\bone of you\b", re.IGNORECASE)


class Asked(NamedTuple):
    """A question to one partner."""

    partner: Label
    text: str
    """The last one of the turn."""


def asked(text: str, people: People) -> Asked | None:
    """The one partner whom the questions of a turn are put to by name; None if there is no such one."""
    questions = [sentence for sentence in sentences(text) if ends_in_question(sentence)]
    found: set[Label] = set()
    for question in questions:
        if _BOTH.search(question):
            return None
        named = (people.who_is(address.name) for address in addressed(question, people.words))
        found |= {who for who in named if who in PARTNERS}
    return Asked(found.pop(), questions[-1]) if len(found) == 1 else None


def gauges() -> Iterator[Gauge]:
    """Addressee accuracy, and how evenly the therapist asks and names."""
    yield Gauge(
        Measure(
            name="addressee_accuracy",
            words="questions to one partner that this partner answers",
            definition="Of the therapist's turns whose questions go to one partner by name and that a partner follows, "
            "the share that this partner follows; missing if there is none.",
            sign="Higher: whoever is asked answers.",
            source="Sacks, Schegloff and Jefferson 1974 (the current speaker selects the next)",
            weakness="Who speaks next is the structure's choice, so this tells whether the prompts know it. A partner "
            "who is asked without being named goes unseen.",
            least=0,
            most=1,
            tolerance=0.05,
        ),
        _accuracy,
    )
    yield Gauge(
        Measure(
            name="asked_gap",
            words="gap between the partners in being asked",
            definition="Therapist's turns that ask Patient A alone by name, less those that ask Patient B alone, over "
            "both; missing if there is none.",
            sign="Positive: Patient A is asked more.",
            source="this project, after Knobloch-Fedders, Pinsof and Mann 2007 (split alliance)",
            weakness="Questions without a name are left out; opposite gaps cancel out in a mean.",
            least=-1,
            most=1,
            tolerance=0.1,
        ),
        _asked_gap,
    )
    yield Gauge(
        Measure(
            name="naming_gap",
            words="gap between the partners in being named by the therapist",
            definition="Therapist's turns in which Patient A's name stands, less those with Patient B's, over the sum "
            "of both; missing if neither is ever named.",
            sign="Positive: Patient A is named more.",
            source="this project, after Knobloch-Fedders, Pinsof and Mann 2007 (split alliance)",
            weakness="To be spoken about counts like being spoken to; opposite gaps cancel out in a mean.",
            least=-1,
            most=1,
            tolerance=0.1,
        ),
        _naming_gap,
    )


def _accuracy(heard: Heard) -> float | None:
    answers = [
        following == question.partner
        for (label, text), (following, _) in pairwise(heard.turns)
        if label == "Therapist" and following in PARTNERS and (question := asked(text, heard.people))
    ]
    return sum(answers) / len(answers) if answers else None


def _asked_gap(heard: Heard) -> float | None:
    questions = [asked(text, heard.people) for text in heard.said("Therapist")]
    partners = [question.partner for question in questions if question]
    return gap(partners.count("Patient A"), partners.count("Patient B"))


def _naming_gap(heard: Heard) -> float | None:
    a, b = (sum(heard.people.speaks_of(label, text) for text in heard.said("Therapist")) for label in PARTNERS)
    return gap(a, b)
