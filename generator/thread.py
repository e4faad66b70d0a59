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
        self._closed = b"[" + _message("system", _escaped(system))
        self._open = b""
        self._name_tokens = {speaker: count(f"{name}:\n") for speaker, name in names.items()}
        self.prompt_tokens = count(system) + 2 * MESSAGE_OVERHEAD_TOKENS
        """Tokens of the request as it stands; an estimate."""
        if opening:
            self._say(opening, count(opening))

    def absorb(self, speaker: Label, text: str, tokens: int) -> None:
        """Append the next turn of the session, of so many tokens."""
        if self._layout == "chat" and speaker == self.label:
            self._closed += b"," + _message("user", self._open) + b"," + _message("assistant", _escaped(text))
            self._open = b""
            self.prompt_tokens += tokens + 2 * MESSAGE_OVERHEAD_TOKENS
        else:
            between = " " if self._layout == "chat" else "\n"
            self._say(f"{self._names[speaker]}:{between}{text}", tokens + self._name_tokens[speaker])

    def encoded(self) -> bytes:
        """The messages as a JSON array in UTF-8."""
        text = self._open
        if self._layout == "script":
            text += (_GAP if text else b"") + _escaped(f"{self._names[self.label]}:\n")
        return self._closed + b"," + _message("user", text) + b"]"

    def messages(self) -> list[dict[str, str]]:
        """The messages as data."""
        decoded: list[dict[str, str]] = json.loads(self.encoded())
        return decoded

    def _say(self, text: str, tokens: int) -> None:
        self._open += (_GAP if self._open else b"") + _escaped(text)
        self.prompt_tokens += tokens + 1


def _escaped(text: str) -> bytes:
    """As it stands inside a JSON string; a text's parts, joined, are the text."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


_GAP = _escaped("\n\n")


def _message(role: str, escaped: bytes) -> bytes:
    return b'{"role":"' + role.encode() + b'","content":"' + escaped + b'"}'
