"""Inspects many transcripts: checks each, takes its figures, compares the set with its reference. In processes."""

from __future__ import annotations

import functools
import gc
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

from generator import affect, tokens
from generator.assets import Assets
from generator.batch import transcript_name
from generator.check import check, finding
from generator.check.drift import Band, bands, library
from generator.check.rule import Hit
from generator.contract import load_contract
from generator.errors import InputError
from generator.format import render
from generator.ledger import SessionRow
from generator.metrics.duplicates import NEAR_DUPLICATES, Trace, near_duplicates, trace
from generator.metrics.gauge import Heard
from generator.metrics.measure import Scales, measure
from generator.metrics.measures import measured
from generator.metrics.words import likeness, sketch, words_of_turn
from generator.profiles import PROFILE, read_profile
from generator.schema.contract import Contract
from generator.schema.finding import Finding, Level, Severity, at_least
from generator.schema.label import Label
from generator.schema.profile import SessionFigures
from generator.schema.turn import Turn
from generator.sentences import ends_mid_sentence
from generator.session import transcript_of
from generator.sources import Source, known_of, sources

IN_ONE_PROCESS = 24
"""So many transcripts are read sooner than processes are begun."""
COMPARED = 8
"""Other sessions of its set with which each session's likeness is taken."""
LEVELS: tuple[Level, ...] = ("format", "conduct", "drift")


