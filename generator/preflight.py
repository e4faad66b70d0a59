"""Looks over everything that would be sent, before anything is: the prompts of all roles, and what is odd in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generator.budget import spoken_tokens
from generator.errors import InputError
from generator.prompts import PromptSet
from generator.schema.persona import Couple, Hidden, Partner, Shared, Stressor, Therapist, Voice
from generator.schema.session import Label, Spec
from generator.session import Session
from generator.structures import structure_named

ROLES: tuple[Label, ...] = ("Therapist", "Patient A", "Patient B")

TYPICAL_TURN_TOKENS = {"Therapist": 100, "Patient A": 135, "Patient B": 145}
"""Tokens a turn in the seed, rounded: what the history is expected to grow by, where the budget allows it."""

_PLACEHOLDER = re.compile(
    r"\{\{(?:.*?\}\})?|\{%(?:.*?%\})?|\{[a-z_]{2,30}\}|\[(?:name|partner|patient|therapist|topic|insert)[^\]]*\]"
    r"|<(?:name|partner|patient|therapist)[^>]*>|\b(?-i:TODO|FIXME|XXX)\b",
    re.IGNORECASE,
)
_NAME_IN_TEMPLATE = re.compile(r"(?:\bDr\.|\b(?:named|called|name is|Hello,?|Hi,?|Thank you,|Thanks,))\s+([A-Z][a-z]+)")
_CAPITALISED = re.compile(r"(?<=[a-z,;] )([A-Z][a-z]{2,})\b")
_NOT_NAMES = frozenset(
    "Socratic Gottman English God Monday Tuesday Wednesday Thursday Friday Saturday Sunday Christmas Easter".split()
)
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
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a session is expected to take. Assumes the seed's turn lengths and one attempt a turn."""

    requests: int
    prompt_tokens: int
    reply_tokens: int

    def cost(self, price_in: float, price_out: float) -> float:
        """In the currency of the prices, which are for a million tokens."""
        return (self.prompt_tokens * price_in + self.reply_tokens * price_out) / 1e6


def require(spec: Spec, prompts: PromptSet) -> None:
    """Raise InputError if anything in the prompts forbids sending them."""
    errors = [str(lint) for lint in lints(spec, prompts) if lint.severity == "error"]
    if errors:
        raise InputError(*errors)


def lints(spec: Spec, prompts: PromptSet) -> list[Lint]:
    """All that is odd in the prompts of a session."""
    return [*_placeholders(spec, prompts), *_unused_fields(prompts), *_strangers(spec, prompts)]


def messages(spec: Spec, prompts: PromptSet) -> dict[Label, tuple[list[dict[str, str]], int]]:
    """What each role would be sent at first, and about how many tokens that is."""
    session = Session(spec, prompts, {})
    return {label: (session.messages(label), session.prompt_tokens(label)) for label in ROLES}


def expect(spec: Spec, prompts: PromptSet) -> Expectation:
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


def _placeholders(spec: Spec, prompts: PromptSet) -> Iterator[Lint]:
    for label, (sent, _) in messages(spec, prompts).items():
        for message in sent:
            for match in _PLACEHOLDER.finditer(message["content"]):
                where = f"prompt set {prompts.settings.name}, {label}"
                yield Lint("error", where, f"unfilled placeholder {match.group()!r}")


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
