"""What is said twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from generator.check.rule import Case, Hit, Rule, line_of, quoted
from generator.metrics.words import opener, runs, words
from generator.schema.reading import Passage

RULES = (
    Rule("duplicate-turn", "conduct", "warning", "A turn is the same as an earlier one, word for word.",
         "See whether the reply was repeated by a cache, a fixed seed or a loop."),
    Rule("near-duplicate-turn", "conduct", "warning", "A turn is nearly the same as an earlier one.",
         "Raise the temperature, or ask in the prompt for something new in every turn.", guess=True),
    Rule("repeated-sentence", "conduct", "note", "A sentence of six words or more stands in an earlier turn too.",
         "A few are human; compare the rate of repetition in the drift level."),
    Rule("near-repeated-sentence", "conduct", "note", "A sentence nearly the same as one in an earlier turn.",
         "A few are human; compare the rate of repetition in the drift level.", guess=True),
    Rule("repeated-opener", "conduct", "note", "A speaker opens three turns or more with the same three words.",
         "Ask in the prompt for different beginnings."),
)  # fmt: skip

SAME_TURN = 0.5
"""Share of three-word runs two turns have in common, from which they are nearly the same."""
SAME_SENTENCE = 0.85
"""Likeness of two sentences, word by word, from which they are nearly the same."""
LONG_SENTENCE, LONGER_SENTENCE = 6, 8
"""Words from which a sentence can be said to be repeated, and to be nearly repeated."""
SHARED = 4
"""Words in a row that two alike sentences have in common."""
LONGEST_SENTENCE = 120
"""Words up to which sentences are compared word by word; nobody speaks longer ones."""
OFTEN = 3

Words = tuple[str, ...]


def find(case: Case) -> Iterator[Hit]:
    """Hits on repetition within the session. A turn that repeats another is told as that, not sentence by sentence."""
    said = _Said()
    for turn, mine, spoken in zip(case.turns, case.words, case.sentences, strict=True):
        keyed = [(sentence, key, runs(key, SHARED)) for sentence in spoken if (key := words(sentence))]
        alike = [said.alike(pieces) for _, _, pieces in keyed]
        repeated = _repeated_turn(turn, mine, set().union(*alike), said)
        if repeated:
            yield repeated
        for (sentence, key, _), others in zip(keyed, alike, strict=True) if not repeated else ():
            yield from _repeated_sentence(turn, sentence, key, others, said)
        said.add(turn, mine, [(key, pieces) for _, key, pieces in keyed])
    yield from _openers(case)


@dataclass(slots=True)
class _Said:
    """What has been said so far."""

    turns: dict[int, tuple[Passage, Words]] = field(default_factory=dict)
    """By number: the turn and its words."""
    first: dict[Words, int] = field(default_factory=dict)
    """The turn in which a sentence was first said."""
    by_run: dict[Words, Words] = field(default_factory=dict)
    """The first sentence that holds a run of `SHARED` words."""

    def alike(self, pieces: list[Words]) -> set[Words]:
        """The earlier sentences that hold one of these runs."""
        return {self.by_run[run] for run in pieces if run in self.by_run}

    def add(self, turn: Passage, mine: Words, keyed: list[tuple[Words, list[Words]]]) -> None:
        self.turns[turn.n] = (turn, mine)
        for key, pieces in keyed:
            self.first.setdefault(key, turn.n)
            for run in pieces:
                self.by_run.setdefault(run, key)


def _repeated_turn(turn: Passage, mine: Words, alike: set[Words], said: _Said) -> Hit | None:
    """Earlier turns are compared if a sentence of theirs has four words in a row in common with this one."""
    if len(mine) <= OFTEN:
        return None
    for n in sorted({said.first[sentence] for sentence in alike}):
        other, theirs = said.turns[n]
        if mine == theirs:
            code, how = "duplicate-turn", "is the same as"
        elif _overlap(frozenset(runs(mine, 3)), frozenset(runs(theirs, 3))):
            code, how = "near-duplicate-turn", "is nearly the same as"
        else:
            continue
        message = f"turn {turn.n}, {turn.label}, {how} turn {other.n}, {other.label}"
        return Hit(code, turn.paragraphs[0].line, message, quoted(turn.text))
    return None


def _repeated_sentence(turn: Passage, sentence: str, key: Words, alike: set[Words], said: _Said) -> Iterator[Hit]:
    if len(key) < LONG_SENTENCE:
        return
    if key in said.first:
        message = f"turn {turn.n}, {turn.label}, says again what turn {said.first[key]} said"
        yield Hit("repeated-sentence", line_of(turn, sentence), message, quoted(sentence))
    elif LONGER_SENTENCE <= len(key) <= LONGEST_SENTENCE:
        for other in sorted(alike):
            if SequenceMatcher(None, key, other, autojunk=False).ratio() >= SAME_SENTENCE:
                message = f"turn {turn.n}, {turn.label}, nearly says again what turn {said.first[other]} said"
                yield Hit("near-repeated-sentence", line_of(turn, sentence), message, quoted(sentence))
                return


def _overlap(one: frozenset[Any], other: frozenset[Any]) -> bool:
    common = len(one & other)
    return common >= SAME_TURN * (len(one) + len(other) - common)


def _openers(case: Case) -> Iterator[Hit]:
    begun: dict[tuple[str | None, tuple[str, ...]], list[int]] = defaultdict(list)
    for turn, mine in zip(case.turns, case.words, strict=True):
        if len(mine) >= OFTEN:
            begun[turn.label, opener(mine)].append(turn.n)
    lines = {turn.n: turn.paragraphs[0] for turn in case.turns}
    for (label, _), turns in begun.items():
        if len(turns) >= OFTEN:
            part = lines[turns[OFTEN - 1]]
            where = f"{', '.join(map(str, turns[:-1]))} and {turns[-1]}"
            message = f"{label} opens turns {where} alike"
            yield Hit("repeated-opener", part.line, message, " ".join(part.text.split()[:OFTEN]))
