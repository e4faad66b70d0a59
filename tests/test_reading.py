"""The tolerant reader: it takes anything, tells every flaw, loses nothing, and agrees with the strict parser."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator import format
from generator.errors import InputError
from generator.reading import MAX_BYTES, RULE, decode, read
from generator.schema.label import LABELS
from tests.builders import seed_text, within
from tests.check import EXEMPLARS, exemplar

HEAD = f"SESSION: Trust\nStructure: LLM Only\n{RULE}\n\n"
VALID = HEAD + "Therapist:\nHello.\n\nPatient A:\nHi.\n\nNot much to say.\n\nPatient B:\nNo.\n\n"

pieces = st.one_of(
    st.text(max_size=8),
    st.characters(categories=["Cs", "Cc", "Zl", "Zp", "Zs"]),
    st.sampled_from(["\n", "\n", "\n\n", "\r\n", "\r", " ", "\t", "\u00a0", "\ufeff", "\u2028", "\x0b", "\x85", ":"]),
    st.sampled_from([f"{label}:" for label in LABELS]),
    st.sampled_from(
        ["Therapist:\n", "\n\nPatient A:\n", "**Patient B:**\n", "patient a: ", "\n\nMarcus:\n", "[Therapist]"]
    ),
    st.sampled_from(["SESSION: Trust\n", "SESSION:", "Structure: Sequential\n", "structure:\n", RULE, "====", HEAD]),
    st.sampled_from(["Hello.\n", "Yes, I was late.\n\n"]),
)
texts = st.lists(pieces, max_size=25).map("".join)


@st.composite
def damaged(draw) -> str:
    """A valid transcript in which a few places were cut out or written over."""
    text = VALID
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 12)))
        text = text[:at] + draw(pieces) + text[end:]
    return text


anything = st.one_of(texts, damaged(), texts.map(lambda text: HEAD + text))


def count_lines(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text)) + 1


@given(anything)
@example("")
@example("\ufeff")
@example(HEAD)
@example(VALID.replace("Hi.", "\ud800"))
@example(VALID.replace("Trust", "Trust "))
def test_a_text_is_a_transcript_if_and_only_if_it_has_no_flaw(text):
    flaws = read(text).flaws
    if flaws:
        with pytest.raises(InputError, match=rf"^line {flaws[0].line}: "):
            format.parse(text)
    else:
        assert format.render(format.parse(text)) == text


@given(anything)
def test_flaws_are_told_in_order_with_a_line_of_the_text(text):
    lines = [flaw.line for flaw in read(text).flaws]
    assert lines == sorted(lines)
    assert all(1 <= line <= count_lines(text) for line in lines)
    assert all("\n" not in flaw.message for flaw in read(text).flaws)


@given(anything)
def test_no_word_is_lost_on_the_way(text):
    """Every line that is not blank is a block, with what stands there, but for the rule and the form of labels."""
    reading = read(text)
    bare = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert {block.line for block in reading.blocks} >= {n for n, line in enumerate(bare, 1) if line.strip()} - _rules(
        text
    )
    for block in reading.blocks:
        if block.kind in {"speech", "stray"}:
            assert block.text in bare[block.line - 1]
        elif block.kind in {"session", "structure"}:
            assert block.text.split(": ", 1)[-1] in bare[block.line - 1]


def _rules(text: str) -> set[int]:
    return {flaw.line for flaw in read(text).flaws if flaw.code == "header-rule"}


@given(anything)
def test_turns_are_made_of_the_speech_under_their_labels(text):
    reading = read(text)
    speech = [(block.line, block.text) for block in reading.blocks if block.kind == "speech"]
    assert [(part.line, part.text) for turn in reading.turns for part in turn.paragraphs] == speech
    assert [turn.n for turn in reading.turns] == list(range(1, len(reading.turns) + 1))
    assert [turn.line for turn in reading.turns] == [block.line for block in reading.blocks if block.kind == "label"]


@given(st.one_of(st.binary(max_size=200), anything.map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(b"\xff\xfeS\x00E\x00")
@example(b"\xed\xa0\x80")
@example(b"a\r\xffb\r\n\xe2\x80\n\xc3")
def test_any_bytes_are_decoded_and_bad_ones_told_by_line(raw):
    text, flaws = decode(raw)
    lines = re.split(rb"\r\n|\n|\r", raw)
    assert [flaw.line for flaw in flaws] == [n for n, line in enumerate(lines, 1) if _bad(line)]
    read(text)


def _bad(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def test_a_file_too_large_is_not_read():
    text, flaws = decode(b"x" * (MAX_BYTES + 1))
    assert (text, [flaw.code for flaw in flaws]) == ("", ["too-large"])
    assert decode(b"x" * MAX_BYTES)[1] == ()


def test_the_seed_and_the_exemplars_are_read_without_a_flaw():
    for text in (seed_text(), *(exemplar(number) for number in range(1, len(EXEMPLARS) + 1))):
        assert read(text).flaws == ()


SEVERAL = {
    "crlf throughout, and a short rule": (
        VALID.replace(RULE, "=" * 60).replace("\n", "\r\n"),
        [("line-ends", 1), ("header-rule", 3)],
    ),
    "mark, blank in the rule, label in bold, no end": (
        "\ufeff" + VALID.replace(RULE, f"{RULE} ").replace("Patient A:", "**Patient A:**")[:-1],
        [("byte-order-mark", 1), ("header-rule", 3), ("malformed-label", 8), ("end-of-file", 15)],
    ),
    "text before the label, a lost text, a broken line": (
        HEAD + "Dear reader,\n\nTherapist:\n\nPatient A:\nHi.\nYes.\n\n",
        [("stray-text", 5), ("empty-turn", 7), ("broken-paragraph", 11)],
    ),
    "two unknown labels, two lines too many": (
        HEAD + "Therapist:\nHello.\n\nMarcus:\nHi.\n\n\nDr. Forger:\nYes.\n\n\n",
        [("unknown-label", 8), ("blank-lines", 11), ("unknown-label", 12), ("end-of-file", 15)],
    ),
    "no header": (
        "Therapist:\nHello.\n\n",
        [("header-session", 1), ("header-structure", 1), ("header-rule", 1)],
    ),
    "no header, two empty lines at the beginning": (
        "\n\nTherapist:\nHello.\n\n",
        [("header-session", 1), ("header-structure", 1), ("header-rule", 1), ("blank-lines", 1)],
    ),
    "no header, a rule as speech": (
        f"Therapist:\n{RULE}\n\n",
        [("header-session", 1), ("header-structure", 1), ("header-rule", 1)],
    ),
    "all labels on the line of their text": (
        HEAD + "Therapist: Hello.\n\nPatient A: Hi.\n\n",
        [("malformed-label", 5), ("malformed-label", 7)],
    ),
}


@pytest.mark.parametrize(("text", "flaws"), SEVERAL.values(), ids=SEVERAL)
def test_all_flaws_of_a_text_are_told(text, flaws):
    assert [(flaw.code, flaw.line) for flaw in read(text).flaws] == flaws


@pytest.mark.parametrize(
    "line",
    ["Therapist", "Patient A", "Patient C:", "Marcus:", "**Patient A:**", "And then: nothing", "=" * 70, "SESSION: x"],
)
def test_a_paragraph_in_the_middle_of_speech_is_speech_whatever_it_looks_like(line):
    text = VALID.replace("Not much to say.", line)
    assert read(text).flaws == ()
    assert read(text).turns[1].text == f"Hi.\n\n{line}"


@pytest.mark.parametrize(
    ("line", "label"),
    [("patient a:", "Patient A"), ("[PATIENT B]", "Patient B"), ("## Therapist:", "Therapist"), ("Marcus:", None),
     ("AI Facilitator:", "AI_Facilitator"), ("_Patient_A_:", "Patient A")],
)  # fmt: skip
def test_whose_a_label_in_another_form_is(line, label):
    assert [turn.label for turn in read(VALID.replace("Patient A:", line)).turns] == ["Therapist", label, "Patient B"]


@pytest.mark.parametrize(
    "piece",
    ["a", " ", "\t", ":", "=", "*", "[", "(", "A ", "Aa ", "Aa-", "Aa. ", "Patient A", "Therapist ", "SESSION:", "> ",
     "\u00a0", "\x0b", "：", "_", "''"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["title", "structure", "rule", "label", "text"])
def test_long_lines_are_read_in_good_time(piece, where):
    long = piece * (200_000 // len(piece))
    line = {"title": "SESSION: Trust", "structure": "Structure: LLM Only", "rule": RULE, "label": "Patient A:"}
    with within(2):
        read(VALID.replace(line.get(where, "Not much to say."), long))


@pytest.mark.parametrize(
    "piece",
    ["\n", " \n", "\r", "\r\n", "a\n", "a\n\n", "Therapist:\n", "Therapist:\na\n\n", "\nA:\na", "\n\nAa:\na\n", "=\n"],
)
@pytest.mark.parametrize("head", ["", HEAD], ids=["no header", "header"])
def test_many_lines_are_read_in_good_time(piece, head):
    with within(4):
        read(head + piece * (100_000 // len(piece)))
