"""What the rehearsal speaker hears in the talk so far: who was asked what, what was proposed, what to quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generator.schema.label import Label
from generator.schema.perspective import Perspective
from generator.sentences import ends_in_question, ends_mid_sentence, sentences

Spoken = Sequence[tuple[Label, str]]

QUESTION_KINDS = (
    ("step", r"\bsmall\b.*\b(?:try|step|thing|start)|\btry\b.*\b(?:week|together)\b"),
    ("view", r"\bhear(?:d|ing)?\b"),
    ("example", r"\bexample\b|\bmoment\b|\blast time\b|\bwalk us through\b|\ba recent\b|\bsituation\b"),
    ("need", r"\bneed(?:s|ed)?\b|\bwish(?:ed|es)?\b|\bhop(?:e|ing) for\b"),
    ("feeling", r"\bfeel(?:s|ing|ings)?\b|\blike for you\b"),
)
"""Kinds of questions, told by their words; the first that fits counts, "open" if none does."""

_PROPOSAL = re.compile(
    r"(?:\btry|\btried|\bstart with|\bstarting with|\bhow about|\bthe idea of|\bthink about) (\w+ing\b[^.?!,;:—“”]*)",
    re.IGNORECASE,
)
_PROPOSING = re.compile(
    r"\b(?:what if|how about|could we|can we|shall we|let's|maybe we|would you|we could|the idea of)\b", re.I
)
_NOUN_PHRASE = re.compile(
    r"\b((?:my|your|our|the|that|this|a|an|no|every|one)(?: [a-z][a-z'’-]+){2})(?=[.,;:!?]|$)", re.IGNORECASE
)
_VERBS = frozenset("can will could would must should may might is was are were had has have do does did".split())
_WEAK = frozenset(
    """is was are were be been it me you him her them us off on in up down out over there here again too
    now then today way one thing time lot bit little much more less all that this what who not yet first last
    do did does have has had say said says know think go goes went come comes came get gets got make makes
    and or but so if when while because with for of to at by from than as like about""".split()
)


@dataclass(frozen=True, slots=True)
class Heard:
    """The state of the talk for the one who speaks next."""

    last: Label | None
    """Who spoke last; None at the start."""
    asked: str | None
    """Kind of the question the last turn put to this speaker: step, view, example, need, feeling, open; None."""
    proposal: str | None
    """The plan on the table, as a gerund phrase; None if there is none."""
    fresh_proposal: bool
    """True if the plan was named by somebody else since this speaker's last turn."""
    proposal_age: int
    """Turns since the plan was first named."""
    quotes: dict[Label, tuple[str, ...]]
    """Short phrases each speaker used in their latest turn, fit to be quoted, not quoted before."""


def listen(view: Perspective, spoken: Spoken) -> Heard:
    """What `view`'s speaker hears in the turns so far."""
    last = spoken[-1][0] if spoken else None
    proposal, first_at, by = _proposal(view, spoken)
    mine = max((index for index, (label, _) in enumerate(spoken) if label == view.label), default=-1)
    latest = dict(spoken)
    said = " ".join(text for _, text in spoken)
    return Heard(
        last=last,
        asked=_asked(view, spoken),
        proposal=proposal,
        fresh_proposal=proposal is not None and first_at > mine and by != view.label,
        proposal_age=len(spoken) - first_at if proposal is not None else 0,
        quotes={label: tuple(_quotable(text, said)) for label, text in latest.items()},
    )


def question_kind(question: str) -> str:
    """The kind of a question, by its words."""
    for kind, pattern in QUESTION_KINDS:
        if re.search(pattern, question, re.IGNORECASE):
            return kind
    return "open"


def phase_of(view: Perspective, spoken: Spoken) -> str:
    """Where the hour has come to: complaint, exploration or step; later for guarded, less agreeable people."""
    mood = view.temperament
    if len(spoken) < 6 + 6 * mood.guarded + 4 * (1 - mood.agreeable):
        return "complaint"
    if len(spoken) < 14 + 4 * mood.guarded + 10 * (1 - mood.agreeable):
        return "exploration"
    return "step"


def addressed(view: Perspective, text: str) -> set[Label]:
    """The partners whom a therapist's closing question names, or else the sentence before it; both if neither does."""
    for part in (_closing_question(text) or text, " ".join(sentences(text)[-2:])):
        named: set[Label] = {
            person.label
            for person in (view.a, view.b)
            if person.called and re.search(rf"\b{re.escape(person.called)}\b", part)
        }
        if named:
            return named
    return {"Patient A", "Patient B"}


def _asked(view: Perspective, spoken: Spoken) -> str | None:
    if not spoken or view.label == "Therapist":
        return None
    label, text = spoken[-1]
    question = _closing_question(text)
    if question is None:
        return None
    if label == "Therapist" and view.label not in addressed(view, text) and len(addressed(view, text)) == 1:
        return None
    kind = question_kind(question)
    return kind if kind != "open" else question_kind(" ".join(sentences(text)[-2:]))


def _closing_question(text: str) -> str | None:
    for sentence in reversed(sentences(text)[-2:]):
        if ends_in_question(sentence):
            return sentence
    return None


def _proposal(view: Perspective, spoken: Spoken) -> tuple[str | None, int, Label | None]:
    current: tuple[str | None, int, Label | None] = (None, -1, None)
    for index, (label, text) in enumerate(spoken):
        known = [step for step in view.topic.first_steps if step in text]
        if not known and label != "Therapist":
            known = _proposed_in(text)
        if known and known[-1] != current[0]:
            current = (known[-1], index, label)
    return current


def _proposed_in(text: str) -> list[str]:
    matches = [_PROPOSAL.search(sentence) for sentence in sentences(text) if _PROPOSING.search(sentence)]
    return [match[1].strip() for match in matches if match and 2 < len(match[1].split()) < 16]


def _quotable(text: str, said: str) -> list[str]:
    found: list[str] = []
    for sentence in sentences(text):
        if ends_mid_sentence(sentence) or "“" in sentence:
            continue
        for match in _NOUN_PHRASE.finditer(sentence):
            phrase = match[1][0].lower() + match[1][1:]
            if _is_noun_phrase(phrase.casefold().split()) and f"“{phrase}”" not in said:
                found.append(phrase)
    return found


def _is_noun_phrase(words: list[str]) -> bool:
    """Whether three words are surely an article or possessive, a describing word and a noun. Better none than a
    wrong one: a therapist who quotes scraps parodies listening."""
    before, last = words[-2], words[-1]
    if {before, last} & (_WEAK | _VERBS) or min(len(before), len(last)) < 4:
        return False
    return not last.endswith(("s", "ed", "ing", "ly", "n't")) and not before.endswith(("s", "ly", "n't"))
