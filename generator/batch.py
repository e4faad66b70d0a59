"""Carries out a run: hands the open sessions of a ledger to an engine and enters what happens in them.

One turn is the unit: it is committed before the next request of its session, and a run can be taken up
again after any stop. Transcripts are rendered from the ledger.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from generator.budget import RunPurse
from generator.engines.protocol import Engine, Job, Stop
from generator.errors import InputError, ProviderRefused, SessionFailed
from generator.files import sweep, write_whole
from generator.format import render
from generator.ledger import Ledger, SessionRow, Status, changes
from generator.ledger.writer import Writer
from generator.plan import Expansion, Plan, as_yaml, changed_fields
from generator.prompts import PromptSet, SetFile
from generator.schema.label import PRINCIPALS, Label
from generator.schema.planned import Planned
from generator.schema.session import Spec
from generator.schema.turn import Turn, Usage
from generator.session import transcript_of

ALIKE = 3
"""So many sessions in a row failing alike at a speaker's first turn stop the run: the next one would too."""
IN_A_ROW = 20
"""So many sessions in a row that the endpoint failed stop the run: no other one would get further."""
SETTINGS_AT_FAULT = frozenset({"rejected", "no_tokens_left", "context_full"})
ENDPOINT_AT_FAULT = frozenset({"unavailable", "timeout", "rate_limited", "bad_reply", "reply_too_large", "empty"})


class Watcher(Protocol):
    """Told how a run goes on."""

    def session_begins(self, number: int, turns: int, turns_kept: int) -> None:
        """A session of so many turns is taken up, with some of them in the ledger already."""

    def request_sent(self, number: int, turn: int) -> None:
        """A request for this turn is under way."""

    def request_failed(self, number: int, kind: str) -> None:
        """A request brought no usable reply."""

    def turn_kept(self, number: int, turn: Turn) -> None:
        """A turn has been committed."""

    def session_ends(self, number: int, status: Status, reason: str | None, message: str | None) -> None:
        """A session has come to its end, has failed, or has been stopped (`open`)."""


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
    write_whole(folder / "plan.yaml", as_yaml(plan))
    return ledger


def change_plan(ledger: Ledger, plan: Plan) -> None:
    """Enter a plan that has the same sessions: with other caps, for example."""
    ledger.write(changes.enter, plan.model_dump(mode="json"), (), {})
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


async def carry_out(
    ledger: Ledger,
    engine: Engine,
    watcher: Watcher,
    stop: Stop,
    *,
    purse: RunPurse | None = None,
    retry_failed: bool = False,
) -> None:
    """Have all open sessions spoken, failed ones too if asked. Raises ProviderRefused, CapReached and
    StorageError; what was committed is kept."""
    desk = _Desk(ledger, watcher, stop, purse or RunPurse(), retry_failed)
    try:
        _put_in_order(ledger)
        await engine.run(desk, stop)
    finally:
        await desk.close()
    if desk.refusal is not None:
        raise desk.refusal


class _Desk:
    """Takes jobs out of a ledger and enters what becomes of them."""

    def __init__(self, ledger: Ledger, watcher: Watcher, stop: Stop, purse: RunPurse, retry_failed: bool) -> None:
        self.ledger, self.watcher, self.stop, self.purse = ledger, watcher, stop, purse
        self.writer = Writer(ledger.folder, network_fs=ledger.network_fs)
        self.files = ThreadPoolExecutor(max_workers=1, thread_name_prefix="transcripts")
        self.refusal: ProviderRefused | None = None
        self._statuses: tuple[Status, ...] = ("open", "failed") if retry_failed else ("open",)
        self._prompts: dict[str, PromptSet] = {}
        self._failed_alike: list[tuple[str, int]] = []
        """Reason and turn of the last failures for which the settings are at fault."""
        self._failed_in_a_row = 0

    def jobs(self) -> Iterator[Job]:
        """The sessions to be spoken, read as they are asked for."""
        for row in self.ledger.each(*self._statuses):
            refs = [row.spec.prompts.of(label).hash for label in PRINCIPALS]
            if not self._prompts.keys() >= set(refs):
                kept = kept_prompts(self.ledger, row.spec)
                self._prompts |= {row.spec.prompts.of(label).hash: kept[label] for label in PRINCIPALS}
            prompts = {label: self._prompts[hash_] for label, hash_ in zip(PRINCIPALS, refs, strict=True)}
            yield Job(row.number, row.id, row.spec, prompts, self.ledger.turns(row.id))

    def journal(self, job: Job) -> _Journal:
        """Where what happens in a session goes."""
        return _Journal(self, job)

    def judge(self, failure: SessionFailed | None, turns: int) -> None:
        """Stop the run where the next sessions would fail as the last ones did. `turns`: how many there are of the
        session that has come to its end."""
        at_fault = failure is not None and failure.reason in ENDPOINT_AT_FAULT
        self._failed_in_a_row = self._failed_in_a_row + 1 if at_fault else 0
        if failure is not None and failure.reason in SETTINGS_AT_FAULT and turns < len(PRINCIPALS):
            self._failed_alike = [*self._failed_alike, (failure.reason, turns)][-ALIKE:]
        else:
            self._failed_alike = []
        why = None
        if self._failed_in_a_row >= IN_A_ROW:
            why = f"{IN_A_ROW} sessions in a row failed at the endpoint"
        elif len(self._failed_alike) == ALIKE and len(set(self._failed_alike)) == 1:
            why = f"{ALIKE} sessions in a row failed alike at a speaker's first turn"
        if why and self.refusal is None:
            self.refusal = ProviderRefused(f"{why}: {failure}")
            self.stop.request()

    async def close(self) -> None:
        """Wait for what is being written."""
        try:
            await self.writer.close()
        finally:
            await asyncio.to_thread(self.files.shutdown)


