"""The transcript format, both ways. Pure: texts in, texts out.

    transcript = "SESSION: " title "\\n" "Structure: " structure "\\n" "=" x 70 "\\n" "\\n" turn+
    turn       = label ":\\n" text "\\n" "\\n"
    text       = one or more paragraphs, separated by one empty line; inner trailing blanks are kept

`parse(render(t)) == t` for every transcript; `render(parse(file)) == file` for every valid file.
"""

from __future__ import annotations

from typing import get_args

from generator.errors import InputError
from generator.schema.session import Label
from generator.schema.turn import Transcript

RULE = "=" * 70
LABELS: tuple[Label, ...] = get_args(Label)


def render(transcript: Transcript) -> str:
    """The transcript as text in the seed format.

    Raises ValueError if a text cannot stand in the format (see `flaw`); cleaned turns always can.
    """
    for text in (transcript.title, transcript.structure):
        if not text.strip() or text != text.strip() or "\n" in text or "\r" in text:
            raise ValueError(f"a header line must be one line of text, not {text!r}")
    parts = [f"SESSION: {transcript.title}\nStructure: {transcript.structure}\n{RULE}\n\n"]
    for label, text in transcript.turns:
        if problem := flaw(text):
            raise ValueError(f"a turn of {label} cannot be written: {problem}")
        parts.append(f"{label}:\n{text}\n\n")
    return "".join(parts)


def flaw(text: str) -> str | None:
    """Why `text` cannot stand as a turn in the format; None if it can."""
    if not text.strip():
        return "it is empty"
    if text != text.strip("\n"):
        return "it begins or ends with a line break"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it holds a lone surrogate"
    for number, block in enumerate(text.split("\n\n")):
        if not block.strip() or block.startswith("\n"):
            return "it holds more than one empty line in a row"
        if number and _label_of(block):
            return "a paragraph begins with a label line"
    return None


def parse(text: str) -> Transcript:
    """Read a transcript strictly. Lines end at "\\n" only; any other separator is text.

    Raises InputError with the number of the first line that breaks the grammar.
    """
    lines = text.split("\n")
    header = (("SESSION: ", 0), ("Structure: ", 1))
    for prefix, index in header:
        if index >= len(lines) or not lines[index].startswith(prefix) or not lines[index][len(prefix) :].strip():
            raise InputError(f"line {index + 1}: expected {prefix + '...'!r}")
    if len(lines) < 3 or lines[2] != RULE:
        raise InputError("line 3: expected a rule of 70 '='")
    if len(lines) < 4 or lines[3]:
        raise InputError("line 4: expected an empty line")
    body = "\n".join(lines[4:])
    if not body.endswith("\n\n") or body.endswith("\n\n\n"):
        raise InputError(f"line {len(lines)}: the file must end in exactly one empty line")
    turns: list[tuple[Label, str]] = []
    line_number = 5
    for block in body[:-2].split("\n\n"):
        label = _label_of(block)
        if label is not None:
            turns.append((label, block[len(label) + 2 :]))
        elif turns and block and not block.startswith("\n"):
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n\n{block}")
        else:
            raise InputError(f"line {line_number}: expected a label line such as 'Therapist:'")
        if problem := flaw(turns[-1][1]):
            raise InputError(f"line {line_number}: {problem}")
        line_number += block.count("\n") + 2
    return Transcript(title=lines[0][9:], structure=lines[1][11:], turns=tuple(turns))


def _label_of(block: str) -> Label | None:
    for label in LABELS:
        if block.startswith(f"{label}:\n"):
            return label
    return None
