"""The sessions of a fork as rows of an experiment: measured from the turn on at which their branches part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.assets import Assets
from generator.cases import Cases, exact
from generator.contract import load_contract
from generator.errors import InputError
from generator.fork import BRANCH, SOURCE
from generator.format import render
from generator.inspection import inspect
from generator.ledger import Ledger, SessionRow
from generator.schema.contract import Contract
from generator.schema.measure import Case
from generator.session import transcript_of
from generator.sources import Source, sources


def continuations(folder: Path) -> Cases:
    """What followed the turns taken over, in every finished session of the fork in `folder`. Turns count from there,
    and what was said before is not measured; format and conduct are those of whole sessions. Raises InputError if
    nothing is finished, or nothing was forked."""
    rows: dict[int, SessionRow] = {}
    found: list[Source] = []
    ledger = Ledger.read(folder)
    try:
        for row in ledger.each("complete", "ended"):
            turns = ledger.turns(row.id)[row.spec.prefix.turns :] if row.spec.prefix else []
            if turns:
                rows[row.number] = row
                text = render(transcript_of(row.spec, turns))
                found.append(Source(f"session {row.number}", None, text.encode(), number=row.number, spec=row.spec))
    finally:
        ledger.close()
    if not found:
        raise InputError(f"{folder}: no finished session of a fork")
    whole = sources([folder])
    broken = {
        each.number
        for each in inspect(whole.found, {"format", "conduct"}, load_contract(None, Assets()))
        if each.number is not None and any(finding.severity == "error" for finding in each.findings)
    }
    cases = (
        _case(str(folder), rows[each.number], each.measures)
        for each in inspect(found, {"drift"}, Contract(), panel=True)
        if each.number is not None
    )
    return Cases(str(folder), tuple(cases), frozenset(broken), left_out=tuple(whole.left_out))


def _case(run: str, row: SessionRow, values: Mapping[str, float | None]) -> Case:
    """Its place is the session it comes from and its branch; whatever else the spec says is the same in both."""
    factors = {"couple": row.spec.couple.id, **{name: row.cell[name] for name in (SOURCE, BRANCH)}}
    return Case(run, row.number, factors, 1, values, exact(row.spec))
