"""Finished sessions of runs as rows of an experiment: factors, place in the design, measures, and the scores of a judge
where there are any. Read only, also beside a running batch."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.assets import Assets
from generator.contract import load_contract
from generator.errors import InputError
from generator.inspection import Inspected, inspect
from generator.judge.scores import scores_of_run
from generator.ledger import Ledger, SessionRow
from generator.schema.finding import Level
from generator.schema.label import PRINCIPALS, Label
from generator.schema.measure import Case
from generator.schema.record import Record
from generator.schema.session import REHEARSAL, Budget, Cast, Spec
from generator.sources import shown, sources

_LEVELS: Collection[Level] = ("format", "conduct", "drift")
_ROLES: Mapping[Label, str] = {"Therapist": "therapist", "Patient A": "a", "Patient B": "b"}


@dataclass(frozen=True, slots=True)
class Cases:
    """The finished sessions of a run."""

    run: str
    """Its folder, as it is shown."""
    cases: tuple[Case, ...]
    """In the order of their numbers."""
    broken: frozenset[int] = frozenset()
    """Numbers of those that have an error of format or conduct."""
    left_out: tuple[str, ...] = ()
    """What was there and is not among them, one sentence each."""
    judge: str | None = None
    """Who judged them, as JSON; None: they have no scores."""


def cases(folder: Path) -> Cases:
    """The finished sessions of the run in `folder`. Raises InputError if that is no run or none is finished,
    StorageError if its ledger cannot be read."""
    if not (folder / "ledger.db").is_file():
        raise InputError(f"{folder}: no run there (no ledger.db)")
    found = sources([folder])
    rows = _rows(folder)
    inspected = inspect(found.found, _LEVELS, load_contract(None, Assets()), panel=True)
    if not inspected:
        raise InputError(*(found.left_out or [f"{folder}: no finished session"]))
    return cases_of(folder, rows, inspected, found.left_out)


def cases_of(
    folder: Path, rows: Mapping[int, SessionRow], inspected: Iterable[Inspected], left_out: Iterable[str] = ()
) -> Cases:
    """The sessions of the run in `folder` that were inspected with the whole panel, with a judge's scores where there
    are any; `rows` by their number."""
    run, scores = shown(folder), scores_of_run(folder)
    made, broken = [], set()
    for each in inspected:
        if each.number is None:
            continue
        judged = scores[each.number].values if each.number in scores else {}
        made.append(_case(run, rows[each.number], {**each.measures, **judged}))
        if any(found.severity == "error" for found in each.findings):
            broken.add(each.number)
    judge = next((scored.judge for scored in scores.values()), None)
    return Cases(run, tuple(made), frozenset(broken), tuple(left_out), judge)


def factors_of(spec: Spec, cell: Mapping[str, str]) -> dict[str, str]:
    """What a session's spec and its plan's cell say of it, by the factor's name. A factor of the plan that is called
    like one of the spec's has the plan's word for its level."""
    models = [spec.models.of(label) for label in PRINCIPALS]
    temperatures = ["default" if model.temperature is None else f"{model.temperature:g}" for model in models]
    prompts = [spec.prompts.of(label).name for label in PRINCIPALS]
    by_role = {
        f"{_ROLES[label]}_{what}": value
        for what, values in (
            ("model", [model.name for model in models]), ("temperature", temperatures), ("prompts", prompts)
        )
        for label, value in zip(PRINCIPALS, values, strict=True)
    }  # fmt: skip
    return {
        "couple": spec.couple.id,
        "topic": spec.topic.id,
        "therapist": spec.therapist.id,
        "structure": spec.structure,
        "first_speaker": spec.first,
        "prompt_set": spec.prompts.name,
        "model": _one(model.name for model in models),
        "temperature": _one(temperatures),
        "budget": _budget(spec.budget),
        **by_role,
        **cell,
    }


def exact(spec: Spec) -> dict[str, str]:
    """Everything that determines a session, by its dotted name; people and prompts by the hash of their content."""
    own = {name: str(getattr(spec, name)) for name in ("structure", "first", "turns", "labels", "rng_seed")}
    people = {name: getattr(spec, name).content_hash for name in ("couple", "therapist", "topic")}
    prompts = {f"prompts.{role}": spec.prompts.of(label).hash for label, role in _ROLES.items()}
    return {**people, **own, **prompts, **_models(spec.models), **_flat("budget", spec.budget)}


def scripted(case: Case) -> bool:
    """Whether somebody in the session speaks the rehearsal's text, which no language model wrote."""
    return any(case.spec.get(f"models.{role}.name") == REHEARSAL for role in _ROLES.values())


def _rows(folder: Path) -> dict[int, SessionRow]:
    ledger = Ledger.read(folder)
    try:
        return {row.number: row for row in ledger.each("complete", "ended")}
    finally:
        ledger.close()


def _case(run: str, row: SessionRow, values: Mapping[str, float | None]) -> Case:
    return Case(run, row.number, factors_of(row.spec, row.cell), row.repeat, values, exact(row.spec))


def _one(values: Any) -> str:
    """The value that all roles have, or each role's: "gpt-4o/llama3.1/llama3.1"."""
    each = list(values)
    return each[0] if len(set(each)) == 1 else "/".join(each)


def _budget(budget: Budget) -> str:
    """Tokens a turn, by role where they differ, and who cuts: "150 server", "100/150 server"."""
    therapist = budget.therapist_tokens or budget.turn_tokens
    partner = budget.partner_tokens or budget.turn_tokens
    return f"{_one([str(therapist), str(partner)])} {budget.cut}"


def _models(models: Cast) -> dict[str, str]:
    flat: dict[str, str] = {}
    for label, role in _ROLES.items():
        flat |= _flat(f"models.{role}", models.of(label))
    return {name: value for name, value in flat.items() if not name.endswith(".key_env")}


@functools.lru_cache(maxsize=256)
def _flat(name: str, record: Record) -> Mapping[str, str]:
    return {f"{name}.{key}": str(value) for key, value in record.model_dump(mode="json").items()}
