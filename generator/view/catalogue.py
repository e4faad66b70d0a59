"""The sessions of a run, to be chosen from by what they are, how they ended and what a check found in them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.ledger import End, Entry, Ledger
from generator.schema.planned import key_of

FACETS = {
    "couple": "Couple",
    "therapist": "Therapist",
    "topic": "Topic",
    "structure": "Structure",
    "first": "Speaks first",
    "prompts": "Prompt set",
    "model": "Model",
}
"""What sessions differ in, and how it is called; the names are those of `Entry`."""

CELL = "cell."
"""Begins the names of the plan's factors, to tell them from the others."""

WHOLE = ("complete", "ended")
NONE = "none"
"""The choice of sessions in which nothing was found."""

SETTLED_SECONDS = 2.0
"""A file that was written longer ago than this has another time on it when it is written again."""

Stamp = tuple[tuple[int, int, int], ...]

Codes = Mapping[int, frozenset[str]]
"""The codes found in each session that has been checked, by its number."""


@dataclass(frozen=True, slots=True)
class Line:
    """A session in the list."""

    entry: Entry
    end: End

    @property
    def how(self) -> str:
        """How it ended: "complete", "failed: refused"."""
        return f"{self.end.status}: {self.end.reason}" if self.end.reason else self.end.status

    @property
    def whole(self) -> bool:
        """Whether it came to the end it was to have."""
        return self.end.status in WHOLE


@dataclass(frozen=True, slots=True)
class Facet:
    """Something to choose sessions by."""

    name: str
    """In an address."""
    title: str
    options: Sequence[tuple[str, int]]
    """Values, and how many sessions of the run have each."""


class Design:
    """What the sessions of a run are, which does not change while it goes on."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.factors = list(dict.fromkeys(factor for entry in entries for factor in entry.cell))
        """The factors of the plan, in its order."""
        self.titles = FACETS | {f"{CELL}{factor}": factor for factor in self.factors}
        self.columns = {name: [_value(entry, name) for entry in entries] for name in self.titles}
        """What each session has, by the facets' names."""
        self.counts = {name: Counter(column) for name, column in self.columns.items()}
        self._at = {entry.number: index for index, entry in enumerate(entries)}
        self._places = {key_of(entry.cell, entry.repeat): entry.number for entry in entries}

    def value(self, number: int, name: str) -> str:
        """What the session with this number has, by a facet's name."""
        return self.columns[name][self._at[number]]

    def query_of(self, cell: Mapping[str, str]) -> dict[str, str]:
        """What chooses the sessions of a cell."""
        return {f"{CELL}{factor}": level for factor, level in cell.items()}

    def varied(self) -> list[str]:
        """The names of facets in which sessions differ; of those that divide them alike only the first."""
        found: list[str] = []
        for name, column in self.columns.items():
            if len(self.counts[name]) > 1 and all(column != self.columns[other] for other in found):
                found.append(name)
        return found

    def constant(self) -> dict[str, str]:
        """Titles and values of what all sessions have in common."""
        return {title: self.columns[name][0] for name, title in FACETS.items() if len(self.counts[name]) == 1}

    def pairs(self, entry: Entry) -> dict[str, list[tuple[str, int]]]:
        """The sessions that differ from this one in one factor only, by that factor: its levels and their numbers; and
        under an empty name those before and after it in its cell."""
        found: dict[str, list[tuple[str, int]]] = {}
        for factor, own in entry.cell.items():
            for level in self.counts[f"{CELL}{factor}"]:
                other = self._places.get(key_of({**entry.cell, factor: level}, entry.repeat))
                if other is not None and level != own:
                    found.setdefault(factor, []).append((level, other))
        for repeat in (entry.repeat - 1, entry.repeat + 1):
            if other := self._places.get(key_of(entry.cell, repeat)):
                found.setdefault("", []).append((f"repeat {repeat}", other))
        return found


