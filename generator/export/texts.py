"""Transcripts in the seed format in a folder. The format has no room for a mark, so an index beside them says of each
file what it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from generator.batch import transcript_name
from generator.export.record import scripted
from generator.export.selection import WHOLE, Selection
from generator.format import render
from generator.schema.label import PRINCIPALS
from generator.session import transcript_of

INDEX = "index.jsonl"


def write_texts(selection: Selection, folder: Path) -> None:
    """A file for each session, those with holes in `incomplete/`, and the index."""
    with (folder / INDEX).open("w", encoding="utf-8", newline="\n") as index:
        for spoken in selection:
            row, spec = spoken.row, spoken.row.spec
            name = transcript_name(row.number, spec)
            if row.status not in WHOLE:
                name = f"incomplete/{name}"
            raw = render(transcript_of(spec, spoken.turns)).encode()
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(raw)
            entry = {
                "file": name,
                "synthetic": True,
                "scripted": scripted(spoken.turns),
                "sensitive": list(spec.sensitive),
                "run": selection.run.id,
                "session": row.id,
                "number": row.number,
                "cell": dict(row.cell),
                "repeat": row.repeat,
                "status": row.status,
                "reason": row.reason,
                "couple": spec.couple.id,
                "therapist": spec.therapist.id,
                "topic": spec.topic.id,
                "structure": spec.structure,
                "prompts": spec.prompts.model_dump(),
                "models": {label: spec.models.of(label).name for label in PRINCIPALS},
                "turns": len(spoken.turns),
                "cut_turns": [turn.n for turn in spoken.turns if turn.cut],
                "sha256": hashlib.sha256(raw).hexdigest(),
            }
            index.write(json.dumps(entry, ensure_ascii=False) + "\n")
