"""The cut-off map: a row a session, a sign a turn, filled where the turn was cut off."""

from __future__ import annotations

from collections.abc import Sequence

from generator.pages.shown import CLASSES, SIGNS
from generator.report.contents import Entry
from generator.report.pictures.by_turn import CUT, curves
from generator.report.pictures.chart import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    Key,
    Mark,
    Picture,
    Scale,
    Tick,
    axis,
    signs,
)  # fmt: skip
from generator.schema.label import PRINCIPALS

MOST_ROWS = 48
"""Sessions of a side that get a row of their own; of more, the share cut off is drawn turn by turn."""
ROWS_NAMED = 5
"""Rows that have their session's number beside them."""
ROW = 9
"""Height of a row."""


def cut_offs(entries: Sequence[Entry], arms: Sequence[str]) -> Picture | None:
    """Where the budget cuts in. None where nothing has been said."""
    spoken = [entry for entry in entries if entry.speakers]
    sides = {arm: [entry for entry in spoken if entry.arm == arm] for arm in arms}
    if max(map(len, sides.values()), default=0) > MOST_ROWS:
        return curves(CUT, spoken, arms)
    charts = tuple(_map(arm if len(arms) > 1 else "", side) for arm, side in sides.items() if side)
    if not charts:
        return None
    return Picture(
        "cut",
        "Cut-offs on the time line",
        "A row a session, a sign a turn; large and filled: cut off at the token budget.",
        charts,
        tuple(Key(CLASSES[label], label, SIGNS[label]) for label in PRINCIPALS),
        ("session", "turns", "cut off", "turns cut off"),
        tuple(_row(entry) for entry in spoken),
    )


def _map(name: str, side: Sequence[Entry]) -> Chart:
    last = max(len(entry.speakers) for entry in side)
    height = TOP + ROW * len(side) + BOTTOM
    x = Scale(1, max(last, 2), LEFT + 8, WIDTH - RIGHT - 4)
    marks = []
    for label in PRINCIPALS:
        for cut, look, size in ((False, "whole", 1.3), (True, "filled", 3.0)):
            points = [
                (x(at + 1), TOP + ROW * (row + 0.5))
                for row, entry in enumerate(side)
                for at, (speaker, was_cut) in enumerate(zip(entry.speakers, entry.cuts, strict=True))
                if speaker == label and was_cut == cut
            ]
            if points:
                marks.append(Mark(f"{look} {CLASSES[label]}", signs(SIGNS[label], points, size)))
    turns, cut_turns = sum(len(entry.cuts) for entry in side), sum(sum(entry.cuts) for entry in side)
    told = f"{cut_turns} of {turns} turns in {len(side)} sessions are cut off."
    rows = tuple(
        Tick(TOP + ROW * (row + 0.5), str(side[row].number)) for row in range(0, len(side), -(-len(side) // ROWS_NAMED))
    )
    title = f"Cut-offs, {name}" if name else "Cut-offs"
    return Chart(title, told, axis(x), rows, "turn", "session", tuple(marks), height=height)


def _row(entry: Entry) -> tuple[str, ...]:
    where = [str(turn) for turn, cut in enumerate(entry.cuts, start=1) if cut]
    return f"{entry.number}, {entry.arm}", str(len(entry.cuts)), str(len(where)), ", ".join(where)
