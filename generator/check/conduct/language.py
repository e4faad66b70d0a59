"""The wrong language, and characters that were broken on their way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from generator.check.rule import Case, Hit, Rule, quoted

RULES = (
    Rule("wrong-language", "conduct", "warning", "A turn is not in English.",
         "Name the language in the prompt; `language: any` in seeds/contract.yaml switches this off.", guess=True),
    Rule("broken-characters", "conduct", "error", "Replacement marks, controls, or text decoded wrongly.",
         "See which step read the text in the wrong encoding, and generate or decode it anew."),
)  # fmt: skip

_COMMON = frozenset(
    """the be to of and a in that have i it for not on with he as you do at this but his by from they we say her she or
    an will my one all would there their what so up out if about who get which go me when make can like time no just him
    know take into your some could them see other than then now only come its over think also back after use two how
    our first way even want because any these us is was are were been has had did i'm you're it's don't we're that's
    i've can't didn't let's yes maybe too more down am off why where here isn't wasn't""".split()
)
"""Words of which ordinary English is at least two fifths made."""
LEAST_SHARE = 0.2
"""Share of common English words under which a turn is taken for another language; half of it in short turns."""
LONG_ENOUGH = 15
"""Words of a turn whose language can be told."""
FOREIGN_LETTERS = 0.3

_NOT_ASCII = re.compile(r"[^\W\d_a-zA-Z]")
_BROKEN = re.compile(
    "[\ufffd\ufeff\u200b\u0085\u2028\u2029\u202a-\u202e\u2066-\u2069\ue000-\uf8ff\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufff0-\ufffb]"
)
_DECODED_WRONGLY = re.compile("â€[™œ\x9d“”˜¦]|Ã[©¨¤¶¼ŸŽ¡³±ª«§]|Â[\xa0£°»«·]|ðŸ.|â€\x9d?")


def find(case: Case) -> Iterator[Hit]:
    """Hits on language and characters, at most one of a kind in a paragraph."""
    for turn, mine in zip(case.turns, case.words, strict=True):
        if case.contract.language == "en" and _is_foreign(turn.text, mine):
            yield Hit(
                "wrong-language",
                turn.paragraphs[0].line,
                f"turn {turn.n}, {turn.label}, is not in English",
                quoted(turn.text),
            )
        for part in turn.paragraphs:
            if match := _BROKEN.search(part.text):
                name = f"U+{ord(match.group()):04X}"
                yield Hit(
                    "broken-characters",
                    part.line,
                    f"turn {turn.n}, {turn.label}, holds {name}",
                    _near(part.text, match),
                )
            elif match := _DECODED_WRONGLY.search(part.text):
                message = f"turn {turn.n}, {turn.label}, holds {match.group()!r}, a character decoded wrongly"
                yield Hit("broken-characters", part.line, message, _near(part.text, match))


def _is_foreign(text: str, mine: tuple[str, ...]) -> bool:
    strange = sum(not unicodedata.name(letter, "").startswith("LATIN") for letter in _NOT_ASCII.findall(text))
    if strange >= LONG_ENOUGH and strange > FOREIGN_LETTERS * sum(map(str.isalpha, text)):
        return True
    least = LEAST_SHARE if len(mine) >= 2 * LONG_ENOUGH else LEAST_SHARE / 2
    return len(mine) >= LONG_ENOUGH and _common(mine) < least


def _common(mine: tuple[str, ...]) -> float:
    return sum(map(_COMMON.__contains__, mine)) / len(mine)


def _near(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - 20) : match.end() + 20].strip()
