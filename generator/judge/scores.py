"""The scores of sessions that have been judged: what a store holds, as measures."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from generator.judge.figures import Figure, figure
from generator.judge.material import hash_of_transcript
from generator.judge.measures import RULES
from generator.judge.store import Kept, Store
from generator.ledger import Ledger
from generator.session import transcript_of

FILE = "scores.db"
"""In the folder of the run, or of the transcripts, that it is about."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One transcript's scores by one judge."""

    name: str
    """The transcript, as it was shown when it was judged."""
    judge: str
    """Who judged: model, endpoint and sampling, as JSON."""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    """By the measure's name: those of the rubrics that were asked."""

    @property
    def values(self) -> dict[str, float | None]:
        """By the measure's name; None is missing, never zero."""
        return {name: found.value for name, found in self.figures.items()}

    @property
    def coverage(self) -> dict[str, tuple[int, int]]:
        """Valid items, and all items, of each measure."""
        return {name: (found.n_valid, found.n) for name, found in self.figures.items()}


def scores_of(folder: Path, judge: str | None = None) -> dict[str, Scored]:
    """The scores kept in `folder` (or in this very file), by the SHA-256 of the transcript; empty if there are none.

    `judge`: whose; None: the judge asked last. Of each rubric the wording asked last counts, and no other: scores of
    two wordings are never mixed. Raises StorageError if the store cannot be read; a run's own ledger is not touched.
    """
    path = folder if folder.is_file() else folder / FILE
    if not path.is_file():
        return {}
    store = Store.read(path)
    try:
        return scored(store.kept(judge))
    finally:
        store.close()


def scores_of_run(folder: Path, judge: str | None = None) -> dict[int, Scored]:
    """The scores of a run's finished sessions that have been judged, by the session's number. See `scores_of`."""
    by_hash = scores_of(folder, judge)
    found: dict[int, Scored] = {}
    with closing(Ledger.read(folder)) as ledger:
        for row in ledger.each("complete", "ended") if by_hash else ():
            hash_ = hash_of_transcript(transcript_of(row.spec, ledger.turns(row.id)))
            if hash_ in by_hash:
                found[row.number] = by_hash[hash_]
    return found


def scored(kept: list[Kept]) -> dict[str, Scored]:
    """The measures of judgements by one judge, by transcript."""
    found: dict[str, Scored] = {}
    for each in kept:
        before = found.get(each.transcript) or Scored(each.name, each.judge)
        new = {
            name: figure(rule, each.items, each.shares, each.coverage)
            for name, rule in RULES.items()
            if rule.rubric == each.rubric
        }
        found[each.transcript] = Scored(each.name, each.judge, {**before.figures, **new})
    return found
