"""Gathers what a report holds out of the runs' ledgers; transcripts are made and checked anew from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from generator import affect
from generator.assets import Assets
from generator.cases import Cases, cases_of, factors_of
from generator.check import RULES
from generator.check.drift import bands, library
from generator.compare import Comparison
from generator.compare.sides import RUN
from generator.contract import load_contract
from generator.errors import InputError
from generator.export.selection import WHOLE
from generator.format import render
from generator.inspection import LEVELS, Inspected, inspect, reference_figures
from generator.ledger import Ledger, SessionRow
from generator.pages.shown import ShownSession, shown_session
from generator.pages.templates import counted
from generator.prices import Prices
from generator.report.comparing import compared, varying
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


def gather(folders: Sequence[Path], assets: Assets, comparison: Comparison | None = None) -> Contents:
    """Read the runs in these folders. `comparison`: of these runs, or of what varies in one of them; None: one is made
    where there is something to compare.

    Raises StorageError for a ledger, InputError for a contract or a reference, that cannot be read, and InputError if
    there is no session at all.
    """
    contract, prices = load_contract(None, assets), Prices.load(assets)
    with ExitStack() as stack:
        runs = [_Run(place, folder, stack) for place, folder in enumerate(folders, start=1)]
        if not any(run.rows for run in runs):
            raise InputError(*(f"{run.name}: the run has no sessions" for run in runs))
        to_compare = comparison is None and (len(runs) > 1 or varying(runs[0].factors()) is not None)
        for run in runs:
            run.inspect(contract, to_compare)
        if to_compare:
            comparison = compared([run.cases() for run in runs])
        arm = _arms(runs, comparison)
        reference = reference_figures(None, assets) if any(run.figures for run in runs) else None
        counts = _Counts()
        entries = [_entry(run, row, arm(run, row), counts) for run in runs for row in run.rows]
        parts = [_part(run, _drift(run, reference, contract), prices) for run in runs]
    return Contents(tuple(parts), tuple(entries), counts.codes(), comparison)


class _Run:
    """One run, open to be read."""

    def __init__(self, place: int, folder: Path, stack: ExitStack) -> None:
        self.place, self.name = place, shown(folder)
        self.ledger = Ledger.read(folder)
        stack.callback(self.ledger.close)
        stack.enter_context(self.ledger.snapshot())
        self.rows = self.ledger.sessions()
        self.inspected: dict[int, Inspected] = {}
        """What a check says of every whole session, by its number."""

    def key(self, number: int) -> str:
        """Names a session on the page."""
        return f"{self.place}-{number}"

    def factors(self) -> list[dict[str, str]]:
        """Of every session."""
        return [factors_of(row.spec, row.cell) for row in self.rows]

    def inspect(self, contract: Contract, panel: bool) -> None:
        """Check every whole session and take its figures where they can be taken; with the `panel`, all measures."""
        whole = [row for row in self.rows if row.status in WHOLE]
        asked = LEVELS if _figures_can_be_taken() else LEVELS[:2]
        found = inspect([self._source(row) for row in whole], asked, contract, panel=panel)
        self.inspected = {row.number: each for row, each in zip(whole, found, strict=True)}

    def _source(self, row: SessionRow) -> Source:
        text = render(transcript_of(row.spec, self.ledger.turns(row.id)))
        name = f"{self.name}, session {row.number}"
        return Source(name, None, text.encode(), known_of(row), row.number, row.spec)

    @property
    def figures(self) -> list[SessionFigures]:
        """Of the sessions whose figures were taken."""
        return [each.figures for each in self.inspected.values() if each.figures]

    def cases(self) -> Cases:
        """The sessions whose figures were taken, to be compared."""
        measured = [each for each in self.inspected.values() if each.figures]
        return cases_of(self.ledger.folder, {row.number: row for row in self.rows}, measured)


def _arms(runs: Sequence[_Run], comparison: Comparison | None) -> Callable[[_Run, SessionRow], str]:
    """Tells the side a session is on: by what is compared; otherwise its run."""
    if comparison is None or comparison.by == RUN:
        return lambda run, row: run.name
    by = comparison.by
    return lambda run, row: factors_of(row.spec, row.cell).get(by, "")


def _figures_can_be_taken() -> bool:
    try:
        library()
        affect.score("good")
    except InputError:
        return False
    return True


def _drift(run: _Run, reference: tuple[str, tuple[SessionFigures, ...]] | None, contract: Contract) -> Drift:
    checked = run.figures
    if reference is None or not checked:
        return Drift((), NO_FIGURES if run.inspected else NOTHING_WHOLE)
    path, figures = Path(reference[0]), reference[1]
    sizes = counted(len(checked), "finished session"), counted(len(figures), "session")
    against = f"{sizes[0]} against {path.parent.name}/{path.name} ({sizes[1]})"
    return Drift(tuple(bands(figures, checked, contract.drift)), against)


def _entry(run: _Run, row: SessionRow, arm: str, counts: _Counts) -> Entry:
    checked = run.inspected.get(row.number)
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
