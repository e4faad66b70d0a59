"""Mending: what can be mended parses afterwards; no word of speech is changed, and what cannot be mended is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.check.mend import Edit, Mended, mend
from generator.format import parse
from generator.people import People
from generator.reading import decode, read
from generator.schema.reading import Reading
from generator.sentences import ending
from tests.builders import seed_text
from tests.check import EXEMPLARS, exemplar, grave
from tests.check.test_format_and_conduct import BASE, damaged
from tests.check.test_format_and_conduct import pieces as some_bytes
from tests.check.test_mutations import BASES, MUTATIONS, Mutation

HEAD = f"SESSION: Trust\nStructure: LLM Only\n{'=' * 70}\n\n".encode()
PEOPLE = People(("Dr. Folake Adeyemi", "Folake Adeyemi"), ("Noor",), ("Felix",), certain=True)

ALWAYS_MENDED = {"byte-order-mark", "line-ends", "blank-lines", "malformed-label", "broken-paragraph", "end-of-file",
                 "trailing-blanks", "stray-label-own"}  # fmt: skip
"""Codes whose every mutation can be mended; those of the header and of made-up names only where enough stands there."""
MENDED_HEADERS = {"Session: Trust", "SESSION:Trust", " SESSION: Trust", "structure: {}", "Structure:{}", "===",
                  "=" * 40, f" {'=' * 39}"}  # fmt: skip
NEVER_MENDED = {"stray-text", "unknown-label", "empty-turn", "no-turns", "stray-label-other", "stray-label-name",
                "placeholder", "error-text", "refusal", "as-an-ai", "markup", "cut-off", "ends-cut", "order",
                "twice-in-a-row", "duplicate-turn", "repeated-sentence", "silence", "trails-off"}  # fmt: skip

MENDABLE = [
    each for each in MUTATIONS
    if each.code in ALWAYS_MENDED or (each.code.startswith("header") and each.what in MENDED_HEADERS)
]  # fmt: skip


def broken_by(mutation: Mutation, base: str = "exemplar") -> bytes:
    broken, _ = mutation.break_(BASES[base].draft())
    return broken if isinstance(broken, bytes) else broken.encode()


def words_of(reading: Reading) -> list[str]:
    return [word for block in reading.blocks if block.kind in {"speech", "stray"} for word in block.text.split()]


def words_without(reading: Reading, edits: tuple[Edit, ...]) -> list[str]:
    """The words of speech without the labels that the edits took out, each from the beginning of its line. A label can
    end on the next line: lines that were broken are joined first."""
    removed: dict[int, str] = {}
    for edit in edits:
        removed[edit.line] = removed.get(edit.line, "") + "".join(edit.removed.split())
    words, label = [], ""
    for block in reading.blocks:
        if block.kind in {"speech", "stray"}:
            label += removed.pop(block.line, "") if block.kind == "speech" else ""
            text = block.text.lstrip()
            while label and text:
                assert text[0] == label[0]
                text, label = text[1:].lstrip(), label[1:]
            words += text.split()
    assert not label
    assert not any(removed.values())
    return words


def is_accounted_for(before: str, mended: Mended) -> bool:
    """Whether the lines can be laid beside each other so that wherever they differ an edit speaks of it: within two
    lines, or at the beginning of the empty lines there. Line ends and marks speak of all lines, so they come first."""
    if not mended.edits:
        return mended.text == before
    before = before.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    told = {edit.line for edit in mended.edits if edit.code not in {"line-ends", "byte-order-mark"}}
    was, now = before.split("\n"), mended.text.split("\n")
    beside, differs = {0}, False
    for at, line in enumerate([*was, None]):
        differs = bool(told & set(range(at - 1, at + 4))) or (differs and line is not None and not line.strip())
        if differs:
            beside = set(range(min(beside), len(now) + 1))
        if line is None:
            break
        beside = {here + 1 for here in beside if now[here : here + 1] == [line]} | (beside if differs else set())
        if not beside:
            return False
    return len(now) in beside


def ending_of(text: str) -> str:
    """How a turn ends, wherever its lines are broken."""
    return ending(" ".join(text.split()))


def keeps_what_it_must(raw: bytes, people: People | None) -> None:
    """What holds for every text, whatever is wrong with it."""
    text, bad = decode(raw)
    mended = mend(raw, people)
    if bad:
        assert mended is None
        return
    assert mended is not None
    before, after = read(text), read(mended.text)
    assert bool(mended.edits) == (mended.text != text)
    assert mended.left == after.flaws
    assert words_of(after) == words_without(before, mended.edits)
    assert (after.title, after.structure) == (before.title, before.structure)
    assert [turn.label for turn in after.turns] == [turn.label for turn in before.turns]
    assert [ending_of(turn.text) for turn in after.turns] == [ending_of(turn.text) for turn in before.turns]
    assert is_accounted_for(text, mended)
    lines = len(re.findall(r"\r\n|\r|\n", text)) + 1
    assert [edit.line for edit in mended.edits] == sorted(edit.line for edit in mended.edits)
    assert all(1 <= edit.line <= lines for edit in mended.edits)
    again = mend(mended.text.encode("utf-8"), people)
    assert again is not None
    assert (again.text, again.edits, again.left) == (mended.text, (), mended.left)


@pytest.mark.parametrize("mutation", MENDABLE, ids=str)
def test_what_can_be_mended_parses_afterwards_and_is_as_good_as_before(mutation):
    raw = broken_by(mutation)
    mended = mend(raw, None)
    assert mended.left == ()
    parse(mended.text)
    assert mutation.code in {edit.code for edit in mended.edits}
    assert mutation.code not in {found.code for found in grave(mended.text)}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_mending_changes_what_it_tells_and_nothing_else(mutation):
    keeps_what_it_must(broken_by(mutation), PEOPLE)


@pytest.mark.parametrize("mutation", [each for each in MUTATIONS if each.code in NEVER_MENDED], ids=str)
def test_what_cannot_be_mended_without_inventing_is_left_and_told(mutation):
    raw = broken_by(mutation)
    mended = mend(raw, None)
    assert mutation.code not in {edit.code for edit in mended.edits}
    assert not any(edit.removed for edit in mended.edits)
    flaws = {flaw.code for flaw in read(raw.decode()).flaws}
    assert (mutation.code in {flaw.code for flaw in mended.left}) == (mutation.code in flaws)


@pytest.mark.parametrize("raw", [b"\xff", b"\xfe\xff\x00S", "café".encode("latin-1"), b"x" * (8 * 1024 * 1024 + 1)],
                         ids=["a bad byte", "UTF-16", "Latin-1", "too large"])  # fmt: skip
def test_what_is_no_text_is_not_mended(raw):
    assert mend(raw, None) is None


@pytest.mark.parametrize("number", range(1, len(EXEMPLARS) + 1))
def test_the_exemplars_have_nothing_to_mend(number):
    assert mend(exemplar(number).encode(), None) == Mended(exemplar(number), (), ())


def test_the_seed_loses_its_two_stray_labels_and_nothing_else():
    seed = seed_text()
    mended = mend(seed.encode(), None)
    assert [(edit.line, edit.code, edit.removed) for edit in mended.edits] == [
        (79, "stray-label-own", "Therapist:"),
        (85, "stray-label-nobody", "Marcus Wright:"),
    ]
    assert mended.text == seed.replace("\nTherapist: ", "\n").replace("\nMarcus Wright: ", "\n")
    cut = [n for n, (_, text) in enumerate(parse(mended.text).turns, 1) if ending(text) in {"open", "clause"}]
    assert cut == [2, 3, 5, 11, 18, 21, 24, 26, 31]


OWN = {
    "Patient A: I was late.": "I was late.",
    "**Patient A:** I was late.": "I was late.",
    "[Patient A]: I was late.": "I was late.",
    "[Noor] I was late.": "I was late.",
    "Noor: I was late.": "I was late.",
    "**Noor**: I was late.": "I was late.",
    "Noor: Patient A: I was late.": "I was late.",
    "Noor (quietly): I was late.": "I was late.",
    "Noor Wright: I was late.": "I was late.",
    "**Sarah Bennett:** I was late.": "I was late.",
    "Noor: I was late and I": "I was late and I",
    "Patient A: (sighs)": "(sighs)",
}


@pytest.mark.parametrize(("said", "left"), OWN.items(), ids=OWN)
def test_the_speakers_own_labels_and_made_up_ones_are_taken_out(said, left):
    draft = BASE.draft()
    n = draft.a_turn_of("Patient A")
    draft.turns[n - 1][1] = said
    mended = mend(draft.text.encode(), PEOPLE)
    assert mended.left == ()
    assert parse(mended.text).turns[n - 1] == ("Patient A", left)


KEPT = [
    "Patient B: I was late.",
    "**Patient B:** I was late.",
    "[Patient B] I was late.",
    "Felix: I was late.",
    "**Felix:** I was late.",
    "[Felix]: I was late.",
    "Felix Wright: I was late.",
    "**Felix Wright:** I was late.",
    "Folake Adeyemi: And then?",
    "Dr. Adeyemi: And then?",
    "[Dr. Adeyemi]: And then?",
    "**Dr. Adeyemi:** And then?",
    "Therapist: And then?",
    "AI_Facilitator: And then?",
    "Error: Connection timed out.",
    "**Error:** Connection timed out.",
    "[Error: no reply]",
    "**Noor: I was late.**",
    "[Noor: I was late.]",
    "Noor:",
    "Question: when was that?",
    "Monday: nothing.",
    "And Noor: I was late.",
    "I said: Noor: I was late.",
]


@pytest.mark.parametrize("said", KEPT)
@pytest.mark.parametrize("people", [PEOPLE, None], ids=["known", "inferred"])
def test_labels_of_others_and_what_may_be_speech_stay(said, people):
    draft = BASE.draft()
    n = draft.a_turn_of("Patient A")
    draft.turns[n - 1][1] = said
    mended = mend(draft.text.encode(), people)
    assert mended == Mended(draft.text, (), ())


def test_another_speaker_behind_an_own_label_stays():
    draft = BASE.draft()
    n = draft.a_turn_of("Patient A")
    draft.turns[n - 1][1] = "Noor: Felix: I was late."
    mended = mend(draft.text.encode(), PEOPLE)
    assert parse(mended.text).turns[n - 1][1] == "Felix: I was late."


def test_a_text_that_would_be_read_otherwise_when_laid_out_anew_stays():
    text = "Patient B:Therapist:"
    assert mend(text.encode(), None) == Mended(text, (), read(text).flaws)


def test_a_file_with_everything_wrong_is_mended_and_told_line_by_line():
    raw = (
        "\ufeffsession: Trust\r\n\r\nStructure:LLM Only\r\n" + "=" * 20 + "\r\nTherapist:\r\n\r\nHello, Noor. \r\n \r\n"
        "**Patient A:**\r\nNoor: I was late.\r\n\r\n \r\nAnd then\r\nI slept.\r\n\r\n\r\nPatient B:\r\nI know and"
    ).encode()
    mended = mend(raw, PEOPLE)
    assert mended.left == ()
    assert mended.text == (
        f"SESSION: Trust\nStructure: LLM Only\n{'=' * 70}\n\nTherapist:\nHello, Noor.\n\n"
        "Patient A:\nI was late.\n\nAnd then I slept.\n\nPatient B:\nI know and\n\n"
    )
    assert {edit.code for edit in mended.edits} == {
        "byte-order-mark", "line-ends", "header-session", "header-structure", "header-rule", "blank-lines",
        "malformed-label", "broken-paragraph", "end-of-file", "trailing-blanks", "stray-label-own",
    }  # fmt: skip
    keeps_what_it_must(raw, PEOPLE)


@settings(max_examples=150)
@given(st.one_of(damaged(), st.lists(some_bytes, max_size=25).map(b"".join)), st.sampled_from([PEOPLE, None]))
@example(b"", None)
@example(b"\xef\xbb\xbf", None)
@example(b"\r", None)
@example(BASE.text.encode().replace(b"\n", b"\r"), None)
@example(HEAD + b"Therapist:\nTherapist: \nI slept.\n\n", PEOPLE)
@example(HEAD + b"Therapist:\nHello.\n\nPatient A:\nPatient B:\nI slept.\n\n", PEOPLE)
@example(HEAD + b"Therapist:\n\n\nMarcus:\nI slept.\n\n", PEOPLE)
@example(HEAD + b"Therapist:\nHello.\n\nMarcus:\nPatient A:\nI slept.\n\n", PEOPLE)
@example(b"\nTherapist:\nI slept", None)
@example(b"\n\n \nHello.\n\nTherapist:\nI slept.\n\n", None)
@example(HEAD.replace(b" Trust", b"") + b"Therapist:\nI slept.\n\n", None)
@example(HEAD.replace(b"SESSION: Trust", b"session :\n\n Trust") + b"Therapist:\nI slept.\n\n", None)
@example(b"Therapist:" + b"=" * 70, None)
@example(b"Patient B:Therapist:", None)
@example(b"Patient A:\nI saw\n\nMarcus Wright: *", None)
@example(HEAD + b"Therapist:\nMarcus\nWright: I slept.\n\n", None)
@example(HEAD + b"Therapist:\nWell. [He looks\naway.]\n\n", None)
@example(b"\xef\xbb\xbf\xef\xbb\xbf" + HEAD + b"Therapist:\nHello.\n\n", PEOPLE)
def test_any_text_keeps_its_words_and_endings(raw, people):
    keeps_what_it_must(raw, people)


@given(st.binary(max_size=300))
def test_any_bytes_are_taken(raw):
    keeps_what_it_must(raw, None)
