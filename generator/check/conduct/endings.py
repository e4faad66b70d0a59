"""How turns end: cut off, trailing off, broken off, in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.check.rule import Case, Hit, Rule
from generator.schema.reading import Passage
from generator.sentences import ending

_AN_END = "Nothing: this is a way to end, not a cut."

RULES = (
    Rule("cut-off", "conduct", "note", "A turn stops in mid-sentence.",
         "Nothing: cut-offs belong to the format. Their rate is compared in the drift level."),
    Rule("ends-cut", "conduct", "note", "The session's last turn stops in mid-sentence.",
         "Nothing, as in the seed; set `turns` otherwise if a session should close."),
    Rule("trails-off", "conduct", "note", "A turn trails off in an ellipsis.", _AN_END),
    Rule("broken-off", "conduct", "note", "A turn is broken off by a dash.", _AN_END),
    Rule("silence", "conduct", "note", "A turn, or a paragraph of one, is nothing but silence.",
         "Nothing, if silence was meant; an empty reply shows up like this too."),
)  # fmt: skip

_AT_BUDGET = 1
"""A text counted anew may have a token less than when it was made."""
LONGEST_SILENCE = 120
"""Characters of a paragraph that may be nothing but silence."""
_SILENCE = re.compile(
    r"[\s.…–—-]*|\s*[*_(\[]+(?:\w+ ){0,3}(?:silence|silent|pause[sd]?)\b[^)\]*_]{0,40}[*_)\].\s]*",
    re.IGNORECASE,
)


def find(case: Case) -> Iterator[Hit]:
    """Hits on the endings of turns."""
    for turn in case.turns:
        for part in turn.paragraphs:
            if _is_silence(part.text):
                yield Hit("silence", part.line, f"{turn.label} is silent", part.text.strip())
        if _is_silence(turn.text):
            continue
        last = turn.paragraphs[-1]
        end = " ".join(last.text.split()[-6:])
        kind = ending(turn.text)
        if kind in {"open", "clause"}:
            yield Hit(
                "cut-off", last.line, f"turn {turn.n}, {turn.label}, stops in mid-sentence{_where(case, turn)}", end
            )
            if turn is case.turns[-1]:
                yield Hit("ends-cut", last.line, "the session ends in mid-sentence", end)
        elif kind == "ellipsis":
            yield Hit("trails-off", last.line, f"turn {turn.n}, {turn.label}, trails off", end)
        elif kind == "dash":
            yield Hit("broken-off", last.line, f"turn {turn.n}, {turn.label}, is broken off", end)


def _is_silence(text: str) -> bool:
    return len(text) <= LONGEST_SILENCE and _SILENCE.fullmatch(text) is not None


def _where(case: Case, turn: Passage) -> str:
    limit = case.budget(turn.label) if turn.label else None
    tokens = case.count_tokens(turn.text)
    if limit is None:
        return f", after {tokens} tokens"
    if tokens >= limit - _AT_BUDGET:
        return f", at the budget of {limit} tokens"
    return f", after {tokens} tokens of {limit}"
