"""Reads any text as a transcript, tolerantly, and tells every way in which it is not one.

This is the only reader of the format: `format.parse` is this reading without a flaw. Nothing is mended and
nothing is lost on the way: what has no place in the grammar is a flaw with its line. Pure: texts in, records out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from generator.schema.label import LABELS, Label
from generator.schema.reading import Block, Flaw, FlawCode, Paragraph, Passage, Reading

RULE = "=" * 70
MAX_BYTES = 8 * 1024 * 1024
"""Larger files are not read: a transcript is some 20 KB."""

_RULE = re.compile(r"\s*={3,}\s*")
_EXACT = {f"{label}:": label for label in LABELS}
_BY_KEY = {re.sub(r"[ _]", "", label).casefold(): label for label in LABELS}
_DECORATED = re.compile(
    r"^[\s>#*_\[(]*(?P<name>therapist|patient[ _]?[ab]|ai[ _]?facilitator)[*_\])]*\s*"
    r"(?P<colon>[:：]?)[*_\])]*\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"^[\s>#*_\[(]*[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,2}[*_\])]*\s*[:：][*_\])]*\s*$")


def decode(raw: bytes) -> tuple[str, tuple[Flaw, ...]]:
    """The bytes of a file as text, and what is wrong with them as bytes. Never fails: what is not UTF-8
    becomes U+FFFD, and a file over `MAX_BYTES` is empty text."""
    if len(raw) > MAX_BYTES:
        return "", (Flaw("too-large", 1, f"the file has more than {MAX_BYTES:,} bytes"),)
    try:
        return raw.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    flaws = []
    for number, line in enumerate(re.split(rb"\r\n|\n|\r", raw), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as exc:
            message = f"line {number} is not UTF-8 (byte 0x{line[exc.start]:02X} at column {exc.start + 1})"
            flaws.append(Flaw("not-utf8", number, message, line.decode("utf-8", "replace")))
    return raw.decode("utf-8", "replace"), tuple(flaws)


def read(text: str) -> Reading:
    """Read `text`, whatever it is. Every flaw is told, by line; what can be understood is."""
    reader = _Reader()
    text = reader.line_ends(text)
    lines = text.split("\n")
    reader.header(lines)
    reader.body(lines)
    reader.end(lines)
    flaws = tuple(sorted(reader.flaws, key=lambda flaw: flaw.line))
    return Reading(reader.title, reader.structure, tuple(reader.turns()), flaws, tuple(reader.blocks))


def unreadable(text: str) -> str | None:
    """Why `text` cannot stand as a turn in the format; None if it can."""
    if not text.strip():
        return "it is empty"
    if re.search("[\ud800-\udfff]", text):
        return "it holds a lone surrogate"
    for paragraph in text.split("\n\n"):
        if not paragraph.strip():
            return "it holds more than one empty line in a row, or begins or ends with one"
        if paragraph in _EXACT:
            return "a paragraph is nothing but a label"
        if "\n" in paragraph or "\r" in paragraph:
            return "a paragraph is broken over two lines; one empty line goes between paragraphs"
    return None


@dataclass(slots=True)
class _Reader:
    flaws: list[Flaw] = field(default_factory=list)
    title: str = ""
    structure: str = ""
    blocks: list[Block] = field(default_factory=list)
    begun: list[tuple[Label | None, int, list[Paragraph]]] = field(default_factory=list)
    first: int = 0
    """Index of the first line of the body."""
    last: int = -1
    """Index of the last line that is not blank."""

    def flaw(self, code: FlawCode, line: int, message: str, words: Sequence[str] = ()) -> None:
        self.flaws.append(Flaw(code, line, message, "".join(words).strip()[:80]))

    def line_ends(self, text: str) -> str:
        if text.startswith("\ufeff"):
            self.flaw("byte-order-mark", 1, "the file begins with a byte-order mark")
            text = text.lstrip("\ufeff")
        if "\r" in text:
            before = text[: text.index("\r")]
            dos, mac = text.count("\r\n"), text.count("\r") - text.count("\r\n")
            kinds = " and ".join(f"{count} {kind}" for count, kind in ((dos, "CRLF"), (mac, "CR")) if count)
            self.flaw("line-ends", before.count("\n") + 1, f"lines end in LF alone; here are {kinds}")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        for number, line in enumerate(text.split("\n"), start=1):
            if re.search("[\ud800-\udfff]", line):
                self.flaw("not-utf8", number, f"line {number} holds a lone surrogate")
        return text

    def header(self, lines: list[str]) -> None:
        self.title, at = self._header_line(lines, 0, "SESSION", "session")
        self.structure, at = self._header_line(lines, at, "Structure", "structure")
        rule, at = self._after_blanks(lines, at, _RULE.pattern)
        if rule is None:
            self.flaw("header-rule", min(at + 1, len(lines)), f"expected a rule of {len(RULE)} '='", lines[at : at + 1])
        elif rule[0] != RULE:
            length = len(rule[0].strip())
            what = f"the rule has {length} '='" if length != len(RULE) else "the rule has blanks around it"
            self.flaw("header-rule", at, f"{what}; expected a rule of {len(RULE)} '='")
        if rule is not None:
            self.blocks.append(Block("rule", at, RULE))
        self.first = at

    def _header_line(
        self, lines: list[str], at: int, name: str, kind: Literal["session", "structure"]
    ) -> tuple[str, int]:
        code: FlawCode = "header-session" if kind == "session" else "header-structure"
        found, at = self._after_blanks(lines, at, rf"\s*{name}\s*[:：](.*)", re.IGNORECASE)
        prefix = f"{name}: "
        if found is None:
            further = _past_blanks(lines, at)
            if not self._is_another_header(lines, further, kind):
                self.flaw(code, min(at + 1, len(lines)), f"expected '{name}: ...'", lines[at : at + 1])
                return "", at
            self._blank_in_header(at, further)
            self.flaw(code, further + 1, f"expected '{name}: ...'", [lines[further]])
            self.blocks.append(Block(kind, further + 1, lines[further]))
            return lines[further].strip(), further + 1
        if not found[0].startswith(prefix) or not found[1].strip():
            self.flaw(code, at, f"expected '{name}: ...'", [found[0]])
            value = found[1].strip()
        else:
            value = found[0][len(prefix) :]
        self.blocks.append(Block(kind, at, f"{prefix}{value}" if value else found[0]))
        return value, at

    def _is_another_header(self, lines: list[str], at: int, kind: Literal["session", "structure"]) -> bool:
        """Whether the line stands where this header line should, in other words: over the rule there are just as many
        lines as header lines are missing, none of them a label, and it is no other of them."""
        above = []
        for line in lines[at : at + 8]:
            if _RULE.fullmatch(line):
                break
            if line in _EXACT:
                return False
            above.append(line.strip())
        else:
            return False
        missing = 2 if kind == "session" else 1
        other = re.match(r"(?:session|structure)\s*[:：]", above[0], re.IGNORECASE) if above else None
        return sum(map(bool, above)) == missing and bool(above[0]) and not other

    def _after_blanks(
        self, lines: list[str], at: int, pattern: str, flags: int = 0
    ) -> tuple[re.Match[str] | None, int]:
        """The line at `at`, or behind blank lines there, that matches the pattern; the index after it."""
        further = _past_blanks(lines, at)
        found = re.fullmatch(pattern, lines[further], flags | re.DOTALL) if further < len(lines) else None
        if found is None:
            return None, at
        self._blank_in_header(at, further)
        return found, further + 1

    def _blank_in_header(self, start: int, end: int) -> None:
        for number in range(start + 1, end + 1):
            self.flaw("blank-lines", number, "no empty line stands in the header")

    def body(self, lines: list[str]) -> None:
        """Walk the lines under the header. `blanks` are the empty lines since the last that was not."""
        loose = not any(line in _EXACT for line in lines[self.first :])
        before: Literal["nothing", "header", "label", "text"] = "header" if self.blocks else "nothing"
        blanks = 0
        for at in range(self.first, len(lines)):
            line = lines[at]
            if not line.strip():
                if line:
                    self.flaw("blank-lines", at + 1, "an empty line holds blanks")
                blanks += 1
                continue
            alone = blanks > 0 or before in {"nothing", "header"}
            follows = at + 1 < len(lines) and bool(lines[at + 1].strip())
            label = self._label(line, at + 1, loose, alone, follows)
            self._spacing(at, blanks, before, label is not None)
            if label is not None:
                who, rest = label
                self.begun.append((who, at + 1, []))
                self.blocks.append(Block("label", at + 1, f"{who}:" if who else line))
                before = "label"
                if rest:
                    self._speech(at + 1, rest)
                    before = "text"
            elif not self.begun:
                self.flaw("stray-text", at + 1, "text before the first label line, such as 'Therapist:'", line)
                self.blocks.append(Block("stray", at + 1, line))
                before = "text"
            else:
                self._speech(at + 1, line)
                before = "text"
            blanks, self.last = 0, at

    def _speech(self, line: int, text: str) -> None:
        self.begun[-1][2].append(Paragraph(line, text))
        self.blocks.append(Block("speech", line, text))

    def _label(
        self, line: str, number: int, loose: bool, alone: bool, follows: bool
    ) -> tuple[Label | None, str] | None:
        """Whose label the line is and what speech stands on it; None if it is no label.

        A label in another form is told from speech only where the grammar has no speech: right before a
        line of text, before the first label, or in a text that has no label in the right form.
        """
        if line in _EXACT:
            return _EXACT[line], ""
        if not alone:
            return None
        nowhere = loose or not self.begun
        match = _DECORATED.match(line)
        if match and (match["colon"] or not match["rest"]) and (nowhere or (follows and not match["rest"])):
            label = _BY_KEY[re.sub(r"[ _]", "", match["name"]).casefold()]
            self.flaw("malformed-label", number, f"the label is written '{label}:', on a line of its own", line[:60])
            return label, match["rest"]
        if follows and _NOBODY.match(line):
            self.flaw("unknown-label", number, f"no speaker is labelled {line.strip()!r}", line)
            return None, ""
        return None

    def _spacing(self, at: int, blanks: int, before: str, is_label: bool) -> None:
        if before == "label":
            if is_label:
                self._empty_turn()
                if blanks > 1:
                    self.flaw("blank-lines", at + 2 - blanks, f"one empty line is enough; here are {blanks}")
            elif blanks:
                self.flaw("blank-lines", at + 1 - blanks, "no empty line stands between a label and its text")
        elif before == "nothing":
            if blanks:
                self.flaw("blank-lines", at + 1 - blanks, "no empty line stands at the beginning")
        elif blanks > 1:
            self.flaw("blank-lines", at + 2 - blanks, f"one empty line is enough; here are {blanks}")
        elif not blanks and (is_label or before == "header"):
            self.flaw("blank-lines", at + 1, "expected an empty line before this one")
        elif not blanks:
            self.flaw("broken-paragraph", at + 1, "a paragraph is one line; one empty line goes between paragraphs")

    def _empty_turn(self) -> None:
        label, line, _ = self.begun[-1]
        self.flaw("empty-turn", line, f"{label or 'this speaker'} says nothing")

    def end(self, lines: list[str]) -> None:
        if self.begun and not self.begun[-1][2]:
            self._empty_turn()
        if not self.begun:
            self.flaw("no-turns", min(self.first + 2, len(lines)), "expected a label line such as 'Therapist:'")
        elif len(lines) != self.last + 3:
            number = min(len(lines), self.last + 3)
            self.flaw("end-of-file", number, "the file must end in exactly one empty line")

    def turns(self) -> Iterator[Passage]:
        for n, (label, line, paragraphs) in enumerate(self.begun, start=1):
            yield Passage(n, label, line, tuple(paragraphs))


def _past_blanks(lines: list[str], at: int) -> int:
    while at < len(lines) - 1 and not lines[at].strip():
        at += 1
    return at
