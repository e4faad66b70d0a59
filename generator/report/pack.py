"""Sessions packed into the page: JSON, deflated, in base64. The page's script unpacks one when it is opened."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict

from generator.pages.shown import CLASSES, SIGNS, ShownSession

LEVEL = 9
"""Deflate as small as it gets."""


def pack(session: ShownSession) -> str:
    """The session as text that can stand in any element of a page."""
    data = asdict(session) | {"end": session.end}
    for turn in data["turns"]:
        turn |= {"class": CLASSES[turn["speaker"]], "sign": SIGNS[turn["speaker"]]}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), LEVEL)).decode()
