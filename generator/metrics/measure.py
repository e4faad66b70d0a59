"""The figures of one session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generator.metrics import markers
from generator.metrics.words import diversity, opener, repeated, words_of_turn
from generator.people import PARTNERS, People
from generator.schema.label import PRINCIPALS, Label
from generator.schema.profile import SessionFigures
from generator.sentences import ends_in_question, ends_mid_sentence, sentences


@dataclass(frozen=True, slots=True)
class Scales:
    """What measures with means from outside."""

    tokens: Callable[[str], int]
    """Tokens of a text in o200k_base."""
    affect: Callable[[str], float]
    """Affect of one sentence, -1 to 1."""


def measure(
    name: str, title: str, structure: str, turns: Sequence[tuple[Label, str]], people: People, scales: Scales
) -> SessionFigures:
    """The figures of a session's turns; `name` is kept with them."""
    found = [words_of_turn(text) for _, text in turns]
    again, runs = repeated(found)
    spoken = {
        label: [word for (who, _), mine in zip(turns, found, strict=True) if who == label for word in mine]
        for label in PRINCIPALS
    }
    varied = {label: diversity(mine) for label, mine in spoken.items()}
    in_sentences = [sentences(text) for _, text in turns]
    return SessionFigures(
        name=name,
        title=title,
        structure=structure,
        speaker=tuple(label for label, _ in turns),
        words=tuple(len(text.split()) for _, text in turns),
        tokens=tuple(scales.tokens(text) for _, text in turns),
        sentences=tuple(map(len, in_sentences)),
        paragraphs=tuple(text.count("\n\n") + 1 for _, text in turns),
        cut_off=tuple(ends_mid_sentence(text) for _, text in turns),
        question=tuple(ends_in_question(text) for _, text in turns),
        names_partner=tuple(_names_partner(label, text, people) for label, text in turns),
        names_therapist=tuple(label in PARTNERS and people.speaks_of("Therapist", text) for label, text in turns),
        agreement=tuple(markers.agrees(text) for _, text in turns),
        plan=tuple(markers.plans(text) for _, text in turns),
        hedges=tuple(markers.hedges(text) for _, text in turns),
        same_opener=_same_opener(turns, found),
        repeated_runs=again,
        runs=runs,
        affect=tuple(round(_mean([scales.affect(one) for one in said]), 4) for said in in_sentences),
        diversity={label: round(value, 4) for label, value in varied.items() if value is not None},
    )


def _names_partner(label: Label, text: str, people: People) -> bool:
    return any(people.speaks_of(partner, text) for partner in PARTNERS if partner != label)


def _same_opener(turns: Sequence[tuple[Label, str]], found: Sequence[Sequence[str]]) -> tuple[bool, ...]:
    seen: set[tuple[Label, tuple[str, ...]]] = set()
    same = []
    for (label, _), mine in zip(turns, found, strict=True):
        key = (label, opener(mine))
        same.append(bool(mine) and key in seen)
        seen.add(key)
    return tuple(same)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
