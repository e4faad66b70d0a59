"""Looks over everything that would be sent, before anything is: the prompts of all roles, and what is odd in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator import placeholders
from generator.budget import Purse, asked_tokens, spoken_tokens
from generator.errors import InputError
from generator.people import NOT_NAMES
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS, Label
from generator.schema.persona import Couple, Hidden, Partner, Shared, Stressor, Therapist, Voice
from generator.schema.session import Spec
from generator.session import Session
from generator.structures import structure_named

TYPICAL_TURN_TOKENS = {"Therapist": 100, "Patient A": 135, "Patient B": 145}
"""Tokens a turn in the seed, rounded: what the history is expected to grow by, where the budget allows it."""

_NAME_IN_TEMPLATE = re.compile(r"(?:\bDr\.|\b(?:named|called|name is|Hello,?|Hi,?|Thank you,|Thanks,))\s+([A-Z][a-z]+)")
_CAPITALISED = re.compile(r"(?<=[a-z,;] )([A-Z][a-z]{2,})\b")
_NOT_NAMES = NOT_NAMES | {"Socratic", "Gottman"}
_FIELDS_FOR_THE_PROGRAM = frozenset(
    """id school topics sensitive parents pursuer intake occupation a b shared pattern description
    name called""".split()
)
"""Fields that steer the program or are handed to templates under another name."""


@dataclass(frozen=True, slots=True)
class Lint:
    """Something odd in the prompts."""

    severity: str
    """"error": nothing is sent. "warning": said, and sent all the same."""
    where: str
    """File and line, prompt set or field; empty if the message says it."""
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.severity, self.where, self.message) if part)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a session is expected to take. Assumes the seed's turn lengths and one attempt a turn."""

    requests: int
    prompt_tokens: int
    reply_tokens: int

    def cost(self, price_in: float, price_out: float) -> float:
        """In the currency of the prices, which are for a million tokens."""
        return (self.prompt_tokens * price_in + self.reply_tokens * price_out) / 1e6


def require(spec: Spec, prompts: Mapping[Label, PromptSet]) -> list[Lint]:
    """The warnings about a session's prompts. Raises InputError if anything forbids sending them."""
    found = lints(spec, prompts)
    errors = [str(lint) for lint in found if lint.severity == "error"]
    if errors:
        raise InputError(*errors)
    return found


def lints(spec: Spec, prompts: Mapping[Label, PromptSet]) -> list[Lint]:
    """All that is odd in the prompts of a session."""
    return [
        *_placeholders(spec, prompts),
        *_too_small_a_budget(spec, prompts),
        *_foreign_topic(spec),
        *(lint for one in dict.fromkeys(prompts.values()) for lint in _unused_fields(one)),
        *(lint for one in dict.fromkeys(prompts.values()) for lint in _strangers(spec, one)),
    ]


def messages(spec: Spec, prompts: Mapping[Label, PromptSet]) -> dict[Label, tuple[list[dict[str, str]], int]]:
    """What each role would be sent at first, and about how many tokens that is."""
    session = Session(spec, prompts, {})
    return {label: (session.messages(label), session.prompt_tokens(label)) for label in PRINCIPALS}


def expect(spec: Spec, prompts: Mapping[Label, PromptSet]) -> Expectation:
    """What the session is expected to take: each turn's request holds the history so far."""
    first = messages(spec, prompts)
    structure = structure_named(spec.structure)(spec.first, spec.turns)
    spoken: list[Label] = []
    history = prompt_tokens = reply_tokens = 0
    while label := structure.next(spoken):
        limit = spoken_tokens(spec.budget, label)
        reply = min(TYPICAL_TURN_TOKENS.get(label, 100), limit or 10**6)
        prompt_tokens += first[label][1] + history
        reply_tokens += reply
        history += reply + 6
        spoken.append(label)
    return Expectation(requests=len(spoken), prompt_tokens=prompt_tokens, reply_tokens=reply_tokens)


def _placeholders(spec: Spec, prompts: Mapping[Label, PromptSet]) -> Iterator[Lint]:
    told: set[str] = set()
    for file, line, text in (part for one in dict.fromkeys(prompts.values()) for part in one.literal_text()):
        for match in placeholders.IN_TEMPLATES.finditer(text):
            told.add(match.group())
            where = f"{file}:{line + text[: match.start()].count(chr(10))}"
            yield Lint("error", where, f"unfilled placeholder {match.group()!r}")
    for label, (sent, _) in messages(spec, prompts).items():
        for found in dict.fromkeys(
            found for message in sent for found in placeholders.UNRENDERED.findall(message["content"])
        ):
            if found not in told:
                yield Lint(
                    "error", f"prompt set {prompts[label].settings.name}, {label}", f"unfilled placeholder {found!r}"
                )


def _too_small_a_budget(spec: Spec, prompts: Mapping[Label, PromptSet]) -> Iterator[Lint]:
    label = structure_named(spec.structure)(spec.first, spec.turns).next([])
    if label is None:
        return
    prompt = Session(spec, prompts, {}).prompt_tokens(label)
    asked = asked_tokens(spec.budget, label, spec.models.of(label))
    if not Purse(spec.budget.session_tokens).allows(prompt, asked):
        reply = f"the reply may take {asked:,}" if asked is not None else "the reply has no limit"
        message = f"{spec.budget.session_tokens:,} cannot hold the first request: the prompt of {label} has about "
        yield Lint("error", "budget.session_tokens", f"{message}{prompt:,} tokens and {reply}")


def _foreign_topic(spec: Spec) -> Iterator[Lint]:
    own = spec.couple.topics
    if spec.topic.id not in own:
        message = f"topic {spec.topic.id!r} is not among those written for {spec.couple.id}: {', '.join(own)}"
        yield Lint("warning", "", message)


def _unused_fields(prompts: PromptSet) -> Iterator[Lint]:
    used = prompts.fields_used()
    records: tuple[type[Any], ...] = (Couple, Partner, Stressor, Hidden, Voice, Shared, Therapist)
    for record in records:
        for field in record.model_fields:
            if field not in used and field not in _FIELDS_FOR_THE_PROGRAM:
                yield Lint(
                    "warning",
                    f"prompt set {prompts.settings.name}",
                    f"no template uses {record.__name__.lower()}.{field}",
                )


def _strangers(spec: Spec, prompts: PromptSet) -> Iterator[Lint]:
    people = (spec.therapist.name, spec.couple.a.name, spec.couple.b.name)
    known = {word for name in people for word in re.findall(r"\w+", name)} | _NOT_NAMES
    seen: set[tuple[str, str]] = set()
    for file, line, text in prompts.literal_text():
        for match in (*_NAME_IN_TEMPLATE.finditer(text), *_CAPITALISED.finditer(text)):
            where = f"{file}:{line + text[: match.start(1)].count(chr(10))}"
            if match[1] not in known and (where, match[1]) not in seen:
                seen.add((where, match[1]))
                yield Lint("warning", where, f"{match[1]!r} is not in the cast")
