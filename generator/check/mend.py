"""Mends what can be mended without inventing anything. Pure.

Line ends, blank lines, the rule, the form of labels, blanks around turns, and labels in the speech whose speaker
is plain. It never adds or changes a word and never touches the end of a turn: cut-offs stay cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from generator.check.conduct.labels import Stray, stray_label, strays
from generator.people import People, infer
from generator.reading import decode, read, unreadable
from generator.schema.reading import Block, Flaw, Reading
from generator.sentences import ending, ends_mid_sentence

MENDED = frozenset(
    """byte-order-mark line-ends header-rule blank-lines malformed-label broken-paragraph end-of-file header-session
    header-structure""".split()
)
"""Flaws that can be mended, where what is needed stands there."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that was mended."""

    line: int
    """In the file as it was."""
    code: str
    """The finding it answers."""
    message: str
    removed: str = ""
    """Words taken out of the speech; empty for everything else."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A mended text."""

    text: str
    edits: tuple[Edit, ...]
    """By line; empty if nothing could be mended, and then `text` is as it was."""
    left: tuple[Flaw, ...]
    """Flaws that remain, with their lines in the mended text."""


def mend(raw: bytes, people: People | None) -> Mended | None:
    """The mended transcript; None if the bytes are no text. `people`: None, to infer them from the speech."""
    text, bad_bytes = decode(raw)
    if bad_bytes:
        return None
    reading = read(text)
    joined = _joined(reading)
    laid_out = read("".join(_lines(joined)))
    people = people or infer([(turn.label, turn.text) for turn in laid_out.turns])
    spoken, edits = _speech(laid_out, people)
    blocks = [replace(block, text=spoken.get(block.line, block.text)) for block in laid_out.blocks]
    mended = "".join(_lines(blocks))
    after = read(mended)
    if not (reading.turns and _same(joined, laid_out.blocks) and _same(blocks, after.blocks)):
        return Mended(text, (), reading.flaws)
    was_at = {block.line: before.line for before, block in zip(joined, laid_out.blocks, strict=True)}
    edits = [replace(edit, line=was_at[edit.line]) for edit in edits]
    remaining = Counter((flaw.code, flaw.message) for flaw in after.flaws)
    for flaw in reading.flaws:
        if flaw.code in MENDED and not remaining[flaw.code, flaw.message]:
            edits.append(Edit(flaw.line, flaw.code, flaw.message))
        remaining[flaw.code, flaw.message] -= remaining[flaw.code, flaw.message] > 0
    if not edits:
        return Mended(text, (), reading.flaws)
    return Mended(mended, tuple(sorted(edits, key=lambda edit: edit.line)), after.flaws)


def _same(meant: Sequence[Block], read_again: Sequence[Block]) -> bool:
    """Whether a text that was laid out anew is read as it was meant. Where labels, rules and speech are too entangled
    for that, a text stays as it is."""
    return [(block.kind, block.text) for block in meant] == [(block.kind, block.text) for block in read_again]


def _speech(reading: Reading, people: People) -> tuple[dict[int, str], list[Edit]]:
    """The text of each line of speech, by line, and what was taken out of it."""
    spoken = {part.line: part.text for turn in reading.turns for part in turn.paragraphs}
    edits: list[Edit] = []
    for turn, part, stray in strays(reading.turns, people):
        rest = part.text
        found: Stray | None = stray
        while found and found.plain and _can_go(rest[: found.length], rest[found.length :]):
            label = rest[: found.length].strip()
            edits.append(Edit(part.line, f"stray-label-{found.kind}", f"took out {label!r}", label))
            rest = rest[found.length :]
            found = stray_label(rest, turn.label, people, part is turn.paragraphs[0])
        spoken[part.line] = rest
    for turn in (turn for turn in reading.turns if turn.paragraphs):
        first, last = turn.paragraphs[0].line, turn.paragraphs[-1].line
        for line, strip in ((first, str.lstrip), (last, str.rstrip)):
            trimmed = strip(spoken[line])
            if trimmed != spoken[line] and not unreadable(trimmed):
                edits.append(Edit(line, "trailing-blanks", "took out blanks around the turn"))
                spoken[line] = trimmed
    return spoken, edits


def _can_go(label: str, rest: str) -> bool:
    """Whether a label leaves speech behind that ends as before, and none of its own marks: "**Therapist: Hello.**"
    stays."""
    pairs = (label.count("**") % 2, label.count("[") - label.count("]"), label.count("(") - label.count(")"))
    return not any(pairs) and unreadable(rest) is None and ending(rest) == ending(label + rest)


def _joined(reading: Reading) -> list[Block]:
    """The blocks, with a line that was broken in mid-sentence joined to the one before it."""
    broken = {flaw.line for flaw in reading.flaws if flaw.code == "broken-paragraph"}
    kept: list[Block] = []
    for block in reading.blocks:
        before = kept[-1] if kept else None
        if before and block.line in broken and block.kind == before.kind == "speech":
            joined = f"{before.text.rstrip()} {block.text.lstrip()}"
            if ends_mid_sentence(before.text) and not unreadable(joined):
                kept[-1] = replace(before, text=joined)
                continue
        kept.append(block)
    return kept


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    for number, block in enumerate(blocks):
        yield f"{block.text}\n"
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        if following is None or not _stand_together(block, following):
            yield "\n"


def _stand_together(block: Block, following: Block) -> bool:
    """Whether no empty line goes between them. Stray text and labels without text stay as they stood: nobody knows
    what they are."""
    if block.kind == "label" and following.kind == "speech":
        return True
    if block.kind in {"label", "stray"} and block.kind == following.kind:
        return following.line == block.line + 1
    return block.kind in {"session", "structure"} and following.kind in {"structure", "rule"}
