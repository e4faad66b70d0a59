"""Level format: the grammar of the file. What the tolerant reader stumbled over, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from generator.check.rule import Case, Hit, Rule, quoted

_FIX = "`couplesim fix` mends it."

RULES = tuple(
    Rule(code, "format", "note" if code == "trailing-blanks" else "error", what, remedy)
    for code, what, remedy in (
        ("too-large", "The file is larger than any transcript.", "Check that it is the right file."),
        ("not-utf8", "Bytes that are not UTF-8.", "Save the file as UTF-8."),
        ("byte-order-mark", "The file begins with a byte-order mark.", _FIX),
        ("line-ends", "Lines end in CRLF or CR instead of LF.", _FIX),
        ("header-session", "The first line is not `SESSION: ` and a title.", "Write the topic's title there."),
        ("header-structure", "The second line is not `Structure: ` and a name.", "Write the structure's name there."),
        ("header-rule", "The third line is not a rule of 70 `=`.", _FIX),
        ("blank-lines", "An empty line is missing, too many, or holds blanks.", _FIX),
        ("stray-text", "Text before the first label.", "Put it under a label, or take it out."),
        ("malformed-label", "A label in another form than `Patient A:`.", _FIX),
        (
            "unknown-label",
            "A label line that names no speaker.",
            "Use Therapist, Patient A, Patient B or AI_Facilitator.",
        ),
        ("empty-turn", "A label without text.", "Take the label out, or supply what was said."),
        ("broken-paragraph", "A line break inside a paragraph.", _FIX),
        ("no-turns", "There is no turn at all.", "Check that it is a transcript."),
        ("end-of-file", "The file does not end in exactly one empty line.", _FIX),
        ("trailing-blanks", "Blanks at the end of a turn or at the start of one.", _FIX),
    )
)


def find(case: Case) -> Iterator[Hit]:
    """Every flaw, and blanks around turns, which the grammar allows and nobody means."""
    for flaw in case.reading.flaws:
        yield Hit(flaw.code, flaw.line, flaw.message, flaw.words)
    for turn in case.turns:
        first, last = turn.paragraphs[0], turn.paragraphs[-1]
        if first.text != first.text.lstrip():
            yield Hit("trailing-blanks", first.line, "the turn begins with blanks", quoted(first.text.strip()))
        if last.text != last.text.rstrip():
            yield Hit("trailing-blanks", last.line, "the turn ends with blanks", last.text.strip()[-40:])
