"""What is said twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from generator.check.rule import Case, Hit, Rule, line_of, quoted
from generator.metrics.words import opener, runs, words

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
OFTEN = 3


def find(case: Case) -> Iterator[Hit]:
    """Hits on repetition within the session. A turn that repeats another is told as that, not sentence by sentence."""
    hits, whole = _turns(case)
    yield from hits
    yield from _sentences(case, whole)
    yield from _openers(case)


def _turns(case: Case) -> tuple[list[Hit], set[int]]:
    """Hits on whole turns, and the turns concerned."""
    hits: list[Hit] = []
    repeated: set[int] = set()
    bags = [frozenset(mine) for mine in case.words]
    for later, (turn, mine) in enumerate(zip(case.turns, case.words, strict=True)):
        for earlier in range(later if len(mine) > OFTEN else 0):
            if not _overlap(bags[later], bags[earlier]):
                continue
            if mine == case.words[earlier]:
                code, how = "duplicate-turn", "is the same as"
            elif _overlap(frozenset(runs(mine, 3)), frozenset(runs(case.words[earlier], 3))):
                code, how = "near-duplicate-turn", "is nearly the same as"
            else:
                continue
            other = case.turns[earlier]
            repeated.add(turn.n)
            message = f"turn {turn.n}, {turn.label}, {how} turn {other.n}, {other.label}"
            hits.append(Hit(code, turn.paragraphs[0].line, message, quoted(turn.text)))
            break
    return hits, repeated


def _overlap(one: frozenset[Any], other: frozenset[Any]) -> bool:
    common = len(one & other)
    return common >= SAME_TURN * (len(one) + len(other) - common)


def _sentences(case: Case, whole: set[int]) -> Iterator[Hit]:
    first: dict[tuple[str, ...], int] = {}
    by_run: dict[tuple[str, ...], tuple[str, ...]] = {}
    for turn, said in zip(case.turns, case.sentences, strict=True):
        fresh: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = []
        for sentence in said:
            key = words(sentence)
            if len(key) < LONG_SENTENCE:
                continue
            pieces = runs(key, 4) if len(key) >= LONGER_SENTENCE else []
            fresh.append((key, pieces))
            if turn.n in whole:
                continue
            if key in first:
                message = f"turn {turn.n}, {turn.label}, says again what turn {first[key]} said"
                yield Hit("repeated-sentence", line_of(turn, sentence), message, quoted(sentence))
            elif near := _near(key, pieces, by_run):
                message = f"turn {turn.n}, {turn.label}, nearly says again what turn {first[near]} said"
                yield Hit("near-repeated-sentence", line_of(turn, sentence), message, quoted(sentence))
        for key, pieces in fresh:
            first.setdefault(key, turn.n)
            for run in pieces:
                by_run.setdefault(run, key)


def _near(
    key: tuple[str, ...], pieces: list[tuple[str, ...]], by_run: dict[tuple[str, ...], tuple[str, ...]]
) -> tuple[str, ...] | None:
    """An earlier sentence nearly like this one; alike sentences have four words in a row in common."""
    for other in sorted({by_run[run] for run in pieces if run in by_run}):
        if SequenceMatcher(None, key, other, autojunk=False).ratio() >= SAME_SENTENCE:
            return other
    return None


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
