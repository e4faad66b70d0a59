"""Records of what was said keep it as it came."""

import pytest

from generator.schema.turn import Reply, Transcript, Trim, Usage


@pytest.mark.parametrize("text", [" a ", "a\n", "\u2028a\u00a0", "a\ufffdb", ""])
def test_a_reply_keeps_its_text_as_it_came(text):
    assert Reply(text=text, end="stop", usage=Usage(), model="m").text == text


def test_a_trim_keeps_what_was_taken_away():
    assert Trim(kind="budget", removed=" and the rest ").removed == " and the rest "


def test_a_transcript_keeps_outer_blanks():
    assert Transcript(title="t", structure="s", turns=(("Therapist", "a "),)).turns == (("Therapist", "a "),)


def test_usage_total():
    assert Usage(prompt=100, cached=60, completion=20, reasoning=5).total == 120