class Catalogue:
    """All sessions of a run as its ledger has them at one moment."""

    def __init__(self, design: Design, ends: Iterable[End]) -> None:
        self.design = design
        self.lines = {end.number: Line(entry, end) for entry, end in zip(design.entries, ends, strict=True)}
        """By number, in order."""

    def chosen(self, query: Mapping[str, str], codes: Codes) -> list[Line]:
        """The sessions that have all that the query asks for; names that mean nothing here are passed over."""
        tests = [test for name, wanted in query.items() if wanted and (test := _test(name, wanted, codes))]
        return [line for line in self.lines.values() if all(test(line) for test in tests)]

    def facets(self, query: Mapping[str, str], codes: Codes) -> list[Facet]:
        """What there is to choose by: all in which sessions differ, and all that has been chosen by."""
        counts, titles, varied = self.design.counts, self.design.titles, self.design.varied()
        made = [
            Facet(name, title, _options(counts[name], query.get(name)))
            for name, title in titles.items()
            if name in varied or query.get(name)
        ]
        ends = Counter(line.how for line in self.lines.values())
        found = Counter(code for each in codes.values() for code in each or (NONE,))
        return [
            *made,
            Facet("end", "Ended", _options(ends, query.get("end"))),
            Facet("finding", "Finding", _options(found, query.get("finding"))),
        ]

    def cells(self) -> list[tuple[Mapping[str, str], Counter[str]]]:
        """The cells of the design in order, each with its sessions counted by status."""
        counted: dict[tuple[tuple[str, str], ...], tuple[Mapping[str, str], Counter[str]]] = {}
        for line in self.lines.values():
            cell = line.entry.cell
            counted.setdefault(tuple(cell.items()), (cell, Counter()))[1][line.end.status] += 1
        return list(counted.values())


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: Stamp | None
    extent: tuple[str, ...]
    catalogue: Catalogue


class Catalogues:
    """The catalogues of runs, each made anew only where its run has changed."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def of(self, key: str, ledger: Ledger) -> tuple[Catalogue, tuple[str, ...]]:
        """The sessions of a run as they are now, and what is equal as long as they are the same sessions. `key` tells
        runs apart."""
        stamp, kept = _stamp(ledger.folder / "ledger.db"), self._kept.get(key)
        if kept is None or kept.stamp is None or kept.stamp != stamp:
            with ledger.snapshot():
                extent = ledger.extent()
                same = kept is not None and kept.extent == extent
                design = kept.catalogue.design if kept is not None and same else Design(ledger.entries())
                kept = self._kept[key] = _Kept(stamp, extent, Catalogue(design, ledger.ends()))
        return kept.catalogue, kept.extent


def _stamp(path: Path) -> Stamp | None:
    """Equal for a file and its log as long as nothing is written to them; None while that cannot be told, because
    something has been written just now."""
    log = Path(f"{path}-wal")
    told = [path.stat(), *([log.stat()] if log.exists() else [])]
    if any(abs(time.time() - each.st_mtime) < SETTLED_SECONDS for each in told if each.st_size):
        return None
    return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in told if each.st_size)


def _value(entry: Entry, name: str) -> str:
    if name.startswith(CELL):
        return entry.cell.get(name.removeprefix(CELL), "")
    return str(getattr(entry, name))


def _test(name: str, wanted: str, codes: Codes) -> Callable[[Line], bool] | None:
    if name in FACETS or name.startswith(CELL):
        return lambda line: _value(line.entry, name) == wanted
    if name == "end":
        return lambda line: line.how == wanted
    if name == "finding":
        numbers = {number for number, found in codes.items() if (wanted in found if wanted != NONE else not found)}
        return lambda line: line.entry.number in numbers
    return None


def _options(counted: Counter[str], chosen: str | None) -> list[tuple[str, int]]:
    return sorted({**({chosen: 0} if chosen else {}), **counted}.items())
