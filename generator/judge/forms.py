"""What each rubric is asked about, and what may be answered. The measures depend on it, so it stands here; in which
words it is asked stands in `prompts/judges/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from generator.judge.figures import Value

VERSION = 1
"""Of all forms together; part of every rubric's hash."""

Of = Literal["therapist turns", "partners", "partners before and after", "session"]
"""What the questions are asked about, each of them about every one."""

Quoted = Literal["turn", "before", "transcript"]
"""Where words quoted as evidence have to stand: in the turn itself; between the therapist's last turn and this one;
anywhere in the transcript."""

POSITIVE = ("interested", "excited", "strong", "enthusiastic", "proud", "alert", "inspired", "determined",
            "attentive", "active")  # fmt: skip
NEGATIVE = ("distressed", "upset", "guilty", "scared", "hostile", "irritable", "ashamed", "nervous", "jittery",
            "afraid")  # fmt: skip
"""The adjectives of the two scales of the PANAS (Watson, Clark and Tellegen 1988)."""

BOND = ("bond", "goal", "task")
"""What a working alliance consists of (Bordin 1979)."""
ALLIANCE = (*BOND, "validation", "neutrality", "guidance")
FIDELITY = ("facts", "voice", "motives")
REALISM = ("speech", "course", "therapist")
SIDES = ("A", "B", "both", "neither")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a question may be answered with."""

    values: tuple[Value, ...]
    quoted: Quoted | None = "transcript"
    """Where its evidence stands; None: none is asked for."""
    unquoted: Value = None
    """An answer that needs no evidence: that there is nothing."""


@dataclass(frozen=True, slots=True)
class Form:
    """A rubric's questions."""

    of: Of
    questions: Mapping[str, Kind]
    personas: bool = False
    """Whether the judge is told who the partners are; then only sessions whose personas are on record are judged."""


_SIDE = Kind(SIDES, "turn", "neither")
_DEPTH = Kind((*range(6), None), "before")
_TEN = Kind(tuple(range(11)))
_PANAS = Kind(tuple(range(1, 6)), None)

FORMS: dict[str, Form] = {
    "framing": Form("therapist turns", {"adopts": _SIDE}),
    "bids": Form("therapist turns", {"depth_a": _DEPTH, "depth_b": _DEPTH}),
    "challenges": Form("therapist turns", {"challenges": _SIDE}),
    "alliance": Form("partners", dict.fromkeys(ALLIANCE, _TEN)),
    "panas": Form("partners before and after", dict.fromkeys((*POSITIVE, *NEGATIVE), _PANAS)),
    "fidelity": Form("partners", dict.fromkeys(FIDELITY, _TEN), personas=True),
    "realism": Form("session", dict.fromkeys(REALISM, _TEN)),
}
"""By the rubric's name."""


def units(form: Form, therapist_turns: tuple[int, ...]) -> tuple[str, ...]:
    """What a session is asked about: numbers of turns, "a", "b.before", "session"."""
    if form.of == "therapist turns":
        return tuple(map(str, therapist_turns))
    return {
        "partners": ("a", "b"),
        "partners before and after": ("a.before", "a.after", "b.before", "b.after"),
        "session": ("session",),
    }[form.of]
