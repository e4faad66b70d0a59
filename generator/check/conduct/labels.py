"""Labels that stand in the speech."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from generator.check.rule import Case, Hit, Rule, quoted
from generator.clean import untitled
from generator.people import NAME_WORD, NOT_NAMES, TITLE, People
from generator.reading import Paragraph, Passage
from generator.schema.label import LABELS, Label

RULES = (
    Rule("stray-label-own", "conduct", "warning", "A turn or paragraph begins with its own speaker's label or name.",
         "`couplesim fix` takes it out; `labels: strip` does so while generating.", guess=True),
    Rule("stray-label-other", "conduct", "error", "A turn or paragraph begins with somebody else's label or name.",
         "The turn may be theirs: listen to who is speaking; split the turn or correct its label.", guess=True),
    Rule("stray-label-nobody", "conduct", "warning",
         "A turn or paragraph begins with a label that is nobody's here, or blends two names.",
         "`couplesim fix` takes it out; see where the model has the name from.", guess=True),
)  # fmt: skip

_OPEN, _CLOSE = r"[\s>#*_\[(]*", r"[*_\])]*"
_COLON = rf"(?:\s*\([^()\n]{{1,40}}\))?{_CLOSE}\s*[:：]{_CLOSE}\s*"
_MADE_UP = re.compile(
    rf"(?P<open>{_OPEN})(?P<name>(?:{TITLE})?{NAME_WORD}(?: (?:{NAME_WORD}|[A-Z]\.)){{0,2}}){_CLOSE}{_COLON}(?=\S)"
)
_NO_LABELS = frozenset(
    """Question Answer Note Example Fact Truth Result Point Plan Rule Step Option Thing Problem Reason Meaning Part
    Morning Evening Night Monday Version Number Update Confession Translation Spoiler Warning Reminder Message Text
    Subject Picture Imagine Think See Case Deal Promise Goal Idea
    Me Us Him Them Honest Short Long Simple Bottom""".split()
)


@dataclass(frozen=True, slots=True)
class Stray:
    """A label at the beginning of a text."""

    kind: Literal["own", "other", "nobody"]
    name: str
    length: int
    """Characters to its end, blanks behind it included."""
    whose: Label | None


@functools.lru_cache(maxsize=8)
def _labels_of(people: People) -> tuple[re.Pattern[str], dict[str, Label]]:
    """What is known to be a label, as a pattern, and whose it is."""
    owners: dict[str, Label] = {}
    for each in LABELS:
        for name in (each, each.replace("_", " "), *people.names(each)):
            owners.setdefault(name.casefold(), each)
    names = "|".join(re.escape(name) for name in sorted(owners, key=len, reverse=True))
    pattern = rf"{_OPEN}(?P<name>{names}){_COLON}|\s*[\[*]+(?P<bare>{names})[\]*]+\s+"
    return re.compile(pattern, re.IGNORECASE), owners


def stray_label(text: str, label: Label | None, people: People) -> Stray | None:
    """The label with which `text`, spoken by `label`, begins; None if it begins with speech."""
    pattern, owners = _labels_of(people)
    if known := pattern.match(text):
        name = known["name"] or known["bare"]
        owner = owners[name.casefold()]
        return Stray("own" if owner == label else "other", name, known.end(), owner)
    made_up = _MADE_UP.match(text)
    if made_up is None:
        return None
    name = made_up["name"]
    parts = untitled(name).split()
    if any(part in NOT_NAMES or part in _NO_LABELS or part.endswith("ly") for part in parts):
        return None
    return Stray("nobody", name, made_up.end(), None)


def strays(turns: Iterable[Passage], people: People) -> Iterator[tuple[Passage, Paragraph, Stray]]:
    """Every label that stands at the beginning of a paragraph of speech."""
    turns = tuple(turns)
    for turn in turns:
        for part in turn.paragraphs:
            stray = stray_label(part.text, turn.label, people)
            if stray is not None and not (stray.kind == "nobody" and _is_a_word(stray.name, turns)):
                yield turn, part, stray


def _is_a_word(name: str, turns: Iterable[Passage]) -> bool:
    """Whether it is written small somewhere: names are not."""
    return any(re.search(rf"\b{re.escape(name.casefold())}\b", turn.text) for turn in turns)


def find(case: Case) -> Iterator[Hit]:
    """Hits on labels in the speech."""
    for turn, part, stray in strays(case.turns, case.people):
        what = f"turn {turn.n}, {turn.label}," if part is turn.paragraphs[0] else f"a paragraph of {turn.label}"
        message = f"{what} begins with {_whose(stray, case.people)}"
        yield Hit(f"stray-label-{stray.kind}", part.line, message, quoted(part.text.strip()))


def _whose(stray: Stray, people: People) -> str:
    name = repr(stray.name)
    if stray.kind == "own":
        return f"the speaker's own label {name}"
    if stray.kind == "other":
        owner = "another speaker's label" if stray.name in LABELS else f"the name of {stray.whose}"
        return f"{name}, {owner}"
    owners = {people.who_is(part) for part in untitled(stray.name).split()}
    whose = sorted(owner for owner in owners if owner)
    if len(whose) > 1:
        return f"{name}, which blends the names of {' and '.join(whose)}"
    if whose:
        return f"{name}, which is nobody's name here; {whose[0]} is called {people.called(whose[0])}"
    return f"{name}, which is nobody's name here"
