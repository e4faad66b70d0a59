"""The figures of transcripts: what is kept of reference sessions when their text is not."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from generator.schema.label import Label
from generator.schema.record import Record


class SessionFigures(Record):
    """The figures of one session; every tuple has one value a turn, in order."""

    name: str
    """The file's name."""
    title: str
    structure: str
    speaker: tuple[Label, ...]
    words: tuple[int, ...]
    """Words separated by blanks."""
    tokens: tuple[int, ...]
    """Tokens in o200k_base."""
    sentences: tuple[int, ...]
    """A sentence left open counts."""
    paragraphs: tuple[int, ...]
    cut_off: tuple[bool, ...]
    """The turn stops in mid-sentence."""
    question: tuple[bool, ...]
    """The turn ends in a question."""
    names_partner: tuple[bool, ...]
    """A partner's turn: the other one's name is spoken. A therapist's: either partner's."""
    names_therapist: tuple[bool, ...]
    """A partner's turn in which the therapist's name is spoken."""
    agreement: tuple[bool, ...]
    """The speaker agrees to something."""
    plan: tuple[bool, ...]
    """The speaker proposes or takes on something with a time or a place to it."""
    hedges: tuple[int, ...]
    """Hedging words."""
    same_opener: tuple[bool, ...]
    """The turn's first three words have opened an earlier turn of the same speaker."""
    repeated_runs: tuple[int, ...]
    """Five-word runs that an earlier turn of the session has too."""
    runs: tuple[int, ...]
    """All five-word runs."""
    affect: tuple[float, ...]
    """Mean over the turn's sentences, from -1 (all negative) to 1 (all positive)."""
    diversity: dict[Label, float]
    """Moving-average type-token ratio over 50 words, by speaker; left out where there are too few words."""
    shared: float | None = None
    """Mean likeness (Jaccard, five-word runs) to other sessions of the same set; None if it was alone."""

    @model_validator(mode="after")
    def _one_value_a_turn(self) -> Self:
        for name, values in self:
            if isinstance(values, tuple) and len(values) != len(self.speaker):
                raise ValueError(f"{name} has {len(values)} values for {len(self.speaker)} turns")
        return self


class Profile(Record):
    """The figures of a set of sessions."""

    version: Literal[1] = 1
    sessions: tuple[SessionFigures, ...]
