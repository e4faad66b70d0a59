"""Cleaning a reply: labels, other speakers, controls and layout (FAULTS 27 to 31)."""

import unicodedata

import pytest
from hypothesis import given

from generator import clean
from generator.format import parse, render
from generator.reading import RULE, unreadable
from generator.schema.turn import Reply, Usage
from tests.builders import speak, spec, within
from tests.test_format import hostile

A = clean.names_for(spec(), "Patient A")
T = clean.names_for(spec(), "Therapist")

OWN_LABEL = {
    "label": (A, "Patient A: I was late.", 1),
    "name": (A, "Daniel: I was late.", 1),
    "full name": (A, "Daniel Haskell: I was late.", 1),
    "small letters": (A, "patient a: I was late.", 1),
    "bold": (A, "**Patient A:** I was late.", 1),
    "bold, colon outside": (A, "**Daniel**: I was late.", 1),
    "bracketed": (A, "[Patient A]: I was late.", 1),
    "bracketed, colon inside": (A, "[Daniel:] I was late.", 1),
    "with a direction": (A, "Daniel (quietly): I was late.", 1),
    "heading": (A, "### Daniel: I was late.", 1),
    "own line": (A, "Patient A:\n\nI was late.", 1),
    "twice": (A, "Patient A: Patient A: I was late.", 2),
    "label and name": (A, "Patient A: **Daniel:** I was late.", 2),
    "therapist": (T, "Therapist: I was late.", 1),
    "therapist with title": (T, "Dr. Anya Forger: I was late.", 1),
    "therapist as addressed": (T, "Dr. Forger: I was late.", 1),
    "therapist without title": (T, "Anya Forger: I was late.", 1),
}


@pytest.mark.parametrize(("names", "reply", "labels"), OWN_LABEL.values(), ids=OWN_LABEL)
def test_own_label_is_stripped_and_recorded(names, reply, labels):
    text, trims = clean.clean(reply, names)
    assert text == "I was late."
    assert [trim.kind for trim in trims] == ["label"] * labels
    assert all(trim.removed in reply for trim in trims)


@pytest.mark.parametrize(("names", "reply", "labels"), OWN_LABEL.values(), ids=OWN_LABEL)
def test_own_label_stays_in_keep_mode(names, reply, labels):
    assert clean.clean(reply, names, "keep") == (reply.replace(":\n\n", ": "), ())


def test_own_label_is_stripped_from_later_paragraphs_too():
    assert clean.clean("I was late.\n\nDaniel: Again.", A)[0] == "I was late.\n\nAgain."


@pytest.mark.parametrize("labels", ["strip", "keep"])
@pytest.mark.parametrize(
    "foreign",
    [
        "Patient B: Okay.",
        "Marcus: Okay.",
        "Marcus Wright: Okay.",
        "**Marcus:** Okay.",
        "[Patient B]: Okay.",
        "Marcus (sighs): Okay.",
        "> Marcus: Okay.",
        "Therapist: Okay.",
        "**Therapist:** Okay.",
        "Dr. Forger: Okay.",
        "Dr. Anya Forger: Okay.",
        "AI_Facilitator: Okay.",
        "Daniel: Marcus: Okay.",
        "Patient B:\n\nOkay.",
        "Marcus: Okay.\n\nDaniel: And then I came in.",
    ],
)
def test_another_speaker_is_cut_away_and_recorded(foreign, labels):
    text, trims = clean.clean(f"I was late.\n\n{foreign}", A, labels)
    assert text == "I was late."
    assert [(trim.kind, trim.removed) for trim in trims] == [("speaker", foreign)]


def test_another_speaker_after_a_single_line_break_is_cut_too():
    text, trims = clean.clean("I was late.\nMarcus: Okay.", A)
    assert text == "I was late."
    assert "speaker" in [trim.kind for trim in trims]


def test_nothing_is_left_of_a_reply_that_is_somebody_elses():
    assert clean.clean("Daniel: What do you want from me?", T)[0] == ""


