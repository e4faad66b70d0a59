"""The pictures: where things are drawn, and that words and tables say the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.compare.comparison import Pair, Row
from generator.report.contents import Entry
from generator.report.pictures.airtime import airtime
from generator.report.pictures.by_turn import CUT, curves
from generator.report.pictures.chart import Scale, ticks
from generator.report.pictures.cut_offs import MOST_ROWS, cut_offs
from generator.report.pictures.intervals import interval
from generator.report.pictures.slopes import slopes
from generator.schema.measure import Measure

SPEAKERS = ("Therapist", "Patient A", "Patient B")


def entry(number: int, cuts: tuple[bool, ...], arm: str = "one") -> Entry:
    return Entry(
        key=f"1-{number}", number=number, title="", filters={}, sensitive=False, arm=arm,
        speakers=SPEAKERS[: len(cuts)], cuts=cuts, trimmed=0, told=0, grave=0, figures=None, packed="",
    )  # fmt: skip


def row(**more) -> Row:
    measure = Measure("words.a", "words a turn", "", "", "", "", tolerance=1)
    return Row(measure, "candid", True, 2, 2, 10.0, 14.0, 4.0, **more)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-6, 1e6), most=st.integers(2, 9))
def test_ticks_are_few_ordered_and_inside(low, span, most):
    found = ticks(low, low + span, most)
    assert len(found) <= most
    assert found == sorted(set(found))
    hair = 1e-7 * span + 1e-9 * max(1, abs(low))
    assert all(low - hair <= tick <= low + span + hair for tick in found)


@pytest.mark.parametrize(
    ("low", "high", "marks"), [(0, 130, [0, 50, 100]), (1, 31, [10, 20, 30]), (-0.2, 0.1, [-0.2, -0.1, 0, 0.1])]
)
def test_ticks_are_round(low, high, marks):
    assert ticks(low, high, 5) == marks


def test_a_scale_of_one_value_divides_by_nothing():
    assert Scale(3, 3, 0, 10)(3) == 0


def test_the_map_has_a_sign_for_every_turn_and_names_the_cut_ones():
    entries = [entry(1, (False, True, False)), entry(2, (False, True, True))]
    picture = cut_offs(entries, ("one",))
    assert picture.rows == (("1, one", "3", "1", "2"), ("2, one", "3", "2", "2, 3"))
    signs = {mark.classes: len(re.findall("M", mark.path)) for mark in picture.charts[0].marks}
    assert signs == {"whole therapist": 2, "filled partner-a": 2, "whole partner-b": 1, "filled partner-b": 1}
    assert picture.charts[0].told == "3 of 6 turns in 2 sessions are cut off."


def test_many_sessions_are_summed_up_by_turn():
    entries = [entry(number, (False, number % 2 == 0, True)) for number in range(MOST_ROWS + 2)]
    picture = cut_offs(entries, ("one",))
    assert picture.title == CUT.title
    assert picture.rows == (("1", "0", "", ""), ("2", "", "50", ""), ("3", "", "", "100"))


def test_sides_get_a_panel_for_each_speaker_and_a_sign_of_their_own():
    entries = [entry(1, (False, True, False), "x"), entry(2, (True, True, True), "y")]
    picture = curves(CUT, entries, ("x", "y"))
    assert [chart.title for chart in picture.charts] == [f"Cut-offs by turn, {label}" for label in SPEAKERS]
    assert [(key.name, key.sign) for key in picture.keys] == [("x", "●"), ("y", "■")]
    assert picture.rows[0] == ("1", "0", "100", "", "", "", "")


def test_a_turn_that_few_sessions_reach_is_left_out():
    entries = [entry(number, (True,)) for number in range(8)] + [entry(9, (True, True))]
    assert [found[0] for found in curves(CUT, entries, ("one",)).rows] == ["1", "2"]
    long = replace(entries[-1], speakers=("Therapist",) * 2)
    assert [found[0] for found in curves(CUT, [*entries[:-1], long], ("one",)).rows] == ["1"]


def test_nothing_said_gives_no_picture():
    assert cut_offs([entry(1, ())], ("one",)) is None
    assert airtime([entry(1, ())], ("one",)) is None


def test_an_interval_is_told_and_drawn_on_its_side_of_nothing():
    shown = interval(row(low=2.0, high=6.0))
    assert shown.told == "difference 4.0, interval from 2.0 to 6.0"
    reach = next(mark.path for mark in shown.marks if mark.classes == "reach")
    assert float(re.match(r"M([\d.]+)", reach)[1]) > shown.zero
    assert interval(replace(row(), difference=None)) is None


def test_slopes_have_a_line_a_pair_and_count_the_directions():
    pairs = (Pair("p", "c", 10.0, 12.0), Pair("q", "c", 10.0, 9.0), Pair("r", "c", 5.0, 5.0))
    picture = slopes(1, "baseline", "candid", [row(pairs=pairs)])
    assert picture.rows == (("words a turn", "3", "1", "1", "1", "10.0", "14.0"),)
    assert picture.charts[0].marks[0].path.count("M") == 3
    assert slopes(1, "baseline", "candid", [row()]) is None