class _Journal:
    """Enters what happens in one session, and pays for it."""

    def __init__(self, desk: _Desk, job: Job) -> None:
        self._desk, self._job = desk, job
        self._turns = list(job.turns)
        self._attempt: int | None = None
        self._entering = 0
        self._asked_model = ""
        self._most = Usage()
        self.order = job.number
        desk.watcher.session_begins(job.number, job.spec.turns, len(job.turns))

    @property
    def in_flight(self) -> bool:
        return self._attempt is not None or self._entering > 0

    async def begin(self, model: str, most: Usage) -> None:
        await self._desk.purse.reserve(model, most)
        self._asked_model, self._most, turn = model, most, len(self._turns) + 1
        entering = asyncio.ensure_future(
            self._desk.writer.write(changes.begin_attempt, self._job.id, turn, model, most)
        )
        try:
            self._attempt = await asyncio.shield(entering)
        except asyncio.CancelledError:
            with self._being_entered():
                await self._never_sent(entering)
            raise
        except BaseException:
            self._desk.purse.settle(model, most, None)
            raise
        self._desk.watcher.request_sent(self._job.number, turn)

    async def _never_sent(self, entering: asyncio.Future[int]) -> None:
        try:
            self._attempt = await entering
        except BaseException:
            self._desk.purse.settle(self._asked_model, self._most, None)
            raise
        await self.fail("dropped", "stopped before it was sent", "no")

    async def fail(self, kind: str, message: str, billed: str, usage: Usage | None = None) -> None:
        if self._attempt is None:
            return
        attempt, self._attempt = self._attempt, None
        if usage is not None and usage.estimated:
            usage = None
        taken = None if billed == "no" else usage or self._most
        self._desk.purse.settle(self._asked_model, self._most, taken)
        self._desk.watcher.request_failed(self._job.number, kind)
        with self._being_entered():
            await self._desk.writer.write(changes.fail_attempt, attempt, kind, message, billed, usage)

    async def keep(self, turn: Turn) -> None:
        try:
            await self._desk.writer.write(changes.commit_turn, self._job.id, turn, self._asked_model, self._attempt)
        finally:
            usage = turn.reply.usage
            self._desk.purse.settle(self._asked_model, self._most, self._most if usage.estimated else usage)
            self._attempt = None
        self._turns.append(turn)
        self._desk.watcher.turn_kept(self._job.number, turn)

    async def end(self, session_end: str | None, failure: SessionFailed | None) -> None:
        status: Status = "open"
        if failure is not None:
            status = "failed"
        elif session_end is not None:
            status = "complete" if session_end == "complete" else "ended"
        reason = failure.reason if failure else session_end if status == "ended" else None
        message = str(failure) if failure else None
        with self._being_entered():
            await self._desk.writer.write(changes.end_session, self._job.id, status, reason, message)
            if status != "open":
                text = render(transcript_of(self._job.spec, self._turns)) if self._turns else ""
                path = transcript_name(self._job.number, self._job.spec)
                folder = self._desk.ledger.folder / "transcripts"
                await asyncio.get_running_loop().run_in_executor(self._desk.files, _file, folder, path, status, text)
                self._desk.judge(failure, len(self._turns))
        self._desk.watcher.session_ends(self._job.number, status, reason, message)

    @contextmanager
    def _being_entered(self) -> Iterator[None]:
        self._entering += 1
        try:
            yield
        finally:
            self._entering -= 1


def transcript_name(number: int, spec: Spec) -> str:
    """The file name of a session's transcript."""
    return f"{number:06d}_{spec.topic.id}_{spec.couple.id}.txt"


def transcript_path(folder: Path, row: SessionRow) -> Path:
    """Where the transcript of a whole session stands."""
    return folder / "transcripts" / transcript_name(row.number, row.spec)


def write_transcript(ledger: Ledger, row: SessionRow) -> None:
    """Render a session from the ledger. Unfinished ones go to `transcripts/incomplete/`."""
    turns = ledger.turns(row.id)
    text = render(transcript_of(row.spec, turns)) if turns else ""
    _file(ledger.folder / "transcripts", transcript_name(row.number, row.spec), row.status, text)


def put_aside(folder: Path, number: int, spec: Spec) -> bool:
    """Move a transcript that says more than the ledger knows into `transcripts/before-repair/`; whether there was
    one."""
    whole = folder / "transcripts" / transcript_name(number, spec)
    if not whole.exists():
        return False
    aside = whole.parent / "before-repair" / whole.name
    aside.parent.mkdir(exist_ok=True)
    os.replace(whole, aside)
    return True


def _put_in_order(ledger: Ledger) -> None:
    """Make the files what the ledger says, after a stop at whatever moment."""
    folder = ledger.folder / "transcripts"
    for each, names in ((ledger.folder, r"plan\.yaml"), (folder, r".*\.txt"), (folder / "incomplete", r".*\.txt")):
        sweep(each, names)
    for row in ledger.each("complete", "ended", "failed"):
        name = transcript_name(row.number, row.spec)
        whole, incomplete = (folder / name).is_file(), (folder / "incomplete" / name).is_file()
        if (row.status == "failed" and not incomplete) or (row.status != "failed" and (not whole or incomplete)):
            write_transcript(ledger, row)


def _file(folder: Path, name: str, status: Status, text: str) -> None:
    incomplete, whole = folder / "incomplete" / name, folder / name
    if status in {"complete", "ended"}:
        write_whole(whole, text)
        incomplete.unlink(missing_ok=True)
    elif text:
        write_whole(incomplete, text)


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
