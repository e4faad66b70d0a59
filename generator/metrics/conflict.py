"""Conflict between the partners, and its repair: criticism, contempt, defensiveness, stonewalling, repair attempts.

The four that foretell separation, and what mends them, as the Specific Affect Coding System tells them apart; here by
phrases alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from generator.metrics.cues import Cues, cues
from generator.metrics.gauge import Gauge, Heard
from generator.people import PARTNERS
from generator.schema.label import Label
from generator.schema.measure import Measure

CRITICISM = cues(
    r"""
    you (just )?(always|never|constantly|only ever|hardly ever|do not ever)
    you are (always|forever) \w+
    you (are|have been|were) (just |being |such an? |so |too |really )*(selfish|lazy|cold|controlling|unreasonable)
    you (are|have been|were) (just |being |such an? |so |too |really )*(dramatic|childish|careless|thoughtless)
    you (are|have been|were) (just |being |such an? |so |too |really )*(inconsiderate|irresponsible|needy|judgmental)
    you (are|have been|were) (just |being |such an? |so |too |really )*(unfair|cruel|impossible|dishonest|ungrateful)
    you (just |really |clearly |obviously )*(do|did|can|could|will|would) not even
    you (just |really |clearly |obviously )*(do not (care|listen|bother|respect|appreciate)|could not care less)
    you (just |always |simply )*(refuse to|ignore|ignored|dismiss|dismissed|belittle|brush me off)
    you only (care|think) (about|of)
    all you (ever )?(do is|care about|think about)
    why (can|will|do|did) (you not|not you) (ever|just|even)
    why do you (always|never|have to)
    what is (wrong|the matter) with you
    what kind of (husband|wife|partner|person|father|mother|man|woman)
    (the|your) problem is (that )?you
    (it|this|that) is (all )?(your fault|on you)
    you are the (problem|reason)
    your answer to everything
    everything (is|has to be) (always )?(about you|your way)
    (typical|so like) you
    you treat (me|us) (like|as)
    """,
    r"""
    if you
    you (always|never) (makes? me|made me|knew|know|once|gave up|give up|forget|have to|had to|mind)
    (not saying|thank|welcome|whether you|how you (always|never)|what you (always|never)|part of my \w+ you)
    not (\w+ ){1,4}because you
    you (always|never) (said anything|had a|told|(really )?(get|got) a turn)
    said a word about it
    """,
)
CONTEMPT = cues(
    r"""
    you are (just |being |such an? |an? |so )*(pathetic|ridiculous|disgusting|useless|hopeless|laughable)
    you are (just |being |such an? |an? |so )+(joke|liar|coward|hypocrite|child|baby|idiot|fool|martyr|loser)
    (that|this|it) is (just |so )?(pathetic|laughable|ridiculous|rich)[.!,]
    ^(oh,? )?(grow up|spare me|please|bravo|congratulations)[.!]$
    oh,? please[,.!]
    (give me a break|do not make me laugh|poor you|boo hoo|must be nice|big surprise)
    yeah,? right[.!]
    what a (joke|surprise|hero|saint|martyr)
    (here we go|there you go|there he goes|there she goes) again
    how (very )?(generous|noble|kind|convenient|touching|big) of you[.!]
    (you|it|that) makes? me sick
    you disgust me
    i have lost (all )?respect for
    who do you think you are
    you would not understand
    (want|expect|need) a medal
    ^as if you (would )?(care|cared|know|knew)
    """,
    "i (am|was|feel|felt) (being |so |a )*(pathetic|ridiculous|useless|hopeless|coward)",
)
DEFENSIVENESS = cues(
    r"""
    (that|it|this) is (just |really |so )?(not (fair|true|how it|what (i|happened))|unfair)
    (it|that|this) (is|was) not my (fault|job)
    i (did not do|have not done) anything
    i never (said|did|meant|asked for|asked you to) (that|it|any|anything|you)
    what about (your|what you|the times?|all the times?)
    you do (it|that|the same|the same thing)( too| yourself)
    you are (one to talk|no better|(just )?(blaming|attacking|accusing))
    do not (blame|put (this|that|it) on) me
    why (is it always me|am i always)
    i (was|am) (only|just) (trying|doing|asking|being|saying)
    i (had no|do not have a|did not have a) choice
    what (was|am) i supposed to
    what do you (want|expect) (from me|me to)
    at least i
    (somebody|someone) has to
    i am doing (my best|the best i can|everything i can|all i can)
    i (do|did) (my|more than my) share
    it is not (like|that|as if) i
    i (do|did) not (\w+ ){1,5}to (punish|hurt|shame|spite|annoy) you
    ^(yes|yeah|okay|sure|fine),? but
    (maybe|perhaps) if you
    you never (asked|told) me
    """,
    r"""
    not what i (want|need|hope|wanted|needed|hoped)
    i never (said|told) (it |you )*(thank|how|so|sorry|out loud|aloud)
    (i am sorry|trying to (understand|say|hear)|has to (jump|start|begin|go first)|never mind)
    what about you (and|two)
    """,
)
STONEWALLING = cues(
    r"""
    i (do not|can not) (really )?(want to )?(talk|discuss|speak) (about )?(this|it|that)
    ^i am (just )?(done|finished)( here| talking| with this( conversation)?)?[.!]?$
    ^(there is|i have|i have got) nothing (left |more |else )?to (say|add|talk about|tell)
    i would rather not
    ^(please |just |oh,? )*(forget|drop) (it|i said)
    ^never mind
    ^(whatever|fine|nothing|no comment|pass|leave it|suit yourself|silence)[.!…]+$
    leave me (alone|out of)
    (can|could) we (please |just )?(stop|not do this|change the subject|drop (it|this))
    ^i can not do this( anymore| any more| right now| now)?[.!]$
    (what is the point|why bother|there is no point)
    (say|think|believe) what you (want|like)
    if you say so
    ^i do not (know|care)[.!]$
    (says nothing|looks? away|turns? away|shrugs?|silence|silent)[*)\]]
    feelings are not (really )?my
    """,
    "(used to|when(ever)? (you|i)|every time|(?<!if )you (say|said)|i (say|said)|i would (probably )?say|not because)",
)
REPAIR = cues(
    r"""
    i am (so |really |truly |very )*sorry
    (i apologi[sz]e|forgive me(?! if))
    (^|(that|it) (is|was) )my (mistake|fault)
    i (was|am) (wrong|unfair|unkind|too (harsh|hard|sharp|quick))
    i should( not)? have
    i (did not|never) (mean|meant|want|wanted|intend|intended) to (hurt|make you|push|shut|leave you|dismiss)
    (can|could|may) (we|i) (please )?(start (over|again)|try (that |this )?again|take (that|it) back|rewind)
    let me (try (that )?again|start (over|again)|say (that|it) (again )?(better|differently))
    (can|could) we (slow down|take a (break|breath))
    (thank you|thanks) for
    i (do |really |also )*(appreciate|value)
    i am (so |really )*grateful
    i (still |really |do )*love you
    i (can |do )*(hear|see|understand|get) (that you|why you|how (much|hard|tired|lonely|alone|you)|now (that|how|why))
    i hear you[,.!]
    i am (listening(?! (for|to the))|on your side|here for you)
    we are (in this together|on the same (side|team))
    i (want|would like) (us )?to (do|be|make) (it |this )?(better|right)
    you (deserve|deserved|were owed)
    i owe you
    (that|it) (was|is) (on me|my doing)
    it was (kind|good|generous|brave) of you
    i see my (part|share)
    i (played|have) (a|my) part
    """,
    r"""
    (not|never|only|always|say|said|saying) (that )?(i am )?(the one )?(\w+ )?sorry
    (you never|never forgive|if i am|what i should)
    (do not|did not) know (\w+ ){0,3}sorry
    sorry(,? but| to say| if you| you feel| that you feel| for (myself|yourself|her|him))
    not (really )?(appreciate|love|see|hear|understand|get)
    thanks? (you )?for nothing
    saying thank
    """,
)

_SPAFF = "Coan and Gottman 2007 (SPAFF); Gottman and Levenson 1992"
_BLIND = "Tone, irony and history are not heard; one cue in a long turn counts like a turn full of them."


class Kind(NamedTuple):
    """One kind of act."""

    name: str
    does: str
    """What a turn does that counts: "criticise"."""
    cues: Cues
    when: str
    """When a turn counts."""
    more: str
    """What more of it is."""
    weakness: str


KINDS = (
    Kind(
        "criticism", "criticise", CRITICISM,
        'fault is found with the other\'s person or with all they do ("you never", "you don\'t care")', "more blame",
        "Criticism without such words is missed, and fond generalisations are not all known.",
    ),
    Kind(
        "contempt", "show contempt", CONTEMPT,
        'the other is mocked or belittled ("grow up", "spare me")', "more scorn",
        "Most contempt is in the voice and the face and is missed.",
    ),
    Kind(
        "defensiveness", "defend the speaker", DEFENSIVENESS,
        'blame is turned away ("that\'s not fair", "what about you", "yes, but")', "more self-defence",
        "A correction of fact counts too.",
    ),
    Kind(
        "stonewalling", "close the talk", STONEWALLING,
        'the talk is refused or broken off ("never mind", "there\'s nothing to say")', "more shutting off",
        "Silence itself is not written down, and talk about having been silent does not count.",
    ),
    Kind(
        "repair", "attempt repair", REPAIR,
        'the speaker apologises, thanks, owns a part or reaches out ("I was wrong", "thank you for")', "more mending",
        "Polite forms count like meant ones.",
    ),
)  # fmt: skip


def gauges() -> Iterator[Gauge]:
    """Each kind for either partner."""
    return (_gauge(kind, label) for kind in KINDS for label in PARTNERS)


def _gauge(kind: Kind, label: Label) -> Gauge:
    def value(heard: Heard) -> float | None:
        return heard.share(label, kind.cues.stand_in)

    measure = Measure(
        name=f"{kind.name}.{label[-1].casefold()}",
        words=f"{label}'s turns that {kind.does}",
        definition=f"Share of {label}'s turns in which, by a list of phrases, {kind.when}; missing without turns.",
        sign=f"Higher: {kind.more}.",
        source=_SPAFF,
        weakness=f"{kind.weakness} {_BLIND}",
        least=0,
        most=1,
        tolerance=0.05,
    )
    return Gauge(measure, value)
