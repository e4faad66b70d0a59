"""How the two partners differ: airtime, naming each other, and demand and withdrawal by their roles in the cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.metrics.figures import own
from generator.metrics.gauge import Gauge, Heard, gap
from generator.people import PARTNERS
from generator.schema.label import Label
from generator.schema.measure import Measure
from generator.sentences import ends_in_question, sentences

_HEAVEY = "Christensen and Heavey 1990 (demand-withdraw)"
_ROLES = "Who pursues is known from the couple's file only, and may be different on a topic of the other's."


def gauges() -> Iterator[Gauge]:
    """Gaps between the partners."""
    yield Gauge(
        Measure(
            name="airtime_gap",
            words="airtime gap between the partners",
            definition="Patient A's words less Patient B's, over the words of both; missing if neither speaks.",
            sign="Positive: Patient A speaks more.",
            source="this project",
            weakness="The structure gives the turns and the budget their length; opposite gaps cancel out in a mean.",
            least=-1,
            most=1,
            tolerance=0.02,
        ),
        lambda heard: gap(*(sum(own(heard.figures, label, "words")) for label in PARTNERS)),
    )
    yield Gauge(
        Measure(
            name="mutual_naming_gap",
            words="gap between the partners in naming each other",
            definition="Share of Patient A's turns in which Patient B's name stands, less the share of Patient B's "
            "turns in which Patient A's stands.",
            sign="Positive: Patient A calls the other by name more.",
            source="this project",
            weakness="Speaking about the other counts like speaking to them.",
            least=-1,
            most=1,
            tolerance=0.05,
        ),
        lambda heard: _between(heard, *PARTNERS, lambda label: _mean(own(heard.figures, label, "names_partner"))),
    )
    yield Gauge(
        Measure(
            name="demand_withdraw.words",
            words="words of the pursuing partner against the withdrawing one's",
            definition="Mean words a turn of the partner who pursues, less those of the one who withdraws, over the "
            "sum; missing without the couple's file.",
            sign="Positive: the pursuer speaks at greater length.",
            source=_HEAVEY,
            weakness=f"{_ROLES} A budget that cuts both alike hides it.",
            least=-1,
            most=1,
            tolerance=0.02,
        ),
        _words,
    )
    yield Gauge(
        Measure(
            name="demand_withdraw.questions",
            words="turns with a question, the pursuing partner's against the withdrawing one's",
            definition="Share of the pursuer's turns that hold a question, less the withdrawer's; missing without the "
            "couple's file.",
            sign="Positive: the pursuer asks more.",
            source=_HEAVEY,
            weakness=f"{_ROLES} A question may be a demand or interest.",
            least=-1,
            most=1,
            tolerance=0.05,
        ),
        lambda heard: _by_role(heard, lambda label: heard.share(label, _asks)),
    )
    yield Gauge(
        Measure(
            name="demand_withdraw.affect",
            words="affect of the pursuing partner against the withdrawing one's",
            definition="Mean affect of the pursuer's turns, less the withdrawer's; missing without the couple's file.",
            sign="Positive: the pursuer sounds more positive.",
            source=f"{_HEAVEY}; Hutto and Gilbert 2014",
            weakness=f"{_ROLES} The lexicon hears words, not what is meant.",
            least=-2,
            most=2,
            tolerance=0.03,
        ),
        lambda heard: _by_role(heard, lambda label: _mean(own(heard.figures, label, "affect"))),
    )


def roles(heard: Heard) -> tuple[Label, Label] | None:
    """Who pursues and who withdraws; None without a spec."""
    if heard.spec is None:
        return None
    a, b = PARTNERS
    return (a, b) if heard.spec.couple.pattern.pursuer == "A" else (b, a)


def _words(heard: Heard) -> float | None:
    if (who := roles(heard)) is None:
        return None
    pursuer, withdrawer = (_mean(own(heard.figures, label, "words")) for label in who)
    return None if pursuer is None or withdrawer is None else gap(pursuer, withdrawer)


def _by_role(heard: Heard, value: Callable[[Label], float | None]) -> float | None:
    who = roles(heard)
    return None if who is None else _between(heard, *who, value)


def _between(heard: Heard, one: Label, other: Label, value: Callable[[Label], float | None]) -> float | None:
    first, second = value(one), value(other)
    return None if first is None or second is None else first - second


def _asks(text: str) -> bool:
    return any(map(ends_in_question, sentences(text)))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
