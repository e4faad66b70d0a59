"""The transcript format, both ways. Pure: texts in, texts out.

    transcript = "SESSION: " title "\\n" "Structure: " structure "\\n" "=" x 70 "\\n" "\\n" turn+
    turn       = label ":\\n" text "\\n" "\\n"
    text       = one or more paragraphs, separated by one empty line; inner trailing blanks are kept

`parse(render(t)) == t` for every transcript; `render(parse(file)) == file` for every valid file.
"""

from __future__ import annotations

from generator.errors import InputError
from generator.schema.label import LABELS, Label
from generator.schema.turn import Transcript

RULE = "=" * 70


def render(transcript: Transcript) -> str:
    """The transcript as text in the seed format.

    Raises ValueError if a text cannot stand in the format (see `flaw`); cleaned turns always can.
    """
    for text in (transcript.title, transcript.structure):
        if not text.strip() or "\n" in text:
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
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it holds a lone surrogate"
    for paragraph in text.split("\n\n"):
        if not paragraph.strip():
            return "it holds more than one empty line in a row, or begins or ends with one"
        if _label_of(paragraph):
            return "a paragraph is nothing but a label"
        if "\n" in paragraph:
            return "a paragraph is broken over two lines; one empty line goes between paragraphs"
    return None


def parse(text: str) -> Transcript:
    """Read a transcript strictly. Lines end at "\\n" only; any other separator is text.

    Raises InputError with the number of the first line that breaks the grammar.
    """
    lines = text.split("\n")
    for index, prefix in enumerate(("SESSION: ", "Structure: ")):
        if index >= len(lines) or not lines[index].startswith(prefix) or not lines[index][len(prefix) :].strip():
            raise InputError(f"line {index + 1}: expected {prefix + '...'!r}")
    if len(lines) < 3 or lines[2] != RULE:
        raise InputError("line 3: expected a rule of 70 '='")
    if len(lines) < 4 or lines[3]:
        raise InputError("line 4: expected an empty line")
    turns: list[tuple[Label, list[str]]] = []
    number = 4
    while number < len(lines) - 1:
        line = lines[number]
        if label := _label_of(line):
            turns.append((label, []))
            number += 1
            line = lines[number]
            if flaw(line):
                raise InputError(f"line {number}: {label} says nothing")
        if not turns:
            raise InputError(f"line {number + 1}: expected a label line such as 'Therapist:'")
        if problem := flaw(line):
            raise InputError(f"line {number + 1}: expected a paragraph or a label line; {problem}")
        if number + 1 >= len(lines) or lines[number + 1]:
            raise InputError(f"line {number + 1}: expected a label line, or a paragraph and an empty line after it")
        turns[-1][1].append(line)
        number += 2
    if not turns or lines[-1] or number != len(lines) - 1:
        raise InputError(f"line {len(lines)}: the file must end in exactly one empty line")
    spoken = tuple((label, "\n\n".join(paragraphs)) for label, paragraphs in turns)
    return Transcript(title=lines[0][9:], structure=lines[1][11:], turns=spoken)


def _label_of(line: str) -> Label | None:
    return next((label for label in LABELS if line == f"{label}:"), None)
