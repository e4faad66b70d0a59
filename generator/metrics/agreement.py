"""When the partners agree and plan for the first time, and how often they agree rather than disagree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from generator.metrics.cues import cues, written_out
from generator.metrics.figures import first_turn
from generator.metrics.gauge import Gauge, Heard
from generator.people import PARTNERS
from generator.schema.measure import Measure

DISSENT = cues(
    r"""
    i (completely |totally |really |just |strongly )?(disagree|do not (really )?agree|can not agree)
    i do not (think|believe) (so|you are right|(that|it) is (fair|true|right|how|what))
    i do not (see|remember) it (that|like|the same)
    i (do not buy|doubt) (it|that)
    i would not (say|put it) (that|so)
    (that|it|this) is (just |simply |really |so )?(not (\w+ )?(fair|true|right|how it|what (happened|i (said|meant))))
    (that|it|this) is (just |simply |really |so )?(unfair|untrue|nonsense)
    that is wrong
    you are (wrong|mistaken|not right)
    that (does not|will not) (work|make sense)
    i (never|did not) (say|said|agree|agreed) (that|to)
    i (can not|will not|could not) (do|accept|live with) (that|it)[.!,]
    (no way|no deal|not a chance)
    ^(not at all|not for me|not true)
    ^(yes|yeah|okay|ok|sure|maybe|fine),? (then,? )?but
    """,
    r"""
    \?\W*$
    (when|if|whether) (that|it)
    """,
)
_OPENS_WITH_NO = re.compile(
    r"(?:no|nope|not (?:really|quite|exactly))\b(?=[,.!;…—–-])"
    r"(?!\W+(?:you are right|i (?:agree|know|see|understand|hear)|(?:that|it) is (?:fair|true)))"
)

_RESTRICTED = "Royston and Parmar 2013 (restricted mean survival time)"


def disagrees(text: str) -> bool:
    """True if the speaker contradicts or refuses what somebody has said or offered: phrases of dissent that are not
    asked, or a turn that opens with a plain no or with "yes, but"."""
    return bool(_OPENS_WITH_NO.match(written_out(text))) or DISSENT.stand_in(text)


def gauges() -> Iterator[Gauge]:
    """Times for which no session has to be left out, and the ratio."""
    for name, what in (("agreement", "agreement"), ("plan", "concrete plan")):
        yield Gauge(
            Measure(
                name=f"time_to_{name}",
                words=f"share of the session before the first {what}",
                definition=f"Turns before the first one with a partner's {what}, over all turns; 1 if there is none: "
                "no session is left out.",
                sign=f"Higher: later {name}, or none.",
                source=_RESTRICTED,
                weakness="1 says that it did not come within the session, not that it never would have; other phrases "
                "than the list's are missed.",
                least=0,
                most=1,
                tolerance=0.03,
            ),
            _time(name),
        )
    yield Gauge(
        Measure(
            name="agreement_ratio",
            words="partners' agreement ratio",
            definition="Partners' turns that agree, over those that agree plus those that disagree, a turn that does "
            "both counting in both; missing if there is neither.",
            sign="Higher: more agreement than disagreement.",
            source="Gottman, Markman and Notarius 1977",
            weakness="Whoever tells the same story otherwise disagrees and is not heard, so that the ratio is high and "
            "rests on few turns; polite consent counts like meant consent.",
            least=0,
            most=1,
            tolerance=0.05,
        ),
        _ratio,
    )
    yield Gauge(
        Measure(
            name="agreement_rate",
            words="partners' turns that agree",
            definition="Share of all turns of the partners that agree; missing if they have none.",
            sign="Higher: more agreement.",
            source="this project",
            weakness="Consent in other words than the list's is missed; polite consent counts like meant consent.",
            least=0,
            most=1,
            tolerance=0.03,
        ),
        _rate,
    )


def _time(said: str) -> Callable[[Heard], float | None]:
    def value(heard: Heard) -> float | None:
        first = first_turn(heard.figures, getattr(heard.figures, said))
        return 1.0 if first is None else (first - 1) / len(heard.turns)

    return value


def _agreeing(heard: Heard) -> list[bool]:
    """Of each partner's turn, in order, whether it agrees."""
    return [yes for label, yes in zip(heard.figures.speaker, heard.figures.agreement, strict=True) if label in PARTNERS]


def _ratio(heard: Heard) -> float | None:
    agreeing = sum(_agreeing(heard))
    disagreeing = sum(disagrees(text) for label, text in heard.turns if label in PARTNERS)
    return agreeing / (agreeing + disagreeing) if agreeing + disagreeing else None


def _rate(heard: Heard) -> float | None:
    agreeing = _agreeing(heard)
    return sum(agreeing) / len(agreeing) if agreeing else None
