"""A gate holds or breaks; what is missing never passes."""

import pytest

from generator.compare.gates import broken, gate_of
from generator.errors import InputError
from tests.compare.made import compared, sides

MEASURES = ["talk", "words.a", "none"]


@pytest.fixture(scope="module")
def found():
    """`talk` goes from 1 to 3; `none` has no value."""
    return compared(sides(9, 1, lambda side, *_: {"talk": 1.0 + 2 * (side == "after"), "none": None}), "talk", "none")


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("talk<=3", True), ("talk<3", False), ("talk>=3", True), ("talk>3", False), (" talk <= 3.0 ", True),
        ("talk<=2.9", False), ("change:talk<=2", True), ("change:talk<2", False), ("change:talk>=-1e3", True),
        ("none<=1", False), ("none>=0", False), ("change:none<=99", False),
    ],
)  # fmt: skip
def test_a_gate_is_about_what_is_compared_with_the_reference(found, written, holds):
    assert (list(broken([gate_of(written, MEASURES)], found)) == []) == holds


def test_a_broken_gate_says_what_there_is(found):
    gates = [gate_of(written, MEASURES) for written in ("talk<=2", "change:talk<=1", "none<=1")]
    assert list(broken(gates, found)) == [
        "talk<=2: after has 3",
        "change:talk<=1: after has 2",
        "none<=1: after has too few values (0 of 9), which is no pass",
    ]


@pytest.mark.parametrize(
    "written", ["talk", "talk=3", "talk==3", "<=3", "talk<=", "talk<=x", "talk<=nan", "talk<=1<=2"]
)
def test_what_is_no_gate_is_refused(written):
    with pytest.raises(InputError, match="a gate looks like"):
        gate_of(written, MEASURES)


def test_a_measure_that_does_not_exist_is_told_with_the_nearest():
    with pytest.raises(
        InputError, match=r"--gate word\.a<=3: there is no measure 'word\.a'; did you mean 'words\.a'\?"
    ):
        gate_of("word.a<=3", MEASURES)
