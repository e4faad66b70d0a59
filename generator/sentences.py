"""Where sentences end: the one judge of it, used everywhere.

Rules instead of a model: on therapy transcripts the last characters decide, and a wrong guess must be
explainable.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Literal

Ending = Literal["sentence", "ellipsis", "dash", "aside", "clause", "open"]
"""How a text ends. `sentence`: with . ! ? or their kin. `ellipsis`: trailing off. `dash`: broken off by a
dash. `aside`: a stage direction or an emoji. `clause`: at a comma, colon or semicolon. `open`: in the
middle of a sentence."""

REMEMBERED = 1024
"""Texts whose sentences are remembered: every rule and every figure asks for those of the same turns."""

LONGEST_WORD = 40
"""Characters before a full stop that are looked at."""

_CLOSERS = "\"'”’»)]}*_`›"
_OPENERS = "\"'“‘«([*_"
_TERMINAL = ".!?。！？｡؟"
_DASHES = "-–—―"
_CLAUSE = ",;:，；：、"
_ASIDE = re.compile(r"(?:\*[^*\n]+\*|\([^()\n]+\)|\[[^\[\]\n]+\])\s*$")
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms prof st sr jr rev hon vs etc e.g i.e cf approx dept inc ltd mt ft a.m p.m u.s u.k ph.d".split()
)
_MARK = rf"[{re.escape(_TERMINAL)}…]"
_BOUNDARY = re.compile(
    rf"(?P<end>{_MARK}(?<!{_MARK}{_MARK}){_MARK}*)(?P<close>[{re.escape(_CLOSERS)}]*)(?P<gap>\s+)(?=(?P<next>[\"'“‘«(\[*_]*\S))"
)


def ending(text: str) -> Ending:
    """How `text` ends; see `Ending`. Empty text counts as `sentence`: nothing was left open."""
    bare = text.rstrip()
    if not bare:
        return "sentence"
    if _ASIDE.search(bare) and bare.rstrip(_CLOSERS)[-1:] not in _TERMINAL + "…":
        return "aside"
    end = len(bare)
    while end > 1 and unicodedata.category(bare[end - 1]) in {"Mn", "Me"}:
        end -= 1
    bare = bare[:end]
    core = bare.rstrip(_CLOSERS).rstrip()
    last = core[-1:] or bare[-1]
    if last == "…" or core.endswith(".."):
        return "ellipsis"
    if last in _TERMINAL:
        return "sentence"
    if last in _DASHES:
        return "dash"
    if last in _CLAUSE:
        return "clause"
    if unicodedata.category(last) in {"So", "Sk", "Cf"}:
        return "aside"
    return "open"


def ends_mid_sentence(text: str) -> bool:
    """True if `text` stops in the middle of a sentence. Trailing off and a dash are ways to end, not cuts."""
    return ending(text) in {"clause", "open"}


def ends_in_question(text: str) -> bool:
    """True if `text` ends in a question: its last mark, quotes and brackets aside, is a question mark."""
    return text.rstrip().rstrip(_CLOSERS).rstrip().endswith(("?", "？", "؟", "?!"))


def sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, without surrounding blanks; an open last one included.

    Knows abbreviations, initials, decimals, numbers of lists, closing quotes and brackets, and that an
    ellipsis before a small letter does not end a sentence, but an opening bracket or asterisk begins a unit.
    """
    return list(_split(text))


@functools.lru_cache(maxsize=REMEMBERED)
def _split(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for paragraph in text.split("\n"):
        start = 0
        for match in _BOUNDARY.finditer(paragraph):
            if _is_boundary(paragraph, match, start):
                found.append(paragraph[start : match.end("close")].strip())
                start = match.end("gap")
        found.append(paragraph[start:].strip())
    return tuple(sentence for sentence in found if sentence)


def back_to_sentence_end(text: str) -> str:
    """`text` cut back to its last whole sentence; unchanged if it ends with one or holds no whole sentence."""
    if not ends_mid_sentence(text):
        return text
    kept = text
    while kept and ends_mid_sentence(kept):
        kept = kept[: kept.rindex(sentences(kept)[-1])].rstrip()
    return kept or text


def _is_boundary(text: str, match: re.Match[str], start: int) -> bool:
    following = match["next"].lstrip(_OPENERS)
    opened = match["next"][: len(match["next"]) - len(following)]
    if following and following[0].islower() and not set(opened) & set("([*"):
        return False
    if match["end"] == ".":
        end = match.start("end")
        before = text[max(start, end - LONGEST_WORD) : end]
        if end - start < LONGEST_WORD and re.fullmatch(r"\d{1,3}", before.strip().lstrip(_OPENERS)):
            return False
        word = (before.split() or [""])[-1].lstrip(_OPENERS).casefold()
        if word in _ABBREVIATIONS:
            return False
        if re.fullmatch(r"(?:[a-z]\.)*[a-z]", word) and word not in {"i", "a"}:
            return False
    return True
