"""Words by which agreement, plans and hedging are known. English.

A list of phrases knows no irony and no context: the figures are for comparing sets of sessions, not for
judging a sentence.
"""

from __future__ import annotations

import re

from generator.metrics.words import words_of_turn
from generator.people import without_quotations
from generator.sentences import sentences

_NOT = r"(?!(?:not|never|hardly|barely|scarcely|too|always)\b)"
_TO_END_IT = r"\s+(?:with\s+you\s+)?(?:just|only)\b"
"""Agreeing so as to have done with it, told as a habit."""
_ELSEWHERE = r"(?!\s+(?:in\s+(?:here|theory|principle)|on\s+paper)\b)"
"""It sounds good, that is, somewhere else than at home."""
_AGREEMENT = re.compile(
    rf"""\b(?:
      i(?:\s+{_NOT}\w+ly)?\s+agree\b(?!{_TO_END_IT}) | agree\s+with\s+you\b(?!{_TO_END_IT})
    | you(?:'ve|\s+have)\s+got\s+a\s+point
    | you(?:'re|\s+are)\s+(?:{_NOT}\w+\s+)?right\b(?!\s+(?:here|there|now|in|on|at|next|behind|beside))
    | (?:that|it)(?:'s|\s+is)\s+(?:only\s+)?(?:fair|true|a\s+(?:good|great|lovely|nice)\s+(?:idea|thought|plan))\b
    | fair\s+enough | good\s+(?:idea|point|thought)\b | makes\s+sense
    | (?:that|it|this|idea|plan|which|date|time|day|wednesdays?)\s+sounds?\s+(?:{_NOT}\w+\s+)?
      (?:good{_ELSEWHERE}|great|right|nice|lovely|perfect|doable|fine{_ELSEWHERE}|gentle
      |like\s+a\s+(?:\w+\s+)?(?:good|great|perfect|lovely))
    | i\s+(?:feel|think|see\s+it|want)\s+the\s+same | (?:me|so\s+do\s+i|same\s+here),?\s+too\b(?=[,.!]) | same\s+here
    | on\s+board | on\s+the\s+same\s+page | in\s+agreement | with\s+you\s+on\s+(?:this|that)
    | i(?:'m|\s+am)\s+(?:all\s+)?in\b(?=[,.!]|\s+on\b|\s+for\b) | count\s+me\s+in
    | i(?:'d|\s+would|\s+really|\s+do)?\s+(?:really\s+)?(?:like|love)\s+
      (?:that\b(?!\s+\w)|the\s+(?:\w+\s+)?idea|your\s+idea|it\b(?=[,.!]))
    | i\s+(?:can|could)\s+(?:(?:do|work\s+with|manage)\s+(?:that|it)|live\s+with\s+(?:that|it)(?!\s+\w))\b
    | i(?:'m|\s+am)\s+willing
    | let's\s+(?:do|give|try)\s+(?:it|that|this)\b
    | i(?:'m|\s+am)\s+(?:{_NOT}\w+\s+)?(?:happy|glad|ready)\s+to\s+(?:try|do|start|give)\b(?!\s+up)
    | fine\s+by\s+me | (?:absolutely|definitely|(?<!'d\s)(?<!had\s)agreed)\b(?=[,.!—])
    | that\s+works\s+for\s+me | i\s+see\s+my\s+part
    )""",
    re.VERBOSE,
)
_AGREEMENT_HINTS = (
    "agree", "right", " point", "fair", " true", "idea", "thought", "plan", "sense", "sound", "the same", " too",
    "same here", "on board", "same page", "with you on", "m in", "am in", "all in", "count me", "like that",
    "like the", "like it", "like your", "love that", "love the", "love your", "love it", "do that", "do it",
    "work with", "live with", "manage", "willing", "let's", "glad to", "happy to", "ready to", "fine by",
    "absolutely", "definitely", "works for", "my part",
)  # fmt: skip
"""A text without any of these agrees to nothing; looking for them first is quicker."""
_OPENS_WITH_YES = re.compile(
    r"""(?:yes|yeah|okay|ok|sure|all\s+right|alright|absolutely|definitely|exactly)\b
    (?!\s*,?\s*(?:then\s*,?\s*)?but\b)
    (?!\W+i(?:'ve|\s+have)?\s+(?:hear|heard|get|got|taken|let)\s+(?:you|that|this|it)\b)
    (?!\W+(?:(?:somebody|someone)\s+has\s+to|here\s+(?:goes|i\s+go))\b)""",
    re.VERBOSE,
)
"""A yes to what was said or offered; that it was heard, or that it is one's turn, is something else."""
_DENIED = re.compile(
    r"(?:\b(?:not|never|nor|hardly|without|before|if|when|no|nobody|neither|doubt|hop(?:e|ing)|says?|thinks?)|n't)\b(?:\s+\w+){0,4}\s*$"
)
_SENTENCE_END = re.compile("[.!?…]")
_COMMITS = re.compile(
    r"""\b(?:
      let's | let\s+us | shall\s+we | (?:how|what)\s+about | what\s+if\s+we | why\s+don't\s+we
    | would\s+you\s+be\s+willing
    | (?:we(?:'ll|\s+will|\s+could|\s+can|\s+should|\s+might|\s+start|\s+begin|\s+try)
      |i(?:'ll|\s+will|\s+can|\s+could|'d\s+like\s+(?:us\s+)?to|'m\s+going\s+to|'m\s+putting))\b
      (?!'t|\s+(?:not|never|hardly|still|remember|see|hear|feel|imagine)\b)
    | could\s+we | can\s+we | maybe\s+we | setting\s+(?:aside|a) | having\s+a\s+set | the\s+plan\s+is | suppose\s+we
    | say\s+we
    )""",
    re.VERBOSE,
)
_WHEN = re.compile(
    r"""\b(?:
      (?:mon|tues|wednes|thurs|fri|satur|sun)days? | tonight | tomorrow
    | this\s+(?:week(?:end)?|evening|month|afternoon)
    | (?:every|each|once\s+a|twice\s+a|next|one|for\s+a|a\s+few)\s+(?:\w+\s+)?(?:day|night|evening|morning|week
      |weekend|month)s?
    | (?:\d+|five|ten|fifteen|twenty|thirty|half\s+an)\s+(?:minutes?|hours?)\b
    | at\s+(?:\d{1,2}|six|seven|eight|nine|ten)\b
    | (?:before|after|over|during)\s+(?:the\s+)?(?:bed(?:time)?|dinner|supper|breakfast|coffee|tea|work|dishes|school
      |lunch)
    | by\s+(?:the\s+end\s+of|next) | half\s+past | weeknights? | set\s+(?:day|time) | between\s+now\s+and
    | on\s+(?:the\s+)?(?:calendar|fridge)
    )\b""",
    re.VERBOSE,
)
_HEDGES = frozenset(
    tuple(phrase.split())
    for phrase in (
        "maybe", "perhaps", "possibly", "probably", "i guess", "i suppose", "i think", "i don't know", "i'm not sure",
        "kind of", "sort of", "a bit", "a little", "somehow", "somewhat", "it seems", "seems like", "seem like",
        "it feels like", "might", "could be", "may be", "almost", "i wonder", "in a way", "more or less", "rather",
        "i feel like",
    )
)  # fmt: skip
_HEDGES_BEGIN = frozenset(phrase[0] for phrase in _HEDGES)


