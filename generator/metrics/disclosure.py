"""Which particulars of their persona a partner brings up, and when."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence

from generator.metrics.gauge import Gauge, Heard
from generator.metrics.words import words
from generator.people import PARTNERS
from generator.schema.label import Label
from generator.schema.measure import Measure
from generator.sentences import REMEMBERED, sentences

_SMALL_WORDS = frozenset(
    """a an the my our your his her their its this that these those of on in at by to for from with without about and or
    over under behind before after between into than who which we i you it is was""".split()
)
_ZHANG = "this project, after Zhang et al. 2018 (persona consistency)"
_LITERAL = "A particular told in other words is missed, and one the other partner brought up first counts as well."


def disclosed(heard: Heard, label: Label) -> dict[str, int | None]:
    """Every particular of the partner's persona with the turn in which it is first told; empty without a spec."""
    if heard.spec is None:
        return {}
    partner = heard.spec.couple.a if label == "Patient A" else heard.spec.couple.b
    return first_told(heard.turns, label, partner.particulars)


def first_told(turns: Sequence[tuple[Label, str]], label: Label, particulars: Sequence[str]) -> dict[str, int | None]:
    """Every particular with the turn, from 1, in which this speaker first speaks of it; None: never.

    A particular is spoken of if all its telling words stand in one sentence, in any order, singular or plural.
    """
    said = [
        (number, [_telling(sentence) for sentence in sentences(text)])
        for number, (speaker, text) in enumerate(turns, start=1)
        if speaker == label
    ]
    found: dict[str, int | None] = {}
    for particular in particulars:
        wanted = _telling(particular)
        found[particular] = next((n for n, spoken in said if wanted and any(map(wanted.issubset, spoken))), None)
    return found


def gauges() -> Iterator[Gauge]:
    """For either partner: how many, the first, and how late."""
    for label in PARTNERS:
        key = label[-1].casefold()
        yield Gauge(
            Measure(
                name=f"disclosed.{key}",
                words=f"particulars of the persona that {label} speaks of",
                definition=f"Share of the particulars in {label}'s persona whose telling words stand together in a "
                f"sentence of {label}'s; missing without the persona.",
                sign="Higher: the session is about this person.",
                source=_ZHANG,
                weakness=_LITERAL,
                least=0,
                most=1,
                tolerance=0.05,
            ),
            _share(label),
        )
        yield Gauge(
            Measure(
                name=f"first_disclosure.{key}",
                words=f"turn in which {label} first speaks of a particular",
                definition=f"Number, from 1, of the first turn in which {label} speaks of a particular of their "
                "persona; missing if there is none, or without the persona.",
                sign="Higher: later.",
                source=_ZHANG,
                weakness=f"Sessions without any are left out: compare `time_to_disclosure`. {_LITERAL}",
                least=1,
                tolerance=1,
            ),
            _first(label),
        )
        yield Gauge(
            Measure(
                name=f"time_to_disclosure.{key}",
                words=f"share of the session before {label}'s particulars come up",
                definition=f"Mean over the particulars in {label}'s persona of the turns before it is first spoken of, "
                "over all turns; 1 for each that never is. Missing without the persona.",
                sign="Higher: later and fewer.",
                source="Royston and Parmar 2013 (restricted mean survival time)",
                weakness=_LITERAL,
                least=0,
                most=1,
                tolerance=0.03,
            ),
            _time(label),
        )


def _share(label: Label) -> Callable[[Heard], float | None]:
    def value(heard: Heard) -> float | None:
        turns = disclosed(heard, label).values()
        return sum(turn is not None for turn in turns) / len(turns) if turns else None

    return value


def _first(label: Label) -> Callable[[Heard], float | None]:
    def value(heard: Heard) -> float | None:
        return min((turn for turn in disclosed(heard, label).values() if turn is not None), default=None)

    return value


def _time(label: Label) -> Callable[[Heard], float | None]:
    def value(heard: Heard) -> float | None:
        turns = disclosed(heard, label).values()
        before = [1.0 if turn is None else (turn - 1) / len(heard.turns) for turn in turns]
        return sum(before) / len(before) if before else None

    return value


@functools.lru_cache(maxsize=REMEMBERED)
def _telling(text: str) -> frozenset[str]:
    """The words of a text that tell what it is about, each in the singular, without a possessive ending."""
    return frozenset(_bare(word) for word in words(text) if word not in _SMALL_WORDS)


@functools.lru_cache(maxsize=20 * REMEMBERED)
def _bare(word: str) -> str:
    return re.sub(r"(?<=[^s]{3})s$", "", re.sub(r"'s?$", "", word))
