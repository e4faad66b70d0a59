"""One role's messages in one session: append-only, encoded once.

Every request of a role begins with the bytes of that role's previous request, so that an endpoint's
prompt cache hits. Nothing is ever dropped from the front.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Literal

from generator.schema.label import Label

MESSAGE_OVERHEAD_TOKENS = 4
"""Tokens that a chat template adds to each message; an estimate."""


class Thread:
    """The growing request of one speaker. `absorb` takes turns in order; `messages` is what to send."""

    def __init__(
        self,
        label: Label,
        names: Mapping[Label, str],
        system: str,
        opening: str,
        layout: Literal["chat", "script"],
        count: Callable[[str], int],
    ) -> None:
        """`opening` may be empty; `count` counts tokens in the speaker's model's vocabulary."""
        self.label = label
        self._names = names
        self._layout = layout
        self._count = count
        self._closed = b"[" + _message("system", system)
        self._open = ""
        self.prompt_tokens = count(system) + 2 * MESSAGE_OVERHEAD_TOKENS
        """Tokens of the request as it stands; an estimate."""
        if opening:
            self._say(opening)

    def absorb(self, speaker: Label, text: str) -> None:
        """Append the next turn of the session."""
        if self._layout == "chat" and speaker == self.label:
            self._closed += b"," + _message("user", self._open) + b"," + _message("assistant", text)
            self._open = ""
            self.prompt_tokens += self._count(text) + 2 * MESSAGE_OVERHEAD_TOKENS
        elif self._layout == "chat":
            self._say(f"{self._names[speaker]}: {text}")
        else:
            self._say(f"{self._names[speaker]}:\n{text}")

    def encoded(self) -> bytes:
        """The messages as a JSON array in UTF-8."""
        text = self._open
        if self._layout == "script":
            text += ("\n\n" if text else "") + f"{self._names[self.label]}:\n"
        return self._closed + b"," + _message("user", text) + b"]"

    def messages(self) -> list[dict[str, str]]:
        """The messages as data."""
        decoded: list[dict[str, str]] = json.loads(self.encoded())
        return decoded

    def _say(self, text: str) -> None:
        self._open += ("\n\n" if self._open else "") + text
        self.prompt_tokens += self._count(text) + 1


def _message(role: str, content: str) -> bytes:
    return json.dumps({"role": role, "content": content}, ensure_ascii=False, separators=(",", ":")).encode()
