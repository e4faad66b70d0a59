"""Turns that stand nearly the same in another session of the set.

A turn is kept as a signature of fixed size, the smallest hash of its three-word runs under each of `HASHES` orders:
the share of equal places of two signatures estimates the Jaccard index of their runs (MinHash, Broder 1997). Only turns
that agree in all places of one of the `BANDS` are compared, so that a large set takes seconds; of two turns just at the
bound one pair in twenty is passed over, of two that have six tenths in common one in two hundred.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from generator.metrics.words import runs
from generator.schema.measure import Measure

FEWEST_WORDS = 12
"""Shorter turns may well be said twice."""
SAME = 0.5
"""Share of three-word runs in common from which two turns are nearly the same; as in `couplesim check`."""
RUN = 3
HASHES, BAND = 63, 3
BANDS = HASHES // BAND

NEAR_DUPLICATES = Measure(
    name="near_duplicates",
    words="turns that stand nearly the same in another session of the set",
    definition=f"Share of the turns of {FEWEST_WORDS} words or more that have at least half of their three-word runs "
    "(Jaccard, estimated) in common with one turn of another session of the set; missing for a session alone.",
    sign="Higher: more of the session is not its own.",
    source="Broder 1997 (MinHash); Lee et al. 2022 (near-duplicates in training data)",
    weakness="Hangs on the set: more sessions, more twins. The same thought in other words is no twin.",
    least=0,
    most=1,
    tolerance=0.01,
)


def signature(found: Sequence[str]) -> bytes:
    """The signature of a turn's words; empty for a short turn."""
    if len(found) < FEWEST_WORDS:
        return b""
    import numpy as np

    hashed = np.array([zlib.crc32(" ".join(run).encode()) for run in runs(found, RUN)], dtype=np.uint64)
    factors, terms = _orders()
    ordered = (hashed[:, None] * factors + terms) >> np.uint64(32)
    return bytes(ordered.min(axis=0).astype(np.uint32).tobytes())


@functools.cache
def _orders() -> tuple[Any, Any]:
    """Odd factors and terms, the same everywhere, each pair of which orders all hashes anew."""
    import numpy as np

    drawn = np.random.default_rng(0).integers(0, 2**63, (2, HASHES), dtype=np.uint64)
    return drawn[0] * np.uint64(2) + np.uint64(1), drawn[1]


def near_duplicates(sessions: Sequence[Sequence[bytes]]) -> list[float | None]:
    """For every session, by the signatures of its turns, the share of its long turns with a twin in another session.

    None for a session alone, or without long turns.
    """
    owners = [number for number, turns in enumerate(sessions) for turn in turns if turn]
    if len(sessions) < 2 or not owners:
        return [None] * len(sessions)
    twins = _twins(b"".join(turn for turns in sessions for turn in turns), owners)
    counted, found = [0] * len(sessions), [0] * len(sessions)
    for owner, twin in zip(owners, twins, strict=True):
        counted[owner] += 1
        found[owner] += twin
    return [have / all_ if all_ else None for have, all_ in zip(found, counted, strict=True)]


def _twins(joined: bytes, owners: Sequence[int]) -> list[bool]:
    import numpy as np

    rows = np.frombuffer(joined, dtype=np.uint32).reshape(-1, HASHES)
    whose, twin = np.array(owners), np.zeros(len(owners), dtype=bool)
    for group in _candidates(rows):
        if not twin[group].all():
            block = rows[group]
            for place in group[~twin[group]]:
                alike = (block == rows[place]).sum(axis=1) >= SAME * HASHES
                twin[place] = bool((alike & (whose[group] != whose[place])).any())
    return [bool(one) for one in twin]


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
