"""Drift: which figures of a set of sessions have left the band around those of its reference.

The band of a figure is what a set of this size would show by chance if it were made as the reference was:
the reference's value, plus and minus a quantile of Student's t times the standard error of the difference. The
standard error of the reference comes from resampling its sessions (`scipy.stats.bootstrap`); that of the checked
set is the same spread at its own size. The quantile is shared out over all figures (Bonferroni), so that a set like
its reference passes as a whole with the confidence of the contract. Shares never get a band narrower than counting
alone leaves open. Copies of a reference session count once.

A small reference gives a wide band, openly: t has few degrees of freedom, and under `FEW_SESSIONS` sessions the turns
are resampled instead (shares are only counted) and the band is made `WIDENED` times as wide, because one session
cannot show how sessions differ. A band that leaves out nothing is no band: the figure has too little data.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from generator.check.rule import Rule
from generator.errors import InputError
from generator.metrics.figures import FIGURES, Figure, Pair
from generator.schema.contract import DriftTerms
from generator.schema.profile import SessionFigures

RULES = (
    Rule("drift", "drift", "warning", "A figure of the checked set has left its band around the reference.",
         "See what changed: model, prompts, budget. If the change is wanted, `couplesim profile --write` blesses it."),
    Rule("drift-not-judged", "drift", "warning", "No figure at all could be judged.",
         "Check that the files hold transcripts, and that the reference does."),
    Rule("drift-unknown", "drift", "note", "Figures that could not be judged for lack of data.",
         "Put more reference transcripts into seeds/ and run `couplesim profile seeds/ --write`."),
)  # fmt: skip

FEW_SESSIONS = 5
"""Fewer reference sessions than this cannot show by themselves how sessions differ."""
WIDENED = 1.5
"""How much wider a band over turns is than the turns alone would give. Sessions of the same settings differed by up to
1.9 times what their turns lead one to expect, most figures by less than 1.1 (rehearsal, 16 couples, 12 sessions
each; `python -m benchmarks.bands`)."""
FEW_TURNS = 5
"""Fewer turns than this in a reference give no band."""
RESAMPLES = 999


@dataclass(frozen=True, slots=True)
class Band:
    """A figure, its reference and what was found."""

    figure: Figure
    reference: float | None
    """None: the reference has nothing to count."""
    low: float | None
    """None, as `high`: too little data for a band."""
    high: float | None
    found: float | None
    """None: the checked set has nothing to count."""
    basis: Literal["sessions", "turns", "none"]
    """What was resampled."""

    @property
    def verdict(self) -> Literal["inside", "outside", "too little data"]:
        """`too little data` is no pass."""
        if self.low is None or self.high is None or self.found is None:
            return "too little data"
        return "inside" if self.low <= self.found <= self.high else "outside"


def library() -> Any:
    """scipy.stats; importing it takes most of a second. Raises InputError if it is not installed."""
    try:
        from scipy import stats
    except ImportError as exc:
        remedy = "pip install 'couplesim[figures]', or check with --no-drift"
        raise InputError(f"drift needs the extra libraries: {remedy}") from exc
    return stats


def bands(reference: Sequence[SessionFigures], checked: Sequence[SessionFigures], terms: DriftTerms) -> list[Band]:
    """Every figure with its band, in the order of `FIGURES`. Raises InputError if scipy is not installed."""
    stats = library()
    reference = _distinct(reference)
    samples = [_Sample.of(figure, reference, checked) for figure in FIGURES]
    alone = (1 - terms.confidence) / (2 * max(1, sum(sample.basis != "none" for sample in samples)))
    found = []
    for figure, sample in zip(FIGURES, samples, strict=True):
        low = high = None
        if sample.basis != "none" and sample.middle is not None:
            least = terms.tolerance.get(figure.name, figure.tolerance)
            half = max(sample.half_width(stats, alone), least)
            low, high = max(sample.middle - half, figure.least), min(sample.middle + half, figure.most)
            if (low, high) == (figure.least, figure.most):
                low = high = None
        found.append(Band(figure, sample.middle, low, high, sample.found, sample.basis))
    return found


@dataclass(frozen=True, slots=True)
class _Sample:
    """The units of a reference that are resampled, and how many of them the checked set has."""

    figure: Figure
    units: list[Pair]
    checked: int
    basis: Literal["sessions", "turns", "none"]
    middle: float | None
    """The reference's value."""
    found: float | None
    """The checked set's."""

    @classmethod
    def of(cls, figure: Figure, reference: Sequence[SessionFigures], checked: Sequence[SessionFigures]) -> _Sample:
        own = [figure.pairs(session) for session in reference]
        theirs = [figure.pairs(session) for session in checked]
        sessions, turns = _counting(map(_summed, own)), _counting(itertools.chain(*own))
        others = _counting(map(_summed, theirs))
        middle, found = _ratio(sessions), _ratio(others)
        if others and len(sessions) >= FEW_SESSIONS:
            return cls(figure, sessions, len(others), "sessions", middle, found)
        if others and figure.by_turn and len(turns) >= FEW_TURNS:
            return cls(figure, turns, len(_counting(itertools.chain(*theirs))), "turns", middle, found)
        return cls(figure, [], 0, "none", middle, found)

    def half_width(self, stats: Any, alone: float) -> float:
        """Half the band that a set like the reference leaves on either side with probability `alone`."""
        tops, bottoms = (sum(values) for values in zip(*self.units, strict=True))
        counted = 0.0
        if self.figure.share:
            counted = float(stats.norm.ppf(1 - alone)) * self._counting_error(tops, bottoms)
        if self.basis == "turns":
            spread = (
                0.0 if self.figure.share else float(stats.t.ppf(1 - alone, len(self.units) - 1)) * self._error(stats)
            )
            return WIDENED * max(counted, spread)
        return max(counted, float(stats.t.ppf(1 - alone, len(self.units) - 1)) * self._error(stats))

    def _error(self, stats: Any) -> float:
        """Standard error of the difference between the checked set and the reference."""
        import numpy as np

        if len({top / bottom for top, bottom in self.units}) == 1:
            return self._error_of_one() if self.figure.by_turn else 0.0
        tops, bottoms = np.array(sorted(self.units)).T
        resampled = stats.bootstrap(
            (tops, bottoms),
            lambda top, bottom, axis: top.sum(axis=axis) / bottom.sum(axis=axis),
            paired=True, vectorized=True, n_resamples=RESAMPLES, method="percentile", batch=100,
            rng=np.random.default_rng(0),
        )  # fmt: skip
        count = len(self.units)
        own = float(resampled.standard_error) * math.sqrt(count / (count - 1)) * (2 if self.figure.of_pairs else 1)
        return own * math.sqrt(1 + count / self.checked)

    def _error_of_one(self) -> float:
        """All units alike do not mean that all turns are: as if one turn of the reference had differed by one."""
        turns = sum(bottom for _, bottom in self.units)
        return math.sqrt((1 + len(self.units) / self.checked) / turns) / math.sqrt(turns)

    def _counting_error(self, top: float, bottom: float) -> float:
        """What counting alone leaves open in a share (Agresti and Coull 1998): 0 of 20 in the reference does not
        make 1 of 20 a drift."""
        share = (top + 2) / (bottom + 4)
        others = bottom * self.checked / len(self.units)
        return math.sqrt(share * (1 - share) * (1 / bottom + 1 / others))


def _distinct(sessions: Sequence[SessionFigures]) -> list[SessionFigures]:
    found: list[SessionFigures] = []
    seen: set[str] = set()
    for session in sessions:
        key = session.model_copy(update={"name": "", "shared": None}).model_dump_json()
        if key not in seen:
            seen.add(key)
            found.append(session)
    return found


def _summed(pairs: Sequence[Pair]) -> Pair:
    return sum(top for top, _ in pairs), sum(bottom for _, bottom in pairs)


def _counting(pairs: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair[1]]


def _ratio(pairs: Sequence[Pair]) -> float | None:
    top, bottom = _summed(pairs)
    return top / bottom if bottom else None
