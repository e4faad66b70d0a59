"""A session as one JSON object: who, what, how it ended, everything that was said and how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from generator.batch import transcript_name
from generator.export.selection import WHOLE, Run
from generator.ledger import SessionRow
from generator.schema.label import PRINCIPALS
from generator.schema.session import REHEARSAL
from generator.schema.turn import Turn

NO_PART_OF_A_SESSION = {"models": {role: {"key_env"} for role in ("therapist", "a", "b", "facilitator")}}
"""Names of the variables that hold keys: they say something of a machine and nothing of a session."""


def record(run: Run, row: SessionRow, turns: Sequence[Turn]) -> dict[str, Any]:
    """The session with all its settings and turns; replies as they came, but for their bytes on the wire."""
    spec = row.spec
    return {
        "synthetic": True,
        "scripted": scripted(turns),
        "sensitive": list(spec.sensitive),
        "run": run.id,
        "made_by": run.made_by,
        "began": run.began,
        "id": row.id,
        "number": row.number,
        "cell": dict(row.cell),
        "repeat": row.repeat,
        "status": row.status,
        "reason": row.reason,
        "message": row.message,
        "couple": spec.couple.id,
        "therapist": spec.therapist.id,
        "topic": spec.topic.id,
        "title": spec.topic.title,
        "structure": spec.structure,
        "first": spec.first,
        "prompts": spec.prompts.model_dump(),
        "models": {label: spec.models.of(label).name for label in PRINCIPALS},
        "budget": spec.budget.model_dump(),
        "rng_seed": spec.rng_seed,
        "transcript": f"transcripts/{transcript_name(row.number, spec)}" if row.status in WHOLE else None,
        "spec": spec.model_dump(mode="json", exclude=NO_PART_OF_A_SESSION),
        "turns": [turn.model_dump(mode="json", exclude={"reply": {"raw"}}) for turn in turns],
    }


def scripted(turns: Sequence[Turn]) -> bool:
    """Whether somebody in the session speaks the rehearsal's scripted text, which no language model wrote."""
    return any(turn.reply.model == REHEARSAL for turn in turns)
