"""Carries out a run: takes the open sessions of a ledger one after the other and has them spoken.

One turn is the unit: it is committed before the next request of its session, and a run can be taken up
again after any stop. Transcripts are rendered from the ledger.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from generator.chat.protocol import Chat
from generator.errors import InputError, ProviderRefused, SessionFailed
from generator.files import write_whole
from generator.format import render
from generator.ledger import Ledger, SessionRow, Status
from generator.plan import Plan, as_yaml, changed_fields
from generator.prompts import PromptSet, SetFile
from generator.schema.label import PRINCIPALS, Label
from generator.schema.session import Spec
from generator.schema.turn import Turn
from generator.session import Session, transcript_of

SETTINGS_AT_FAULT = frozenset({"rejected", "no_tokens_left", "context_full"})
"""Reasons for which the next session would fail as the last one did."""

ALIKE = 3
"""So many sessions failing alike at their first turn stop the run."""


class Watcher(Protocol):
    """Told how a run goes on."""

    def session_begins(self, row: SessionRow, turns_kept: int) -> None:
        """A session is taken up, with so many turns in the ledger already."""

    def turn_kept(self, row: SessionRow, turn: Turn) -> None:
        """A turn has been committed."""

    def session_ends(self, row: SessionRow, status: Status, reason: str | None, message: str | None) -> None:
        """A session has come to its end, or has failed."""


@dataclass(slots=True)
class Stop:
    """A request to stop: no new turn begins once it is set."""

    requested: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run has come to."""

    complete: int
    """Sessions with all their turns."""
    ended: int
    """Sessions that a budget ended at a turn boundary, as asked."""
    failed: int
    open: int
    turns: int
    trimmed: int
    """Turns from which something was taken away."""
    cut: int
    """Turns that ended because their budget ran out."""
    retried: int
    """Turns that took more than one request."""
    repeats: int
    """Turns equal to an earlier one of their session."""
    tokens: int
    """Prompt and reply tokens of the turns kept."""
    tokens_estimated: int
    """Turns whose tokens were counted here because the endpoint gave no figures; `tokens` is then an upper bound."""
    possibly_paid_twice: int
    """Requests that may have been billed and brought no turn."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Failed and ended sessions by reason."""


def begin(folder: Path, plan: Plan, specs: list[Spec], prompts: PromptSet, made_by: str) -> Ledger:
    """Begin the run in `folder`, or take up the one that is there if it is the same.

    More sessions than before are added, fewer take nothing away; any other change is refused with the
    changed fields named, unless nothing has been said or paid for yet: then the new plan takes its place.
    Raises InputError, StorageError, RunInUse.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise InputError(f"cannot write to {folder}: {exc.strerror}; choose another folder with --out") from exc
    content = {"settings": prompts.settings.model_dump(mode="json"), "files": prompts.files}
    path = folder / "ledger.db"
    if path.exists() and path.stat().st_size > 0:
        ledger = Ledger.open(folder)
        try:
            rows = ledger.sessions()
            changed = _changes(rows, specs)
            if changed and not ledger.is_untouched():
                raise InputError(f"{folder} holds another run; changed: {changed}. Choose another folder with --out")
            if changed:
                ledger.replace_sessions(plan.model_dump(mode="json"), specs, {prompts.ref.hash: content})
            else:
                plan = plan.model_copy(update={"sessions": max(len(rows), plan.sessions)})
                ledger.add_sessions(plan.model_dump(mode="json"), specs, {prompts.ref.hash: content})
        except BaseException:
            ledger.close()
            raise
    else:
        ledger = Ledger.create(folder, plan.model_dump(mode="json"), made_by, specs, {prompts.ref.hash: content})
    write_whole(folder / "plan.yaml", as_yaml(plan))
    return ledger


def kept_prompts(ledger: Ledger, spec: Spec) -> PromptSet:
    """The prompt set of a session, as the ledger keeps it."""
    content = ledger.prompt_set(spec.prompts.hash)
    return PromptSet(SetFile.model_validate(content["settings"]), content["files"])


async def carry_out(
    ledger: Ledger,
    chats_for: Callable[[Spec], Mapping[Label, Chat]],
    watcher: Watcher,
    stop: Stop,
    retry_failed: bool = False,
) -> Summary:
    """Have all open sessions spoken, failed ones too if asked. Raises ProviderRefused and StorageError; what
    was committed is kept."""
    prompts: dict[str, PromptSet] = {}
    alike: list[str] = []
    for row in ledger.sessions():
        if stop.requested:
            break
        if row.status == "open" or (retry_failed and row.status == "failed"):
            hash_ = row.spec.prompts.hash
            prompts[hash_] = prompts.get(hash_) or kept_prompts(ledger, row.spec)
            failed = await _carry_out_one(ledger, row, prompts[hash_], chats_for(row.spec), watcher, stop)
            alike = [*alike, failed.reason] if failed and failed.reason in SETTINGS_AT_FAULT else []
            if failed and len(alike) >= ALIKE and len(set(alike[-ALIKE:])) == 1:
                raise ProviderRefused(f"{ALIKE} sessions in a row failed alike at their first turn: {failed}")
        elif row.status != "failed" and not transcript_path(ledger.folder, row).exists():
            write_transcript(ledger, row, row.status)
    return summary(ledger)


async def _carry_out_one(
    ledger: Ledger,
    row: SessionRow,
    prompts: PromptSet,
    chats: Mapping[Label, Chat],
    watcher: Watcher,
    stop: Stop,
) -> SessionFailed | None:
    """Returns the failure if the session failed before its first turn."""
    log = _Attempts(ledger, row.id)
    turns = ledger.turns(row.id)
    log.turn = len(turns) + 1
    session = Session(row.spec, prompts, chats, turns, log)
    watcher.session_begins(row, len(turns))
    status: Status = "open"
    reason = message = None
    failure: SessionFailed | None = None
    try:
        async with aclosing(session.run()) as spoken:
            async for turn in spoken:
                ledger.commit_turn(row.id, turn, log.current)
                log.current, log.turn = None, turn.n + 1
                watcher.turn_kept(row, turn)
                if stop.requested and session.more():
                    break
        if session.end is not None:
            status = "complete" if session.end == "complete" else "ended"
            reason = None if status == "complete" else session.end
    except SessionFailed as failed:
        status, reason, message, failure = "failed", failed.reason, str(failed), failed
    ledger.end_session(row.id, status, reason, message)
    if status != "open":
        write_transcript(ledger, row, status)
        watcher.session_ends(row, status, reason, message)
    return failure if not session.turns else None


class _Attempts:
    """Enters a session's requests in the ledger."""

    def __init__(self, ledger: Ledger, session_id: str) -> None:
        self._ledger, self._session_id = ledger, session_id
        self.current: int | None = None
        self.turn = 1

    def begin(self) -> None:
        self.current = self._ledger.begin_attempt(self._session_id, self.turn)

    def fail(self, kind: str, message: str, billed: str) -> None:
        if self.current is not None:
            self._ledger.fail_attempt(self.current, kind, message, billed)


