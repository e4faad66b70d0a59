"""What the therapist does: reflections, open questions, summaries, advice. By cue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from generator.metrics.cues import cues, written_out
from generator.metrics.gauge import Gauge, Heard
from generator.schema.measure import Measure
from generator.sentences import ends_in_question, sentences

REFLECTION = cues(
    r"""
    (it|that|this|what you \w+|you|part of you) (really |also |both )?sounds?
    (it|that) (really |also )?(seems?|feels?|looks?) (like|as (if|though)|to (me|you))
    ^sounds? (like|as)
    i (can |also |really |think i |am )*(hear|hearing|heard|sense|sensing)(?! (from|about|more|both))
    what i (am )?(hear|hearing|take from|notice|noticing)
    what (came|comes) through
    ^(and )?so (for )?you (are|have|feel|felt|both|were|want|wanted)
    you are (both )?(saying|telling (me|us)|describing|feeling|carrying|longing|hoping|afraid|torn|hurting)
    you have (both )?(felt|been (carrying|feeling|holding|trying|waiting|longing|bracing))
    ^(and )?you (both )?(feel|felt|long|wish|want)
    part of you
    in (other|my own) words
    if i (am )?(understand|understanding|hear|hearing|follow|following) (you|this|that|correctly)
    let me say back
    i (can )?imagine
    my (sense|guess|impression) is
    i (suspect|get a sense)
    (underneath|beneath|behind|under) (all |both )?(that|this|those|these|the|your) (anger|words|facts|silence|hurt)
    there is (an? |so much |some |real )*(\w+ )?(hurt|sadness|worry|longing|loneliness|fear|strain|grief|care)
    """,
    r"""
    ^(?!.*[,;:—–-] ?(is that|am i|does that|have i|did i|right|correct)\b[^?]*\?).*\?\W*$
    (how (it|that|this) (sounds|feels)|imagine each)
    """,
)
SUMMARY = cues(
    r"""
    (to|let me|if i may) (briefly |try to )*(sum|sum up|summari[sz]e|recap|gather (up|together))
    let me (try to )?pull (this|that|it|things|these|\w+ threads) together
    in (sum|summary)
    (so|thus) far,? (i|we|you|there)
    (putting|pulling|put|taken) (\w+ ){0,4}(together|next to each other|side by side)
    when i (lay|put) (\w+ ){0,4}(together|on top of each other|side by side)
    (we|you) have (both |all |now |each )*(heard|covered|talked about|touched on|named|learned|shown us)
    looking back (over|on|at) (the|our|this|today|what)
    ^(as|before) we (wrap up|close|finish|end|bring)
    here is (what|the pattern|the picture) (i|as i|that i)
    (today|in this hour|in this session),? (we|you|i) have
    i have heard (\w+ ){0,3}(today|both|each|two|three)
    (two|three|a few|several) things (stand|stay|have|i)
    what (stands|stood) out
    let me see if i have
    ^so we have
    both of you have (said|told|described|named)
    """,
    r"""
    \?\W*$
    nobody has to
    """,
)
ADVICE = cues(
    r"""
    i would (really |also |gently |strongly )?(suggest|recommend|advise|encourage|invite (you|each|both)|propose|urge)
    i (suggest|recommend|advise|encourage|propose|invite you)
    my (suggestion|advice|recommendation)
    (you|each of you|both of you|the two of you) (both )?(should|need to|ought to|have to)
    (you|each of you|both of you|the two of you) (could|might|may) (also |both )?(try|want to|consider|begin|start)
    (perhaps|maybe) (you|the two of you) (both )?(could|can|might)
    (why do you not|what if you)
    (^|[,;:] )(please )?try (to|not to|saying|asking|telling|setting|taking|this|that|it)
    (^|[,;:] )(please )?(consider|practi[sc]e) \w+ing
    (^|[,;:] )(please )?take (ten|five|fifteen|twenty|a few) minutes
    (it|one thing that) (may|might|could|can|would) (also )?(help|be (helpful|useful|worth))
    (this|the coming|the next) week,? (i would like|try|let's|see if)
    i would like (you|each of you|you both|the two of you) (both )?to
    let's try
    homework
    an? (small )?(exercise|experiment)
    """,
    r"""
    (do not|need not|nobody|neither of you) (have|has|need|needs) (to|any)
    (nothing|whatever|all) (that )?you (have|need) to
    (should i|where you|try to (find|say|tell|describe|imagine|put|name|picture))
    """,
)
_OPENS = re.compile(
    r"""\W*(?:(?:and|so|but|then|now|well|or|also|perhaps|maybe)\ |for\ (?:you|each\ of\ you)\ )*
    (?:(?:in|at|by|with|from|to|for|of|about|under)\ )?
    (?:what|why|where|how(?!\ (?:many|much\ time|long|often|old|far|soon|late|likely)\b))\b""",
    re.VERBOSE,
)
_PLEASE = r"(^|[,;:—] |please |and |(can|could|would|will) you (both |each |please |perhaps )*)"
_INVITES = cues(
    rf"""
    {_PLEASE}(tell|show|walk) (me|us)
    {_PLEASE}(describe|say more)
    {_PLEASE}help (me|us) (\w+ )?(understand|see)
    (say|tell (me|us|\w+)) (a (bit|little) )?more
    """,
    r"you (told|tell|are telling|described|describe|have told) (me|us|it|what|how)",
)
_MITI = "Moyers, Rowell, Manuel, Ernst and Houck 2016 (MITI 4)"


def asks_openly(text: str) -> bool:
    """True if the speaker asks something that yes or no does not answer: a clause of a question begins with what, how,
    why or where, or somebody is invited to tell. "How long" and its kin are not open."""
    asked = (written_out(sentence) for sentence in sentences(text) if ends_in_question(sentence))
    return _INVITES.stand_in(text) or any(any(map(_OPENS.match, re.split("[,;:—–]", each))) for each in asked)


class Kind(NamedTuple):
    """One technique."""

    name: str
    does: str
    """What a turn does that counts: "reflect"."""
    stands_in: Callable[[str], bool]
    when: str
    """When a turn counts."""
    more: str
    """What more of it is."""
    source: str
    weakness: str


KINDS = (
    Kind(
        "reflection", "reflect", REFLECTION.stand_in,
        'what a partner says or feels is given back ("it sounds like", "part of you")', "more listening aloud",
        _MITI,
        "A reflection that opens with no such phrase is missed; simple and complex ones are not told apart.",
    ),
    Kind(
        "open_question", "ask openly", asks_openly,
        "a question that yes or no does not answer is asked, or somebody is invited to tell", "more room for answers",
        _MITI,
        '"What time" counts as open, and a request with "could you" only if it says tell, describe or the like.',
    ),
    Kind(
        "summary", "sum up", SUMMARY.stand_in,
        'what was said is gathered up ("so far", "we\'ve heard", "before we close")', "more gathering",
        "Hill 2009 (helping skills)",
        "The phrases announce other things too, and a summary without one is missed.",
    ),
    Kind(
        "advice", "advise", ADVICE.stand_in,
        'something to do is suggested ("I\'d suggest", "you could try", "it might help")', "more steering",
        _MITI,
        "Advice asked for and unasked are not told apart, nor is an exercise in the room from one for home.",
    ),
)  # fmt: skip


def gauges() -> Iterator[Gauge]:
    """Each as a share of the therapist's turns."""
    return map(_gauge, KINDS)


def _gauge(kind: Kind) -> Gauge:
    def value(heard: Heard) -> float | None:
        return heard.share("Therapist", kind.stands_in)

    measure = Measure(
        name=kind.name,
        words=f"the therapist's turns that {kind.does}",
        definition=f"Share of the therapist's turns in which, by phrases, {kind.when}; missing without turns.",
        sign=f"Higher: {kind.more}.",
        source=kind.source,
        weakness=kind.weakness,
        least=0,
        most=1,
        tolerance=0.05,
    )
    return Gauge(measure, value)
