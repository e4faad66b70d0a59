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
from generator.schema.label import LABELS, Label
from generator.schema.reading import Paragraph, Passage

RULES = (
    Rule("stray-label-own", "conduct", "warning", "A turn or paragraph begins with its own speaker's label or name.",
         "`couplesim fix` takes it out; `labels: strip` does so while generating.", guess=True),
    Rule("stray-label-other", "conduct", "error", "A turn or paragraph begins with another speaker's label.",
         "The turn may be theirs: listen to who is speaking; split the turn or correct its label."),
    Rule("stray-label-name", "conduct", "warning", "A turn or paragraph begins with somebody else's name as a label.",
         "The turn may be theirs: listen to who is speaking; split the turn or correct its label.", guess=True),
    Rule("stray-label-nobody", "conduct", "warning",
         "A turn or paragraph begins with a label that is nobody's here, or blends two names.",
         "`couplesim fix` takes out what is plainly a name; see where the model has it from.", guess=True),
)  # fmt: skip

_OPEN, _CLOSE = r"[\s>#*_\[(\"“]*", r"[*_\])\"”]*"
_COLON = rf"(?:\s*\([^()\n]{{1,40}}\))?{_CLOSE}\s*[:：]{_CLOSE}\s*"
_MADE_UP = re.compile(
    rf"(?P<open>{_OPEN})(?P<name>(?:{TITLE})?{NAME_WORD}(?: (?:{NAME_WORD}|[A-Z]\.?|\d{{1,2}})){{0,2}}){_COLON}(?=\S)"
)
_NO_LABELS = frozenset(
    """Error Traceback Exception Question Answer Note Example Fact Truth Result Point Plan Rule Step Option Thing
    Problem Reason Meaning Part Morning Evening Night Version Number Update Confession Translation Spoiler Warning
    Reminder Message Text Subject Picture Imagine Think See Case Deal Promise Goal Idea Me Us Him Them Honest Short Long
    Simple Bottom""".split()
)
_LABELS = frozenset(name.casefold() for label in LABELS for name in (label, label.replace("_", " ")))


@dataclass(frozen=True, slots=True)
class Stray:
    """A label at the beginning of a text."""

    kind: Literal["own", "other", "name", "nobody"]
    name: str
    length: int
    """Characters to its end, blanks behind it included."""
    whose: Label | None
    plain: bool
    """Nothing but a label can be meant, so that it can be taken out."""


@functools.lru_cache(maxsize=8)
def _labels_of(people: People) -> tuple[re.Pattern[str], dict[str, Label]]:
    """What is known to be a label, as a pattern, and whose it is."""
    owners: dict[str, Label] = {}
    for each in LABELS:
        for name in (each, each.replace("_", " "), *people.names(each)):
            owners.setdefault(name.casefold(), each)
    names = "|".join(re.escape(name) for name in sorted(owners, key=len, reverse=True))
    pattern = rf"{_OPEN}(?P<name>{names}){_COLON}|\s*(?:\[|\*\*|\()(?P<bare>{names})(?:\]|\*\*|\))\s+(?=\S)"
    return re.compile(pattern, re.IGNORECASE), owners


def stray_label(text: str, label: Label | None, people: People, opens: bool = True) -> Stray | None:
    """The label with which `text`, spoken by `label`, begins; None if it begins with speech.

    A name that small letters follow is speech ("Marcus: the lazy one"). A single word that is nobody's counts
    only where a turn `opens` with it, or in brackets or asterisks.
    """
    pattern, owners = _labels_of(people)
    if known := pattern.match(text):
        name = known["name"] or known["bare"]
        spoken_by = owners[name.casefold()]
        is_label = name.casefold() in _LABELS
        if text[known.end() : known.end() + 1].islower() and not is_label:
            return None
        kind: Literal["own", "other", "name"] = "own" if spoken_by == label else "other" if is_label else "name"
        return Stray(kind, name, known.end(), spoken_by, kind == "own")
    made_up = _MADE_UP.match(text)
    if made_up is None or text[made_up.end() : made_up.end() + 1].islower():
        return None
    name = made_up["name"]
    parts = untitled(name).split()
    if any(part in NOT_NAMES or part in _NO_LABELS for part in parts):
        return None
    whose = {people.who_is(part) for part in parts}
    owner = next(iter(whose))
    if len(whose) == 1 and owner:
        return Stray("own" if owner == label else "name", name, made_up.end(), owner, owner == label)
    if whose - {None, label}:
        return Stray("nobody", name, made_up.end(), None, False)
    plain = len(parts) > 1 or bool(made_up["open"].strip())
    return Stray("nobody", name, made_up.end(), None, plain) if plain or opens else None


def strays(turns: Iterable[Passage], people: People) -> Iterator[tuple[Passage, Paragraph, Stray]]:
    """Every label that stands at the beginning of a paragraph of speech."""
    turns = tuple(turns)
    small: frozenset[str] | None = None
    for turn in turns:
        for part in turn.paragraphs:
            stray = stray_label(part.text, turn.label, people, part is turn.paragraphs[0])
            if stray is not None and stray.kind == "nobody":
                small = _small(turns) if small is None else small
            if stray is not None and not (stray.kind == "nobody" and small and stray.name.casefold() in small):
                yield turn, part, stray


def _small(turns: Iterable[Passage]) -> frozenset[str]:
    """Every word that is written small somewhere: names are not."""
    return frozenset(word for turn in turns for word in re.findall(r"\b[a-z]{2,}\b", turn.text))


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
        return f"{name}, another speaker's label"
    if stray.kind == "name":
        return f"{name}, the name of {stray.whose}"
    owners = {people.who_is(part) for part in untitled(stray.name).split()}
    whose = sorted(owner for owner in owners if owner)
    if len(whose) > 1:
        return f"{name}, which blends the names of {' and '.join(whose)}"
    if whose:
        return f"{name}, which is nobody's name here; {whose[0]} is called {people.called(whose[0])}"
    return f"{name}, which is nobody's name here"
