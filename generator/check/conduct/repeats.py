"""What is said twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher

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
    found = [frozenset(runs(mine, 3)) for mine in case.words]
    repeated: set[int] = set()
    for later, turn in enumerate(case.turns):
        for earlier in range(later):
            other = case.turns[earlier]
            if len(case.words[later]) > 3 and case.words[later] == case.words[earlier]:
                code, how = "duplicate-turn", "is the same as"
            elif _alike(found[later], found[earlier]):
                code, how = "near-duplicate-turn", "is nearly the same as"
            else:
                continue
            repeated.add(turn.n)
            message = f"turn {turn.n}, {turn.label}, {how} turn {other.n}, {other.label}"
            hits.append(Hit(code, turn.paragraphs[0].line, message, quoted(turn.text)))
            break
    return hits, repeated


def _alike(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    small, large = sorted((len(one), len(other)))
    return small > 3 and small >= SAME_TURN * large and len(one & other) >= SAME_TURN * len(one | other)


def _sentences(case: Case, whole: set[int]) -> Iterator[Hit]:
    first: dict[tuple[str, ...], int] = {}
    by_run: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for turn, said in zip(case.turns, case.sentences, strict=True):
        fresh: list[tuple[str, ...]] = []
        for sentence in said:
            key = tuple(words(sentence))
            if len(key) < LONG_SENTENCE:
                continue
            fresh.append(key)
            if turn.n in whole:
                continue
            if key in first:
                message = f"turn {turn.n}, {turn.label}, says again what turn {first[key]} said"
                yield Hit("repeated-sentence", line_of(turn, sentence), message, quoted(sentence))
            elif len(key) >= LONGER_SENTENCE and (near := _near(key, by_run)):
                message = f"turn {turn.n}, {turn.label}, nearly says again what turn {first[near]} said"
                yield Hit("near-repeated-sentence", line_of(turn, sentence), message, quoted(sentence))
        for key in fresh:
            first.setdefault(key, turn.n)
            for run in runs(key, 4) if len(key) >= LONGER_SENTENCE else ():
                by_run[run].add(key)


def _near(key: tuple[str, ...], by_run: dict[tuple[str, ...], set[tuple[str, ...]]]) -> tuple[str, ...] | None:
    candidates = {other for run in runs(key, 4) for other in by_run.get(run, ())}
    for other in sorted(candidates):
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
