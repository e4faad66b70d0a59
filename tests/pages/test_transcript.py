"""A session on a page: every mark is there, and no text becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from generator import tokens
from generator.check import check
from generator.format import render
from generator.ledger import SessionRow
from generator.pages.shown import ShownSession, shown_session
from generator.pages.templates import environment, stylesheet
from generator.schema.contract import Contract
from generator.schema.finding import Finding
from generator.schema.turn import Reply, Trim, Turn, Usage
from generator.session import transcript_of
from tests.builders import spec

HOSTILE = (
    "<script>alert(1)</script>", "</textarea></script><img src=x onerror=alert(1)>", "javascript:alert(1)",
    '"><svg onload=alert(1)>', "{{ 7 * 7 }}{% include 'x' %}", "&lt;b&gt; & \u2028 \u202e abc",
)  # fmt: skip


def turn(n: int, text: str, **more) -> Turn:
    reply = Reply(text=text, end="stop", usage=Usage(), model="m", attempts=more.pop("attempts", 1))
    speaker = more.pop("speaker", ("Therapist", "Patient A", "Patient B")[(n - 1) % 3])
    fields = {"end": "stop", "cut": False, "mid_sentence": False, "tokens": 5, **more}
    return Turn(n=n, speaker=speaker, text=text, reply=reply, **fields)


def row(**more) -> SessionRow:
    fields = {"status": "complete", "reason": None, "message": None, "cell": {}, "repeat": 1, **more}
    return SessionRow("id", 7, spec(), **fields)


def page(session: ShownSession) -> str:
    made = environment("generator.pages").from_string(
        "{% from 'transcript.html' import transcript %}{{ transcript(session) }}"
    )
    return made.render(session=session)


class Seen(HTMLParser):
    """Elements and text of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def test_cut_offs_trims_notes_findings_and_what_is_told_are_marked():
    trims = (
        Trim(kind="speaker", removed="Patient B: no"),
        Trim(kind="controls", removed="\x1b\x00"),
        Trim(kind="layout", removed="blank"),
    )
    partner = row().spec.couple.a
    particular, leak = partner.particulars[0], partner.hides.leaks[0]
    turns = [
        turn(1, f"Hello. What of {particular}?\n\nSo?"),
        turn(
            2,
            f"I was {particular}. {leak} I was about to",
            cut=True,
            trims=trims,
            attempts=3,
            repeat=True,
            over_budget=True,
        ),
    ]
    seen = Seen(page(shown_session("1-7", "run", row(), turns))).text
    for words in (
        "cut off", "another speaker's lines Patient B: no", "U+001B U+0000", "repeats an earlier turn",
        "over its budget", "after 3 requests", f"tells {particular}", f"hints at what stays hidden {leak}",
    ):  # fmt: skip
        assert words in seen
    assert "blank" not in seen
    assert seen.count("tells") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text):
    shown = shown_session(
        "1-7", text, row(status="failed", reason="refused", message=text, cell={"mood": text}),
        [turn(1, text, trims=(Trim(kind="speaker", removed=text),))],
        [Finding(code="markup", level="conduct", severity="error", path=text, line=5, message=text, words=text,
                 remedy=text)],
    )  # fmt: skip
    markup = page(shown)
    seen = Seen(markup)
    assert not seen.tags & {"script", "img", "svg", "textarea", "iframe", "a"}
    assert seen.attributes <= {"class", "id", "dir", "aria-hidden"}
    assert seen.text.count(text) >= 6


def test_findings_stand_at_their_turn_and_the_rest_at_the_session():
    turns = [
        turn(1, "Good morning.\n\nWhat brings you?"),
        turn(2, "It is **always** the same."),
        turn(3, "As an AI, I cannot say."),
    ]
    of = row()
    raw = render(transcript_of(of.spec, turns)).encode()
    found = check("x", raw, {"format", "conduct"}, Contract(), None, tokens.count).findings
    whole = found[0].model_copy(update={"code": "end-of-file", "line": None})
    shown = shown_session("1-7", "run", of, turns, (whole, *found))
    codes = [{each.code for each in turn.findings} & {"markup", "as-an-ai"} for turn in shown.turns]
    assert codes == [set(), {"markup"}, {"as-an-ai"}]
    assert [each.code for each in shown.findings] == ["end-of-file"]
    assert {"end-of-file", "markup", "as-an-ai"} <= set(shown.codes)


def test_a_name_that_is_not_there_is_an_error():
    with pytest.raises(UndefinedError):
        environment("generator.pages").from_string("{{ nowhere }}").render()


def test_the_stylesheet_fetches_nothing():
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()
