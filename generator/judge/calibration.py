"""How far a judge can be trusted: whether labels sway it, whether it agrees with itself, whether it tells sessions
apart, whether what it quotes was said, and whether it finds what is known.

Pure, but for statsmodels. Too little data is no verdict, and no verdict is no pass.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from generator.errors import InputError
from generator.judge.answers import NOT_THERE
from generator.judge.canaries import Canary
from generator.judge.figures import Item, Value
from generator.judge.forms import FORMS, Kind
from generator.judge.material import Material
from generator.judge.measures import JUDGED, RULES
from generator.judge.scores import Scored
from generator.judge.store import Kept
from generator.schema.label import Label

Verdict = Literal["passed", "failed", "too little data"]

LEAST_ITEMS = 10
"""With fewer items nothing is said of a rubric."""
CLOSE = 1
"""Scores of a scale that are no farther apart are taken for the same under a swap of labels."""
SWAPPED_SAME = 0.8
"""Share of items that must be the same when the labels are swapped."""
RETEST = 0.6
"""Least kappa between two answers to the same question: "substantial" begins here (Landis and Koch 1977)."""
SATURATED = 0.8
"""A judge that gives one answer more often than this does not tell sessions apart."""
QUOTED = 0.95
"""Share of quoted evidence that must stand in the transcript."""
COVERED = 0.9
"""Share of items that must be valid."""

_LABELS: Mapping[Label, Label] = {"Patient A": "Patient B", "Patient B": "Patient A"}
_SIDES: Mapping[str, str] = {"A": "B", "B": "A"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked into."""

    name: str
    """valid, swap, retest, saturation, evidence, canary."""
    what: str
    """The rubric, or the transcript and measure of a canary."""
    rubric: str
    value: float | None
    """None: too little data."""
    limit: str
    """What it has to be, in words."""
    n: int
    """Items, or for a canary items that were valid, that it rests on."""
    verdict: Verdict
    words: str
    """What it says, in a sentence."""


def library() -> Any:
    """numpy, and Cohen's kappa by statsmodels. Raises InputError if they are not installed."""
    try:
        import numpy
        from statsmodels.stats.inter_rater import cohens_kappa
    except ImportError as exc:
        raise InputError("judge-check needs the extra libraries: pip install 'couplesim[figures]'") from exc
    return numpy, cohens_kappa


def exchanged(material: Material) -> Material:
    """The same session with Patient A and Patient B exchanged as labels; who says what stays, and who is who."""
    turns = tuple((_LABELS.get(label, label), _exchange(text)) for label, text in material.transcript.turns)
    portraits = tuple(
        portrait.model_copy(update={"label": _LABELS[portrait.label]}) for portrait in reversed(material.portraits)
    )
    return dataclasses.replace(
        material,
        name=f"{material.name}, labels exchanged",
        transcript=material.transcript.model_copy(update={"turns": turns}),
        portraits=portraits,
    )


def mirrored(item: Item) -> tuple[str, str, Value]:
    """Unit, key and value as they should come out of the session with its labels swapped."""
    unit, key = item.unit, item.key
    if unit[:1] in "ab":
        unit = ("b" if unit[0] == "a" else "a") + unit[1:]
    if key in ("depth_a", "depth_b"):
        key = "depth_b" if key == "depth_a" else "depth_a"
    return unit, key, _SIDES.get(item.value, item.value) if isinstance(item.value, str) else item.value


def checks(
    judged: Sequence[Kept],
    of_swapped: Sequence[Kept],
    pairs: Mapping[str, str],
    canaries: Iterable[tuple[Canary, Scored | None]],
) -> list[Check]:
    """Everything that was looked into. `judged`: all samples of the transcripts; `of_swapped`: of the same with labels
    swapped; `pairs`: hash of a transcript to that of its swapped twin."""
    found: list[Check] = []
    for rubric in FORMS:
        own = [each for each in judged if each.rubric == rubric]
        if own:
            twins = [each for each in of_swapped if each.rubric == rubric]
            first = [item for each in own for item in each.items]
            quotes = any(kind.quoted for kind in FORMS[rubric].questions.values())
            found += [
                _validity(rubric, first),
                *([_evidence(rubric, first)] if quotes else []),
                _saturation(rubric, first),
                _invariance(rubric, own, twins, pairs),
                _retest(rubric, own),
            ]
    found += [check for canary, scored in canaries for check in _known(canary, scored)]
    return found


def in_words(found: Sequence[Check]) -> list[str]:
    """What the judge can be used for, and what not, one sentence each."""
    said = []
    by_rubric = {rubric: [check for check in found if check.rubric == rubric] for rubric in FORMS}
    asked = {rubric: of for rubric, of in by_rubric.items() if of}
    failed = {rubric: [check for check in of if check.verdict == "failed"] for rubric, of in asked.items()}
    fit = [rubric for rubric in asked if not failed[rubric] and all(c.verdict == "passed" for c in asked[rubric])]
    open_ = [rubric for rubric in asked if not failed[rubric] and rubric not in fit]
    if fit:
        said.append(f"nothing speaks against this judge for {', '.join(fit)}")
    if open_:
        said.append(f"too little data to say it for {', '.join(open_)}")
    for rubric, of in failed.items():
        if of:
            said.append(f"do not rely on this judge for {rubric}: {'; '.join(check.words for check in of)}")
    return said


