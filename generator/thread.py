"""One role's messages in one session: append-only, encoded once.

Every request of a role begins with the bytes of that role's previous request, so that an endpoint's
prompt cache hits. Nothing is ever dropped from the front. A turn is encoded once for all three roles, and
equal prompts of different sessions are the same bytes in memory: a thread holds little more than a list.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from generator.schema.label import Label

MESSAGE_OVERHEAD_TOKENS = 4
"""Tokens that a chat template adds to each message; an estimate."""


@dataclass(frozen=True, slots=True)
class Said:
    """A turn, as the threads of a session take it in."""

    speaker: Label
    escaped: bytes
    """The text as it stands inside a JSON string, in UTF-8. It is held but once: of a thousand sessions side by side,
    texts are what takes the room."""
    tokens: int

    @classmethod
    def of(cls, speaker: Label, text: str, tokens: int) -> Said:
        """A turn of so many tokens."""
        return cls(speaker, _escaped(text), tokens)

    @property
    def text(self) -> str:
        """The turn's text."""
        text: str = json.loads(b'"%b"' % self.escaped)
        return text


class Spoken(Sequence[tuple[Label, str]]):
    """Speaker and text of each turn, read out of `said` when asked for."""

    def __init__(self, said: Sequence[Said]) -> None:
        self._said = said

    def __len__(self) -> int:
        return len(self._said)

    @overload
    def __getitem__(self, index: int) -> tuple[Label, str]: ...
    @overload
    def __getitem__(self, index: slice) -> Spoken: ...
    def __getitem__(self, index: int | slice) -> tuple[Label, str] | Spoken:
        if isinstance(index, slice):
            return Spoken(self._said[index])
        said = self._said[index]
        return said.speaker, said.text


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
        self._layout = layout
        between = ": " if layout == "chat" else ":\n"
        self._named = {speaker: _escaped_once(f"{name}{between}") for speaker, name in names.items()}
        self._name_tokens = {speaker: count(f"{name}:\n") for speaker, name in names.items()}
        self._parts = [b"[" + _START["system"], _escaped_once(system), _END]
        self._is_open = False
        self.prompt_tokens = count(system) + 2 * MESSAGE_OVERHEAD_TOKENS
        """Tokens of the request as it stands; an estimate."""
        if opening:
            self._say(b"", _escaped_once(opening), count(opening))

    def absorb(self, said: Said) -> None:
        """Append the next turn of the session."""
        if self._layout == "chat" and said.speaker == self.label:
            if not self._is_open:
                self._parts += (b",", _START["user"])
            self._parts += (_END, b",", _START["assistant"], said.escaped, _END)
            self._is_open = False
            self.prompt_tokens += said.tokens + 2 * MESSAGE_OVERHEAD_TOKENS
        else:
            self._say(self._named[said.speaker], said.escaped, said.tokens + self._name_tokens[said.speaker])

    def encoded(self) -> list[bytes]:
        """The parts of the messages as a JSON array in UTF-8, to be joined."""
        parts = self._parts.copy()
        if not self._is_open:
            parts += (b",", _START["user"])
        if self._layout == "script":
            parts += (_GAP if self._is_open else b"", self._named[self.label])
        parts += (_END, b"]")
        return parts

    def messages(self) -> list[dict[str, str]]:
        """The messages as data."""
        decoded: list[dict[str, str]] = json.loads(b"".join(self.encoded()))
        return decoded

    def _say(self, name: bytes, escaped: bytes, tokens: int) -> None:
        if self._is_open:
            self._parts.append(_GAP)
        else:
            self._parts += (b",", _START["user"])
            self._is_open = True
        self._parts += (name, escaped)
        self.prompt_tokens += tokens + 1


def _escaped(text: str) -> bytes:
    """As it stands inside a JSON string; a text's parts, joined, are the text."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


@functools.lru_cache(maxsize=1024)
def _escaped_once(text: str) -> bytes:
    """The same, one object for equal texts."""
    return _escaped(text)


_START = {role: f'{{"role":"{role}","content":"'.encode() for role in ("system", "user", "assistant")}
_END = b'"}'
_GAP = _escaped("\n\n")
