"""Forks sessions: from one prefix, already spoken, one goes on with the prompts it had and one with others.

Both branches are sessions of a new run. The turns they share are taken over as they stand in the source's ledger,
which is only read; they are not asked for again and count as nothing spent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from generator.batch import kept_prompts
from generator.errors import InputError
from generator.ledger import Ledger, SessionRow
from generator.plan import Expansion
from generator.prompts import PromptSet
from generator.schema.planned import Planned
from generator.schema.record import hash_of
from generator.schema.session import CastPrompts, Prefix, PromptRef, Spec, spoken_hash
from generator.schema.turn import Turn

BRANCH, SOURCE = "branch", "source"
"""Factors of a fork: which branch a session is, and the number of the session that it was forked from."""

UNCHANGED, VARIANT = "unchanged", "variant"
"""Levels of the branch: the prompts it had, and the others."""

Variant = Mapping[Literal["therapist", "partners"], PromptSet]
"""The prompt sets that take the place of a session's own, by role; the other role keeps its own."""


def fork(source: Ledger, numbers: Collection[int], turn: int, variant: Variant) -> Expansion:
    """Two sessions for each of these sessions of `source`, side by side: both begin with its turns 1 to `turn`, one
    goes on with its own prompts, one with the variant. Raises InputError naming every session that cannot be forked."""
    sessions: list[Planned] = []
    prompts: dict[str, PromptSet] = {each.ref.hash: each for each in variant.values()}
    problems: list[str] = []
    for number in sorted(set(numbers)):
        row = source.session(number)
        if row is None:
            last = sum(source.by_status().values())
            raise InputError(f"{source.folder} has sessions 1 to {last}, not {number}")
        turns = source.turns(row.id)
        if problem := _problem(row, turns, turn, variant):
            problems.append(f"session {number}: {problem}")
            continue
        prompts |= {each.ref.hash: each for each in kept_prompts(source, row.spec).values()}
        sessions += _branches(row, turns[:turn], variant)
    if problems:
        raise InputError(*problems)
    return Expansion(sessions, prompts)


def fork_name(source: Ledger, sessions: Collection[Planned]) -> str:
    """A name for the run, so that the same command finds it again."""
    ids = hash_of(" ".join(one.spec.id for one in sessions))
    return f"{source.folder.resolve().name}_fork-{ids[:8]}"


def _problem(row: SessionRow, turns: list[Turn], turn: int, variant: Variant) -> str:
    """Why the session cannot be forked there; empty if it can."""
    if turn >= row.spec.turns:
        return f"it has {row.spec.turns} turns in all, so nothing is left to be spoken after turn {turn}"
    if len(turns) < turn:
        state = {"open": "is not finished", "failed": "has failed", "ended": "ended early"}.get(row.status, row.status)
        return f"it {state} and has {len(turns)} turns, not {turn}; fork earlier, or leave it out"
    if _varied(row.spec.prompts, variant) == row.spec.prompts:
        return f"it is spoken with these prompts already ({row.spec.prompts.name}, word for word)"
    return ""


def _branches(row: SessionRow, turns: list[Turn], variant: Variant) -> Iterator[Planned]:
    spec = row.spec
    earlier = spec.prefix.tokens if spec.prefix else 0
    prefix = Prefix(
        session=row.id,
        turns=len(turns),
        hash=spoken_hash((turn.speaker, turn.text) for turn in turns),
        tokens=earlier + sum(turn.reply.usage.total + turn.reply.wasted_tokens for turn in turns),
    )
    taken_over = [turn.taken_over() for turn in turns]
    for branch, prompts in ((UNCHANGED, spec.prompts), (VARIANT, _varied(spec.prompts, variant))):
        forked: Spec = spec.model_copy(update={"prefix": prefix, "prompts": prompts})
        yield Planned(forked, {**row.cell, SOURCE: str(row.number), BRANCH: branch}, row.repeat, taken_over)


def _varied(prompts: CastPrompts, variant: Variant) -> CastPrompts:
    refs: dict[str, PromptRef] = {}
    if "therapist" in variant:
        refs["therapist"] = variant["therapist"].ref
    if "partners" in variant:
        refs |= dict.fromkeys(("a", "b"), variant["partners"].ref)
    return prompts.model_copy(update=refs)
