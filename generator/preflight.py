"""Looks over everything that would be sent, before anything is: the prompts of all roles, and what is odd in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator import placeholders
from generator.budget import Purse, asked_tokens
from generator.errors import InputError
from generator.estimate import Estimator, combination
from generator.people import NOT_NAMES
from generator.plan import Expansion
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS, Label
from generator.schema.persona import Couple, Hidden, Partner, Shared, Stressor, Therapist, Voice
from generator.schema.session import Spec
from generator.session import Session
from generator.structures import structure_named

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


def require(spec: Spec, prompts: Mapping[Label, PromptSet]) -> list[Lint]:
    """The warnings about a session's prompts. Raises InputError if anything forbids sending them."""
    return _without_errors(lints(spec, prompts))


def require_all(expansion: Expansion) -> list[Lint]:
    """The warnings about all sessions of a plan. Raises InputError if anything forbids sending them."""
    return _without_errors(lints_of_all(expansion))


def require_limits(specs: Iterable[Spec], why: str) -> None:
    """Raises InputError if a turn has no limit in tokens: then no cap of the run could be kept to. `why` names it."""
    if any(spec.budget.cut == "none" for spec in specs):
        raise InputError(
            f"{why}: turns without a limit (cut: none) can take any number of tokens, so the cap could not be kept to; "
            "leave the cap away, or choose --cut server with as many --turn-tokens as a turn may ever have"
        )


def lints(spec: Spec, prompts: Mapping[Label, PromptSet]) -> list[Lint]:
    """All that is odd in the prompts of a session."""
    return _told_once([spec], lambda _: prompts, Estimator())


def lints_of_all(expansion: Expansion, estimator: Estimator | None = None) -> list[Lint]:
    """All that is odd in a plan and in the prompts of its sessions, each thing once; what many sessions have in
    common is looked at once. An `estimator` that has counted their prompts saves counting them again."""
    plan = [Lint("warning", "", warning) for warning in expansion.warnings]
    specs = [one.spec for one in expansion.sessions]
    return plan + _told_once(specs, expansion.prompts_of, estimator or Estimator())


def messages(spec: Spec, prompts: Mapping[Label, PromptSet]) -> dict[Label, tuple[list[dict[str, str]], int]]:
    """What each role would be sent at first, and about how many tokens that is."""
    session = Session(spec, prompts, {})
    return {label: (session.messages(label), session.prompt_tokens(label)) for label in PRINCIPALS}


def _without_errors(found: list[Lint]) -> list[Lint]:
    errors = [str(lint) for lint in found if lint.severity == "error"]
    if errors:
        raise InputError(*errors)
    return found


def _told_once(
    specs: list[Spec], prompts_of: Callable[[Spec], Mapping[Label, PromptSet]], estimator: Estimator
) -> list[Lint]:
    found: dict[Lint, None] = {}
    by_set: dict[str, tuple[PromptSet, dict[str, Spec]]] = {}
    rendered: set[Hashable] = set()
    budgets: set[Hashable] = set()
    foreign: dict[str, dict[str, Couple]] = {}
    for spec in specs:
        prompts = prompts_of(spec)
        if (key := combination(spec)) not in rendered:
            rendered.add(key)
            for each in prompts.values():
                by_set.setdefault(each.ref.hash, (each, {}))[1].setdefault(_cast(spec), spec)
            found.update(dict.fromkeys(_left_unrendered(spec, prompts)))
            if spec.topic.id not in spec.couple.topics:
                foreign.setdefault(spec.topic.id, {})[spec.couple.id] = spec.couple
        if (budget := (key, spec.budget, spec.first, spec.turns)) not in budgets and spec.budget.session_tokens:
            budgets.add(budget)
            found.update(dict.fromkeys(_too_small_a_budget(spec, estimator.first_prompts(spec, prompts))))
    in_sets = [lint for each, casts in by_set.values() for lint in _in_set(each, list(casts.values()))]
    literal = {lint.message for lint in in_sets if lint.severity == "error"}
    sent = [lint for lint in found if lint.message not in literal]
    return list(dict.fromkeys([*in_sets, *sent, *_foreign_topics(foreign)]))


def _cast(spec: Spec) -> str:
    return f"{spec.therapist.name} {spec.couple.a.name} {spec.couple.b.name}"


def _in_set(prompts: PromptSet, specs: list[Spec]) -> Iterator[Lint]:
    """What is odd in the templates themselves."""
    for file, line, text in prompts.literal_text():
        for match in placeholders.IN_TEMPLATES.finditer(text):
            where = f"{file}:{line + text[: match.start()].count(chr(10))}"
            yield Lint("error", where, f"unfilled placeholder {match.group()!r}")
    yield from _unused_fields(prompts)
    for spec in specs:
        yield from _strangers(spec, prompts)


def _left_unrendered(spec: Spec, prompts: Mapping[Label, PromptSet]) -> Iterator[Lint]:
    """What looks like a template in what is sent."""
    session = Session(spec, prompts, {})
    for label in PRINCIPALS:
        for message in session.messages(label):
            for found in placeholders.UNRENDERED.findall(message["content"]):
                where = f"prompt set {prompts[label].settings.name}, {label}"
                yield Lint("error", where, f"unfilled placeholder {found!r}")


def _too_small_a_budget(spec: Spec, first: Mapping[Label, int]) -> Iterator[Lint]:
    label = structure_named(spec.structure)(spec.first, spec.turns).next([])
    if label is None:
        return
    prompt = first[label]
    asked = asked_tokens(spec.budget, label, spec.models.of(label))
    if not Purse(spec.budget.session_tokens).allows(prompt, asked):
        reply = f"the reply may take {asked:,}" if asked is not None else "the reply has no limit"
        message = f"{spec.budget.session_tokens:,} cannot hold the first request: the prompt of {label} has about "
        yield Lint("error", "budget.session_tokens", f"{message}{prompt:,} tokens and {reply}")


def _foreign_topics(foreign: Mapping[str, Mapping[str, Couple]]) -> Iterator[Lint]:
    for topic, couples in foreign.items():
        if len(couples) == 1:
            (couple,) = couples.values()
            message = f"topic {topic!r} is not among those written for {couple.id}: {', '.join(couple.topics)}"
        else:
            message = f"topic {topic!r} is not among those written for {len(couples)} couples: {', '.join(couples)}"
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
