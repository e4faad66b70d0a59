"""Nothing takes for ever: up to 8 MB are read, so no rule may take time that grows with the square of a line."""

from __future__ import annotations

import pytest

from generator.check.mend import mend
from generator.reading import RULE
from generator.sentences import ending
from tests.builders import within
from tests.check import Base, exemplar, findings

HEAD = f"SESSION: Trust\nStructure: LLM Only\n{RULE}\n\n"
BASE = Base(exemplar(3), "Noor", "Felix", "Folake Adeyemi")
SIZE = 40_000
"""Bytes of a line."""

ENDLESS = [
    "a", "A", " ", "a ", "A ", "Aa ", "Aa, ", ", Aa", "Aa's, ", "Hello, ", "Hello Aa and ", "Dr. ", "Dr.  ", "Mr. Aa, ",
    "I'm Aa ", "my ", ".", ". ", "?", "! ", "…", "-", "—", "*", "**", "*a ", "_", "__", "`", "#", "[", "[a", "[a] ",
    "(", "(a) ", "[my ", "[your name ", "[the ", "[specific ", "{", "{{", "{%", "{{ a }}", "<", "<b ", "<a",
    '"', "“", "“a", "'a ", "‘a", "’", ": ", "Aa: ", "Patient A: ", "**Noor:** ", "[Noor] ", "Noor (", "1. ", "&",
    "Error ", "error: ",
    "HTTP ", "silence ", "(long ", "[pause ", "a silence ", "I'm sorry, ", "I'm very ", "as an ", "\t", "\u00a0",
    "\u2028", "\x00", "\ufffd", "é", "я ", "中", "\u0301", "😀", "Ã", "[a](http://", "> ", "aa aa aa bb. ",
    "you, Aa? ",
]  # fmt: skip


@pytest.mark.parametrize("piece", ENDLESS)
def test_endless_lines_are_checked_and_mended_in_good_time(piece):
    draft = BASE.draft()
    draft.turns = draft.turns[:6]
    draft.turns[2][1] = piece * (SIZE // len(piece.encode()))
    draft.turns[4][1] = f"x{draft.turns[2][1]}x"
    raw = draft.text.encode()
    with within(3):
        findings(raw)
        mend(raw, None)


def test_endless_labels_are_mended_in_good_time():
    draft = BASE.draft()
    draft.turns[4][1] = "Aa: Patient A: " * 8000
    with within(3):
        mend(draft.text.encode(), None)


def test_endless_accents_end_in_good_time():
    with within(3):
        ending("a" + "\u0301" * 500_000)


ALIKE = " ".join(f"and then you {word} me" for word in map(str, range(4000)))
ENDLESSLY = {
    "the same turns": "Therapist:\nI was late again last night, and I am sorry.\n\nPatient A:\nI was late again.\n\n",
    "nearly the same turns": "Therapist:\nI was late again {} last night, and I am sorry for all of it.\n\n",
    "short turns": "Therapist:\na\n\nPatient A:\nb\n\n",
    "paragraphs": "\n\nI was late {}.\n\n",
    "made-up labels in paragraphs": "\n\nAnna: I was late {}.\n\n",
    "made-up labels in turns": "Patient A:\nAnna: I was late {}.\n\nPatient B:\nBert: No.\n\n",
    "strange names": "Therapist:\nWhat do you think, Anna?\n\nPatient A:\nI am Bert, you know.\n\n",
    "unknown labels": "Anna:\nNo.\n\n",
    "short sentences": "I was late again last {} night by {}. ",
    "questions": "What do you think, Anna? ",
    "two long sentences alike": f"Patient A:\nSo {ALIKE}.\n\nPatient B:\nOh {ALIKE}.\n\n",
}


@pytest.mark.parametrize("piece", ENDLESSLY.values(), ids=ENDLESSLY)
def test_endless_files_are_checked_and_mended_in_good_time(piece):
    body = "".join(piece.replace("{}", str(n)) for n in range(max(1, 40_000 // len(piece))))
    raw = f"{HEAD}Therapist:\nGood evening, Noor.\n\n{body}".replace("\n\n\n", "\n\n").encode()
    with within(5):
        findings(raw)
        mend(raw, None)