def agrees(said: str) -> bool:
    """True if the speaker agrees to what somebody has said or offered.

    Phrases of consent ("you're right", "I'm in", "that makes sense") that are not denied in the four words
    before and not quoted, or a turn that opens with a plain yes. Hearing somebody out ("I hear you", "yes, I got
    that") is no consent. Weakness: consent in other words is missed, and polite consent counts like meant consent.
    """
    text = _plain(said)
    if _OPENS_WITH_YES.match(text.lstrip(' "“*')):
        return True
    if not any(hint in text for hint in _AGREEMENT_HINTS):
        return False
    text = _plain(without_quotations(said))
    return any(_is_meant(text, match) for match in _AGREEMENT.finditer(text))


def _is_meant(text: str, match: re.Match[str]) -> bool:
    """Neither denied in the words before it nor asked."""
    end = _SENTENCE_END.search(text, match.end())
    asked = end is not None and end.group() == "?"
    return not asked and not _DENIED.search(text[max(0, match.start() - 40) : match.start()])


def plans(text: str) -> bool:
    """True if a sentence proposes or takes on something and says when: "let's walk on Sunday", "I'll call you
    every evening". Weakness: a plan without a time is missed; so is one spread over two sentences."""
    said = map(_plain, sentences(text))
    return any(_COMMITS.search(sentence) and _WHEN.search(sentence) for sentence in said)


def hedges(text: str) -> int:
    """How many hedges stand in `text` ("maybe", "sort of", "I guess"); a core of the lists in Holmes (1990)
    and Hyland (1998). Weakness: "I think" can be firm."""
    found = words_of_turn(text)
    starts = (at for at, word in enumerate(found) if word in _HEDGES_BEGIN)
    return sum(any(tuple(found[at : at + length]) in _HEDGES for length in (1, 2, 3)) for at in starts)


def _plain(text: str) -> str:
    """In small letters with plain apostrophes, which is how the patterns are written."""
    return text.casefold().replace("’", "'")
