"""Cleans a reply once, before history, ledger and file. What is taken away is recorded.

It never invents, never mends grammar and never touches a cut-off.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from generator.schema.label import LABELS, Label
from generator.schema.session import Spec
from generator.schema.turn import Trim

_LABEL_LINES = frozenset(f"{label}:" for label in LABELS)


@dataclass(frozen=True, slots=True)
class Names:
    """What a speaker may be labelled with at the start of a line."""

    own: tuple[str, ...]
    others: tuple[str, ...]


def names_for(spec: Spec, label: Label) -> Names:
    """The names under which `label` and everyone else in the room may appear."""
    by_label: dict[Label, tuple[str, ...]] = {
        "Therapist": _with_and_without_title(spec.therapist.name, spec.therapist.called),
        "Patient A": (spec.couple.a.name, spec.couple.a.called),
        "Patient B": (spec.couple.b.name, spec.couple.b.called),
        "AI_Facilitator": ("AI Facilitator", "Facilitator"),
    }
    others = [name for other, names in by_label.items() if other != label for name in (other, *names)]
    return Names(own=(label, *by_label[label]), others=tuple(others))


def untitled(name: str) -> str:
    """A name without "Dr." and the like."""
    return re.sub(r"^(?:Dr|Prof|Mr|Mrs|Ms)\.?\s+", "", name)


def _with_and_without_title(*names: str) -> tuple[str, ...]:
    bare = [untitled(name) for name in names]
    return (*names, *bare, *(f"Dr {name}" for name in bare))


def clean(text: str, names: Names, labels: Literal["strip", "keep"] = "strip") -> tuple[str, tuple[Trim, ...]]:
    """The clean text of a reply (may be empty) and what was trimmed from it.

    In this order: characters that cannot stand in a file; line breaks (every break becomes one empty
    line); the speaker's own label at the start of a line, unless `labels` is "keep"; everything from the
    first line that begins with somebody else's label; outer blanks.
    """
    trims: list[Trim] = []
    text = _without_controls(text, trims)
    text = _in_paragraphs(text, trims)
    paragraphs = text.split("\n\n") if text else []
    kept = _until_another_speaks(paragraphs, names.others, names.own, trims)
    if labels == "strip":
        kept = _without_own_label(kept, names.own, trims)
    return "\n\n".join(_without_label_lines(kept, trims)).strip(), tuple(trims)


def _without_controls(text: str, trims: list[Trim]) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.replace("\n", "").isprintable():
        return text
    kept: list[str] = []
    removed: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            kept.append("\ufffd")
            removed.append(f"U+{ord(character):04X}")
        elif (category == "Cc" and character not in "\n\t") or character == "\ufeff":
            removed.append(f"U+{ord(character):04X}")
        else:
            kept.append(character)
    if removed:
        trims.append(Trim(kind="controls", removed=" ".join(removed)))
    return "".join(kept)


def _in_paragraphs(text: str, trims: list[Trim]) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    ordered = "\n\n".join(lines)
    if ordered.strip() != text.strip():
        breaks = {found for found in re.findall(r"\s*\n\s*", text.strip()) if found != "\n\n"}
        trims.append(Trim(kind="layout", removed=" ".join(sorted(map(repr, breaks)))))
    return ordered.strip()


def _without_label_lines(paragraphs: list[str], trims: list[Trim]) -> list[str]:
    """A paragraph that is nothing but a label would be read as one; it is joined to the next."""
    kept: list[str] = []
    for paragraph in paragraphs:
        if kept and kept[-1].strip() in _LABEL_LINES:
            kept[-1] = f"{kept[-1].strip()} {paragraph}"
        else:
            kept.append(paragraph)
    if kept and kept[-1].strip() in _LABEL_LINES:
        trims.append(Trim(kind="label", removed=kept.pop().strip()))
    return kept


@functools.lru_cache(maxsize=256)
def _label_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(name) for name in sorted(set(names), key=len, reverse=True))
    return re.compile(
        rf"^[\s>#]*+[*_\[(]*+(?:{alternatives})[*_\])]*+(?:\s*+\([^()\n]{{1,40}}\))?[*_\]]*+\s*+[:：][*_\]]*+\s*+",
        re.IGNORECASE,
    )


def _until_another_speaks(
    paragraphs: list[str], others: tuple[str, ...], own: tuple[str, ...], trims: list[Trim]
) -> list[str]:
    foreign, mine = _label_pattern(others), _label_pattern(own)
    for number, paragraph in enumerate(paragraphs):
        speech = paragraph
        while match := mine.match(speech):
            speech = speech[match.end() :]
        if foreign.match(speech):
            trims.append(Trim(kind="speaker", removed="\n\n".join(paragraphs[number:])))
            return paragraphs[:number]
    return paragraphs


def _without_own_label(paragraphs: list[str], own: tuple[str, ...], trims: list[Trim]) -> list[str]:
    mine = _label_pattern(own)
    kept: list[str] = []
    for paragraph in paragraphs:
        while match := mine.match(paragraph):
            trims.append(Trim(kind="label", removed=match.group().strip()))
            paragraph = paragraph[match.end() :]
        if paragraph.strip():
            kept.append(paragraph)
    return kept
