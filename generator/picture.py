"""One picture of a set of sessions: words by turn, cut-offs on the time line, airtime, affect."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from generator.errors import InputError
from generator.metrics.figures import own
from generator.schema.label import PRINCIPALS, Label
from generator.schema.profile import SessionFigures

LOOKS: dict[Label, tuple[str, str]] = {
    "Therapist": ("#4c566a", "s"),
    "Patient A": ("#b3541e", "o"),
    "Patient B": ("#1b6f8a", "^"),
}
"""Colour and marker of each speaker; the marker tells them apart without colour."""
MOST_ROWS = 40
"""Sessions that get a row of their own in the time line; more are summed up by turn."""


def draw(sessions: Sequence[SessionFigures], path: Path) -> None:
    """Draw the sessions into an SVG or PNG file, by the file's ending. The text of an SVG stays text.

    Raises InputError if matplotlib is not installed or the file cannot be written.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as exc:
        raise InputError("a picture needs the extra libraries: pip install 'couplesim[figures]'") from exc
    if not sessions:
        raise InputError("there is no session to draw")
    with warnings.catch_warnings(), rc_context({"svg.fonttype": "none", "svg.hashsalt": "couplesim", "font.size": 9}):
        figure = Figure(figsize=(11, 7.5), layout="constrained")
        (words, airtime), (timeline, affect) = figure.subplots(2, 2, width_ratios=(3, 2))
        _words(words, sessions)
        _airtime(airtime, sessions)
        _timeline(timeline, sessions)
        _affect(affect, sessions)
        names = _printable(sessions[0].title) if len(sessions) == 1 else f"{len(sessions)} sessions"
        turns = sum(len(session.speaker) for session in sessions)
        figure.suptitle(f"{names}, {turns} turns (synthetic)", parse_math=False)
        try:
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)
        except OSError as exc:
            raise InputError(f"{path}: cannot be written ({exc.strerror})") from exc


def _printable(title: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in title)


def _words(axes: Any, sessions: Sequence[SessionFigures]) -> None:
    for label, (colour, marker) in LOOKS.items():
        if len(sessions) <= MOST_ROWS:
            points = [(n, value) for n, values in _by_turn(sessions, label, "words") for value in values]
            axes.plot(*_columns(points), marker, color=colour, label=label, alpha=0.7, markersize=4)
        else:
            means = [(n, statistics.mean(values)) for n, values in _by_turn(sessions, label, "words")]
            axes.plot(*_columns(means), marker, color=colour, label=label, markersize=4)
            spans = [(n, *_middle(values)) for n, values in _by_turn(sessions, label, "words") if len(values) > 1]
            axes.vlines(*_columns(spans, 3), color=colour, alpha=0.4)
    title = "words by turn" if len(sessions) <= MOST_ROWS else "words by turn (mean, and the middle eight tenths)"
    axes.set(title=title, xlabel="turn", ylabel="words", ylim=(0, None))
    axes.legend(loc="lower right", fontsize=8)


def _airtime(axes: Any, sessions: Sequence[SessionFigures]) -> None:
    total = sum(sum(session.words) for session in sessions)
    shares = [_of(sessions, label, "words") for label in PRINCIPALS]
    bars = axes.barh(
        PRINCIPALS, [100 * sum(words) / total for words in shares], color=[LOOKS[x][0] for x in PRINCIPALS]
    )
    axes.bar_label(bars, fmt="%.0f%%", padding=3)
    axes.invert_yaxis()
    axes.set(title="airtime", xlabel="share of all words, per cent", xlim=(0, 100))


def _timeline(axes: Any, sessions: Sequence[SessionFigures]) -> None:
    if len(sessions) <= MOST_ROWS:
        for row, session in enumerate(sessions):
            for label, (colour, marker) in LOOKS.items():
                for cut, look in ((True, {"markersize": 6}), (False, {"markersize": 3, "fillstyle": "none"})):
                    turns = enumerate(zip(session.speaker, session.cut_off, strict=True), start=1)
                    points = [(n, row) for n, (speaker, was_cut) in turns if speaker == label and was_cut == cut]
                    axes.plot(*_columns(points), marker, color=colour, **look)
        axes.set(ylim=(len(sessions) - 0.5, -0.5), ylabel="session" if len(sessions) > 1 else "", yticks=[])
        axes.set_title("cut-offs on the time line (filled: cut off)")
    else:
        for label, (colour, marker) in LOOKS.items():
            shares = [(n, 100 * statistics.mean(cut)) for n, cut in _by_turn(sessions, label, "cut_off")]
            axes.plot(*_columns(shares), marker, color=colour, markersize=4)
        axes.set(title="share of turns cut off, by turn", ylabel="per cent", ylim=(-2, 102))
    longest = max(len(session.speaker) for session in sessions)
    axes.set(xlabel="turn", xlim=(0, longest + 1))


def _affect(axes: Any, sessions: Sequence[SessionFigures]) -> None:
    found = {label: _of(sessions, label, "affect") for label in PRINCIPALS}
    labels = [label for label in PRINCIPALS if found[label]]
    boxes = (
        {"boxes": [], "medians": []}
        if not labels
        else axes.boxplot(
            [found[label] for label in labels],
            tick_labels=labels,
            patch_artist=True,
            widths=0.5,
            whis=(5, 95),
            showfliers=False,
        )
    )
    for box, label in zip(boxes["boxes"], labels, strict=True):
        box.set(facecolor=LOOKS[label][0], alpha=0.6)
    for line in boxes["medians"]:
        line.set(color="black")
    axes.axhline(0, color="grey", linewidth=0.6)
    axes.set(title="affect of the turns (whiskers: nine tenths)", ylabel="negative to positive")


def _of(sessions: Sequence[SessionFigures], label: Label, values: str) -> list[float]:
    return [value for session in sessions for value in own(session, label, values)]


def _by_turn(sessions: Sequence[SessionFigures], label: Label, values: str) -> Iterator[tuple[int, list[float]]]:
    """For every turn, from 1, that the speaker has in some session: the values there."""
    for n in range(1, max(len(session.speaker) for session in sessions) + 1):
        own_turn = [session for session in sessions if len(session.speaker) >= n and session.speaker[n - 1] == label]
        if own_turn:
            yield n, [float(getattr(session, values)[n - 1]) for session in own_turn]


def _middle(values: Sequence[float]) -> tuple[float, float]:
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    return tenths[0], tenths[-1]


def _columns(points: Sequence[tuple[float, ...]], count: int = 2) -> Sequence[Sequence[float]]:
    return list(zip(*points, strict=True)) or [()] * count
