"""Cues: phrases by which something that is done with words can be known. English, sentence by sentence.

A cue knows no tone, no irony and no history. The shares are for comparing sets of sessions, not for judging a person.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator.people import without_quotations
from generator.sentences import REMEMBERED, sentences

_CONTRACTION = re.compile(
    r"\b(?:(?P<verb>ca|wo|sha|\w+?)n't|i'm|(?:it|that|this|there|here|what|who|how|he|she)'s"
    r"|(?:i|you|we|they|he|she|it)'d|\w+'(?:re|ve|ll))\b"
)
_ENDINGS = {"'m": " am", "'s": " is", "'d": " would", "'re": " are", "'ve": " have", "'ll": " will"}
_VERBS = {"ca": "can", "wo": "will", "sha": "shall"}


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


@functools.lru_cache(maxsize=REMEMBERED)
def written_out(sentence: str) -> str:
    """In small letters, without contractions, one blank between words, and beginning with a letter or digit."""
    plain = " ".join(sentence.casefold().replace("’", "'").split())
    plain = _CONTRACTION.sub(_whole, plain) if "'" in plain else plain
    return plain if plain[:1].isalnum() else re.sub(r"^\W+", "", plain)


def _whole(found: re.Match[str]) -> str:
    if verb := found["verb"]:
        return f"{_VERBS.get(verb, verb)} not"
    word, apostrophe, ending = found[0].partition("'")
    return word + _ENDINGS[apostrophe + ending]


def _any_of(lines: str) -> re.Pattern[str]:
    phrases = (line.strip() for line in lines.splitlines())
    return re.compile("|".join(rf"\b(?:{phrase})(?!\w)" for phrase in phrases if phrase))
