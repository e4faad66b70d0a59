"""The figures of a comparison, from scipy and statsmodels; nothing here is a formula of our own."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from generator.compare.comparison import Mixed
from generator.errors import InputError

RESAMPLES = 1999
"""Of each permutation test and each bootstrap; where there are fewer permutations, all are tried."""
ALPHA = 0.05
"""How often a difference may be claimed where there is none, over the whole family."""
CONFIDENCE = 0.95

Values = Sequence[float]


@functools.cache
def library() -> Any:
    """numpy, scipy.stats and what is used of statsmodels; importing them takes about two seconds. Raises InputError if
    one is not installed."""
    try:
        import numpy as np
        from scipy import stats
        from statsmodels.regression.mixed_linear_model import MixedLM
        from statsmodels.stats.meta_analysis import effectsize_smd
        from statsmodels.stats.multitest import multipletests
        from statsmodels.stats.power import TTestIndPower, TTestPower
    except ImportError as exc:
        raise InputError("comparisons need the extra libraries: pip install 'couplesim[figures]'") from exc
    return SimpleNamespace(
        np=np, stats=stats, MixedLM=MixedLM, effectsize_smd=effectsize_smd, multipletests=multipletests,
        TTestIndPower=TTestIndPower, TTestPower=TTestPower,
    )  # fmt: skip


def least_p_of_pairs(number: int) -> float:
    """The smallest p that a permutation test of so many pairs can have: all signs alike, of 2^n ways to set them."""
    return 2.0 ** (1 - number) if number else 1.0


def least_p_of_groups(one: int, other: int) -> float:
    """The smallest p that a permutation test of two groups of these sizes can have."""
    return min(1.0, 2.0 / math.comb(one + other, one)) if one and other else 1.0


def p_of_pairs(reference: Values, side: Values, clusters: Sequence[str]) -> float:
    """Two-sided p of a permutation test in which the two values of a pair are exchanged, those of a cluster all
    together."""
    lib = library()
    before, after, _ = _summed(reference, side, clusters)
    return _permuted(after, before, lambda x, y, axis: x.sum(axis=axis) - y.sum(axis=axis), "samples", lib)


def p_of_groups(reference: Values, side: Values) -> float:
    """Two-sided p of a permutation test in which values change sides."""
    lib = library()
    return _permuted(side, reference, lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), "independent", lib)


def interval_of_pairs(reference: Values, side: Values, clusters: Sequence[str]) -> tuple[float, float] | None:
    """Bootstrap interval of the mean difference within pairs, clusters drawn as wholes; None for fewer than two."""
    np = library().np
    before, after, counts = _summed(reference, side, clusters)
    differences = np.asarray(after) - np.asarray(before)
    return _interval(
        (differences, np.asarray(counts, float)), lambda d, n, axis: d.sum(axis=axis) / n.sum(axis=axis), True
    )


def interval_of_groups(reference: Values, side: Values) -> tuple[float, float] | None:
    """Bootstrap interval of the difference between two groups' means; None where one has fewer than two."""
    np = library().np
    groups = (np.asarray(side, float), np.asarray(reference, float))
    return _interval(groups, lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), False)


def effect(reference: Values, side: Values) -> float | None:
    """Hedges' g of sessions; None where there is no spread, or too few."""
    lib = library()
    if min(len(reference), len(side)) < 2:
        return None
    of = [(lib.np.mean(values), lib.np.std(values, ddof=1), len(values)) for values in (side, reference)]
    if of[0][1] == of[1][1] == 0:
        return None
    return float(lib.effectsize_smd(*of[0], *of[1])[0])


def holm(ps: Mapping[Any, float]) -> dict[Any, float]:
    """Holm's correction over all of them."""
    if not ps:
        return {}
    corrected = library().multipletests(list(ps.values()), alpha=ALPHA, method="holm")[1]
    return dict(zip(ps, map(float, corrected), strict=True))


def mixed(values: Values, is_side: Sequence[bool] | None, couples: Sequence[str]) -> Mixed | None:
    """The difference by a mixed model with a random intercept for each couple, fitted by restricted maximum likelihood:
    of the values between the sides, or, where `is_side` is None, of values that are differences from zero. None where
    the fit does not come to an end."""
    lib = library()
    y = lib.np.asarray(values, float)
    if lib.np.ptp(y) == 0:
        return None
    one = lib.np.ones(len(y))
    x = one[:, None] if is_side is None else lib.np.column_stack([one, lib.np.asarray(is_side, float)])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = lib.MixedLM(y, x, groups=lib.np.asarray(couples)).fit(reml=True, method=["powell", "lbfgs"])
            place = 0 if is_side is None else 1
            low, high = fitted.conf_int(1 - CONFIDENCE)[place]
            found = [float(each) for each in (fitted.fe_params[place], low, high, fitted.pvalues[place])]
    except (ValueError, lib.np.linalg.LinAlgError):
        return None
    return Mixed(*found) if fitted.converged and all(map(math.isfinite, found)) else None


def _summed(reference: Values, side: Values, clusters: Sequence[str]) -> tuple[list[float], list[float], list[int]]:
    """Sums and counts by cluster, in a fixed order."""
    sums: dict[str, list[Any]] = {}
    for one, other, cluster in zip(reference, side, clusters, strict=True):
        kept = sums.setdefault(cluster, [0.0, 0.0, 0])
        kept[0], kept[1], kept[2] = kept[0] + one, kept[1] + other, kept[2] + 1
    ordered = [sums[name] for name in sorted(sums)]
    before, after, counts = zip(*ordered, strict=True)
    return list(before), list(after), list(counts)


def _permuted(one: Values, other: Values, statistic: Any, kind: str, lib: Any) -> float:
    if min(len(one), len(other)) < 2:
        return 1.0
    found = lib.stats.permutation_test(
        (lib.np.asarray(one, float), lib.np.asarray(other, float)), statistic,
        permutation_type=kind, vectorized=True, n_resamples=RESAMPLES, alternative="two-sided",
        batch=1000, rng=lib.np.random.default_rng(0),
    )  # fmt: skip
    return float(found.pvalue)


def _interval(data: tuple[Any, Any], statistic: Any, paired: bool) -> tuple[float, float] | None:
    lib = library()
    if min(map(len, data)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method in ("BCa", "percentile"):
            found = lib.stats.bootstrap(
                data, statistic, paired=paired, vectorized=True, n_resamples=RESAMPLES, confidence_level=CONFIDENCE,
                method=method, batch=1000, rng=lib.np.random.default_rng(0),
            ).confidence_interval  # fmt: skip
            if math.isfinite(found.low) and math.isfinite(found.high):
                return float(found.low), float(found.high)
    return None
