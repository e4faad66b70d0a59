"""What a text turned out to be when it was read as a transcript: its turns with their lines, and its flaws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from generator.schema.label import Label

FlawCode = Literal[
    "too-large", "not-utf8", "byte-order-mark", "line-ends", "header-session", "header-structure", "header-rule",
    "blank-lines", "stray-text", "malformed-label", "unknown-label", "empty-turn", "broken-paragraph", "no-turns",
    "end-of-file",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flaw:
    """One way in which a text breaks the grammar."""

    code: FlawCode
    line: int
    """From 1; lines end at a line feed, a carriage return or both."""
    message: str
    words: str = ""
    """What stands there, if that helps."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One line of speech."""

    line: int
    text: str
    """As it stands, blanks at its ends included."""


BlockKind = Literal["session", "structure", "rule", "label", "speech", "stray"]


@dataclass(frozen=True, slots=True)
class Block:
    """A line that is not blank, and what it is."""

    kind: BlockKind
    line: int
    text: str
    """As the grammar would have it written."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One turn as it was read."""

    n: int
    """Position in the session, from 1."""
    label: Label | None
    """None: it stands under a label that is nobody's."""
    line: int
    """Line of its label."""
    paragraphs: tuple[Paragraph, ...]

    @property
    def text(self) -> str:
        """The speech, paragraphs separated by one empty line."""
        return "\n\n".join(paragraph.text for paragraph in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Reading:
    """All that could be read."""

    title: str
    """Empty if there is none."""
    structure: str
    """As in the `Structure:` line; empty if there is none."""
    turns: tuple[Passage, ...]
    flaws: tuple[Flaw, ...]
    """By line. None: the text is a transcript, exactly."""
    blocks: tuple[Block, ...]
    """All lines that are not blank, in order."""

    @property
    def structure_line(self) -> int:
        """The line the structure stands on, or should."""
        return next((block.line for block in self.blocks if block.kind == "structure"), 2)