def transcript_path(folder: Path, row: SessionRow) -> Path:
    """Where the transcript of a session stands."""
    return folder / "transcripts" / f"{row.number:06d}_{row.spec.topic.id}_{row.spec.couple.id}.txt"


def write_transcript(ledger: Ledger, row: SessionRow, status: Status) -> None:
    """Render a session from the ledger. Failed ones go to `transcripts/incomplete/`."""
    turns = ledger.turns(row.id)
    path = transcript_path(ledger.folder, row)
    incomplete = path.parent / "incomplete" / path.name
    if status in {"complete", "ended"}:
        incomplete.unlink(missing_ok=True)
    else:
        path = incomplete
    if turns:
        write_whole(path, render(transcript_of(row.spec, turns)))


def summary(ledger: Ledger) -> Summary:
    """The figures of a run, from its ledger alone."""
    rows = ledger.sessions()
    reasons: dict[str, int] = {}
    for row in rows:
        if row.reason:
            reasons[row.reason] = reasons.get(row.reason, 0) + 1
    by_status = {
        status: sum(row.status == status for row in rows) for status in ("complete", "ended", "failed", "open")
    }
    return Summary(**by_status, **ledger.figures(), possibly_paid_twice=ledger.possibly_paid_twice(), reasons=reasons)


def _changes(rows: list[SessionRow], specs: list[Spec]) -> str:
    """The fields in which the first session that differs does so; empty if none differs."""
    for row, spec in zip(rows, specs, strict=False):
        if row.id != spec.id:
            fields = changed_fields(row.spec, spec)
            return ", ".join(fields[:8]) + (f" and {len(fields) - 8} more" if len(fields) > 8 else "")
    return ""


def record(ledger: Ledger, row: SessionRow) -> dict[str, object]:
    """A session as one JSON object: who, what, how it ended, and its turns."""
    spec, written = row.spec, transcript_path(ledger.folder, row)
    return {
        "synthetic": True,
        "sensitive": spec.sensitive,
        "id": row.id,
        "number": row.number,
        "status": row.status,
        "reason": row.reason,
        "couple": spec.couple.id,
        "therapist": spec.therapist.id,
        "topic": spec.topic.id,
        "structure": spec.structure,
        "prompts": spec.prompts.model_dump(),
        "models": {label: spec.models.of(label).name for label in PRINCIPALS},
        "rng_seed": spec.rng_seed,
        "transcript": str(written) if written.exists() else None,
        "turns": [turn.model_dump(mode="json", exclude={"reply": {"raw"}}) for turn in ledger.turns(row.id)],
    }