@dataclass(frozen=True, slots=True)
class Inspected:
    """One transcript and what was found in it."""

    name: str
    labels: tuple[Label | None, ...]
    """Who speaks, turn by turn."""
    cut_off: tuple[Label | None, ...]
    """Who speaks in the turns that stop in mid-sentence."""
    findings: tuple[Finding, ...]
    figures: SessionFigures | None
    """None: not asked for, or there is nothing to count."""
    runs: frozenset[int] = frozenset()
    """A sample of its five-word runs, for the likeness to others."""
    number: int | None = None
    """Of its session in its run; None outside a run."""
    measures: Mapping[str, float | None] = field(default_factory=dict)
    """By name (`generator.metrics.measures`); empty where they were not asked for, or there is nothing to count."""
    traces: tuple[Trace | None, ...] = ()
    """Of its turns, for near-duplicates; kept with the measures only."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has found."""

    transcripts: tuple[Inspected, ...]
    drift: tuple[Band, ...] = ()
    """Every figure with its band; empty if drift was not asked for."""
    drift_findings: tuple[Finding, ...] = ()
    reference: str = ""
    """What the set was compared with, and how many sessions that is."""
    left_out: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, transcript by transcript, drift last."""
        return (*(found for each in self.transcripts for found in each.findings), *self.drift_findings)

    def at_least(self, severity: Severity) -> list[Finding]:
        """The findings of this severity and graver."""
        return [found for found in self.findings if at_least(found.severity, severity)]

    def __str__(self) -> str:
        lines = (f"{found.place}: {found.severity}: {found.code}: {found.message}" for found in self.findings)
        return "\n".join(lines) or "no findings"


def check_paths(
    *paths: str | Path,
    levels: Collection[Level] = LEVELS,
    contract: str | Path | None = None,
    reference: str | Path | None = None,
    standard_input: bytes | None = None,
) -> Report:
    """Check transcripts: files, folders, runs.

    `contract`: a contract file; None: seeds/contract.yaml, a user's own first. `reference`: what drift is
    measured against, a profile file, a folder or a run; None: seeds/profile.json. Raises InputError.
    """
    unknown = set(levels) - set(LEVELS)
    if isinstance(levels, str) or unknown or not levels:
        raise InputError(f"levels are some of {', '.join(LEVELS)}; not {levels!r}")
    assets = Assets()
    terms = load_contract(Path(contract) if contract else None, assets)
    against = reference_figures(Path(reference) if reference else None, assets) if "drift" in levels else None
    found = sources([Path(path) for path in paths], standard_input)
    inspected = inspect(found.found, levels, terms, meanwhile=library if "drift" in levels else None)
    report = Report(tuple(inspected), left_out=tuple(found.left_out))
    return report if against is None else _with_drift(report, *against, terms)


def check_session(row: SessionRow, turns: Sequence[Turn], contract: Contract) -> tuple[Finding, ...]:
    """The findings of a session out of a ledger, by line: those that `couplesim check` has for its transcript."""
    raw = render(transcript_of(row.spec, turns)).encode()
    name = transcript_name(row.number, row.spec)
    return check(name, raw, {"format", "conduct"}, contract, known_of(row), tokens.count).findings


def reference_figures(reference: Path | None, assets: Assets) -> tuple[str, tuple[SessionFigures, ...]]:
    """The figures that drift is measured against, and where they come from."""
    path = reference or assets.seed(PROFILE)
    if path.is_dir() and (path / PROFILE).is_file():
        path = path / PROFILE
    figures = read_profile(path).sessions if path.suffix == ".json" else figures_of([path])
    if not figures:
        raise InputError(f"{path}: holds no session to compare with")
    return str(path), figures


def figures_of(
    paths: Sequence[Path], standard_input: bytes | None = None, left_out: list[str] | None = None
) -> tuple[SessionFigures, ...]:
    """The figures of transcripts; what was there and not read is added to `left_out`.

    Raises InputError if one of them has no turn to count.
    """
    collected = sources(paths, standard_input)
    if left_out is not None:
        left_out += collected.left_out
    return tuple(each.figures for each in _counted(inspect(collected.found, {"drift"}, Contract())) if each.figures)


def measured_paths(
    paths: Sequence[Path], standard_input: bytes | None = None, left_out: list[str] | None = None
) -> list[Inspected]:
    """As `figures_of`, with all measures of each transcript besides: what is measured within the set is measured within
    all of these together."""
    collected = sources(paths, standard_input)
    if left_out is not None:
        left_out += collected.left_out
    return _counted(inspect(collected.found, {"drift"}, Contract(), panel=True))


def measures_of(run: Path, left_out: list[str] | None = None) -> dict[int, Mapping[str, float | None]]:
    """The measures of every finished session of a run, by its number. Raises InputError if one cannot be read."""
    return {each.number: each.measures for each in measured_paths([run], None, left_out) if each.number is not None}


def _counted(inspected: list[Inspected]) -> list[Inspected]:
    """All of them, if each has something to count."""
    empty = [each.name for each in inspected if each.figures is None]
    if empty:
        raise InputError(*(f"{name}: no transcript: there is no turn in it" for name in empty))
    return inspected


def inspect(
    found: Sequence[Source],
    levels: Collection[Level],
    contract: Contract,
    meanwhile: Callable[[], object] | None = None,
    panel: bool = False,
) -> list[Inspected]:
    """Inspect every transcript, in order; with the level `drift`, take figures and likeness too.

    `panel`: with the figures, take all other measures of each session. `meanwhile` is called here while other
    processes work.
    """
    if "drift" in levels:
        affect.score("good")
    work = functools.partial(_inspect_one, levels=frozenset(levels), contract=contract, panel=panel)
    inspected, problems = [], []
    heard = found if panel else [replace(each, spec=None) for each in found]
    for each in _spread(work, heard, meanwhile):
        if isinstance(each, str):
            problems.append(each)
        else:
            inspected.append(each)
    if problems:
        raise InputError(*problems)
    alike = _with_likeness(inspected) if "drift" in levels else inspected
    return _with_duplicates(alike) if panel else alike


def _spread(
    work: functools.partial[Inspected | str], found: Sequence[Source], meanwhile: Callable[[], object] | None
) -> Iterator[Inspected | str]:
    """The work on every source, in order; on all processors if there is enough of it and forking is safe."""
    processors = os.cpu_count() or 1
    if len(found) <= IN_ONE_PROCESS or processors == 1 or threading.active_count() > 1:
        yield from map(work, found)
        return
    tokens.count("")
    with ProcessPoolExecutor(processors, get_context("fork"), initializer=gc.disable) as pool:
        results = pool.map(work, found, chunksize=8)
        if meanwhile:
            meanwhile()
        yield from results


def _inspect_one(source: Source, levels: frozenset[Level], contract: Contract, panel: bool) -> Inspected | str:
    """The transcript, inspected; the problem, if it cannot be read."""
    try:
        raw = source.read()
    except InputError as error:
        return str(error)
    checked = check(source.name, raw, levels, contract, source.known, tokens.count)
    turns = [(turn.label, turn.text) for turn in checked.reading.turns if turn.label and turn.text]
    labels = tuple(turn.label for turn in checked.reading.turns)
    cut_off = tuple(turn.label for turn in checked.reading.turns if ends_mid_sentence(turn.text))
    if "drift" not in levels or not turns:
        return Inspected(source.name, labels, cut_off, checked.findings, None, number=source.number)
    name = Path(source.name).name
    reading = checked.reading
    figures = measure(name, reading.title, reading.structure, turns, checked.people, Scales(tokens.count, affect.score))
    runs = sketch(words_of_turn(text) for _, text in turns)
    found = Inspected(source.name, labels, cut_off, checked.findings, figures, runs, source.number)
    if not panel:
        return found
    heard = Heard(turns, checked.people, figures, source.spec)
    traces = tuple(trace(words_of_turn(text)) for _, text in turns)
    return replace(found, measures=measured(heard), traces=traces)


def _with_likeness(inspected: list[Inspected]) -> list[Inspected]:
    """Each session compared with `COMPARED` others at even strides, so that the work grows with the set only."""
    counted = [each for each in inspected if each.figures]
    others = min(COMPARED, len(counted) - 1)
    if others < 1:
        return inspected
    place = {each.name: number for number, each in enumerate(counted)}

    def alike(each: Inspected) -> Inspected:
        if each.figures is None:
            return each
        at = place[each.name]
        near = (counted[(at + 1 + step * (len(counted) - 1) // others) % len(counted)] for step in range(others))
        shared = sum(likeness(each.runs, other.runs) for other in near) / others
        return replace(each, figures=each.figures.model_copy(update={"shared": round(shared, 4)}))

    return [alike(each) for each in inspected]


def _with_duplicates(inspected: list[Inspected]) -> list[Inspected]:
    """What is measured within the set put in its place among the measures."""
    counted = [each for each in inspected if each.figures]
    shares = iter(near_duplicates([each.traces for each in counted]))
    return [
        replace(each, measures={**each.measures, "likeness": each.figures.shared, NEAR_DUPLICATES.name: next(shares)})
        if each.figures
        else each
        for each in inspected
    ]


def _with_drift(report: Report, path: str, reference: tuple[SessionFigures, ...], contract: Contract) -> Report:
    checked = [each.figures for each in report.transcripts if each.figures]
    found = bands(reference, checked, contract.drift)
    sizes = f"{len(checked)} transcripts" if len(checked) != 1 else "1 transcript"
    where = f"{sizes} against {path} ({len(reference)} session{'s' if len(reference) != 1 else ''})"
    hits = [Hit("drift", 0, told(band)) for band in found if band.verdict == "outside"]
    unknown = [band.figure.name for band in found if band.verdict == "too little data"]
    if len(unknown) == len(found):
        hits.append(Hit("drift-not-judged", 0, "no figure could be judged: too little data"))
    elif unknown:
        message = f"{len(unknown)} of {len(found)} figures have too little data"
        hits.append(Hit("drift-unknown", 0, message, ", ".join(unknown)))
    empty = [f"{each.name}: no turn to count in it" for each in report.transcripts if each.figures is None]
    findings = (finding(hit, where, contract) for hit in hits)
    return replace(
        report,
        drift=tuple(found),
        drift_findings=tuple(each for each in findings if each is not None),
        reference=where,
        left_out=(*report.left_out, *empty),
    )


def told(band: Band) -> str:
    """A band in words: "Patient B's cut-off rate 0.41 to 0.72 (band 0.30 to 0.55)"."""
    name, show = band.figure.words, band.figure.shown
    words = name[0].upper() + name[1:]
    return f"{words} {show(band.reference)} to {show(band.found)} (band {show(band.low)} to {show(band.high)})"
