"""Profiles as files: the figures of reference transcripts, without their text."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from generator.errors import InputError
from generator.files import write_whole
from generator.schema.profile import Profile

PROFILE = "profile.json"
"""Name of the file in seeds/."""


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises InputError if it is none."""
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror})") from exc
    try:
        return Profile.model_validate_json(raw)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        message = f"{path}: is no profile: {where}: {first['msg']}; write it anew with `couplesim profile --write`"
        raise InputError(message) from exc


def write_profile(path: Path, profile: Profile) -> None:
    """Write the profile whole, one session a line."""
    data = profile.model_dump(mode="json")
    sessions = ",\n".join(json.dumps(session, ensure_ascii=False) for session in data.pop("sessions"))
    head = json.dumps(data, ensure_ascii=False)[:-1]
    write_whole(path, f'{head}, "sessions": [\n{sessions}\n]}}\n')
