"""The transcript format: both ways without loss, and strict about what it reads."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator import clean, format
from generator.errors import InputError
from generator.reading import RULE, unreadable
from generator.schema.label import LABELS
from generator.schema.turn import Transcript
from tests.builders import seed_text, spec, within

BREAKS = "\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029"
MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200f\ufeff\ufffd"
IMITATIONS = (
    *(f"{label}:\n" for label in LABELS),
    *(f"\n\n{label}: " for label in LABELS),
    "\n\n",
    "\n\n\n",
    f"\n{RULE}\n\n",
    "SESSION: x\nStructure: y\n",
    "Marcus: ",
    "**Daniel:** ",
)
hostile = st.lists(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs", "Cc"]),
        st.sampled_from(BREAKS + MARKS + "a. *_[(:>#"),
        st.sampled_from(IMITATIONS),
    ),
    max_size=30,
).map("".join)
header = st.sampled_from(["Trust", "a  b", "a\tb", "a\u2028b", "a\u00a0b", "Therapist:", "=" * 70])

HEAD = f"SESSION: Trust\nStructure: LLM Only\n{RULE}\n\n"
VALID = HEAD + "Therapist:\nHello.\n\nPatient A:\nHi.\n\n"


@given(
    header,
    header,
    st.lists(st.tuples(st.sampled_from(LABELS), hostile), min_size=1),
    st.sampled_from(["strip", "keep"]),
)
def test_whatever_is_said_comes_back_from_the_file(title, structure, said, labels):
    cleaned = [(label, clean.clean(text, clean.names_for(spec(), label), labels)[0]) for label, text in said]
    turns = (("Therapist", "Hello."), *((label, text) for label, text in cleaned if text))
    written = format.render(Transcript(title=title, structure=structure, turns=turns))
    read = format.parse(written.encode().decode())
    assert (read.title, read.structure, read.turns) == (title, structure, turns)


@given(st.lists(st.tuples(st.sampled_from(LABELS), hostile), min_size=1))
def test_what_can_be_written_can_be_read(said):
    """Uncleaned text: what `flaw` lets pass survives."""
    possible = tuple((label, text) for label, text in said if not unreadable(text))
    transcript = Transcript(title="t", structure="s", turns=(("Therapist", "Hello."), *possible))
    assert format.parse(format.render(transcript)) == transcript


@given(st.lists(st.tuples(st.sampled_from(LABELS), hostile), min_size=1))
@example([("Therapist", "A turn that ends in a blank. ")])
@example([("Therapist", "  A turn that begins with two.")])
@example([("Therapist", "Blanks inside. \n\nA second paragraph.")])
def test_what_can_be_read_is_written_byte_for_byte(said):
    file = HEAD + "".join(f"{label}:\n{text}\n\n" for label, text in said).encode(errors="replace").decode()
    try:
        transcript = format.parse(file)
    except InputError:
        return
    assert format.render(transcript) == file


@pytest.mark.parametrize("line", ["SESSION: Trust", "Structure: LLM Only"])
def test_a_header_with_a_blank_at_its_end_is_refused_or_kept(line):
    file = VALID.replace(line, f"{line} ")
    try:
        transcript = format.parse(file)
    except InputError:
        return
    assert format.render(transcript) == file


def test_the_seed_round_trips_byte_for_byte():
    seed = seed_text()
    transcript = format.parse(seed)
    assert (transcript.title, transcript.structure, len(transcript.turns)) == ("Work/Home Role Strain", "LLM Only", 31)
    assert format.render(transcript) == seed


MALFORMED = {
    "empty file": ("", 1),
    "no title": (VALID.replace("SESSION: Trust", "SESSION: "), 1),
    "blank title": (VALID.replace("SESSION: Trust", "SESSION:    "), 1),
    "header in small letters": (VALID.replace("SESSION", "Session"), 1),
    "header only": ("SESSION: Trust\n", 2),
    "no structure line": (VALID.replace("Structure: LLM Only\n", ""), 2),
    "rule too short": (VALID.replace(RULE, "=" * 69), 3),
    "rule too long": (VALID.replace(RULE, "=" * 71), 3),
    "no empty line under the rule": (VALID.replace("=\n\n", "=\n"), 4),
    "no turns": (HEAD, 5),
    "first label without colon": (VALID.replace("Therapist:", "Therapist"), 5),
    "text on the first label's line": (VALID.replace("Therapist:\n", "Therapist: "), 5),
    "first label unknown": (VALID.replace("Therapist:", "Counsellor:"), 5),
    "later label unknown": (VALID.replace("Patient A:", "Patient C:"), 8),
    "later label in small letters": (VALID.replace("Patient A:", "patient a:"), 8),
    "turn without text": (VALID.replace("Therapist:\nHello.", "Therapist:"), 5),
    "blank text": (VALID.replace("Hello.", "   "), 5),
    "two empty lines between turns": (VALID.replace("Hello.\n\n", "Hello.\n\n\n"), 8),
    "no empty line at the end": (VALID[:-1], 10),
    "no line end at the end": (VALID[:-2], 9),
    "two empty lines at the end": (VALID + "\n", 11),
}


@pytest.mark.parametrize(("file", "line"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_files_are_refused_with_the_line(file, line):
    with pytest.raises(InputError) as caught:
        format.parse(file)
    assert re.match(rf"line {line}\b", str(caught.value)), str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "\na", "a\n", "a\n\n\nb", "a\n\n \n\nb", "a\n\nPatient B:\nb", "\ud800"])
def test_render_refuses_what_could_not_be_read(text):
    with pytest.raises(ValueError, match="a turn of Therapist cannot be written"):
        format.render(Transcript.model_construct(title="t", structure="s", turns=(("Therapist", text),)))


@pytest.mark.parametrize("title", ["", " ", "a\nb"])
def test_render_refuses_a_title_of_more_or_less_than_a_line(title):
    with pytest.raises(ValueError, match="a header line"):
        format.render(Transcript.model_construct(title=title, structure="s", turns=()))


def test_a_long_turn_is_read_in_good_time():
    with within(1):
        format.parse(HEAD + "Therapist:\n" + "A paragraph.\n\n" * 3000)
