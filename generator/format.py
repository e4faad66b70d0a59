"""The transcript format, both ways. Pure: texts in, texts out.

    transcript = "SESSION: " title "\\n" "Structure: " structure "\\n" "=" x 70 "\\n" "\\n" turn+
    turn       = label ":\\n" text "\\n" "\\n"
    text       = one or more paragraphs, separated by one empty line; inner trailing blanks are kept

`parse(render(t)) == t` for every transcript; `render(parse(file)) == file` for every valid file.
"""

from __future__ import annotations

from generator.errors import InputError
from generator.reading import RULE, read, unreadable
from generator.schema.turn import Transcript


def render(transcript: Transcript) -> str:
    """The transcript as text in the seed format.

    Raises ValueError if a text cannot stand in the format; cleaned turns always can.
    """
    for text in (transcript.title, transcript.structure):
        if not text.strip() or "\n" in text or "\r" in text:
            raise ValueError(f"a header line must be one line of text, not {text!r}")
    parts = [f"SESSION: {transcript.title}\nStructure: {transcript.structure}\n{RULE}\n\n"]
    for label, text in transcript.turns:
        if problem := unreadable(text):
            raise ValueError(f"a turn of {label} cannot be written: {problem}")
        parts.append(f"{label}:\n{text}\n\n")
    return "".join(parts)


def parse(text: str) -> Transcript:
    """Read a transcript strictly. Lines end at "\\n" only; any other separator is text.

    Raises InputError with the number of the first line that breaks the grammar.
    """
    reading = read(text)
    if reading.flaws:
        first = reading.flaws[0]
        found = f"; found {first.words[:60]!r}" if first.words else ""
        raise InputError(f"line {first.line}: {first.message}{found}")
    spoken = tuple((turn.label, turn.text) for turn in reading.turns if turn.label)
    return Transcript(title=reading.title, structure=reading.structure, turns=spoken)
