"""Cues: phrases by which something that is done with words can be known. English, sentence by sentence.

A cue knows no tone, no irony and no history. The shares are for comparing sets of sessions, not for judging a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator.people import without_quotations
from generator.sentences import sentences

_WRITTEN_OUT = (
    (
        re.compile(r"\b(can|won|shan)'t\b"),
        lambda found: {"can": "can", "won": "will", "shan": "shall"}[found[1]] + " not",
    ),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\b(it|that|this|there|here|what|who|how|he|she)'s\b"), r"\1 is"),
    (re.compile(r"\b(i|you|we|they|he|she|it)'d\b"), r"\1 would"),
)
"""Contractions, so that one phrase stands for all ways to write it."""


@dataclass(frozen=True, slots=True)
class Cues:
    """What stands for one act, and what only looks like it."""

    phrases: re.Pattern[str]
    unless: re.Pattern[str] | None
    """A sentence in which it matches does not count."""

    def found(self, text: str) -> Iterator[str]:
        """The sentences of `text` that hold a cue, in order. What is quoted is nobody's own act."""
        for sentence in sentences(without_quotations(text)):
            plain = written_out(sentence)
            if self.phrases.search(plain) and not (self.unless and self.unless.search(plain)):
                yield sentence

    def stand_in(self, text: str) -> bool:
        """True if a sentence of `text` holds a cue."""
        return any(True for _ in self.found(text))


def cues(phrases: str, unless: str = "") -> Cues:
    """Cues from patterns, one a line, each of whole words of a sentence that is `written_out`."""
    return Cues(_any_of(phrases), _any_of(unless) if unless.strip() else None)


def written_out(sentence: str) -> str:
    """In small letters, without contractions, one blank between words, and beginning with a letter or digit."""
    plain = " ".join(sentence.casefold().replace("’", "'").split())
    for contraction, whole in _WRITTEN_OUT if "'" in plain else ():
        plain = contraction.sub(whole, plain)
    return re.sub(r"^\W+", "", plain)


def _any_of(lines: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{line}\b" if line[-1].isalnum() else rf"\b{line}" for line in _lines(lines)))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
