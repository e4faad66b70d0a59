"""The figures by which sets of sessions are compared: one row a figure, its definition beside it.

A figure is a ratio of sums. Its parts are pairs (numerator, denominator), one a turn or one a session; a set's
value is the sum of the first over the sum of the second.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from generator.people import PARTNERS
from generator.schema.label import PRINCIPALS, Label
from generator.schema.profile import SessionFigures

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a set of sessions."""

    name: str
    """Stable: `cut_off_rate.b`."""
    words: str
    """For people: "Patient B's cut-off rate"."""
    tolerance: float
    """The smallest difference that matters, in the figure's own unit."""
    by_turn: bool
    """One pair a turn; otherwise one a session."""
    share: bool
    """A share of things counted, from 0 to 1."""
    pairs: Callable[[SessionFigures], Sequence[Pair]]
    least: float = 0.0
    """No value is below this."""
    most: float = math.inf
    """No value is above this."""
    of_pairs: bool = False
    """A mean over pairs of sessions. Each session stands in many pairs, so that the mean varies twice as much as the
    sessions' own values tell (Hoeffding 1948)."""

    def shown(self, value: float | None) -> str:
        """A value of this figure for people, as exact as it matters."""
        if value is None:
            return "-"
        return f"{value:.{3 if self.tolerance < 0.02 else 2 if self.tolerance < 0.5 else 1}f}"

    def value(self, sessions: Iterable[SessionFigures]) -> float | None:
        """The figure of these sessions; None where there is nothing to count."""
        top = bottom = 0.0
        for session in sessions:
            for one, other in self.pairs(session):
                top, bottom = top + one, bottom + other
        return top / bottom if bottom else None


def first_turn(session: SessionFigures, said: Sequence[bool]) -> int | None:
    """The turn, from 1, in which a partner first does what `said` marks; None if none does."""
    turns = enumerate(zip(session.speaker, said, strict=True), start=1)
    return next((n for n, (speaker, yes) in turns if yes and speaker in PARTNERS), None)


@functools.lru_cache(maxsize=256)
def _places(speakers: tuple[Label, ...], label: Label) -> tuple[int, ...]:
    """Where in a session a speaker's turns are, from 0; most sessions of a set have the same order."""
    return tuple(place for place, speaker in enumerate(speakers) if speaker == label)


def own(session: SessionFigures, label: Label, values: str) -> list[float]:
    """The values of one speaker's turns, by the field's name: `own(session, "Patient A", "words")`."""
    found = getattr(session, values)
    return [float(found[place]) for place in _places(session.speaker, label)]


def _a_turn(label: Label, values: str) -> Callable[[SessionFigures], Sequence[Pair]]:
    """One pair a turn of the speaker: the value, and 1."""
    return lambda session: [(value, 1.0) for value in own(session, label, values)]


def _a_hundred_words(label: Label, values: str) -> Callable[[SessionFigures], Sequence[Pair]]:
    return lambda session: [
        (100 * value, words)
        for value, words in zip(own(session, label, values), own(session, label, "words"), strict=True)
    ]


def _airtime(label: Label) -> Callable[[SessionFigures], Sequence[Pair]]:
    return lambda session: [(sum(own(session, label, "words")), float(sum(session.words)))]


def _range_of_affect(label: Label) -> Callable[[SessionFigures], Sequence[Pair]]:
    def pairs(session: SessionFigures) -> Sequence[Pair]:
        values = own(session, label, "affect")
        return [(statistics.stdev(values), 1.0)] if len(values) > 2 else []

    return pairs


def _diversity(label: Label) -> Callable[[SessionFigures], Sequence[Pair]]:
    return lambda session: [(session.diversity[label], 1.0)] if label in session.diversity else []


def _first(said: str) -> Callable[[SessionFigures], Sequence[Pair]]:
    def pairs(session: SessionFigures) -> Sequence[Pair]:
        turn = first_turn(session, getattr(session, said))
        return [(float(turn), 1.0)] if turn is not None else []

    return pairs


def _reached(said: str) -> Callable[[SessionFigures], Sequence[Pair]]:
    return lambda session: [(float(first_turn(session, getattr(session, said)) is not None), 1.0)]


def _of_speaker(label: Label) -> Iterable[Figure]:
    key = label.split()[-1].casefold()
    whose = f"{label}'s" if label in PARTNERS else "the therapist's"

    def mean(name: str, words: str, tolerance: float, values: str) -> Figure:
        least, most = (-1.0, 1.0) if values == "affect" else (0.0, math.inf)
        return Figure(f"{name}.{key}", f"{whose} {words}", tolerance, True, False, _a_turn(label, values), least, most)

    def share(name: str, words: str, values: str) -> Figure:
        return Figure(f"{name}.{key}", f"{whose} {words}", 0.05, True, True, _a_turn(label, values), most=1)

    yield mean("words", "words a turn", 4, "words")
    yield mean("tokens", "tokens a turn", 5, "tokens")
    yield mean("sentences", "sentences a turn", 0.5, "sentences")
    yield mean("paragraphs", "paragraphs a turn", 0.1, "paragraphs")
    yield Figure(f"airtime.{key}", f"{whose} share of all words", 0.02, False, False, _airtime(label), most=1)
    yield share("cut_off_rate", "cut-off rate", "cut_off")
    yield share("question_rate", "turns that end in a question", "question")
    yield share("names_partner", "turns that name a partner", "names_partner")
    if label in PARTNERS:
        yield share("names_therapist", "turns that name the therapist", "names_therapist")
        yield share("agreement", "turns that agree", "agreement")
    yield Figure(f"hedges.{key}", f"{whose} hedges in 100 words", 0.2, True, False, _a_hundred_words(label, "hedges"))
    yield share("same_opener", "turns that open as an earlier one", "same_opener")
    yield Figure(f"diversity.{key}", f"{whose} lexical diversity", 0.01, False, False, _diversity(label), most=1)
    yield mean("affect", "affect", 0.03, "affect")
    yield Figure(f"affect_range.{key}", f"{whose} variation of affect", 0.03, False, False, _range_of_affect(label))


def _of_session() -> Iterable[Figure]:
    yield Figure("turns", "turns a session", 1, False, False, lambda session: [(float(len(session.speaker)), 1.0)])
    yield Figure("first_agreement", "turn of the first agreement", 1, False, False, _first("agreement"))
    yield Figure(
        "agreement_reached", "sessions in which a partner agrees", 0.05, False, True, _reached("agreement"), most=1
    )
    yield Figure("first_plan", "turn of the first concrete plan", 1, False, False, _first("plan"))
    yield Figure("plan_reached", "sessions with a concrete plan", 0.05, False, True, _reached("plan"), most=1)
    yield Figure("repetition", "five-word runs that repeat an earlier turn", 0.005, True, False, _repetition, most=1)
    yield Figure(
        "likeness", "likeness of the sessions to each other", 0.01, False, False, _likeness, most=1, of_pairs=True
    )


def _repetition(session: SessionFigures) -> Sequence[Pair]:
    return [(float(again), float(all_)) for again, all_ in zip(session.repeated_runs, session.runs, strict=True)]


def _likeness(session: SessionFigures) -> Sequence[Pair]:
    return [(session.shared, 1.0)] if session.shared is not None else []


FIGURES: tuple[Figure, ...] = (*_of_session(), *(figure for label in PRINCIPALS for figure in _of_speaker(label)))
"""All figures, in the order in which they are shown."""
