"""Airtime: how the words of all sessions are shared out among the speakers, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from generator.pages.shown import CLASSES, SIGNS
from generator.report.contents import Entry
from generator.report.pictures.chart import RIGHT, WIDTH, Chart, Key, Mark, Picture, Scale, Words, axis
from generator.schema.label import PRINCIPALS, Label

BAR = 18
"""Height of a bar."""
FIRST, STEP = 34, 54
"""Top of the first bar, and from one bar's top to the next, with a side's name and its shares between."""
AXIS = 34
"""Under the last bar."""


def airtime(entries: Sequence[Entry], arms: Sequence[str]) -> Picture | None:
    """A bar for each side. None where no words could be counted."""
    shares = {arm: found for arm in arms if (found := _shares([each for each in entries if each.arm == arm]))}
    if not shares:
        return None
    x = Scale(0, 100, RIGHT, WIDTH - 2 * RIGHT)
    marks, words = [], []
    for row, (arm, found) in enumerate(shares.items()):
        top, left = FIRST + STEP * row, 0.0
        if len(shares) > 1:
            words.append(Words(x(0), top - 20, arm, "strong"))
        for label, share in found.items():
            marks.append(Mark(f"bar {CLASSES[label]}", f"M{x(left)} {top}H{x(left + share)}v{BAR}H{x(left)}z"))
            words.append(Words(x(left), top - 5, f"{SIGNS[label]} {share:.0f} %", CLASSES[label]))
            left += share
    height = FIRST + STEP * (len(shares) - 1) + BAR + AXIS
    told = " ".join(
        f"{arm}: {', '.join(f'{label} {share:.0f} per cent' for label, share in found.items())}."
        for arm, found in shares.items()
    )
    chart = Chart("Airtime", told, axis(x, suffix=" %"), (), "", "", tuple(marks), tuple(words), height=height,
                  left=RIGHT)  # fmt: skip
    return Picture(
        "airtime", "Airtime", "Share of all words.", (chart,),
        tuple(Key(CLASSES[label], label, SIGNS[label]) for label in PRINCIPALS),
        ("side", *PRINCIPALS),
        tuple((arm, *(f"{found[label]:.1f} %" for label in PRINCIPALS)) for arm, found in shares.items()),
    )  # fmt: skip


def _shares(entries: Sequence[Entry]) -> dict[Label, float]:
    """Per cent of the words by speaker; empty where there are none."""
    words = dict.fromkeys(PRINCIPALS, 0)
    for entry in entries:
        if entry.figures:
            for speaker, count in zip(entry.figures.speaker, entry.figures.words, strict=True):
                if speaker in words:
                    words[speaker] += count
    total = sum(words.values())
    return {label: 100 * count / total for label, count in words.items()} if total else {}
