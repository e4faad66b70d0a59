"""What the tests of checks share: transcripts without a fault, taken apart to be broken; and the check itself."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from generator import generate, tokens
from generator.assets import shipped_root
from generator.check import Checked, check
from generator.check.rule import Known
from generator.format import parse, render
from generator.schema.contract import Contract
from generator.schema.finding import Finding, at_least
from generator.schema.label import Label
from generator.sentences import ending

EXEMPLARS = sorted((shipped_root() / "seeds" / "exemplars").glob("*.txt"))


@functools.cache
def exemplar(number: int) -> str:
    """The text of an exemplar, from 1."""
    return EXEMPLARS[number - 1].read_bytes().decode("utf-8")


@functools.cache
def rehearsed(couple: str, **settings: Any) -> str:
    """The transcript of a session spoken by the rehearsal."""
    return render(generate(couple, **settings).transcript())


def checked(file: str | bytes, known: Known | None = None, contract: Contract | None = None) -> Checked:
    """A file checked for format and conduct."""
    raw = file if isinstance(file, bytes) else file.encode("utf-8")
    return check("it.txt", raw, {"format", "conduct"}, contract or Contract(), known, tokens.count)


def findings(file: str | bytes, **settings: Any) -> tuple[Finding, ...]:
    return checked(file, **settings).findings


def grave(file: str | bytes, **settings: Any) -> list[Finding]:
    """The errors and warnings."""
    return [found for found in findings(file, **settings) if at_least(found.severity, "warning")]


@dataclass(frozen=True)
class Base:
    """A transcript without a fault, and the names that its people are called."""

    text: str
    a: str
    b: str
    therapist: str
    """Without a title."""

    def draft(self) -> Draft:
        return Draft(self)


class Draft:
    """A transcript taken apart. Turns are numbered from 1."""

    def __init__(self, base: Base) -> None:
        read = parse(base.text)
        self.base = base
        self.title = read.title
        self.structure = read.structure
        self.turns = [[label, text] for label, text in read.turns]

    @property
    def text(self) -> str:
        """Written down as it stands, whether or not it is a valid transcript."""
        turns = "".join(f"{label}:\n{text}\n\n" for label, text in self.turns)
        return f"SESSION: {self.title}\nStructure: {self.structure}\n{'=' * 70}\n\n{turns}"

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def label_line(self, n: int) -> int:
        """The line of turn n's label."""
        return 5 + sum(2 + len(text.split("\n")) for _, text in self.turns[: n - 1])

    def line(self, n: int, paragraph: int = 1) -> int:
        """The line of a paragraph of turn n."""
        return self.label_line(n) + 2 * paragraph - 1

    def a_turn_of(self, label: Label, after: int = 6, paragraphs: int = 1) -> int:
        """A turn of this speaker in the middle of the session that ends with a whole sentence."""
        return next(
            n
            for n, (who, text) in enumerate(self.turns, start=1)
            if n > after and who == label and ending(text) == "sentence" and text.count("\n\n") == paragraphs - 1
        )

    def named(self, words: str, label: Label) -> str:
        """The words with {me}, {you} and {therapist} filled in, as `label` would mean them; {surname} is the
        therapist's."""
        me, you = (self.base.b, self.base.a) if label == "Patient B" else (self.base.a, self.base.b)
        names = {"me": me, "you": you, "therapist": self.base.therapist, "surname": self.base.therapist.split()[-1]}
        for name, value in names.items():
            words = words.replace("{" + name + "}", value)
        return words


def bases() -> dict[str, Base]:
    """Two transcripts from different hands and of different structures."""
    return {
        "exemplar": Base(exemplar(3), "Noor", "Felix", "Folake Adeyemi"),
        "rehearsal": Base(rehearsed("daniel-marcus", seed=5, turns=31), "Daniel", "Marcus", "Anya Forger"),
    }