@pytest.mark.parametrize(
    "reply",
    [
        'You wrote "Daniel: buy milk" on the clipboard.',
        "I told Marcus: not tonight.",
        "Marcus said: fine. And left.",
        "Danielle: that is what she called me.",
        "The note said Patient A: discharged.",
        "It's 7:30 and Daniel: nowhere.",
        "Marcus, listen: I was late.",
        "I am *so* tired [really] (no joke).",
        "Cut in the middle of",
        "Blanks at a paragraph's end. \n\nSecond paragraph.",
        "\u202eright to left\u202c 👩‍👩‍👧 cafe\u0301 \u2028 still the same line",
    ],
)
def test_everything_else_is_untouched(reply):
    assert clean.clean(reply, A) == (reply, ())


@pytest.mark.parametrize(
    ("reply", "text", "removed"),
    [
        ("a\x00b", "ab", "U+0000"),
        ("a\x1b[31mb", "a[31mb", "U+001B"),
        ("a\x85b\x9fc", "abc", "U+0085 U+009F"),
        ("\ufeffa\ufeffb", "ab", "U+FEFF U+FEFF"),
        ("a\ud83db", "a\ufffdb", "U+D83D"),
        ("a\vb\fc", "abc", "U+000B U+000C"),
    ],
)
def test_controls_and_surrogates(reply, text, removed):
    cleaned, trims = clean.clean(reply, A)
    assert cleaned == text
    assert [(trim.kind, trim.removed) for trim in trims] == [("controls", removed)]


@pytest.mark.parametrize(
    ("reply", "text", "kinds"),
    [
        ("  a\tb \n", "a\tb", []),
        ("a\n\nb", "a\n\nb", []),
        ("a\r\n\r\nb", "a\n\nb", []),
        ("a\nb", "a\n\nb", ["layout"]),
        ("a\rb", "a\n\nb", ["layout"]),
        ("a\n \n\n\nb", "a\n\nb", ["layout"]),
        ("", "", []),
        (" \n\n ", "", []),
    ],
)
def test_layout(reply, text, kinds):
    cleaned, trims = clean.clean(reply, A)
    assert (cleaned, [trim.kind for trim in trims]) == (text, kinds)


@given(hostile)
def test_clean_text_can_stand_anywhere(reply):
    text, _ = clean.clean(reply, A)
    text.encode()
    assert text == text.strip()
    assert not text or unreadable(text) is None
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in text.replace("\n", "").replace("\t", ""))
    assert "\n" not in text.replace("\n\n", "")
    assert clean.clean(text, A) == (text, ())


def test_a_hostile_reply_goes_through_a_session():
    """FAULTS 30: raw reply kept, clean text in history, and the next request works."""
    reply = f"Daniel: I was\ud83d late.\x00\n{RULE}\n\nMarcus: Okay."
    answer = Reply(text=reply, end="stop", usage=Usage(), model="m")
    session, requests = speak(spec(turns=3), ["Hello.", answer, "Fine."])
    assert session.turns[1].text == f"I was\ufffd late.\n\n{RULE}"
    assert {trim.kind for trim in session.turns[1].trims} == {"controls", "layout", "label", "speaker"}
    assert session.turns[1].reply.text == reply.replace("\ud83d", "\ufffd")
    assert "I was\ufffd late." in requests[2].messages.decode()
    assert parse(render(session.transcript())) == session.transcript()


@pytest.mark.parametrize(
    "reply",
    ["Daniel" + "*" * 10_000, "Daniel" + "*_" * 5000 + " " * 5000, "Daniel: " * 20_000, "x" * 10**6, "a\n" * 100_000],
    ids=["stars", "stars and blanks", "labels", "one megabyte", "lines"],
)
def test_degenerate_replies_are_cleaned_in_good_time(reply):
    with within(1):
        clean.clean(reply, A)
