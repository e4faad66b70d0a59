"""Puts a turn together out of units, and remembers what has been said so that nothing is said twice."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping

from generator import tokens
from generator.chat.rehearsal.banks import slots_of, speak
from generator.chat.rehearsal.listening import Spoken
from generator.sentences import sentences

RUN = 5
"""Words in a sequence that may not be repeated within a session."""

REPEATABLE = frozenset(
    {"step", "partner", "name", "other", "a", "b", "concern", "detail", "quote", "quote_other", "theirs"}
)
"""Slots whose filling may come again; all others are used once a session."""


class Composer:
    """A turn being put together."""

    def __init__(
        self, spoken: Spoken, fillers: Mapping[str, str], rng: random.Random, voices: Mapping[str, Iterable[str]]
    ) -> None:
        """`fillers`: what each slot is filled with. `voices`: units by act, phrase banks and persona alike."""
        self.rng = rng
        self.length = 0
        """Tokens so far."""
        self._fillers = dict(fillers)
        self._voices = voices
        self._units: list[str] = []
        said = [text for _, text in spoken]
        self._runs = {run for text in said for run in _runs(text)}
        self._sentences = {_plain(sentence) for text in said for sentence in sentences(text)}
        self._said = " ".join(said).casefold()
        self._used_slots: set[str] = set()

    def add(self, *acts: str, limit: int, wanting: Iterable[str] = ()) -> bool:
        """Add one unit of any of the acts that fits into `limit` tokens for the whole turn.

        Units holding one of the words in `wanting` come first. Returns False if none fits.
        """
        units = [unit for act in acts for unit in self._voices.get(act, ())]
        self.rng.shuffle(units)
        wanted = [word.casefold() for word in wanting]
        if wanted:
            units.sort(key=lambda unit: not any(word in unit.casefold() for word in wanted))
        return any(self._try(unit, limit) for unit in units[:40])

    def text(self, separator: str = " ") -> str:
        """The turn so far."""
        return separator.join(self._units)

    def _try(self, unit: str, limit: int) -> bool:
        slots = slots_of(unit)
        if not slots <= self._fillers.keys() or (slots - {"partner", "name", "other"}) & self._used_slots:
            return False
        if any(slot not in REPEATABLE and self._fillers[slot].casefold() in self._said for slot in slots):
            return False
        text = speak(unit, self._fillers, self.rng)
        length = tokens.count(" " + text)
        if self.length + length > limit:
            return False
        runs = set(_runs(text))
        for slot in slots & REPEATABLE:
            runs -= set(_runs(self._fillers[slot]))
        plain = {_plain(sentence) for sentence in sentences(text)}
        if runs & self._runs or plain & self._sentences:
            return False
        self._runs |= runs
        self._sentences |= plain
        self._used_slots |= slots
        self._units.append(text)
        self.length += length
        return True


def _runs(text: str) -> Iterable[tuple[str, ...]]:
    words = _plain(text).split()
    return (tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w'’]+", text.casefold()))
