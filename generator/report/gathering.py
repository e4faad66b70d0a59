"""Gathers what a report holds out of the runs' ledgers; transcripts are made and checked anew from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from generator import affect
from generator.assets import Assets
from generator.check import RULES
from generator.check.drift import bands, library
from generator.contract import load_contract
from generator.errors import InputError
from generator.export.selection import WHOLE
from generator.format import render
from generator.inspection import LEVELS, Inspected, inspect, reference_figures
from generator.ledger import Ledger, SessionRow
from generator.pages.shown import ShownSession, shown_session
from generator.pages.templates import counted
from generator.prices import Prices
from generator.report.contents import Contents, Drift, Entry, FailedSession, FoundCode, RunPart
from generator.report.design import levels, settings
from generator.report.pack import pack
from generator.schema.contract import Contract
from generator.schema.finding import SEVERITIES, Finding, Severity, at_least
from generator.schema.profile import SessionFigures
from generator.schema.session import REHEARSAL
from generator.session import transcript_of
from generator.sources import Source, known_of, shown
from generator.summary import summary

NO_FIGURES = "Not judged: figures need the extra libraries (pip install 'couplesim[figures]')."
NOTHING_WHOLE = "Not judged: the run has no finished session yet."


def gather(folders: Sequence[Path], assets: Assets) -> Contents:
    """Read the runs in these folders. Raises StorageError for a ledger, InputError for a contract or a reference, that
    cannot be read, and InputError if there is no session at all."""
    contract, prices = load_contract(None, assets), Prices.load(assets)
    with ExitStack() as stack:
        runs = [_Run(place, folder, stack) for place, folder in enumerate(folders, start=1)]
        if not any(run.rows for run in runs):
            raise InputError(*(f"{run.name}: the run has no sessions" for run in runs))
        names = _arms(runs)
        inspected = _inspected(runs, contract)
        reference = reference_figures(None, assets) if any(run.figures(inspected) for run in runs) else None
        entries: list[Entry] = []
        counts = _Counts()
        parts = []
        for run in runs:
            drift = _drift(run, inspected, reference, contract)
            for row in run.rows:
                entry = _entry(run, row, names(run, row), inspected.get((run.place, row.number)), counts)
                entries.append(entry)
            parts.append(_part(run, drift, prices))
    return Contents(tuple(parts), tuple(entries), counts.codes())


class _Run:
    """One run, open to be read."""

    def __init__(self, place: int, folder: Path, stack: ExitStack) -> None:
        self.place, self.name = place, shown(folder)
        self.ledger = Ledger.read(folder)
        stack.callback(self.ledger.close)
        stack.enter_context(self.ledger.snapshot())
        self.rows = self.ledger.sessions()

    def key(self, number: int) -> str:
        """Names a session on the page."""
        return f"{self.place}-{number}"

    def figures(self, inspected: Mapping[tuple[int, int], Inspected]) -> list[Inspected]:
        """The sessions of this run whose figures were taken."""
        return [each for (place, _), each in inspected.items() if place == self.place and each.figures]


def _arms(runs: Sequence[_Run]) -> Callable[[_Run, SessionRow], str]:
    """Tells the side a session is on: its run where there are several, otherwise its prompt set where that varies."""
    if len(runs) > 1:
        return lambda run, row: run.name
    return lambda run, row: row.spec.prompts.name


def _inspected(runs: Sequence[_Run], contract: Contract) -> dict[tuple[int, int], Inspected]:
    """What a check says of every whole session, by run and number; with figures where they can be taken."""
    sources = {(run.place, row.number): _source(run, row) for run in runs for row in run.rows if row.status in WHOLE}
    asked = LEVELS if _figures_can_be_taken() else LEVELS[:2]
    found = inspect(list(sources.values()), asked, contract)
    return dict(zip(sources, found, strict=True))


def _figures_can_be_taken() -> bool:
    try:
        library()
        affect.score("good")
    except InputError:
        return False
    return True


def _source(run: _Run, row: SessionRow) -> Source:
    text = render(transcript_of(row.spec, run.ledger.turns(row.id)))
    return Source(f"{run.name}, session {row.number}", None, text.encode(), known_of(row))


def _drift(
    run: _Run,
    inspected: Mapping[tuple[int, int], Inspected],
    reference: tuple[str, tuple[SessionFigures, ...]] | None,
    contract: Contract,
) -> Drift:
    checked = [each.figures for each in run.figures(inspected) if each.figures]
    if reference is None or not checked:
        return Drift((), NO_FIGURES if any(row.status in WHOLE for row in run.rows) else NOTHING_WHOLE)
    path, figures = reference
    sizes = counted(len(checked), "finished session"), counted(len(figures), "session")
    return Drift(tuple(bands(figures, checked, contract.drift)), f"{sizes[0]} against {path} ({sizes[1]})")


def _entry(run: _Run, row: SessionRow, arm: str, checked: Inspected | None, counts: _Counts) -> Entry:
    turns = run.ledger.turns(row.id)
    session = shown_session(run.key(row.number), run.name, row, turns, checked.findings if checked else ())
    counts.add(checked.findings if checked else ())
    return Entry(
        key=session.key,
        number=row.number,
        title=session.title,
        filters=_filters(session),
        sensitive=bool(session.sensitive),
        arm=arm,
        speakers=tuple(turn.speaker for turn in session.turns),
        cuts=tuple(turn.cut for turn in session.turns),
        trimmed=sum(bool(turn.trims) for turn in session.turns),
        told=sum(len(turn.told) for turn in session.turns),
        grave=sum(at_least(found.severity, "warning") for found in checked.findings) if checked else 0,
        figures=checked.figures if checked else None,
        packed=pack(session),
    )


def _filters(session: ShownSession) -> dict[str, tuple[str, ...]]:
    return {
        "run": (session.run,),
        "couple": (session.couple,),
        "topic": (session.topic,),
        "prompts": (session.prompts,),
        "model": (session.model,),
        "finding": session.codes,
        "end": (session.end,),
    }


class _Counts:
    """How often a check has found what."""

    def __init__(self) -> None:
        self._all: Counter[tuple[str, Severity]] = Counter()
        self._sessions: Counter[tuple[str, Severity]] = Counter()

    def add(self, findings: Sequence[Finding]) -> None:
        """Count those of a session."""
        kinds = [(finding.code, finding.severity) for finding in findings]
        self._all.update(kinds)
        self._sessions.update(set(kinds))

    def codes(self) -> tuple[FoundCode, ...]:
        """From the gravest and the most frequent."""
        ordered = sorted(self._all, key=lambda kind: (SEVERITIES.index(kind[1]), -self._all[kind], kind[0]))
        return tuple(
            FoundCode(code, severity, RULES[code].what, self._all[code, severity], self._sessions[code, severity])
            for code, severity in ordered
        )


def _part(run: _Run, drift: Drift, prices: Prices) -> RunPart:
    made_by, began = run.ledger.made_by
    counts = summary(run.ledger, prices.cost)
    return RunPart(
        name=run.name,
        made_by=made_by,
        began=began,
        counts=counts,
        settings=settings([row.spec for row in run.rows]),
        levels=tuple(levels(run.rows, run.ledger.factors())),
        drift=drift,
        failed=tuple(
            FailedSession(run.key(row.number), row.number, row.reason or "", row.message or "")
            for row in run.rows
            if row.status == "failed"
        ),
        scripted=any(each.model == REHEARSAL for each in counts.spent),
    )