def _validity(rubric: str, items: Sequence[Item]) -> Check:
    valid = sum(item.problem is None for item in items)
    words = f"{valid} of {len(items)} items are valid"
    return _check("valid", rubric, valid / len(items) if items else None, COVERED, len(items), words)


def _evidence(rubric: str, items: Sequence[Item]) -> Check:
    kinds = FORMS[rubric].questions
    quoted = [item for item in items if kinds[item.key].quoted and item.evidence is not None]
    stand = sum(item.problem is None for item in quoted)
    invented = sum(str(item.problem).startswith(NOT_THERE) for item in quoted)
    words = f"{stand} of {len(quoted)} quotations stand in the transcript, {invented} do not"
    return _check("evidence", rubric, stand / len(quoted) if quoted else None, QUOTED, len(quoted), words)


def _saturation(rubric: str, items: Sequence[Item]) -> Check:
    values = [item.value for item in items if item.problem is None]
    (value, most), *_ = Counter(values).most_common(1) or [(None, 0)]
    share = most / len(values) if values else None
    words = f"{value!s} is the answer to {most} of {len(values)} items"
    passed = share is not None and share <= SATURATED
    return _verdict("saturation", rubric, share, f"at most {SATURATED:g}", len(values), words, passed)


def _invariance(rubric: str, own: Sequence[Kept], twins: Sequence[Kept], pairs: Mapping[str, str]) -> Check:
    answers = {(each.transcript, item.unit, item.key): item for each in twins for item in each.items}
    same = n = 0
    for each in own:
        for item in each.items if each.sample == 0 else ():
            unit, key, expected = mirrored(item)
            twin = answers.get((pairs.get(each.transcript, ""), unit, key))
            if twin is not None and item.problem is None and twin.problem is None:
                n += 1
                same += _close(expected, twin.value)
    words = f"{same} of {n} items are the same when Patient A and Patient B are exchanged"
    return _check("swap", rubric, same / n if n else None, SWAPPED_SAME, n, words)


def _retest(rubric: str, own: Sequence[Kept]) -> Check:
    answers: dict[tuple[str, str, str], dict[int, Value]] = {}
    for each in own:
        for item in each.items:
            if item.problem is None:
                answers.setdefault((each.transcript, item.unit, item.key), {})[each.sample] = item.value
    both = [(of[0], of[1]) for of in answers.values() if {0, 1} <= of.keys()]
    kind = next(iter(FORMS[rubric].questions.values()))
    value = kappa(both, kind) if len(both) >= LEAST_ITEMS else None
    if value is None and both and len({value for pair in both for value in pair}) == 1:
        return _verdict("retest", rubric, None, f"at least {RETEST:g}", len(both), "all answers are the same", None)
    kappas = "quadratically weighted kappa" if _is_scale(kind) else "kappa"
    return _check("retest", rubric, value, RETEST, len(both), f"{kappas} of the same {len(both)} items asked twice")


def kappa(pairs: Sequence[tuple[Value, Value]], kind: Kind) -> float | None:
    """Agreement of two answers to each question, beyond chance: Cohen's kappa; on a scale with quadratic weights, which
    is an intraclass correlation (Fleiss and Cohen 1973). None where all answers are the same."""
    numpy, cohens_kappa = library()
    values = list(kind.values)
    table = numpy.zeros((len(values), len(values)))
    for one, other in pairs:
        table[values.index(one), values.index(other)] += 1
    if len({value for pair in pairs for value in pair}) < 2:
        return None
    found = cohens_kappa(table, wt="quadratic" if _is_scale(kind) else None, return_results=False)
    return None if math.isnan(found) else float(found)


def _known(canary: Canary, scored: Scored | None) -> Iterable[Check]:
    for expected in canary.expect:
        figure = scored.figures.get(expected.measure) if scored else None
        what = f"{canary.transcript}: {expected.measure}"
        value = figure.value if figure else None
        shown = JUDGED[expected.measure].shown(value)
        yield Check(
            "canary",
            what,
            RULES[expected.measure].rubric,
            value,
            expected.in_words,
            figure.n_valid if figure else 0,
            "too little data" if value is None else "passed" if expected.holds(value) else "failed",
            f"{expected.measure} is {shown}; {expected.in_words} is known",
        )


def _check(name: str, rubric: str, value: float | None, least: float, n: int, words: str) -> Check:
    return _verdict(name, rubric, value, f"at least {least:g}", n, words, value is not None and value >= least)


def _verdict(name: str, rubric: str, value: float | None, limit: str, n: int, words: str, passed: bool | None) -> Check:
    verdict: Verdict = "passed" if passed else "failed"
    if value is None or n < LEAST_ITEMS:
        verdict = "too little data"
    return Check(name, rubric, rubric, value, limit, n, verdict, words)


def _close(one: Value, other: Value) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return abs(one - other) <= CLOSE
    return one == other


def _is_scale(kind: Kind) -> bool:
    return all(isinstance(value, int) for value in kind.values)


def _exchange(text: str) -> str:
    return text.replace("Patient A", "\0").replace("Patient B", "Patient A").replace("\0", "Patient B")
