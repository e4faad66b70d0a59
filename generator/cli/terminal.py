"""What may be printed on a terminal."""

from __future__ import annotations

import unicodedata


def safe(text: str) -> str:
    """Without the controls and direction marks that could deceive a terminal."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or c == "\u200d")
