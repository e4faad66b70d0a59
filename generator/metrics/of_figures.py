"""The profile's figures as measures of one session: what each is, means and gets wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from generator.metrics.figures import FIGURES, Figure
from generator.metrics.gauge import Gauge, Heard
from generator.schema.measure import Measure

_OURS = "this project"
_GUESSED = "sentence ends are found by rules"


class _Told(NamedTuple):
    definition: str
    sign: str
    source: str = _OURS
    weakness: str = ""


_TOLD = {
    "turns": _Told("Turns of the session.", "Higher: longer.", weakness="Says nothing of their length."),
    "first_agreement": _Told(
        "Number, from 1, of the first turn in which a partner agrees; missing if none does.",
        "Higher: later agreement.",
        weakness="Sessions without agreement are left out, so that a prompt that prevents it can seem to hasten it: "
        "compare `time_to_agreement`. Agreement in other words than the list's is missed.",
    ),
    "agreement_reached": _Told(
        "1 if a partner agrees in any turn, else 0.",
        "1: agreement.",
        weakness="One polite yes in thirty turns is enough.",
    ),
    "first_plan": _Told(
        "Number, from 1, of the first turn in which a partner says what will be done and when; missing if none does.",
        "Higher: later plan.",
        weakness="Sessions without a plan are left out: compare `time_to_plan`. A plan without a time is missed.",
    ),
    "plan_reached": _Told(
        "1 if a partner makes a plan in any turn, else 0.", "1: a plan.", weakness="A plan without a time is missed."
    ),
    "repetition": _Told(
        "Share of the session's runs of five words that an earlier turn of it has.",
        "Higher: more said again.",
        weakness="A quotation of the other counts as repetition.",
    ),
    "likeness": _Told(
        "Mean Jaccard index of sampled runs of five words with up to eight other sessions of the set; missing for a "
        "session alone.",
        "Higher: the set's sessions are more alike.",
        "Broder 1997",
        "Hangs on the set: the same session is likelier to be like others of its own couple.",
    ),
    "words": _Told("Mean of words a turn, separated by blanks.", "Higher: longer turns.", weakness="Cut-offs count."),
    "tokens": _Told(
        "Mean of tokens a turn, in o200k_base.", "Higher: longer turns.", weakness="Other models count otherwise."
    ),
    "sentences": _Told("Mean of sentences a turn.", "Higher: more sentences.", weakness=f"{_GUESSED.capitalize()}."),
    "paragraphs": _Told(
        "Mean of paragraphs a turn.", "Higher: more breaks.", weakness="A matter of the model's habit."
    ),
    "airtime": _Told(
        "The speaker's words over all words of the session.",
        "Higher: more of the talk.",
        weakness="Turns follow from the structure and their length from the budget.",
    ),
    "cut_off_rate": _Told(
        "Share of the speaker's turns that stop in mid-sentence.",
        "Higher: more cut-offs.",
        weakness="A turn cut at the end of a sentence is not seen.",
    ),
    "question_rate": _Told(
        "Share of the speaker's turns that end in a question.",
        "Higher: more handing over.",
        weakness="A question inside the turn does not count.",
    ),
    "names_partner": _Told(
        "Share of the speaker's turns in which the other partner's name stands; for the therapist either one's.",
        "Higher: more turning to one person.",
        weakness="Speaking about somebody counts like speaking to them; nothing is found where names are unknown.",
    ),
    "names_therapist": _Told(
        "Share of the partner's turns in which the therapist's name stands.",
        "Higher: more talk to the therapist.",
        weakness="Nothing is found where the name is unknown.",
    ),
    "agreement": _Told(
        "Share of the partner's turns that agree: phrases of consent, not denied and not asked.",
        "Higher: agrees more often.",
        weakness="Consent in other words is missed; polite consent counts like meant consent.",
    ),
    "hedges": _Told(
        "Hedging words in 100 words.",
        "Higher: more tentative.",
        "Holmes 1990; Hyland 1998",
        '"I think" can be firm.',
    ),
    "same_opener": _Told(
        "Share of the speaker's turns whose first three words opened an earlier turn of theirs.",
        "Higher: more of a habit.",
        weakness="Grows with the number of turns.",
    ),
    "diversity": _Told(
        "Moving-average type-token ratio over windows of 50 words; missing under 50 words.",
        "Higher: more varied words.",
        "Covington and McFall 2010",
        "Inflected forms count as different words.",
    ),
    "affect": _Told(
        "Mean over the speaker's turns of the mean VADER compound score of their sentences.",
        "Positive: sounds positive.",
        "Hutto and Gilbert 2014",
        "Knows words, negation and emphasis, not what is meant; therapy talk sounds more positive than it is.",
    ),
    "affect_range": _Told(
        "Standard deviation of the affect of the speaker's turns; missing under three turns.",
        "Higher: more ups and downs.",
        "Hutto and Gilbert 2014",
        "Short turns vary more by chance.",
    ),
}
"""By the figure's name without the speaker."""


def gauges() -> Iterable[Gauge]:
    """A gauge for every figure, in their order."""
    return (_gauge(figure) for figure in FIGURES)


def _gauge(figure: Figure) -> Gauge:
    told = _TOLD[figure.name.partition(".")[0]]

    def value(heard: Heard) -> float | None:
        return figure.value([heard.figures])

    measure = Measure(
        figure.name, figure.words, *told, least=figure.least, most=figure.most, tolerance=figure.tolerance
    )
    return Gauge(measure, value)
