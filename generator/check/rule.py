"""What a rule is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from generator.metrics.words import words_of_turn
from generator.people import People, inside_sentences
from generator.schema.contract import Contract
from generator.schema.finding import Level, Severity
from generator.schema.label import Label
from generator.schema.reading import Passage, Reading
from generator.sentences import sentences


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked for."""

    code: str
    """Stable; the finding's code."""
    level: Level
    severity: Severity
    """Unless the contract says otherwise."""
    what: str
    """What it means, one line for the docs."""
    remedy: str
    guess: bool = False
    """True if it can be mistaken; `docs/check.md` gives its rate of false alarms."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule applies."""

    code: str
    line: int
    message: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the run says of a session; a transcript from elsewhere has none of it."""

    people: People
    turns: int
    """Turns the session was to have."""
    complete: bool
    """False if a budget ended it earlier, as asked."""
    tokens: Mapping[Label, int | None]
    """Tokens a turn might take, by speaker; None without a limit."""


@dataclass(frozen=True)
class Case:
    """One transcript as the rules of conduct see it."""

    reading: Reading
    people: People
    contract: Contract
    known: Known | None
    count_tokens: Callable[[str], int]

    @cached_property
    def turns(self) -> tuple[Passage, ...]:
        """The turns that have text."""
        return tuple(turn for turn in self.reading.turns if turn.paragraphs)

    @cached_property
    def labels(self) -> tuple[Label | None, ...]:
        """Who speaks, turn by turn, empty turns included."""
        return tuple(turn.label for turn in self.reading.turns)

    @cached_property
    def inside(self) -> frozenset[str]:
        """The words with a capital where no sentence begins."""
        return inside_sentences(tuple(turn.text for turn in self.turns))

    @cached_property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """The words of each of `turns`."""
        return tuple(words_of_turn(turn.text) for turn in self.turns)

    @cached_property
    def sentences(self) -> tuple[list[str], ...]:
        """The sentences of each of `turns`."""
        return tuple(sentences(turn.text) for turn in self.turns)

    def budget(self, label: Label) -> int | None:
        """Tokens a turn of this speaker might take; None without a limit."""
        return self.known.tokens.get(label) if self.known else self.contract.turn_tokens


def line_of(turn: Passage, words: str) -> int:
    """The line of the paragraph in which `words` stand; the turn's first line of text if none holds them."""
    return next((part.line for part in turn.paragraphs if words in part.text), turn.paragraphs[0].line)


def quoted(text: str, most: int = 60) -> str:
    """The beginning of a text, for a finding."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
