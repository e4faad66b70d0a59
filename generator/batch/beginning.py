"""Begins a run in its folder, or takes up the one that is there, and reads back what it was begun with."""

from __future__ import annotations

import tempfile
from pathlib import Path

from generator.errors import InputError
from generator.files import write_whole
from generator.ledger import Ledger, changes
from generator.plan import Expansion, Plan, as_yaml, changed_fields
from generator.prompts import PromptSet, SetFile
from generator.schema.label import PRINCIPALS, Label
from generator.schema.planned import Planned
from generator.schema.session import Spec


def begin(folder: Path, plan: Plan, expansion: Expansion, made_by: str, *, network_fs: bool = False) -> Ledger:
    """Begin the run in `folder`, or take up the one that is there if it is the same.

    Sessions that it does not have yet are added, fewer take nothing away; any other change is refused with the
    changed fields named, unless nothing has been said or paid for yet: then the new plan takes its place.
    Raises InputError, StorageError, RunInUse.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise InputError(f"cannot write to {folder}: {exc.strerror}; choose another folder with --out") from exc
    contents = {
        hash_: {"settings": prompts.settings.model_dump(mode="json"), "files": prompts.files}
        for hash_, prompts in expansion.prompts.items()
    }
    path, data = folder / "ledger.db", plan.model_dump(mode="json")
    if path.exists() and path.stat().st_size > 0:
        ledger = Ledger.open(folder, network_fs=network_fs)
        try:
            changed = _changes(ledger, expansion.sessions)
            if changed and not ledger.is_untouched():
                raise InputError(f"{folder} holds another run; changed: {changed}. Choose another folder with --out")
            if changed:
                ledger.replace_sessions(data, expansion.sessions, contents)
            else:
                ledger.write(changes.enter, data, expansion.sessions, contents)
        except BaseException:
            ledger.close()
            raise
    else:
        ledger = Ledger.create(folder, data, made_by, expansion.sessions, contents, network_fs=network_fs)
    _write_plan(ledger, plan)
    return ledger


def change_plan(ledger: Ledger, plan: Plan) -> None:
    """Enter a plan that has the same sessions: with other caps, for example."""
    ledger.write(changes.enter, plan.model_dump(mode="json"), (), {})
    _write_plan(ledger, plan)


def _write_plan(ledger: Ledger, plan: Plan) -> None:
    """Beside the ledger, to make the run again; the sessions of a fork follow from no plan."""
    first = ledger.session(1)
    if first is None or first.spec.prefix is None:
        write_whole(ledger.folder / "plan.yaml", as_yaml(plan))


def kept_prompts(ledger: Ledger, spec: Spec) -> dict[Label, PromptSet]:
    """The prompt set of each speaker of a session, as the ledger keeps it."""
    sets: dict[str, PromptSet] = {}
    for label in PRINCIPALS:
        hash_ = spec.prompts.of(label).hash
        if hash_ not in sets:
            content = ledger.prompt_set(hash_)
            sets[hash_] = PromptSet(SetFile.model_validate(content["settings"]), content["files"])
    return {label: sets[spec.prompts.of(label).hash] for label in PRINCIPALS}


def _changes(ledger: Ledger, planned: list[Planned]) -> str:
    """The fields in which the first session that differs does so; empty if those in both are the same."""
    places = ledger.places()
    ids = {id_ for id_, _ in places.values()}
    common = [one for one in planned if one.key in places]
    for one in common:
        id_, number = places[one.key]
        if id_ != one.spec.id:
            row = ledger.session(number)
            assert row is not None
            fields = changed_fields(row.spec, one.spec)
            return ", ".join(fields[:8]) + (f" and {len(fields) - 8} more" if len(fields) > 8 else "")
    if places and not common:
        return "factors (no session is in both plans)"
    moved = any(one.key not in places and one.spec.id in ids for one in planned)
    return "factors (a session stands elsewhere in the design)" if moved else ""
