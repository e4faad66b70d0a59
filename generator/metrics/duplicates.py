"""Turns that stand nearly the same in another session of the set.

Whether two turns are nearly the same is counted exactly, by their three-word runs (Jaccard index). Which turns are
worth comparing is told by signatures of fixed size, the smallest hash of a turn's runs in each of `HASHES` orders
(MinHash, Broder 1997): only turns that agree in all places of one of the `BANDS` are compared, so that large sets take
seconds. Of pairs just at the bound one in fifty is passed over, of pairs with six tenths in common one in a thousand.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from generator.metrics.words import runs
from generator.schema.measure import Measure

FEWEST_WORDS = 12
"""Shorter turns may well be said twice."""
SAME = 0.5
"""Share of three-word runs in common from which two turns are nearly the same; as in `couplesim check`."""
RUN = 3
HASHES, BANDS = 90, 30
BAND = HASHES // BANDS
WORTH_COUNTING = 0.35
"""Share of equal places in two signatures from which the runs are counted; it estimates the index within 0.05."""

NEAR_DUPLICATES = Measure(
    name="near_duplicates",
    words="turns that stand nearly the same in another session of the set",
    definition=f"Share of the turns of {FEWEST_WORDS} words or more that have at least half of their three-word runs "
    "(Jaccard index) in common with one turn of another session of the set; missing for a session alone.",
    sign="Higher: more of the session is not its own.",
    source="Broder 1997 (MinHash); Lee et al. 2022 (near-duplicates in training data)",
    weakness="Hangs on the set: more sessions, more twins. The same thought in other words is no twin.",
    least=0,
    most=1,
    tolerance=0.01,
)


class Trace(NamedTuple):
    """What is kept of a long turn, in bytes."""

    signature: bytes
    runs: bytes
    """A hash of each of its runs."""


def trace(found: Sequence[str]) -> Trace | None:
    """The trace of a turn's words; None for a short turn."""
    if len(found) < FEWEST_WORDS:
        return None
    import numpy as np

    hashed = np.array([zlib.crc32(" ".join(run).encode()) for run in runs(found, RUN)], dtype=np.uint64)
    factors, terms = _orders()
    smallest = ((hashed[:, None] * factors + terms) >> np.uint64(32)).min(axis=0)
    return Trace(smallest.astype(np.uint32).tobytes(), hashed.astype(np.uint32).tobytes())


@functools.cache
def _orders() -> tuple[Any, Any]:
    """Odd factors and terms, the same everywhere, each pair of which orders all hashes anew."""
    import numpy as np

    drawn = np.random.default_rng(0).integers(0, 2**63, (2, HASHES), dtype=np.uint64)
    return drawn[0] * np.uint64(2) + np.uint64(1), drawn[1]


def near_duplicates(sessions: Sequence[Sequence[Trace | None]]) -> list[float | None]:
    """For every session, by the traces of its turns, the share of its long turns with a twin in another session.

    None for a session alone, or without long turns.
    """
    traces = [(number, turn) for number, turns in enumerate(sessions) for turn in turns if turn]
    if len(sessions) < 2 or not traces:
        return [None] * len(sessions)
    counted, found = [0] * len(sessions), [0] * len(sessions)
    for (owner, _), twin in zip(traces, _twins(traces), strict=True):
        counted[owner] += 1
        found[owner] += twin
    return [have / all_ if all_ else None for have, all_ in zip(found, counted, strict=True)]


def _twins(traces: Sequence[tuple[int, Trace]]) -> list[bool]:
    """Whether each turn has a twin; beside its trace stands whose it is."""
    import numpy as np

    rows = np.frombuffer(b"".join(turn.signature for _, turn in traces), dtype=np.uint32).reshape(-1, HASHES)
    whose = np.array([owner for owner, _ in traces])

    @functools.lru_cache(maxsize=100_000)
    def runs_of(place: int) -> frozenset[int]:
        return frozenset(np.frombuffer(traces[place][1].runs, dtype=np.uint32).tolist())

    twin = [False] * len(traces)
    for group in _candidates(rows):
        for place in group:
            if twin[place]:
                continue
            alike = (rows[group] == rows[place]).sum(axis=1) >= WORTH_COUNTING * HASHES
            for other in group[alike & (whose[group] != whose[place])]:
                if _same(runs_of(int(place)), runs_of(int(other))):
                    twin[place] = twin[other] = True
                    break
    return twin


def _same(one: frozenset[int], other: frozenset[int]) -> bool:
    common = len(one & other)
    return common >= SAME * (len(one) + len(other) - common)


def _candidates(rows: Any) -> Iterator[Any]:
    """Places of turns that agree in a whole band."""
    import numpy as np

    for start in range(0, HASHES, BAND):
        band = np.ascontiguousarray(rows[:, start : start + BAND]).view(f"V{4 * BAND}").ravel()
        _, which, counts = np.unique(band, return_inverse=True, return_counts=True)
        ordered = np.argsort(which, kind="stable")
        ends = np.cumsum(counts)
        for end, count in zip(ends, counts, strict=True):
            if count > 1:
                yield ordered[end - count : end]
